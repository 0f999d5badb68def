"""What may stand in a log: secrets hidden, control characters made visible, lengths bounded."""

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

HIDDEN = "(hidden)"

#: A shorter value would turn ordinary words of a log into "(hidden)".
SHORTEST_SECRET = 6

#: Names whose values are secrets, in settings and in the extras of a log call.
SECRET_NAME = re.compile(r"password|passwd|token|secret|api_?key|authorization|cookie|redis_url")

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # scheme://user:password@host
    (re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]{1,20}://)[^\s/@\"']{0,512}@", re.I), "@"),
    (re.compile(r"(?P<keep>\b(?:bearer|basic|oauth)[ :]+)[^\s\"',;]{6,}", re.I), ""),
    (
        re.compile(
            r"(?P<keep>\b[\w-]{0,40}(?:password|passwd|token|secret|api[_-]?key|key|code)"
            r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;(]{6,}",
            re.I,
        ),
        "",
    ),
    # Keys that are known by their form: OpenAI and its like, GitHub, Slack, AWS, Google, JWT.
    (
        re.compile(
            r"(?P<keep>)(?<![\w-])(?:sk-[\w-]{16,}|gh[pousr]_\w{20,}|github_pat_\w{20,}"
            r"|xox[abeprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}(?!\w)|AIza[\w-]{30,}"
            r"|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,})"
        ),
        "",
    ),
)

#: Everything that moves the cursor, changes direction or breaks a line: C0 and C1 controls,
#: soft hyphen, zero-width and bidirectional marks, line and paragraph separators, surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def visible(text: str) -> str:
    """The text with every control, bidirectional and unpaired character as `\\uXXXX`.

    Safe to print on a terminal, and safe inside a JSON string that was encoded before.
    """
    return _UNSAFE.sub(_escaped, text)


class Redactor:
    """Hides the given secrets wherever they stand, and whatever looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        parts = {part for secret in secrets for part in _forms(secret)}
        found = sorted((p for p in parts if len(p) >= SHORTEST_SECRET), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, found))) if found else None

    def __call__(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for pattern, after in _PATTERNS:
            text = pattern.sub(rf"\g<keep>{HIDDEN}{after}", text)
        return text


def _forms(secret: str) -> Iterable[str]:
    """The secret itself and, for an address, the password in it."""
    yield secret
    if "://" in secret:
        try:
            password = urlsplit(secret).password
        except ValueError:
            return
        if password:
            yield password
            yield unquote(password)
