"""Looking up messages and facts by their words (SQLite FTS5)."""

import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from apps.orchestrator.memory.terms import terms_of

log = logging.getLogger("kitsu.orchestrator.memory")

Table = Literal["message_words", "fact_words"]

_SOURCES: tuple[tuple[Table, str], ...] = (("message_words", "message"), ("fact_words", "fact"))

#: Words of a question that are looked up.
ASKED_TERMS = 12


@dataclass(frozen=True)
class Hit:
    """`score`: larger is better (the negative of SQLite's bm25)."""

    row_id: int
    score: float


def ensure(db: sqlite3.Connection) -> bool:
    """Makes the index if it is not there. False where SQLite was built without FTS5: then nothing
    is found by words, and all else works."""
    try:
        for table, source in _SOURCES:
            found = db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone()
            if found is None:
                db.execute(f"CREATE VIRTUAL TABLE {table} USING fts5(terms)")
                key = f"{source}_id"
                for row in db.execute(f"SELECT {key}, text FROM {source}").fetchall():
                    add(db, table, row[0], row[1])
    except sqlite3.OperationalError as error:
        log.warning("memories cannot be looked up by words: %s", error)
        return False
    return True


def is_there(db: sqlite3.Connection) -> bool:
    sql = "SELECT 1 FROM sqlite_master WHERE name = 'fact_words'"
    return db.execute(sql).fetchone() is not None


def add(db: sqlite3.Connection, table: Table, row_id: int, text: str) -> None:
    sql = f"INSERT INTO {table} (rowid, terms) VALUES (?, ?)"
    db.execute(sql, (row_id, " ".join(terms_of(text))))


def remove(db: sqlite3.Connection, table: Table, row_ids: Sequence[int]) -> None:
    db.executemany(f"DELETE FROM {table} WHERE rowid = ?", [(row_id,) for row_id in row_ids])


def search(db: sqlite3.Connection, table: Table, text: str, limit: int) -> list[Hit]:
    """The rows whose words fit best, best first. The text may be anything: it is never a query."""
    terms = list(dict.fromkeys(terms_of(text)))
    longest = sorted(terms, key=len, reverse=True)[:ASKED_TERMS]
    if not longest:
        return []
    asked = " OR ".join(f'"{term}"' for term in longest)
    sql = f"SELECT rowid, bm25({table}) FROM {table} WHERE {table} MATCH ? ORDER BY 2 LIMIT ?"
    return [Hit(row[0], -row[1]) for row in db.execute(sql, (asked, limit))]
