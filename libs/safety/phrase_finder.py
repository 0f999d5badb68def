"""Which of thousands of phrases a text has."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from libs.safety.phrases import PREFIX, Phrase


def _closed(lists: Mapping[str, list[Any]]) -> dict[str, tuple[Any, ...]]:
    """Tuples take half as much."""
    return {key: tuple(found) for key, found in lists.items()}


class PhraseFinder:
    """Finds phrases of one script in a text. Only those are tried of which the text has each needed
    word, so that thousands of phrases cost little and few are ever compiled."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        by_word, by_beginning, by_letter = (defaultdict[str, list[Any]](list) for _ in range(3))
        self._always: list[Phrase] = []
        self._joined: list[Phrase] = []
        for phrase in phrases:
            if phrase.script == "joined":
                for letter in phrase.anchors:
                    by_letter[letter].append(len(self._joined))
                self._joined.append(phrase)
                continue
            if not phrase.anchors and not phrase.beginnings:
                self._always.append(phrase)
            for word in phrase.anchors:
                by_word[word].append(phrase)
            for beginning in phrase.beginnings:
                by_beginning[beginning].append(phrase)
        self._by_word: dict[str, tuple[Phrase, ...]] = _closed(by_word)
        self._by_beginning: dict[str, tuple[Phrase, ...]] = _closed(by_beginning)
        self._by_letter: dict[str, tuple[int, ...]] = _closed(by_letter)

    def find(self, words: str, over: int | None = None) -> Iterator[tuple[int, str]]:
        """Rule and words of each phrase found. `words`: small letters, one space around each word,
        full stops as words of their own; in the script `joined` the text without its gaps. `over`:
        only what stands on both sides of this place."""
        for phrase in self._among_pieces(words) if self._joined else self._among_words(words):
            match = phrase.regex.search(words)
            if match and (over is None or match.start() < over < match.end()):
                yield phrase.rule, match.group().strip()

    def _among_words(self, words: str) -> Iterator[Phrase]:
        """The phrases that could be there, each once."""
        in_order = dict.fromkeys(words.split())
        said = set(in_order)
        tried: set[int] = set()
        for phrase in self._always:
            if not any(said.isdisjoint(need) for need in phrase.needs):
                yield phrase
        for word in in_order:
            for phrase in (
                *self._by_word.get(word, ()),
                *self._by_beginning.get(word[:PREFIX], ()),
            ):
                if id(phrase) in tried:
                    continue
                tried.add(id(phrase))
                if not any(said.isdisjoint(need) for need in phrase.needs):
                    yield phrase

    def _among_pieces(self, text: str) -> Iterator[Phrase]:
        letters = {"", *text}
        found = {number for letter in letters for number in self._by_letter.get(letter, ())}
        for number in sorted(found):
            phrase = self._joined[number]
            if all(any(piece in text for piece in need) for need in phrase.needs):
                yield phrase
