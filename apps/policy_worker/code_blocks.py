"""The code in a reply: what is shown beside what is said."""

import html
import re
from dataclasses import dataclass

#: Longest piece of code that is shown.
MAXIMUM_CHARACTERS = 40_000
MAXIMUM_BLOCKS = 6

_THOUGHTS = re.compile(
    r"<(think|thinking|thought|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE
)
_FENCED = re.compile(r"^[ \t]*```([\w+#.-]{0,40})[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.M)
_TAGGED = re.compile(
    r"<code(?:\s{1,3}lang(?:uage)?\s?=\s?[\"']?([\w+#.-]{1,40})[^<>]{0,100}|\s[^<>]{0,100})?>"
    r"(.*?)(?:</code>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
#: The form of the reply itself is sometimes fenced, too.
_OUR_FORM = re.compile(r"</?(?:speech|mood|actions)\b", re.IGNORECASE)


@dataclass(frozen=True)
class CodeBlock:
    language: str
    text: str


def code_blocks(raw: str) -> list[CodeBlock]:
    """Fenced blocks and `<code>` tags of a whole raw reply, in order; thoughts are left out, and a
    block that was not closed runs to the end."""
    raw = _THOUGHTS.sub("", raw[: 2 * MAXIMUM_CHARACTERS])
    found = [CodeBlock(m.group(1).lower(), m.group(2)) for m in _FENCED.finditer(raw)]
    if not found:
        found = [
            CodeBlock((m.group(1) or "").lower(), html.unescape(m.group(2)))
            for m in _TAGGED.finditer(raw)
        ]
    kept = [
        CodeBlock(block.language, block.text.strip("\n")[:MAXIMUM_CHARACTERS])
        for block in found
        if block.text.strip() and not _OUR_FORM.search(block.text)
    ]
    return kept[:MAXIMUM_BLOCKS]
