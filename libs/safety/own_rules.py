"""What an operator allows or blocks beside the shipped rules."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import lru_cache

from libs.contracts.safety import OwnRule
from libs.safety.normalise import native
from libs.safety.word_runs import WordRuns, is_unspaced, words_of

#: Words on each side of a text's beginning that are looked at together.
JOINT_WORDS = 4
_NOTHING = re.compile(r"(?!)")

#: Signs around words that are no part of them.
AROUND = " .,;:!?…\"'“”‘’()[]{}<>"


class OwnWords:
    """The words of own rules, ready to be looked for.

    Promises: blocked words are found in every disguise, also across two texts; allowed ones only as
    they were written, case aside, so that allowing a word opens no more than that word.
    """

    def __init__(self, rules: Iterable[OwnRule], common: frozenset[str]) -> None:
        rules = tuple(rules)
        blocked = [(rule.text, "own") for rule in rules if rule.action == "block"]
        self._blocked = WordRuns(blocked, common)
        self._allowed = _as_written(rule.text for rule in rules if rule.action == "allow")

    def blocks(self, text: str, before: str = "") -> bool:
        """`before`: what was said just before the text."""
        if not self._blocked:
            return False
        if self._blocked.find(text):
            return True
        tail = " ".join(before.split()[-JOINT_WORDS:])
        head = " ".join(text.split()[:JOINT_WORDS])
        across = bool(tail) and self._blocked.find(f"{tail} {head}")
        return bool(across) and not self._blocked.find(tail)  # what was said before is said

    def without_allowed(self, text: str) -> str:
        return self._allowed.sub(" ", text)


@lru_cache(maxsize=64)
def own_words(rules: tuple[OwnRule, ...], common: frozenset[str]) -> OwnWords:
    return OwnWords(rules, common)


def words_key(text: str) -> str:
    """The same for two texts that a rule takes for the same words; empty when it has none."""
    return " ".join(native(text).split()) if is_unspaced(text) else " ".join(words_of(text))


def shortest_part(text: str, speaks: Callable[[str], bool]) -> str:
    """The fewest words in a row of which `speaks` is still true, the signs around them off where
    they do not matter; empty if it is not true of the whole."""
    words = text.split()

    def said(start: int, end: int) -> bool:
        return speaks(" ".join(words[start:end]))

    if not said(0, len(words)):
        return ""
    end = bisect_left(range(len(words)), True, key=lambda at: said(0, at + 1)) + 1
    start = bisect_left(range(end), True, key=lambda at: not said(at + 1, end))
    found = " ".join(words[start:end])
    return next((part for part in (found.strip(AROUND), found) if speaks(part)), "")


def _as_written(texts: Iterable[str]) -> re.Pattern[str]:
    parts = []
    for text in texts:
        part = r"\s+".join(map(re.escape, text.split()))
        if part:
            parts.append(part if is_unspaced(text) else rf"(?<!\w){part}(?!\w)")
    parts.sort(key=len, reverse=True)
    return re.compile("|".join(parts), re.IGNORECASE) if parts else _NOTHING
