"""Which memories go with a turn, and why: the author's facts, what fits the question, what was
said before. Never waits for a model."""

import re
import sqlite3
from collections.abc import Sequence

from apps.orchestrator.memory import facts, word_index
from apps.orchestrator.memory.terms import terms_of
from libs.contracts.conversation import HistoryLine, MemoryLine, TurnInput, TurnSource

#: At most so many of each kind go with a turn.
OWN_FACTS = 4
OTHER_FACTS = 3
PAST_LINES = 3
#: What was found is kept when it shares at least so many words with the question, or all of them.
LEAST_SHARED_WORDS = 2
#: A single word that is shared must be this long: short ones are in everything.
LEAST_LETTERS = 4

_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+|[^\w\s]")


def tokens_of(text: str) -> int:
    """About how many tokens a model makes of a text: a third more than words and marks."""
    return 1 + len(_TOKEN.findall(text)) * 4 // 3


def within_budget(lines: Sequence[HistoryLine], tokens: int) -> tuple[HistoryLine, ...]:
    """The newest lines that fit, oldest first."""
    kept: list[HistoryLine] = []
    for line in reversed(lines):
        tokens -= tokens_of(line.text) + tokens_of(line.name)
        if tokens < 0:
            break
        kept.append(line)
    return tuple(reversed(kept))


def recall(
    db: sqlite3.Connection, given: TurnInput, before_message_id: int, now: float
) -> tuple[list[MemoryLine], list[int]]:
    """Memories for a line that is to be answered, best first, and the ids of the facts among them.

    `before_message_id`: newer messages go along as history anyway.
    """
    if given.source in (TurnSource.OPERATOR, TurnSource.IDLE):
        return [], []
    own = _own_facts(db, given, now)
    lines = [
        MemoryLine(kind="fact", about=fact.name or given.author.name, text=fact.text, why=why)
        for fact, why in own
    ]
    ids = [fact.fact_id for fact, _ in own]
    if word_index.is_there(db):
        other = _fitting_facts(db, given, ids)
        lines += [
            MemoryLine(kind="fact", about=fact.name or "the show", text=fact.text, why=why)
            for fact, why in other
        ]
        ids += [fact.fact_id for fact, _ in other]
        lines += _past(db, given, before_message_id, [line.text for line in lines])
    return lines, ids


def _own_facts(
    db: sqlite3.Connection, given: TurnInput, now: float
) -> list[tuple[facts.Fact, str]]:
    """The author's own: those that share a word with the question first, then the strongest."""
    asked = set(terms_of(given.text))

    def rank(fact: facts.Fact) -> float:
        shared = len(asked & set(terms_of(f"{fact.topic} {fact.text}")))
        return fact.strength(now) + shared

    found = sorted(facts.of_viewer(db, given.author.viewer_id, now), key=rank, reverse=True)
    return [(fact, "told by the one who asks") for fact in found[:OWN_FACTS]]


def _fitting_facts(
    db: sqlite3.Connection, given: TurnInput, known: list[int]
) -> list[tuple[facts.Fact, str]]:
    hits = word_index.search(db, "fact_words", given.text, OTHER_FACTS * 3 + len(known))
    found = facts.by_ids(db, [hit.row_id for hit in hits if hit.row_id not in known])
    asked = set(terms_of(given.text))
    ranked = (found[hit.row_id] for hit in hits if hit.row_id in found)
    fitting = [f for f in ranked if _fits(asked, f"{f.name} {f.topic} {f.text}")]
    return [(fact, "fits the words of the line") for fact in fitting[:OTHER_FACTS]]


def _past(
    db: sqlite3.Connection, given: TurnInput, before_message_id: int, known: list[str]
) -> list[MemoryLine]:
    hits = word_index.search(db, "message_words", given.text, PAST_LINES * 4)
    asked = set(terms_of(given.text))
    lines: list[MemoryLine] = []
    for hit in hits:
        row = db.execute("SELECT * FROM message WHERE message_id = ?", (hit.row_id,)).fetchone()
        if row is None or hit.row_id >= before_message_id or not _fits(asked, row["text"]):
            continue
        about = row["name"] if row["speaker"] == "viewer" else "you"
        if not any(text in row["text"] for text in (*known, *(line.text for line in lines))):
            why = "said earlier, same words"
            lines.append(MemoryLine(kind="past", about=about, text=row["text"], why=why))
    return lines[:PAST_LINES]


def _fits(asked: set[str], text: str) -> bool:
    """Whether a text shares enough words with the question, however small the collection is."""
    shared = asked & set(terms_of(text))
    if len(shared) >= LEAST_SHARED_WORDS:
        return True
    return shared == asked and all(len(word) >= LEAST_LETTERS for word in shared) and bool(shared)
