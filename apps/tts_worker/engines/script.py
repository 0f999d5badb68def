"""Which language can read a text: a voice that does not know the script would spell it."""

import unicodedata
from collections import Counter

#: By the first word of a letter's Unicode name: the usual language, and others that read it too.
_READERS: dict[str, tuple[str, ...]] = {
    "CYRILLIC": ("ru", "uk", "be", "bg", "mk", "sr", "kk", "ky", "tt", "ba", "cv", "nog", "kaa"),
    "GREEK": ("el", "grc"),
    "HANGUL": ("ko",),
    "HIRAGANA": ("ja",),
    "KATAKANA": ("ja",),
    "CJK": ("cmn", "zh", "yue", "hak", "ja"),
    "ARABIC": ("ar", "fa", "ur", "sd", "ug", "ku"),
    "HEBREW": ("he",),
    "DEVANAGARI": ("hi", "mr", "ne", "kok"),
    "THAI": ("th",),
    "GEORGIAN": ("ka",),
    "ARMENIAN": ("hy", "hyw"),
}


def readable_language(text: str, language: str) -> str:
    """The language given, unless most letters are of a script that it does not read."""
    if text.isascii():
        return language
    scripts = Counter(_script(character) for character in text if character.isalpha())
    if not scripts:
        return language
    script, letters = scripts.most_common(1)[0]
    readers = _READERS.get(script)
    if readers is None or letters * 2 <= scripts.total():
        return language
    primary = language.replace("_", "-").lower().partition("-")[0]
    return language if primary in readers else readers[0]


def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0]
