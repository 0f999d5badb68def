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

#: Tiers from mild to never.
TIERS = ("mild", "strong", "hard")


@dataclass(frozen=True)
class Term:
    """A listed word. `place` "anywhere": also inside longer words; "word": as a word of its own,
    with ordinary endings."""

    text: str
    category: str
    tier: str
    place: str = "word"


class Lexicon:
    """Finds listed words in a single word of folded letters.

    A term is found however often its letters are repeated, but not with fewer of them than it
    needs ("as" is not "ass"). A find inside a harmless word (Scunthorpe) does not count.
    """

    def __init__(self, terms: Iterable[Term], harmless: Iterable[str]) -> None:
        self._by_form: dict[str, list[tuple[Term, tuple[int, ...]]]] = {}
        self._by_length: dict[int, list[Term]] = {}
        self._reversed: dict[str, Term] = {}
        self._harmless: dict[str, tuple[int, ...]] = {}
        self._beginnings: set[str] = set()
        self._endings = {"", *(squeeze(ending)[0] for ending in _ENDINGS.split())}
        for term in terms:
            self._add(term)
        for word in harmless:
            form, runs = squeeze(letters_only(fold(word)))
            self._harmless[form] = runs
        self._longest = max(map(len, [*self._by_form, *self._harmless]), default=0)
        self.find = lru_cache(maxsize=20_000)(self._find)

    def _add(self, term: Term) -> None:
        form, runs = squeeze(term.text)
        self._by_form.setdefault(form, []).append((term, runs))
        self._by_length.setdefault(len(term.text), []).append(term)
        if term.tier != "mild":
            self._beginnings.update(term.text[:end] for end in range(2, len(term.text)))
            if term.place == "anywhere" and len(term.text) > 3:
                self._reversed[term.text[::-1]] = term

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
                harmless = self._harmless.get(part)
                if harmless is not None and _enough(runs[start:end], harmless):
                    excuses.append((start, end, sum(harmless)))
        terms = [term for start, end, term in found if not _excused(start, end, term, excuses)]
        if not terms and word in self._reversed:
            terms = [self._reversed[word]]
        return tuple(sorted(terms, key=lambda term: -TIERS.index(term.tier)))

    def find_masked(self, token: str) -> Term | None:
        """f**k, sh*t, f4ck: each sign that is no letter may stand for any letter."""
        for ending in ("", "s", "ing", "ed", "er", "y"):
            stem = token.removesuffix(ending)
            hidden = sum(not letter.isalpha() for letter in stem)
            if not stem or not hidden or len(stem) - hidden < 2 or hidden > len(stem) / 2:
                continue
            shape = re.compile("".join(c if c.isalpha() else "[a-z]" for c in stem))
            for term in self._by_length.get(len(stem), ()):
                if term.tier != "mild" and shape.fullmatch(term.text):
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
                if term.tier != "mild" and _enough(runs[:end], needed):
                    return term if end == len(form) or not self._is_harmless(form, runs) else None
        return None

    def begins_a_term(self, scrap: str) -> bool:
        """Whether some term goes on after these letters."""
        return scrap in self._beginnings

    def _is_harmless(self, form: str, runs: tuple[int, ...]) -> bool:
        needed = self._harmless.get(form)
        return needed is not None and _enough(runs, needed)


def _enough(runs: tuple[int, ...], needed: tuple[int, ...]) -> bool:
    return all(have >= need for have, need in zip(runs, needed, strict=True))


def _excused(start: int, end: int, term: Term, excuses: list[tuple[int, int, int]]) -> bool:
    """Whether a harmless word covers this find and says more than it: by its length, or by doubled
    letters ("assess", not "asses")."""
    return any(
        a <= start and end <= b and (b - a > end - start or letters > len(term.text))
        for a, b, letters in excuses
    )
