"""Names that people gave to expressions, hotkeys and models: shown harmless, and found again."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TypeVar

from libs.contracts.avatar import NAME_CHARACTERS
from libs.safety.ingest import clean_chat

_FILE_ENDING = re.compile(r"\.(exp3|motion3|vtube)?\.?json$", re.IGNORECASE)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_NO_LETTER = re.compile(r"[\W_]+")

#: Words of so many Latin letters are found only where they stand alone: `mad` is not in `madoka`.
SHORT_LETTERS = 3

#: Names are looked at again and again; those of the largest models are kept in mind.
KNOWN_NAMES = 2000

Named = TypeVar("Named")


@lru_cache(maxsize=KNOWN_NAMES)
def shown_name(name: str) -> str:
    """The name as it may be told and shown; a name of which nothing is left is `?`."""
    return clean_chat(_FILE_ENDING.sub("", name), NAME_CHARACTERS) or "?"


@lru_cache(maxsize=KNOWN_NAMES)
def words_of(name: str) -> tuple[str, ...]:
    """Its words without case, accents, endings of files and whatever stands between them.

    >>> words_of("exp_StarEyes2.exp3.json")
    ('exp', 'star', 'eyes', '2')
    """
    name = _HUMP.sub(" ", _FILE_ENDING.sub("", name[: 4 * NAME_CHARACTERS]))
    letters = unicodedata.normalize("NFKD", name).casefold()
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return tuple(_NO_LETTER.sub(" ", bare).split())


def plain(name: str) -> str:
    """One form for all ways of writing a name."""
    return "".join(words_of(name))


@lru_cache(maxsize=KNOWN_NAMES)
def _places(name: str) -> tuple[str, str, str]:
    """Where to look for a word in a name: its words; all it could begin at a word; its letters."""
    words = words_of(name)
    ends = ("".join(words[start:]) for start in range(len(words)))
    return "\n".join(("", *words, "")), "\n".join(("", *ends)), "".join(words)


def has_word(name: str, wanted: str) -> bool:
    """Whether a name has that plain word, or has words that begin with it; words that are not Latin
    are written without spaces and may be anywhere."""
    words, ends, letters = _places(name)
    if not wanted.isascii():
        return wanted in letters
    if len(wanted) <= SHORT_LETTERS:
        return f"\n{wanted}\n" in words
    return f"\n{wanted}" in ends


def found_by_words(
    wanted: Iterable[str], among: Sequence[Named], name_of: Callable[[Named], str]
) -> Named | None:
    """What has the first of the wanted words that any has; of several that whose name is nothing
    but the word, else the first."""
    for word in filter(None, map(plain, wanted)):
        having = [item for item in among if has_word(name_of(item), word)]
        if having:
            return min(having, key=lambda item: plain(name_of(item)) != word)
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
