"""Which phrases pocketsphinx is to listen for, and how sure it must be of each.

A threshold is a likelihood: the smaller, the sooner a phrase is heard (also where nobody said it).
It has to be smaller for longer phrases. Those that were measured stand in the list; for others it
is told by the number of phones.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["panic", "stop"]

#: Measured with the embedded voice (docs/decisions/0019-own-voice.md and the notes it names).
MEASURED = {
    "panic": 1e-2,
    "hello kitsu": 1e-30,
    "hey kitsu": 1e-35,
    "kitsu panic": 1e-27,
    "panic panic panic": 1e-37,
    "stop talking": 1e-25,
}
#: A shorter phrase is heard in anything; it is refused.
FEWEST_PHONES = 5
#: Pronunciations (ARPAbet) of words of ours that no English dictionary has.
PRONUNCIATIONS = {"kitsu": "K IH T S UW", "kitsune": "K IH T S UW N EY"}
MOST_PHRASES = 32
LONGEST_PHRASE = 60


@dataclass(frozen=True)
class Keyword:
    phrase: str
    kind: Kind
    threshold: float

    @property
    def line(self) -> str:
        """As in a keyword list file of pocketsphinx."""
        return f"{self.phrase} /{self.threshold:.0e}/"


@dataclass(frozen=True)
class KeywordList:
    keywords: tuple[Keyword, ...]
    refused: tuple[str, ...]
    """Phrases that cannot be listened for, each with its reason."""

    @property
    def text(self) -> str:
        return "".join(f"{keyword.line}\n" for keyword in self.keywords)

    def of(self, phrase: str) -> Keyword | None:
        return next((k for k in self.keywords if k.phrase == phrase), None)


def keyword_list(
    panic: Iterable[str], stop: Iterable[str], pronounced: Callable[[str], str | None]
) -> KeywordList:
    """`pronounced` gives the phones of a word, or None where it cannot be spelled."""
    keywords: dict[str, Keyword] = {}
    refused: list[str] = []
    wishes = [*((phrase, "panic") for phrase in panic), *((phrase, "stop") for phrase in stop)]
    for wish, kind in wishes:
        phrase = " ".join(wish.lower().split())
        if not phrase or phrase in keywords:
            continue
        reason = _objection(phrase, pronounced)
        if not reason and len(keywords) >= MOST_PHRASES:
            reason = f"there are more than {MOST_PHRASES} phrases"
        if reason:
            refused.append(f"{phrase[:LONGEST_PHRASE]!r}: {reason}")
            continue
        threshold = MEASURED.get(phrase) or _threshold(phones_of(phrase, pronounced))
        keywords[phrase] = Keyword(phrase, "panic" if kind == "panic" else "stop", threshold)
    return KeywordList(tuple(keywords.values()), tuple(refused))


def phones_of(phrase: str, pronounced: Callable[[str], str | None]) -> int:
    return sum(len((pronounced(word) or "").split()) for word in phrase.split())


def _objection(phrase: str, pronounced: Callable[[str], str | None]) -> str:
    if len(phrase) > LONGEST_PHRASE:
        return "it is too long"
    if not all(word.replace("'", "").isalpha() and word.isascii() for word in phrase.split()):
        return "only English words are understood"
    unknown = [word for word in phrase.split() if not pronounced(word)]
    if unknown:
        return f"it does not know how {', '.join(unknown)} is said: use English words"
    if phones_of(phrase, pronounced) < FEWEST_PHONES:
        return "it is too short and would be heard in anything"
    return ""


def _threshold(phones: int) -> float:
    """1e-2 for five phones, 1e-25 for nine, and slowly on from there."""
    if phones <= 9:
        return float(10.0 ** -round(2 + (phones - FEWEST_PHONES) * 23 / 4))
    return float(10.0 ** -min(45, 25 + 2 * (phones - 9)))
