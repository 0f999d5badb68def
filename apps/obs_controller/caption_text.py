"""Captions for a text source: cleaned and broken into lines here.

OBS's own word wrap can crash older versions with many different characters, and its FreeType
sources have no font to fall back on: what they cannot draw is left out.
"""

import textwrap
import unicodedata

#: Different characters of one connection that an old OBS gets; beyond them it may crash.
MAXIMUM_DIFFERENT_CHARACTERS = 250

#: Letters a second of ordinary speech: where she is in a long sentence is guessed by it.
LETTERS_PER_SECOND = 15.0

#: Marks on one letter; more are no writing.
MAXIMUM_MARKS = 2

#: Unicode categories that no caption needs: controls, surrogates, private use, emoji and the like.
_DROPPED = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "So", "Sk", "Me"})


def clean(text: str) -> str:
    """One line without anything that a text source cannot show."""
    composed = unicodedata.normalize("NFKC", text)
    kept: list[str] = []
    marks = MAXIMUM_MARKS
    for character in composed:
        category = unicodedata.category(character)
        if character.isspace():
            kept.append(" ")
            marks = MAXIMUM_MARKS
        elif category == "Mn":
            marks += 1
            if marks <= MAXIMUM_MARKS:
                kept.append(character)
        elif category in _DROPPED:
            marks = MAXIMUM_MARKS  # what hangs on it goes with it
        else:
            kept.append(character)
            marks = 0
    return " ".join("".join(kept).split())


def width(character: str) -> int:
    """Columns: two for the wide letters of East Asian scripts."""
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def lines_of(text: str, columns: int) -> list[str]:
    """The text in lines of at most so many columns. Scripts without spaces break anywhere."""
    cleaned = clean(text)
    if not any(width(c) == 2 for c in cleaned):
        return textwrap.wrap(cleaned, columns, break_long_words=True, break_on_hyphens=False)
    lines, line, used = [], "", 0
    for character in cleaned:
        if used + width(character) > columns:
            lines.append(line.strip())
            line, used = "", 0
        line, used = line + character, used + width(character)
    return [*lines, line.strip()] if line.strip() else lines


def page_of(text: str, columns: int, lines: int, elapsed_seconds: float) -> str:
    """The lines to show so long after the sentence began."""
    broken = lines_of(text, columns)
    pages = [broken[start : start + lines] for start in range(0, len(broken), lines)]
    if not pages:
        return ""
    said = max(0.0, elapsed_seconds) * LETTERS_PER_SECOND
    for page in pages:
        letters = sum(len(line) for line in page)
        if said < letters:
            return "\n".join(page)
        said -= letters
    return "\n".join(pages[-1])


class Alphabet:
    """Lets so many different characters through to one text source, and drops the rest."""

    def __init__(self, maximum: int = MAXIMUM_DIFFERENT_CHARACTERS) -> None:
        self._maximum = maximum
        self._seen: set[str] = set()

    def fit(self, text: str) -> str:
        kept = []
        for character in text:
            if character not in self._seen and len(self._seen) >= self._maximum:
                continue
            self._seen.add(character)
            kept.append(character)
        return "".join(kept)
