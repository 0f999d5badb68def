"""Known words, and which of them a token is meant to be, however it is disguised."""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from itertools import islice, product

from libs.safety.normalise import squeeze

#: Shorter tokens are not taken apart: too many words are made of two others.
SHORTEST_GLUED = 8
LONGEST_GLUED = 60
#: Letters that a part has on average, at the least.
GLUED_LETTERS = 2.5
#: Shorter words are too like each other to be told apart by one letter.
SHORTEST_MISTYPED = 5
#: A masked word must show so many of its letters for each that is hidden.
SHOWN_LETTERS = 2
#: Readings of one token in which digits and signs stand for letters.
MAXIMUM_READINGS = 64

#: Words of one or two letters that may stand between others; scraps of that length are many.
_SHORT_WORDS = (
    "a i u im ur ya yo am an as at be by do go he hi if in is it me my no of on or so to up us we "
    "va te tu de la le du un il en et se si mi ti ta ma sa da di es er ja zu"
)
_SHORT = frozenset(_SHORT_WORDS.split())
#: What a digit or sign may stand for.
_STANDS_FOR = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "gb", "7": "t", "8": "b",
    "9": "g", "@": "a", "$": "s", "!": "il", "|": "il", "+": "t", "(": "c", "&": "a", "€": "e",
}  # fmt: skip
_SIGN = re.compile(r"[\W\d_]")
_NOT_WORD = re.compile(r"[\W_]+")
_RUN = re.compile(r"(.)\1+", re.DOTALL)


class Vocabulary:
    """Promises: a token that is a known word is left as it is; the same token is always read the
    same way."""

    def __init__(self, words: Iterable[str], often_mistyped: Iterable[str]) -> None:
        mistyped = [word for word in often_mistyped if len(word) >= SHORTEST_MISTYPED]
        self._words = {word for word in words if len(word) > 1} | set(mistyped)
        self._longest = max(map(len, self._words), default=0)
        self._mistyped = set(mistyped)
        self._meant: dict[str, str] = {}
        for word in mistyped:
            for form in _without_one(word):
                self._meant.setdefault(form, word)
        self.parts = lru_cache(maxsize=20_000)(self._parts)
        self.read = lru_cache(maxsize=20_000)(self._read)
        self.words_of = lru_cache(maxsize=20_000)(self._words_of)

    @cached_property
    def _by_form(self) -> dict[str, str]:
        """A word by what is left of it with each run of one letter once."""
        return {_RUN.sub(r"\1", word): word for word in sorted(self._words, reverse=True)}

    @cached_property
    def _by_length(self) -> dict[tuple[int, str], list[str]]:
        """Words by their length and first letter."""
        found: dict[tuple[int, str], list[str]] = {}
        for word in sorted(self._words):
            found.setdefault((len(word), word[0]), []).append(word)
        return found

    def prepare(self) -> None:
        """Makes what the first disguised text would wait for."""
        _ = self._by_form, self._by_length

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def _words_of(self, token: str) -> tuple[str, ...]:
        """A token of letters: as it is, taken apart where it is glued, with a mistyped letter put
        right."""
        return tuple(self.meant(part) for part in self.parts(token))

    def parted(self, one: str, other: str) -> bool:
        """Whether two neighbours may be the halves of one word: not both are words themselves."""
        return any(half not in self._words and half not in _SHORT for half in (one, other)) or all(
            len(half) < 3 and half not in _SHORT for half in (one, other)
        )

    def _read(self, token: str) -> tuple[str, ...]:
        """A token between two spaces, with all its signs, as the words that are meant."""
        if token.isalpha():
            return self._read_letters(token)
        inner = token.strip(".,:;?-_'\"()[]{}<>~/\\…")
        joined = _NOT_WORD.sub("", inner)
        if joined.isalpha() and joined in self._words:
            return (joined,)
        if found := self._unleet(inner) or self._unmask(inner):
            return (found,)
        return tuple(
            word
            for part in _NOT_WORD.split(inner)
            if part
            for word in ((self._unleet(part),) if self._unleet(part) else self._read_letters(part))
        )

    def _read_letters(self, token: str) -> tuple[str, ...]:
        if token in self._words or not token.isalpha():
            return (token,)
        form, runs = squeeze(token)
        if max(runs) > 1 and form in self._by_form:
            return (self._by_form[form],)
        found = self.words_of(token)
        if found == (token,) and max(runs) > 1:
            return self.words_of(form)
        return found

    def _unleet(self, token: str) -> str:
        signs = [_STANDS_FOR.get(letter, letter if letter.isalpha() else "") for letter in token]
        if not all(signs) or token.isalpha() or token.isdigit():
            return ""
        readings = ["".join(letters) for letters in islice(product(*signs), MAXIMUM_READINGS)]
        forms = (self._by_form.get(squeeze(word)[0], "") for word in readings)
        return next((word for word in readings if word in self._words), "") or next(
            filter(None, forms), ""
        )

    def _unmask(self, token: str) -> str:
        hidden = _SIGN.findall(token)
        shown = len(token) - len(hidden)
        if not hidden or shown < SHOWN_LETTERS * len(hidden) or not token[0].isalpha():
            return ""
        if any(sign.isalnum() for sign in hidden):
            return ""
        shape = re.compile("".join("." if _SIGN.match(c) else c for c in token))
        words = self._by_length.get((len(token), token[0]), ())
        return next((word for word in words if shape.fullmatch(word)), "")

    def meant(self, token: str) -> str:
        """The often mistyped word that this token is, but for one letter; else the token."""
        if token in self._words or len(token) < SHORTEST_MISTYPED:
            return token
        if token in self._meant:  # a letter is missing
            return self._meant[token]
        for form in _without_one(token):
            word = form if form in self._mistyped else self._meant.get(form, "")
            if word and abs(len(word) - len(token)) <= 1 and token[0] == word[0]:
                return word
        return token

    def _may_be_part(self, word: str) -> bool:
        return word in _SHORT if len(word) < 3 else word in self._words

    def _parts(self, token: str) -> tuple[str, ...]:
        """The known words of which a long token is glued together, as few as can be; the token
        alone where it is not."""
        if not SHORTEST_GLUED <= len(token) <= LONGEST_GLUED or token in self._words:
            return (token,)
        best: list[tuple[str, ...] | None] = [(), *[None] * len(token)]
        for end in range(1, len(token) + 1):
            for start in range(max(0, end - self._longest), end):
                before, word = best[start], token[start:end]
                if before is None or not self._may_be_part(word):
                    continue
                now = best[end]
                if now is None or len(before) + 1 < len(now):
                    best[end] = (*before, word)
        found = best[-1]
        return found if found and len(found) * GLUED_LETTERS <= len(token) else (token,)


def _without_one(word: str) -> Iterator[str]:
    """The word with each of its letters left out in turn."""
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]
