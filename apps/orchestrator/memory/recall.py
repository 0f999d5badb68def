"""Which memories go with a turn, and why: the author's facts, facts of who is asked about, what
fits the words or is near in meaning, what was said before. Never waits for a model."""

import itertools
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from apps.orchestrator.memory import facts, vectors, word_index
from apps.orchestrator.memory.concepts import concepts_of
from apps.orchestrator.memory.ranks import fused
from apps.orchestrator.memory.terms import EMPTY_WORDS, terms_of, words_of
from libs.contracts.conversation import HistoryLine, MemoryLine, TurnInput, TurnSource

#: Nobody asked anything there.
NOT_RECALLED_FOR = frozenset({TurnSource.OPERATOR, TurnSource.IDLE})
#: At most so many of each kind go with a turn.
OWN_FACTS = 4
#: Of the author's own, when they ask about themselves and none fits: who reads them may see which.
OWN_FACTS_UNSURE = 8
OTHER_FACTS = 3
PAST_LINES = 3
#: Facts of others that are looked at for each of those that go along.
LOOKED_AT = 8
#: What was found is kept when it shares at least so many words with the question, or all of them.
LEAST_SHARED_WORDS = 2
#: A single word that is shared must be this long: short ones are in everything.
LEAST_LETTERS = 4
#: Words of a line that may be somebody's name.
ASKED_NAMES = 40
#: What a word is about counts less than the word itself.
CONCEPT_WEIGHT = 0.8
#: A question that fits one of the author's own facts this well is not about anybody else's.
OWN_IS_ENOUGH = 0.3

#: Why something came along that only its meaning speaks for.
NEAR = "near the line in meaning"

_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+|[^\w\s]")
_OF_ONESELF = frozenset(
    (
        "i",
        "im",
        "ive",
        "my",
        "me",
        "mine",
        "eu",
        "meu",
        "minha",
        "mim",
        "yo",
        "mi",
        "mis",
        "ich",
        "mein",
    )
)
_OF_SOMEBODY = re.compile(
    r"\?|@\w|\b(?:who|know|about|remember|quem|conhece|sobre|lembra|conoces|kennst|connais)\b", re.I
)


def tokens_of(text: str) -> int:
    """About how many tokens a model makes of a text: a third more than words and marks."""
    return 1 + len(_TOKEN.findall(text)) * 4 // 3


def within_budget(lines: Sequence[HistoryLine], tokens: int) -> tuple[HistoryLine, ...]:
    """The newest lines that fit, oldest first."""
    kept: list[HistoryLine] = []
    for line in reversed(lines):
        tokens -= tokens_of(line.text) + tokens_of(line.unheard) + tokens_of(line.name)
        if tokens < 0:
            break
        kept.append(line)
    return tuple(reversed(kept))


@dataclass(frozen=True)
class Question:
    """A line that is to be answered, as it is looked up."""

    terms: frozenset[str]
    concepts: frozenset[str]
    names: frozenset[str]
    """Marks of every name that may stand in it."""
    of_oneself: bool
    asks: bool
    of_somebody: bool
    """It may ask for a person as such: "do you know ana?"."""

    @classmethod
    def of(cls, text: str) -> "Question":
        words = words_of(text)
        spaced = text.split()[:ASKED_NAMES]
        names = [word for word in (*spaced, *words[:ASKED_NAMES]) if word not in EMPTY_WORDS]
        names += [f"{first} {second}" for first, second in itertools.pairwise(spaced)]
        return cls(
            frozenset(terms_of(text)),
            concepts_of(text),
            frozenset(filter(None, map(word_index.mark_of_name, names))),
            bool(_OF_ONESELF & set(words)),
            "?" in text,
            bool(_OF_SOMEBODY.search(text)),
        )


class Nearness(Protocol):
    """How near each of many texts is to a question in meaning."""

    def of(self, row_ids: Iterable[int]) -> dict[int, float]:
        """Of those that are known."""
        ...

    def nearest(self, limit: int) -> list[int]:
        """Those that are much nearer than others, nearest first."""
        ...


class Near(Protocol):
    """What is near a question in meaning."""

    @property
    def facts(self) -> Nearness: ...

    @property
    def messages(self) -> Nearness: ...


def recall(
    db: sqlite3.Connection,
    given: TurnInput,
    before_message_id: int,
    now: float,
    near: Near | None = None,
) -> tuple[list[MemoryLine], list[int]]:
    """Memories for a line that is to be answered, best first, and the ids of the facts among them.

    `before_message_id`: newer messages go along as history anyway. Without `near` the words alone
    count.
    """
    if given.source in NOT_RECALLED_FOR:
        return [], []
    asked = Question.of(given.text)
    own, best = _own_facts(db, given, asked, now, near)
    found = [
        (fact, "noted by herself" if fact.topic == facts.NOTED else "told by the one who asks")
        for fact in own
    ]
    indexed = word_index.is_there(db)
    if indexed:
        only_named = asked.of_oneself and best >= OWN_IS_ENOUGH
        found += _facts_of_others(db, given, asked, only_named, now, near)
    lines = [memory_of(fact, why) for fact, why in found]
    if indexed:
        elsewhere = None if own and asked.of_oneself else near  # else it is known who is meant
        lines += _past(db, asked, before_message_id, [line.text for line in lines], elsewhere)
    return lines, [fact.fact_id for fact, _ in found]


def memory_of(fact: facts.Fact, why: str) -> MemoryLine:
    about = fact.name or ("the show" if fact.viewer_id == facts.THE_SHOW else fact.viewer_id)
    return MemoryLine(kind="fact", about=about, text=fact.text, why=why, viewer_id=fact.viewer_id)


def _own_facts(
    db: sqlite3.Connection, given: TurnInput, asked: Question, now: float, near: Near | None
) -> tuple[list[facts.Fact], float]:
    """The author's own: those that fit the question best, then the strongest. And how well the
    best of them fits by its words."""
    found = facts.of_viewer(db, given.author.viewer_id, now)
    fits = _fit(asked, found)
    found.sort(key=lambda fact: fits[fact.fact_id] + 0.3 * fact.strength(now), reverse=True)
    found = _fused_with_meaning(found, fits, near)
    best = max(fits.values(), default=0.0)
    unsure = asked.of_oneself and asked.asks and best < OWN_IS_ENOUGH
    return found[: OWN_FACTS_UNSURE if unsure else OWN_FACTS], best


def _fused_with_meaning(
    found: list[facts.Fact], fits: Mapping[int, float], near: Near | None
) -> list[facts.Fact]:
    """What has no word in common with the question has no rank by its words."""
    if near is None:
        return found
    nearness = near.facts.of(fact.fact_id for fact in found)
    known = [fact for fact in found if fact.fact_id in nearness]
    by_words = [fact for fact in found if fits[fact.fact_id] > 0]
    ranked = fused(by_words, sorted(known, key=lambda fact: -nearness[fact.fact_id]))
    return list(dict.fromkeys([*ranked, *found]))


def _facts_of_others(
    db: sqlite3.Connection,
    given: TurnInput,
    asked: Question,
    only_named: bool,
    now: float,
    near: Near | None,
) -> list[tuple[facts.Fact, str]]:
    """Facts of who is named in the question, then those that fit its words or its meaning."""
    of_named = _looked_up(db, asked.names, given)
    found = [] if only_named else _looked_up(db, _longest(asked.terms), given)
    if not only_named and len(found) < OTHER_FACTS:
        found += _looked_up(db, map(word_index.mark_of_concept, asked.concepts), given)
    fits = _fit(asked, of_named)
    kept = [fact for fact in of_named if fits[fact.fact_id] > 0 or _is_about(asked, fact)]
    kept.sort(key=lambda fact: fits[fact.fact_id] + 0.3 * fact.strength(now), reverse=True)
    kept = _fused_with_meaning(kept, fits, near)
    chosen = dict.fromkeys(kept, "about who is named in the line")
    for fact in found:
        if fact not in of_named and _fits_words(asked, fact):
            chosen.setdefault(fact, "fits the words of the line")
    meant = [] if near is None or kept or asked.of_oneself else _meant(db, given, near)
    ranked = fused(chosen, meant) if meant else list(chosen)
    return [(fact, chosen.get(fact, NEAR)) for fact in ranked[:OTHER_FACTS]]


def _meant(db: sqlite3.Connection, given: TurnInput, near: Near) -> list[facts.Fact]:
    """Facts that are near in meaning, but the author's own, nearest first."""
    ids = near.facts.nearest(OTHER_FACTS * LOOKED_AT)
    known = facts.by_ids(db, ids)
    found = [known[fact_id] for fact_id in ids if fact_id in known]
    return [fact for fact in found if fact.viewer_id != given.author.viewer_id][:OTHER_FACTS]


def _looked_up(db: sqlite3.Connection, terms: Iterable[str], given: TurnInput) -> list[facts.Fact]:
    """Facts with any of these terms, but the author's own, best first."""
    own = given.author.viewer_id
    return facts.of_others(db, sorted(terms), own, OTHER_FACTS * LOOKED_AT)


def _fit(asked: Question, found: Sequence[facts.Fact]) -> dict[int, float]:
    """How well each fact fits: shared words, and what they are about, each the more telling the
    fewer of these facts have it."""
    marks = {fact.fact_id: _marks(asked, fact) for fact in found}
    often = Counter(mark for shared in marks.values() for mark in shared)
    return {
        fact_id: sum(weight / often[mark] for mark, weight in shared.items())
        for fact_id, shared in marks.items()
    }


def _marks(asked: Question, fact: facts.Fact) -> dict[str, float]:
    text = f"{fact.topic} {fact.text}"
    words = {f"word {term}": 1.0 for term in asked.terms.intersection(terms_of(text))}
    shared = asked.concepts & concepts_of(text)
    return words | {f"about {concept}": CONCEPT_WEIGHT for concept in shared}


def _is_about(asked: Question, fact: facts.Fact) -> bool:
    """ "Do you know ana?": nothing but the name is asked."""
    name = set(terms_of(fact.name))
    return bool(name) and asked.of_somebody and len(asked.terms - name) <= 1


def _fits_words(asked: Question, fact: facts.Fact) -> bool:
    text = f"{fact.topic} {fact.text}"
    of_the_show = fact.viewer_id == facts.THE_SHOW
    return _fits(asked, text, asked.concepts & concepts_of(text), of_the_show)


def _past(
    db: sqlite3.Connection,
    asked: Question,
    before_message_id: int,
    known: list[str],
    near: Near | None,
) -> list[MemoryLine]:
    lines: list[MemoryLine] = []
    found = word_index.messages(db, _longest(asked.terms), before_message_id, PAST_LINES * 4)
    by_words = {row["message_id"]: row for row in found if _fits(asked, row["text"])}
    rows, order = by_words, list(by_words)
    if near is not None:
        ids = near.messages.nearest(PAST_LINES * 4)
        rows = vectors.messages(db, ids, before_message_id) | by_words
        order = fused(by_words, [one for one in ids if one in rows])
    for row in map(rows.__getitem__, order):
        about = row["name"] if row["speaker"] == "viewer" else "you"
        if not any(text in row["text"] for text in (*known, *(line.text for line in lines))):
            why = "said earlier, same words" if row["message_id"] in by_words else NEAR
            whose = row["viewer_id"] or row["asked_by"] or ""
            lines.append(
                MemoryLine(kind="past", about=about, text=row["text"], why=why, viewer_id=whose)
            )
    return lines[:PAST_LINES]


def _longest(terms: Iterable[str]) -> list[str]:
    return sorted(terms, key=lambda term: (-len(term), term))[: word_index.ASKED_TERMS]


def _fits(
    asked: Question, text: str, concepts: Iterable[str] = (), told_by_host: bool = False
) -> bool:
    """Whether a text shares enough words with the question, however small the collection is."""
    shared = asked.terms.intersection(terms_of(text))
    if len(shared) >= LEAST_SHARED_WORDS or (shared and any(concepts)):
        return True
    enough = shared == asked.terms or told_by_host
    return enough and any(len(word) >= LEAST_LETTERS for word in shared)
