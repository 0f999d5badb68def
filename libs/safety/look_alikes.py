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

#: Signs of which "fancy font" makers build Latin words: syllabics, Han and kana, Bopomofo, Lisu,
#: Thai and Hebrew, Ethiopic, Coptic, runes, Braille, signs of money, turned letters' neighbours.
_FANCY = """
a:ᗩ卂ムꓮคልⲁᚨ⠁₳Λ∀▲ѧǟ b:Ꮟᗷ乃ꓐ๒ጌⲃᛒ⠃฿ც c:ᑕ匚ᄃꓚςርⲥᚲ⠉₵Ꮯ☾ d:ᗪりꓓ๔ዕⲇᛞ⠙Ꭰժ e:ᗴ乇ꓰєቿⲉᛖ⠑ȝ℮
f:ᖴ千キꓝቻᚠ⠋₣ֆ g:Ꮆムꓖﻮኗⲅᚷ⠛₲Ꮐ h:ᕼ卄んꓧђዘⲏᚺ⠓Ꮋ i:Ꮖ丨ノꓲเጎⲓᛁ⠊Ꭵ j:ᒍフꓙןጋᛃ⠚
k:ӄᛕҝスꓗጕⲕᚴ⠅₭Ꮶқ l:ᒪㄥレꓡረⳑᛚ⠇Ꮮ m:ᗰ爪カꓟ๓ጠⲙᛗ⠍₥ n:ռᑎ几刀ꓠภክⲛᚾ⠝₦ o:Ꮎㄖのꓳ๏ዐⲟᛟ⠕Ꭴ口◯○●
p:ᑭ卩アꓑקየⲣᛈ⠏₱ q:ᑫゐዒ⠟ r:ᖇ尺ꓣ尺ዪᚱ⠗Ꮢ s:ᔕ丂ꓢรነᛊ⠎₴Ꮪ t:𐐻丅ㄒイꓔՇፕⲧᛏ⠞₮ u:ᑌㄩひꓴยሁ⠥Ꮜ
v:ᐯꓦשሀ⠧ w:ᗯ山ꓪฬሠᚹ⠺₩ x:᙭乂メꓫאሸⲭ⠭ y:Ꮍㄚリꓬץሃⲩ⠽Ꮍ z:ᘔ乙ꓜչጊᛉ⠵
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
    "ƒ": "f",
    "ʃ": "s",
    "ʒ": "z",
    "ɸ": "o",
}

#: Letters turned upside down, and those that are others when they are.
_TURNED = dict(zip("ɐqɔpǝɟƃɓɥᴉıɾʞlɯuodbɹsʇnʌʍxʎz", "abcdefgghiijklmnopqrstuvwxyz", strict=True))
_ONLY_TURNED = re.compile("[ɐɔǝɟƃɓɥᴉɾʞɯɹʇʌʍʎ]")


def _read_table(table: str) -> tuple[dict[str, str], dict[str, str]]:
    same: dict[str, str] = {}
    loose: dict[str, str] = {}
    for entry in table.split():
        latin, _, others = entry.partition(":")
        certain, _, passing = others.partition("|")
        for character in certain.casefold():
            same.setdefault(character, latin)
        for character in passing.casefold():
            loose.setdefault(character, latin)
    return same, {**loose, **same}


_SAME, _LOOSE = _read_table(_TABLE)
_SAME = {**_read_table(_FANCY)[0], **_SAME}
_LOOSE = {**_SAME, **_LOOSE}

#: The font that is made of these draws its F as a barred T.
_THAI = re.compile("[\u0e00-\u0e7f\u05d0-\u05eaςɭђ]")
#: Cyrillic letters that are hardly ever met but in disguises.
_RARE = frozenset("ѕһԁԛԝӏ")

#: A shorter word of another script is left alone: too many of them have twins.
_SHORTEST = 3


@lru_cache(maxsize=4096)
def _named(character: str) -> str:
    """Latin letters with strokes, small capitals, squares and circles say in their name what they
    are; anything else is given back as it is."""
    if character in _SPECIAL:
        return _SPECIAL[character]
    match = _NAMED.search(unicodedata.name(character, ""))
    return match.group(1).lower() if match else character


@lru_cache(maxsize=8192)
def as_latin(word: str, loosely: bool = False) -> str:
    """A casefolded word with its look-alikes read as Latin letters.

    Beside Latin letters (and `loosely`) also distant look-alikes count; a word wholly of another
    script is read as Latin only if each of its letters has a twin there.
    """
    if "ŧ" in word and _THAI.search(word):
        word = word.replace("ŧ", "f")
    named = "".join(c if c.isascii() else _named(c) for c in word)
    if named.isascii():
        return named
    if any("a" <= c <= "z" for c in named):
        return "".join(_LOOSE.get(c, c) for c in named)
    read = "".join((_LOOSE if loosely else _SAME).get(c, c) for c in named)
    return read if read.isascii() and (loosely or len(read) >= _SHORTEST) else named


@lru_cache(maxsize=8192)
def is_mixed(word: str) -> bool:
    """Whether a word has Latin letters beside such that only look like them, or letters that are
    hardly used for anything else."""
    if word.isascii():
        return False
    if any(c in _RARE for c in word):
        return True
    return any("a" <= c <= "z" for c in word) and any(
        c in _LOOSE and not c.isascii() and c.isalpha() for c in word
    )


def turned(text: str) -> str:
    """What a text says that is written upside down; empty where it is not."""
    if text.isascii() or not _ONLY_TURNED.search(text):
        return ""
    return "".join(_TURNED.get(c, c) for c in reversed(text.lower()))
