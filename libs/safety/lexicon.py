"""The listed words, and how one is found inside a disguised one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from libs.safety.normalise import fold, letters_only, squeeze

#: What may follow a term and leave it the same word.
_ENDINGS = (
    "s es ed er ers ing in y ty z d ies able ting ted ter ster fest ish ness o os a as "
    "head heads face faced hole holes bag bags load loads storm show wad wit wits"
)

#: So long a word is met by chance neither backwards nor put together from scraps.
LONG = 6
_DIGIT = re.compile(r"\d")
#: Shorter words are words in both directions too often.
SHORTEST_BACKWARDS = 4

#: Tiers from mild to never.
TIERS = ("mild", "strong", "hard")


@dataclass(frozen=True)
class Term:
    """A listed word. `place` "anywhere": also inside longer words; "word": as a word of its own,
    with ordinary endings. `near`: also when it is written a little wrong."""

    text: str
    category: str
    tier: str
    place: str = "word"
    near: bool = False


class Lexicon:
    """Finds listed words in a single word of folded letters.

    A term is found however often its letters are repeated, but not with fewer of them than it
    needs ("as" is not "ass"). A find inside a harmless word (Scunthorpe) does not count.
    """

    def __init__(self, terms: Iterable[Term], harmless: Iterable[str]) -> None:
        self._by_form: dict[str, list[tuple[Term, tuple[int, ...]]]] = {}
        self._by_length: dict[int, list[Term]] = {}
        self._reversed: dict[str, Term] = {}
        self._harmless: dict[str, set[tuple[int, ...]]] = {}
        self._beginnings: set[str] = set()
        self._endings = {"", *(squeeze(ending)[0] for ending in _ENDINGS.split())}
        for term in terms:
            self._add(term)
        for word in harmless:
            form, runs = squeeze(letters_only(fold(word)))
            self._harmless.setdefault(form, set()).add(runs)
        self._longest = max(map(len, [*self._by_form, *self._harmless]), default=0)
        self.find = lru_cache(maxsize=20_000)(self._find)

    def _add(self, term: Term) -> None:
        form, runs = squeeze(term.text)
        self._by_form.setdefault(form, []).append((term, runs))
        self._by_length.setdefault(len(term.text), []).append(term)
        if term.near:
            self._beginnings.update(term.text[:end] for end in range(2, len(term.text)))
        known = term.near or term.tier == "hard" or len(term.text) >= LONG
        if term.tier != "mild" and known and len(term.text) >= SHORTEST_BACKWARDS:
            self._reversed.update(
                {(term.text + ending)[::-1]: term for ending in ("", "s", "er", "ing")}
            )

    def _find(self, word: str) -> tuple[Term, ...]:
        """All terms in this word of Latin letters, the worst first."""
        form, runs = squeeze(word)
        found: list[tuple[int, int, Term]] = []
        excuses: list[tuple[int, int, int]] = []
        for start in range(len(form) - 1):
            for end in range(start + 2, min(len(form), start + self._longest) + 1):
                part = form[start:end]
                for term, needed in self._by_form.get(part, ()):
                    whole = start == 0 and form[end:] in self._endings
                    if (term.place == "anywhere" or whole) and _enough(runs[start:end], needed):
                        found.append((start, end, term))
                for harmless in self._harmless.get(part, ()):
                    if _enough(runs[start:end], harmless):
                        excuses.append((start, end, sum(harmless)))
        terms = [term for start, end, term in found if not _excused(start, end, term, excuses)]
        return tuple(sorted(terms, key=lambda term: -TIERS.index(term.tier)))

    def find_backwards(self, word: str) -> Term | None:
        """A term that is written from its end to its beginning."""
        return self._reversed.get(word)

    def find_masked(self, token: str) -> Term | None:
        """f**k, sh*t, f4ck: each sign that is no letter may stand for any letter, and a digit in
        well-known words too."""
        for ending in ("", "s", "ing", "ed", "er", "y"):
            stem = token.removesuffix(ending)
            hidden = sum(not letter.isalpha() for letter in stem)
            if not stem or not hidden or len(stem) - hidden < 2 or hidden > len(stem) / 2:
                continue
            shape = re.compile("".join(c if c.isalpha() else "[a-z]" for c in stem))
            for term in self._by_length.get(len(stem), ()):
                known = term.near or term.tier == "hard" or not _DIGIT.search(stem)
                if known and term.tier != "mild" and shape.fullmatch(term.text):
                    return term
        return None

    def find_joined(self, parts: tuple[str, ...]) -> Term | None:
        """A term that is put together from neighbouring scraps ("fu ck"), from the first letter of
        the first scrap into the last one."""
        joined = "".join(parts)
        form, runs = squeeze(joined)
        inside = squeeze("".join(parts[:-1]))[0]
        for end in range(len(inside) + 1, min(len(form), self._longest) + 1):
            if form[end:] not in self._endings:
                continue
            for term, needed in self._by_form.get(form[:end], ()):
                if not _counts_joined(term) or not _enough(runs[:end], needed):
                    continue
                if end == len(form) or not self._is_harmless(form, runs):
                    return term
        return None

    def begins_a_term(self, scrap: str) -> bool:
        """Whether some term goes on after these letters."""
        return scrap in self._beginnings

    def _is_harmless(self, form: str, runs: tuple[int, ...]) -> bool:
        return any(_enough(runs, needed) for needed in self._harmless.get(form, ()))


def _counts_joined(term: Term) -> bool:
    """Scraps are put together to well-known words only: in many languages there are too many."""
    return term.near or term.tier == "hard" or (term.tier == "strong" and len(term.text) >= LONG)


def _enough(runs: tuple[int, ...], needed: tuple[int, ...]) -> bool:
    return all(have >= need for have, need in zip(runs, needed, strict=True))


def _excused(start: int, end: int, term: Term, excuses: list[tuple[int, int, int]]) -> bool:
    """Whether a harmless word covers this find and says more than it: by its length, or by doubled
    letters ("assess", not "asses")."""
    return any(
        a <= start and end <= b and (b - a > end - start or letters > len(term.text))
        for a, b, letters in excuses
    )
