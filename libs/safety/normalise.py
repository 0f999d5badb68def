"""One text in the forms in which words are looked for: disguises taken off."""

import re
import unicodedata
from functools import lru_cache

from libs.safety.invisible import without_invisible
from libs.safety.look_alikes import as_latin, is_mixed

_WORDS = re.compile(r"\S+")

#: Two readings of the signs that stand for letters: 1, ! and | may be an i or an l.
LEET_READINGS = (
    str.maketrans("013456789@$!|+(", "oieasgtbgasiitc"),
    str.maketrans("013456789@$!|+(", "oleasgtbgaslltc"),
)
_LEET_SIGNS = re.compile(r"[0-9@$!|+(]")
_NO_LETTER = re.compile(r"[^a-z]")


def native(text: str) -> str:
    """Casefolded NFKC text in its own script, without invisible characters."""
    text = without_invisible(text)
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")


def fold(text: str) -> str:
    """Lower-case Latin text as a reader would take it: invisible characters and marks gone, styled
    letters (full width, mathematical, squared) and look-alikes of other scripts read as Latin."""
    text = without_invisible(text)
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)).casefold()
    text = "".join(c for c in text if not unicodedata.combining(c))
    return _in_latin(text)


def _in_latin(text: str) -> str:
    """Words with look-alikes read as Latin. Beside a word of mixed letters those that are wholly of
    another script are taken for disguised ones too."""
    words = _WORDS.findall(text)
    loosely = any(is_mixed(word) for word in words)
    return _WORDS.sub(lambda word: as_latin(word.group(), loosely), text)


@lru_cache(maxsize=20_000)
def squeeze(word: str) -> tuple[str, tuple[int, ...]]:
    """The word with each run of one letter once, and how long the runs were.

    >>> squeeze("cooool")
    ('col', (1, 4, 1))
    """
    letters: list[str] = []
    runs: list[int] = []
    for letter in word:
        if letters and letters[-1] == letter:
            runs[-1] += 1
        else:
            letters.append(letter)
            runs.append(1)
    return "".join(letters), tuple(runs)


def letters_only(word: str) -> str:
    return word if word.isalpha() else _NO_LETTER.sub("", word)


def leet_readings(word: str) -> tuple[str, ...]:
    """What the word says when its digits and signs are read as letters; empty without any."""
    word = word.rstrip("!.")
    if not _LEET_SIGNS.search(word):
        return ()
    readings = (letters_only(word.translate(table)) for table in LEET_READINGS)
    return tuple(dict.fromkeys(readings))
