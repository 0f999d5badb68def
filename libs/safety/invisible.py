"""Characters that nobody sees: control, bidirectional, zero width, tags, fillers, surrogates."""

import re
import unicodedata

#: Letters and marks that show nothing although Unicode does not call them format characters.
_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u20e3"

_VARIATION_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_ASCII_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_CANDIDATES = re.compile(
    rf"[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad{_FILLERS}\u0600-\u0605\u061c\u06dd\u070f\u180b-\u180f"
    rf"\u200b-\u200f\u202a-\u202e\u2060-\u206f\ud800-\udfff{_VARIATION_SELECTORS}\ufeff\ufff0-\ufffb"
    r"\U000e0000-\U000e007f\U000f0000-\U0010ffff\ue000-\uf8ff]"
)

#: U+200D joins emoji; there it is kept, elsewhere it only hides things.
_JOINER = "\u200d"
_EMOJI_VARIATION = "\ufe0f"


def without_invisible(text: str) -> str:
    """The text without characters that show nothing. Tabs and line breaks stay."""
    if text.isascii():
        return _ASCII_CONTROL.sub("", text)
    return _CANDIDATES.sub(_kept_in_emoji, text)


def _kept_in_emoji(match: re.Match[str]) -> str:
    character = match.group()
    if character not in (_JOINER, _EMOJI_VARIATION) or match.start() == 0:
        return ""
    before = match.string[match.start() - 1]
    symbol = unicodedata.category(before) in ("So", "Sk") or before == _EMOJI_VARIATION
    return character if symbol else ""
