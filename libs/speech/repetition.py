"""Whether she said something just before."""

import re
from collections.abc import Iterable

_NO_WORD = re.compile(r"[\W_]+")

#: Short phrases ("Hehe!", "What do you think?") may come back.
_FEWEST_WORDS = 5
#: From this share of common words on, two longer sentences are the same one.
_SAME_SHARE = 0.85


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text in small letters: what two ways of writing it have in common."""
    return tuple(_NO_WORD.sub(" ", text.casefold()).split())


class SaidBefore:
    """Sentences that were said, to be compared with a new one."""

    def __init__(self, sentences: Iterable[str] = ()) -> None:
        self._known: set[tuple[str, ...]] = set()
        for sentence in sentences:
            self.add(sentence)

    def add(self, sentence: str) -> None:
        if words := words_of(sentence):
            self._known.add(words)

    def exactly(self, sentence: str) -> bool:
        """The same words in the same order, however short."""
        return words_of(sentence) in self._known

    def nearly(self, sentence: str) -> bool:
        """The same sentence but for a word or two; short phrases do not count."""
        words = words_of(sentence)
        if len(words) < _FEWEST_WORDS:
            return False
        return words in self._known or any(_alike(words, known) for known in self._known)


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if len(other) < _FEWEST_WORDS or abs(len(one) - len(other)) > 3:
        return False
    first, second = set(one), set(other)
    return len(first & second) >= _SAME_SHARE * len(first | second)
