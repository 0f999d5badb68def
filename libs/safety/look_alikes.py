"""Letters that are drawn like Latin ones, and how to read them as such."""

import re
import unicodedata
from functools import lru_cache

#: Other scripts' letters that a reader takes for the Latin letter before the colon. The first part
#: looks the same in every font; the part after the bar only passes among Latin letters.
_TABLE = """
a:аαᎪ|дλ∂ª b:Ƅ|вьъβбᏴ c:сϲᏟ|¢ d:ԁᎠ|δ e:еεᎬ|ёєзэ€∑ξ f:ϝ|ғ g:ց|ԍ h:һհᎻ|нћ i:іιӏї|ιΐ j:јϳᎫ k:κᏦ|к
l:ⅼӏᏞ|£ m:Ꮇ|м n:ո|пηνлᏁ∩ o:оοօσ|фθδ° p:рρᏢ|þ q:ԛ|գ r:ᎡᏒ|яг s:ѕՏᏚ|§ t:τᎢ|т†+ u:սυ|ицμ∪ v:ѵνᏙ|√
w:ԝᎳ|шщω x:хχ|ж× y:уᎩ|үγ¥ч z:ᏃΖ|
"""

_NAMED = re.compile(
    r"(?:LATIN|REGIONAL INDICATOR SYMBOL|MATHEMATICAL|MODIFIER).*?\bLETTER\b"
    r"(?: SMALL CAPITAL| CAPITAL| SMALL| TURNED| REVERSED| OPEN| SCRIPT| DOTLESS| SIDEWAYS| INSULAR"
    r"| BARRED| INVERTED)* ([A-Z])\b"
)
_SPECIAL = {
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ə": "e",
    "ɯ": "w",
    "ʍ": "w",
    "ŋ": "n",
    "ð": "d",
    "ʊ": "u",
    "ɩ": "i",
}


def _read_table() -> tuple[dict[str, str], dict[str, str]]:
    same: dict[str, str] = {}
    loose: dict[str, str] = {}
    for entry in _TABLE.split():
        latin, _, others = entry.partition(":")
        certain, _, passing = others.partition("|")
        for character in certain.casefold():
            same.setdefault(character, latin)
        for character in passing.casefold():
            loose.setdefault(character, latin)
    return same, {**loose, **same}


_SAME, _LOOSE = _read_table()


@lru_cache(maxsize=4096)
def _named(character: str) -> str:
    """Latin letters with strokes, small capitals, squares and circles say in their name what they
    are; anything else is given back as it is."""
    if character in _SPECIAL:
        return _SPECIAL[character]
    match = _NAMED.search(unicodedata.name(character, ""))
    return match.group(1).lower() if match else character


def as_latin(word: str) -> str:
    """A casefolded word with its look-alikes read as Latin letters.

    Beside Latin letters also distant look-alikes count; a word wholly of another script is read as
    Latin only if each of its letters has a twin there.
    """
    named = "".join(c if c.isascii() else _named(c) for c in word)
    if named.isascii():
        return named
    if any("a" <= c <= "z" for c in named):
        return "".join(_LOOSE.get(c, c) for c in named)
    read = "".join(_SAME.get(c, c) for c in named)
    return read if read.isascii() else named
