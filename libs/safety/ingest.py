"""What comes in from outside, made harmless as text before anything else looks at it."""

import unicodedata

from libs.safety.invisible import without_invisible

#: Marks allowed on one letter: enough for every living script, too few for "zalgo" towers.
MAXIMUM_MARKS = 3

#: Read at most this much of a line, whatever is asked for: normalising costs time.
_READ_FACTOR = 4


def clean_chat(text: str, maximum: int = 500) -> str:
    """A line of chat (or a name) as it may be stored and shown: one line of NFC text.

    Control, bidirectional and invisible characters are gone, white space is single spaces,
    combining marks are at most three a letter, and the length is at most `maximum` characters.
    """
    text = unicodedata.normalize("NFC", without_invisible(text[: maximum * _READ_FACTOR]))
    text = _with_few_marks(" ".join(text.split()))
    return unicodedata.normalize("NFC", text[:maximum]).strip()[:maximum]


def _with_few_marks(text: str) -> str:
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= MAXIMUM_MARKS:
            kept.append(character)
    return "".join(kept)
