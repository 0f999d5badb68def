"""Names that people gave to expressions, hotkeys and models: shown harmless, and found again."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from libs.contracts.avatar import NAME_CHARACTERS
from libs.safety.ingest import clean_chat

_FILE_ENDING = re.compile(r"\.(exp3|motion3|vtube)?\.?json$", re.IGNORECASE)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_NO_LETTER = re.compile(r"[\W_]+")

#: Words of so many Latin letters are found only where they stand alone: `mad` is not in `madoka`.
SHORT_LETTERS = 3

Named = TypeVar("Named")


def shown_name(name: str) -> str:
    """The name as it may be told and shown; a name of which nothing is left is `?`."""
    return clean_chat(_FILE_ENDING.sub("", name), NAME_CHARACTERS) or "?"


def words_of(name: str) -> list[str]:
    """Its words without case, accents, endings of files and whatever stands between them.

    >>> words_of("exp_StarEyes2.exp3.json")
    ['exp', 'star', 'eyes', '2']
    """
    name = _HUMP.sub(" ", _FILE_ENDING.sub("", name[: 4 * NAME_CHARACTERS]))
    letters = unicodedata.normalize("NFKD", name).casefold()
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _NO_LETTER.sub(" ", bare).split()


def plain(name: str) -> str:
    """One form for all ways of writing a name."""
    return "".join(words_of(name))


def has_word(words: Sequence[str], wanted: str) -> bool:
    """Whether a name of these words has that one, or begins a word with it; words that are not
    Latin are written without spaces and may be anywhere."""
    if not wanted:
        return False
    if not wanted.isascii():
        return wanted in "".join(words)
    if len(wanted) <= SHORT_LETTERS:
        return wanted in words
    return any("".join(words[start:]).startswith(wanted) for start in range(len(words)))


def found_by_words(
    wanted: Iterable[str], among: Sequence[Named], name_of: Callable[[Named], str]
) -> Named | None:
    """What has the first of the wanted words that any has; of several that whose name is nothing
    but the word, else the first."""
    split = [(item, words_of(name_of(item))) for item in among]
    for word in map(plain, wanted):
        having = [(item, words) for item, words in split if has_word(words, word)]
        if having:
            return min(having, key=lambda pair: "".join(pair[1]) != word)[0]
    return None


def found_by_name(
    wanted: str, among: Sequence[Named], name_of: Callable[[Named], str]
) -> Named | None:
    """What has exactly this name, or else one that differs only in how it is written."""
    shown, form = shown_name(wanted), plain(wanted)
    ways: tuple[Callable[[str], bool], ...] = (
        lambda name: name == wanted,
        lambda name: shown_name(name) == shown,
        lambda name: bool(form) and plain(name) == form,
    )
    for is_meant in ways:
        for item in among:
            if is_meant(name_of(item)):
                return item
    return None
