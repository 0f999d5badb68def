"""Looking up messages and facts by their words (SQLite FTS5)."""

import logging
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Literal

from apps.orchestrator.memory.concepts import concepts_of
from apps.orchestrator.memory.terms import terms_of, words_of

log = logging.getLogger("kitsu.orchestrator.memory")

Table = Literal["message_words", "fact_words"]

_SOURCES: tuple[tuple[Table, str], ...] = (("message_words", "message"), ("fact_words", "fact"))

#: Words of a question that are looked up.
ASKED_TERMS = 12


def ensure(db: sqlite3.Connection) -> bool:
    """Makes the index if it is not there. False where SQLite was built without FTS5: then nothing
    is found by words, and all else works."""
    try:
        for table, source in _SOURCES:
            found = db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone()
            if found is None:
                db.execute(f"CREATE VIRTUAL TABLE {table} USING fts5(terms)")
                _fill(db, table, source)
    except sqlite3.OperationalError as error:
        log.warning("memories cannot be looked up by words: %s", error)
        return False
    return True


def _fill(db: sqlite3.Connection, table: Table, source: str) -> None:
    name_and_topic = "name, topic" if source == "fact" else "'', ''"
    sql = f"SELECT {source}_id AS row_id, text, {name_and_topic} FROM {source}"
    for row_id, text, name, topic in db.execute(sql).fetchall():
        if source == "fact":
            add_fact(db, row_id, name, topic, text)
        else:
            add(db, table, row_id, text)


def is_there(db: sqlite3.Connection) -> bool:
    sql = "SELECT 1 FROM sqlite_master WHERE name = 'fact_words'"
    return db.execute(sql).fetchone() is not None


def add(db: sqlite3.Connection, table: Table, row_id: int, text: str) -> None:
    sql = f"INSERT INTO {table} (rowid, terms) VALUES (?, ?)"
    db.execute(sql, (row_id, " ".join(terms_of(text))))


def add_fact(db: sqlite3.Connection, fact_id: int, name: str, topic: str, text: str) -> None:
    """A fact is found by its words, by what they are about, and by its teller's name."""
    terms = [*terms_of(f"{topic} {text}"), *map(mark_of_concept, concepts_of(f"{topic} {text}"))]
    mark = mark_of_name(name)
    sql = "INSERT INTO fact_words (rowid, terms) VALUES (?, ?)"
    db.execute(sql, (fact_id, " ".join([*terms, *([mark] if mark else [])])))


def mark_of_concept(concept: str) -> str:
    return f"zqc{concept}"


def mark_of_name(name: str) -> str:
    """One word for a whole name, however it is written; empty for a name without letters."""
    letters = "".join(words_of(name))[:60]
    return f"zqn{letters}" if letters else ""


def compact(db: sqlite3.Connection) -> None:
    """What was removed leaves no trace in the index."""
    if is_there(db):
        for table, _ in _SOURCES:
            db.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")


def remove(db: sqlite3.Connection, table: Table, row_ids: Sequence[int]) -> None:
    db.executemany(f"DELETE FROM {table} WHERE rowid = ?", [(row_id,) for row_id in row_ids])


def messages(
    db: sqlite3.Connection, terms: Iterable[str], before_id: int, limit: int
) -> list[sqlite3.Row]:
    """The messages with any of these terms, best first, each with who was answered (`asked_by`)."""
    asked = any_of(terms)
    sql = (
        "SELECT m.*, t.viewer_id AS asked_by FROM"
        " (SELECT rowid AS row_id, bm25(message_words) AS badness FROM message_words"
        " WHERE message_words MATCH ? ORDER BY 2 LIMIT ?)"
        " JOIN message m ON m.message_id = row_id LEFT JOIN turn t USING (turn_id)"
        " WHERE row_id < ? ORDER BY badness"
    )
    return db.execute(sql, (asked, limit, before_id)).fetchall() if asked else []


def any_of(terms: Iterable[str]) -> str:
    """A query of FTS5 for any of these terms; empty for none."""
    return " OR ".join(f'"{term}"' for term in terms)
