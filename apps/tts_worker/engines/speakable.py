"""Makes any text safe for an engine without moving a single character.

Word cues point into the sentence's text, so what must not be spoken becomes a blank.
"""

import re
import unicodedata

#: A longer text is no sentence; it is cut here before any engine sees it.
MAXIMUM_CHARACTERS = 10_000

_TAG = re.compile(r"</?[A-Za-z!?][^<>]*>")
_TERMINAL_CODE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]?")
_ENTITY = re.compile(r"&#?[A-Za-z0-9]{1,10};")
_MARKUP = frozenset("*_`~#|\\^<>[]{}=")


def speakable(text: str) -> str:
    """The text with markup, control characters, emoji and other signs that are not speech blanked.

    As long as the text given (up to `MAXIMUM_CHARACTERS`), each character at its place.
    """
    cut = text[:MAXIMUM_CHARACTERS]
    for unwanted in (_TERMINAL_CODE, _TAG, _ENTITY):
        cut = unwanted.sub(lambda found: " " * len(found.group()), cut)
    return "".join(character if _is_spoken(character) else " " for character in cut)


def has_speech(text: str) -> bool:
    """Whether there is a letter or digit to say."""
    return any(character.isalnum() for character in text)


def _is_spoken(character: str) -> bool:
    if character in _MARKUP:
        return False
    category = unicodedata.category(character)
    # Letters, their marks, numbers, punctuation, currency, mathematics. Not: control and format
    # characters (C), other symbols such as emoji (So), modifiers (Sk), separators (Z).
    return category[0] in "LMNP" or category in ("Sc", "Sm")
