"""Listed words that are written a little wrong: as they sound, mistyped, or without vowels."""

import re
from collections.abc import Iterable, Iterator

from libs.safety.lexicon import Term
from libs.safety.normalise import squeeze

#: A shorter word has too many neighbours that mean no harm.
SHORTEST = 4
#: From this length any one letter may be wrong; before, only its neighbour on the keyboard.
ANY_LETTER = 6
LONGEST = 24
#: So many letters may be left out of the middle of a word.
LONGEST_GAP = 4
#: Without its vowels a word must still have so many letters.
SHORTEST_BARE = 3

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_ENDINGS = ("", "s", "es", "z", "ed", "er", "ers", "in", "ing", "y")
_VOWELS = re.compile(r"[aeiouy]")

#: Spellings of one sound, in the order in which they are read.
_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"ph", "f"),
        (r"ck|kh|qu|q|cc|c(?![eihy])", "k"),
        (r"x", "ks"),
        (r"z", "s"),
        (r"gh", "g"),
        (r"(?<=[aeiou])h(?![aeiou])", ""),
        (r"er\b|uh\b|ur\b|ah\b", "a"),
        (r"e\b", ""),
        (r"ee|ea|ie", "i"),
        (r"oo|ou|(?<=[^aeiou])v(?=[^aeiou])", "u"),
        (r"aw|au", "o"),
        (r"(?<=.)y", "i"),
    )
)
_LATER_VOWELS = re.compile(r"(?<=[aeiou])([^aeiou]+)[aeiou]+")


def sound_of(word: str) -> str:
    """How a word sounds to a speaker of English, roughly: vowels behind the first one are all one.

    >>> sound_of("phish"), sound_of("fissh")
    ('fish', 'fish')
    """
    for pattern, sound in _SOUNDS:
        word = pattern.sub(sound, word)
    return _LATER_VOWELS.sub(r"\1a", squeeze(word)[0])


class NearWords:
    """Finds the term that a token is meant to be. `harmless` tokens are words of their own."""

    def __init__(self, terms: Iterable[Term], harmless: Iterable[str]) -> None:
        self._harmless = set(harmless)
        self._terms: dict[str, Term] = {}
        self._sounds: dict[str, Term] = {}
        self._bare: dict[str, Term] = {}
        self._without: dict[tuple[int, str], list[Term]] = {}
        self._gapped: dict[str, Term] = {}
        for term in terms:
            if term.tier != "mild" and (term.near or len(term.text) > ANY_LETTER):
                self._gapped.setdefault(term.text, term)
            if term.near and len(term.text) >= SHORTEST:
                self._add(term)

    def _add(self, term: Term) -> None:
        text = term.text
        self._terms[text] = term
        self._sounds.setdefault(sound_of(text), term)
        bare = _VOWELS.sub("", text)
        if len(bare) >= SHORTEST_BARE:
            self._bare.setdefault(bare, term)
        for at in range(1, len(text)):
            self._without.setdefault((at, text[:at] + text[at + 1 :]), []).append(term)

    def find_holed(self, word: str) -> Term | None:
        """The term of which one letter is a sign, or into which one was put: "b?tch", "bi-tch"."""
        whole = re.sub(r"[^a-z]", "", word)
        if whole in self._harmless:
            return None
        if whole in self._terms and len(whole) > SHORTEST:
            return self._terms[whole]
        at = next(at for at, letter in enumerate(word) if not letter.isalpha())
        found = self._without.get((at, whole), ()) if at else ()
        return next((term for term in found if len(term.text) == len(word)), None)

    def find_gapped(self, beginning: str, end: str) -> Term | None:
        """The term of which only beginning and end are written: "f...k"."""
        for text, term in self._gapped.items():
            if text.startswith(beginning) and text.endswith(end):
                hidden = len(text) - len(beginning) - len(end)
                if 0 < hidden <= LONGEST_GAP:
                    return term
        return None

    def find(self, token: str) -> Term | None:
        if not SHORTEST_BARE <= len(token) <= LONGEST or token in self._harmless:
            return None
        for ending in _ENDINGS:
            stem = token.removesuffix(ending) if ending else token
            if len(stem) < SHORTEST_BARE or (ending and stem == token):
                continue
            if (term := self._of_stem(stem)) is not None:
                return term
        return None

    def _of_stem(self, stem: str) -> Term | None:
        if not _VOWELS.search(stem) and stem in self._bare:
            return self._bare[stem]
        if len(stem) < SHORTEST:
            return None
        return self._sounds.get(sound_of(stem)) or next(self._mistyped(stem), None)

    def _mistyped(self, token: str) -> Iterator[Term]:
        """One letter exchanged, missing, too many, or two in the wrong order; never the first."""
        for at in range(1, len(token)):
            rest = token[:at] + token[at + 1 :]
            for term in self._without.get((at, rest), ()):
                if len(term.text) >= ANY_LETTER or _are_neighbours(term.text[at], token[at]):
                    yield term
            if len(rest) >= ANY_LETTER and rest in self._terms:
                yield self._terms[rest]
            turned = token[: at - 1] + token[at] + token[at - 1] + token[at + 1 :]
            if turned != token and turned in self._terms:
                yield self._terms[turned]
        for at in range(1, len(token) + 1):
            for term in self._without.get((at, token), ()):
                if len(term.text) > ANY_LETTER:
                    yield term


def _are_neighbours(one: str, other: str) -> bool:
    return other in _NEIGHBOURS.get(one, "")


def _neighbours() -> dict[str, str]:
    found: dict[str, str] = {}
    for number, row in enumerate(_ROWS):
        for at, letter in enumerate(row):
            near = row[max(0, at - 1) : at] + row[at + 1 : at + 2]
            if number:
                near += _ROWS[number - 1][at : at + 2]
            if number + 1 < len(_ROWS):
                near += _ROWS[number + 1][max(0, at - 1) : at + 1]
            found[letter] = near
    return found


_NEIGHBOURS = _neighbours()
