"""Facts about viewers and the show: learned with a source, fading with time, bounded.

Each function runs inside one transaction of `Database.run`.
"""

import math
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from apps.orchestrator.memory import vectors, word_index
from apps.orchestrator.memory.fact_rules import Claim

#: The viewer id of facts about the show itself.
THE_SHOW = ""

#: The topic of what she noted herself, not the viewer's own word; see `notes`.
NOTED = "noted"
#: Topics of which more than one fact is kept.
_COLLECTED = frozenset({"asked", NOTED})

#: A fact that is never used is half as strong after so many days; each use doubles its time.
HALF_LIFE_DAYS = 30.0
LONGEST_HALF_LIFE_DAYS = 720.0

#: Facts that are kept of one viewer; of more, the weakest go.
FACTS_A_VIEWER = 40
#: What one viewer may teach within an hour.
FACTS_AN_HOUR = 6
FACTS_IN_ALL = 20_000

DAY_SECONDS = 86_400.0


@dataclass(frozen=True)
class Fact:
    fact_id: int
    viewer_id: str
    name: str
    topic: str
    text: str
    importance: float
    source_turn_id: str
    learned_at: float
    last_used_at: float
    uses: int

    def strength(self, now: float) -> float:
        """Importance after fading: exponential, slower the more often it was of use."""
        half_life = min(LONGEST_HALF_LIFE_DAYS, HALF_LIFE_DAYS * 2.0 ** min(self.uses, 10))
        days = max(0.0, now - max(self.learned_at, self.last_used_at)) / DAY_SECONDS
        return self.importance * math.pow(0.5, days / half_life)

    def as_json(self, now: float) -> dict[str, Any]:
        return {
            "fact_id": self.fact_id,
            "viewer_id": self.viewer_id,
            "name": self.name,
            "topic": self.topic,
            "text": self.text,
            "importance": self.importance,
            "strength": round(self.strength(now), 3),
            "source_turn_id": self.source_turn_id,
            "learned_at": self.learned_at,
            "uses": self.uses,
        }


def learn(
    db: sqlite3.Connection,
    viewer_id: str,
    name: str,
    claim: Claim,
    turn_id: str,
    now: float,
    trusted: bool = False,
) -> bool:
    """Keeps a claim; a newer one of the same topic replaces the older, the same again makes it
    stronger. False when this viewer has taught too much within the hour (`trusted` may)."""
    if not trusted and _taught_lately(db, viewer_id, now) >= FACTS_AN_HOUR:
        return False
    same = db.execute(
        "SELECT fact_id, importance FROM fact WHERE viewer_id = ? AND topic = ? AND text = ?",
        (viewer_id, claim.topic, claim.text),
    ).fetchone()
    if same is not None:
        importance = min(1.0, max(same["importance"], claim.importance) + 0.05)
        sql = "UPDATE fact SET importance = ?, learned_at = ?, name = ? WHERE fact_id = ?"
        db.execute(sql, (importance, now, name, same["fact_id"]))
        return True
    if claim.topic not in _COLLECTED:
        _replace(db, viewer_id, claim.topic)
    fact_id = db.execute(
        "INSERT INTO fact (viewer_id, name, topic, text, importance, source_turn_id, learned_at,"
        " last_used_at) VALUES (?,?,?,?,?,?,?,?)",
        (viewer_id, name, claim.topic, claim.text, claim.importance, turn_id, now, now),
    ).lastrowid
    if word_index.is_there(db):
        word_index.add_fact(db, int(fact_id or 0), name, claim.topic, claim.text)
    _keep_bounds(db, viewer_id, now)
    return True


def _replace(db: sqlite3.Connection, viewer_id: str, topic: str) -> None:
    """The older fact goes. The line it was told in stays in the conversation, but is not found any
    more, neither by words nor by meaning, nor is the answer to it: they say what is no longer so.
    """
    sql = "SELECT fact_id, source_turn_id FROM fact WHERE viewer_id = ? AND topic = ?"
    older = db.execute(sql, (viewer_id, topic)).fetchall()
    _drop(db, [row["fact_id"] for row in older])
    if not word_index.is_there(db):
        return
    for row in older:
        sql = "SELECT message_id FROM message WHERE turn_id = ?"
        told = db.execute(sql, (row["source_turn_id"],)).fetchall()
        ids = [one["message_id"] for one in told]
        word_index.remove(db, "message_words", ids)
        vectors.remove(db, "message", ids)


def renamed(db: sqlite3.Connection, viewer_id: str, name: str) -> None:
    """A viewer goes by another name now; their facts are found by it."""
    sql = "SELECT fact_id FROM fact WHERE viewer_id = ? AND name <> ?"
    for row in db.execute(sql, (viewer_id, name)).fetchall():
        db.execute("UPDATE fact SET name = ? WHERE fact_id = ?", (name, row["fact_id"]))
        index_anew(db, row["fact_id"])


def index_anew(db: sqlite3.Connection, fact_id: int) -> None:
    if not word_index.is_there(db):
        return
    word_index.remove(db, "fact_words", [fact_id])
    fact = by_ids(db, [fact_id]).get(fact_id)
    if fact is not None:
        word_index.add_fact(db, fact_id, fact.name, fact.topic, fact.text)


def of_viewer(db: sqlite3.Connection, viewer_id: str, now: float) -> list[Fact]:
    """Strongest first."""
    rows = db.execute("SELECT * FROM fact WHERE viewer_id = ?", (viewer_id,))
    return sorted(map(_fact, rows), key=lambda fact: -fact.strength(now))


def by_ids(db: sqlite3.Connection, fact_ids: list[int]) -> dict[int, Fact]:
    marks = ",".join("?" * len(fact_ids))
    rows = db.execute(f"SELECT * FROM fact WHERE fact_id IN ({marks})", fact_ids)
    return {row["fact_id"]: _fact(row) for row in rows}


def of_others(
    db: sqlite3.Connection, terms: Iterable[str], viewer_id: str, limit: int
) -> list[Fact]:
    """Facts with any of these terms (of `word_index`) but this viewer's own, best first."""
    asked = word_index.any_of(terms)
    sql = (
        "SELECT fact.* FROM fact_words JOIN fact ON fact_id = fact_words.rowid"
        " WHERE fact_words MATCH ? AND viewer_id <> ? ORDER BY bm25(fact_words) LIMIT ?"
    )
    return [_fact(row) for row in db.execute(sql, (asked, viewer_id, limit))] if asked else []


def latest(db: sqlite3.Connection, limit: int) -> list[Fact]:
    """Newest first."""
    return [
        _fact(r) for r in db.execute("SELECT * FROM fact ORDER BY fact_id DESC LIMIT ?", (limit,))
    ]


def used(db: sqlite3.Connection, fact_ids: list[int], now: float) -> None:
    sql = "UPDATE fact SET uses = uses + 1, last_used_at = ? WHERE fact_id = ?"
    db.executemany(sql, [(now, fact_id) for fact_id in fact_ids])


def forget(db: sqlite3.Connection, fact_id: int) -> bool:
    return _drop(db, [fact_id]) == 1


def forget_of(db: sqlite3.Connection, viewer_id: str) -> int:
    rows = db.execute("SELECT fact_id FROM fact WHERE viewer_id = ?", (viewer_id,)).fetchall()
    return _drop(db, [row["fact_id"] for row in rows])


def forget_learned_in(db: sqlite3.Connection, turn_id: str) -> int:
    """What was learned from a line that was taken back."""
    rows = db.execute("SELECT fact_id FROM fact WHERE source_turn_id = ?", (turn_id,)).fetchall()
    return _drop(db, [row["fact_id"] for row in rows])


def _taught_lately(db: sqlite3.Connection, viewer_id: str, now: float) -> int:
    sql = "SELECT count(*) FROM fact WHERE viewer_id = ? AND learned_at > ? AND topic <> ?"
    return int(db.execute(sql, (viewer_id, now - 3_600, NOTED)).fetchone()[0])


def _keep_bounds(db: sqlite3.Connection, viewer_id: str, now: float) -> None:
    theirs = of_viewer(db, viewer_id, now)
    _drop(db, [fact.fact_id for fact in theirs[FACTS_A_VIEWER:]])
    count = int(db.execute("SELECT count(*) FROM fact").fetchone()[0])
    if count > FACTS_IN_ALL:
        sql = "SELECT fact_id FROM fact ORDER BY importance, last_used_at LIMIT ?"
        rows = db.execute(sql, (count - FACTS_IN_ALL,)).fetchall()
        _drop(db, [row["fact_id"] for row in rows])


def _drop(db: sqlite3.Connection, fact_ids: list[int]) -> int:
    if not fact_ids:
        return 0
    dropped = db.executemany("DELETE FROM fact WHERE fact_id = ?", [(one,) for one in fact_ids])
    if word_index.is_there(db):
        word_index.remove(db, "fact_words", fact_ids)
    return dropped.rowcount


def _fact(row: sqlite3.Row) -> Fact:
    return Fact(*row)  # the table has the columns in this order
