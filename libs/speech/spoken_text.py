"""What of a sentence may be read aloud: no emoji, markup, code, addresses or stage directions."""

import re
import unicodedata

_FENCE = "```"
_INLINE_CODE = re.compile(r"`[^`]*`")
_HTML_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_MARKDOWN_LINK = re.compile(r"!?\[([^\]\[]{0,200})\]\([^()\s]{0,500}\)")
_URL = re.compile(
    r"(?:https?|ftp)://\S+|\bwww\.\S+|(?<![\w@.])(?:[a-z0-9-]{1,63}\.)+[a-z]{2,12}/\S*",
    re.IGNORECASE,
)
_LINE_MARK = re.compile(r"^\s{0,3}(?:#{1,6}\s+|[-*+•]\s+|>\s*|\d{1,2}[.)]\s+(?=\S))")
_BOLD = re.compile(r"(\*\*|__)(?=\S)(.{1,300}?)(?<=\S)\1")
_STARRED = re.compile(r"\*([^*]{1,120})\*")
_BRACKETED = re.compile(r"[\[(]([^\])(\[]{1,60})[\])]")
_EMPHASIS = re.compile(r"(?<!\w)_([^_]{1,200})_(?!\w)|~~([^~]{1,200})~~")
_JOINED = re.compile(r"(?<=[^\W_])_+(?=[^\W_])")
_SHORTCODE = re.compile(r"(?<!\w):[a-z][a-z0-9_+-]{1,30}:(?!\w)")
_EMOTICON = re.compile(
    r"(?<!\w)(?:[:;][-'^]?[)(DPpOo3|/\\]+|[xX]D+|<3+|\^[_.-]?\^|[uU][_.wW][uU]|[oO][_.wW][oO]"
    r"|T[_.wW]T|Q[_.wW]Q|>[_.wW]<|;[_.wW];)(?!\w)"
)
_LONG_RUN = re.compile(r"(.)\1{5,}", re.DOTALL)
_SPACE_BEFORE_MARK = re.compile(r"\s+([,.!?;:…])")

_ACTING_WORD = re.compile(
    r"(?:giggle|laugh|wave|smile|wink|sigh|gasp|whisper|blush|pout|nod|shrug|yawn|grin|chuckle"
    r"|cough|sniff|ri|sorri|acena|pisca|suspira|sussurra|cochicha|boceja|gargalha)s?"
)
#: Symbols that are part of what is said.
_KEPT_SYMBOLS = frozenset("°№©®™€£¥¢$%&+=<>|~^")


class SpokenText:
    """The speakable part of the sentences of one reply.

    It remembers whether a code block is open, for a block runs over many sentences.
    """

    def __init__(self) -> None:
        self._in_code = False

    def of(self, sentence: str) -> str:
        """The sentence as it may be said; empty when nothing of it may."""
        return speakable(self._without_code_blocks(sentence))

    def _without_code_blocks(self, sentence: str) -> str:
        outside: list[str] = []
        for number, part in enumerate(sentence.split(_FENCE)):
            if number:
                self._in_code = not self._in_code
            if not self._in_code:
                outside.append(part)
        return " ".join(outside)


def speakable(text: str) -> str:
    """One sentence without what only eyes can use; empty when no letter or digit is left."""
    text = _INLINE_CODE.sub(" ", text)
    text = _MARKDOWN_LINK.sub(r"\1", text)
    text = _URL.sub(" ", text)
    text = _HTML_TAG.sub(" ", text)
    text = _LINE_MARK.sub("", text)
    text = _BOLD.sub(r"\2", text)
    text = _STARRED.sub(_unless_acting, text)
    text = _BRACKETED.sub(_unless_acting, text)
    text = _EMPHASIS.sub(lambda match: match.group(1) or match.group(2), text)
    text = _EMOTICON.sub(" ", _SHORTCODE.sub(" ", text))
    text = _JOINED.sub(" ", text)
    text = "".join(c for c in text if _is_speakable(c))
    text = _LONG_RUN.sub(r"\1\1\1", text)
    text = _SPACE_BEFORE_MARK.sub(r"\1", " ".join(text.split()))
    return text if any(c.isalnum() for c in text) else ""


def _unless_acting(match: re.Match[str]) -> str:
    """Nothing for a stage direction; emphasised words and asides stay."""
    inner = match.group(1)
    first = re.match(r"[^\W\d_]+", inner.strip().lower())
    word = first.group() if first else ""
    acting = _ACTING_WORD.fullmatch(word) is not None
    star = match.group()[0] == "*"
    alone = match.start() == 0 or match.end() == len(match.string.rstrip(" .!?…"))
    if star and alone and word.endswith(("s", "ing", "ly")) and not word.endswith("ss"):
        acting = True
    if acting:
        return " "
    return inner if star else match.group()


def _is_speakable(character: str) -> bool:
    if character in _KEPT_SYMBOLS:
        return True
    if character.isascii():
        return character.isprintable() and character not in "*_`#\\{}"
    category = unicodedata.category(character)
    return category not in ("So", "Sk", "Cc", "Cf", "Cs", "Co", "Cn", "Me") and not (
        0xFE00 <= ord(character) <= 0xFE0F
    )
