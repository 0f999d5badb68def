"""Vectors of facts and messages as they are kept: which are missing, written, read.

Each function runs inside one transaction of `Database.run` or `look`. That a vector goes with its
row, and with a change of its text, is the database's own rule (triggers).
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from apps.orchestrator.memory import word_index

Kind = Literal["fact", "message"]
KINDS: tuple[Kind, ...] = ("fact", "message")

#: So many of the newest rows of each kind have vectors; those of older ones go.
MOST: dict[Kind, int] = {"fact": 4_000, "message": 10_000}
#: Of a text so much is looked at.
MAXIMUM_CHARACTERS = 1_000

#: What is looked up by its words may be by its meaning; what was replaced is no more (`facts`).
_FOUND_BY_WORDS = " AND EXISTS (SELECT 1 FROM {kind}_words WHERE rowid = {kind}_id)"


@dataclass(frozen=True)
class Text:
    """A row that has no vector of this model."""

    kind: Kind
    row_id: int
    text: str


def missing(db: sqlite3.Connection, model: str, limit: int) -> list[Text]:
    """Facts first, then the newest messages."""
    found: list[Text] = []
    for kind in KINDS:
        sql = (
            f"SELECT {kind}_id AS row_id, substr(text, 1, {MAXIMUM_CHARACTERS}) AS text FROM {kind}"
            f" WHERE {kind}_id > (SELECT coalesce(max({kind}_id), 0) FROM {kind}) - ?"
            " AND trim(text) <> '' AND NOT EXISTS (SELECT 1 FROM vector"
            f" WHERE kind = '{kind}' AND row_id = {kind}_id AND model = ?)"
        )
        if word_index.is_there(db):
            sql += _FOUND_BY_WORDS.format(kind=kind)
        sql += f" ORDER BY {kind}_id DESC LIMIT ?"
        rows = db.execute(sql, (MOST[kind], model, limit - len(found)))
        found += [Text(kind, row["row_id"], row["text"]) for row in rows]
    return found


def write(
    db: sqlite3.Connection, model: str, dimension: int, made: Sequence[tuple[Text, bytes]]
) -> list[int]:
    """Keeps vectors of rows that are still there and still say what was asked about. Returns the
    places of those in `made`."""
    kept: list[int] = []
    for place, (text, blob) in enumerate(made):
        kind = text.kind
        sql = (
            "INSERT OR REPLACE INTO vector (kind, row_id, model, dimension, vector)"
            f" SELECT '{kind}', {kind}_id, ?, ?, ? FROM {kind}"
            f" WHERE {kind}_id = ? AND substr(text, 1, {MAXIMUM_CHARACTERS}) = ?"
        )
        if word_index.is_there(db):
            sql += _FOUND_BY_WORDS.format(kind=kind)
        done = db.execute(sql, (model, dimension, blob, text.row_id, text.text))
        if done.rowcount == 1:
            kept.append(place)
    return kept


def remove(db: sqlite3.Connection, kind: Kind, row_ids: Sequence[int]) -> None:
    sql = "DELETE FROM vector WHERE kind = ? AND row_id = ?"
    db.executemany(sql, [(kind, row_id) for row_id in row_ids])


def remove_of_dimension(db: sqlite3.Connection, model: str, other_than: int) -> None:
    """The model makes vectors of another length now: the old ones are no use."""
    db.execute("DELETE FROM vector WHERE model = ? AND dimension <> ?", (model, other_than))


def prune(db: sqlite3.Connection) -> None:
    """Those of rows that are no longer among the newest go."""
    for kind in KINDS:
        newest = f"SELECT coalesce(max({kind}_id), 0) FROM {kind}"
        db.execute(
            f"DELETE FROM vector WHERE kind = '{kind}' AND row_id <= ({newest}) - ?", (MOST[kind],)
        )


def dimension_of(db: sqlite3.Connection, model: str) -> int:
    """Of most of the vectors that are kept of this model; 0: there is none."""
    sql = (
        "SELECT dimension FROM vector WHERE model = ? GROUP BY dimension"
        " ORDER BY count(*) DESC LIMIT 1"
    )
    row = db.execute(sql, (model,)).fetchone()
    return int(row["dimension"]) if row is not None else 0


def read(
    db: sqlite3.Connection, kind: Kind, model: str, dimension: int
) -> tuple[list[int], list[bytes]]:
    """Ids and vectors, oldest first; what has another size than it should is left out."""
    rows = db.execute(
        "SELECT row_id, vector FROM vector WHERE kind = ? AND model = ? AND dimension = ?"
        " AND length(vector) = dimension * 4 ORDER BY row_id",
        (kind, model, dimension),
    ).fetchall()
    return [row["row_id"] for row in rows], [row["vector"] for row in rows]


def extent(db: sqlite3.Connection, model: str, dimension: int) -> dict[Kind, tuple[int, int]]:
    """How many of each kind there are, and the sum of their rows' ids."""
    sql = (
        "SELECT count(*) AS rows, coalesce(sum(row_id), 0) AS total FROM vector"
        " WHERE kind = ? AND model = ? AND dimension = ? AND length(vector) = dimension * 4"
    )
    rows = {kind: db.execute(sql, (kind, model, dimension)).fetchone() for kind in KINDS}
    return {kind: (row["rows"], row["total"]) for kind, row in rows.items()}


def messages(db: sqlite3.Connection, ids: Sequence[int], before_id: int) -> dict[int, sqlite3.Row]:
    """Those that are still there, each with who was answered (`asked_by`)."""
    marks = ",".join("?" * len(ids))
    sql = (
        "SELECT m.*, t.viewer_id AS asked_by FROM message m LEFT JOIN turn t USING (turn_id)"
        f" WHERE m.message_id IN ({marks}) AND m.message_id < ?"
    )
    return {row["message_id"]: row for row in db.execute(sql, (*ids, before_id))}


def of_viewer(db: sqlite3.Connection, viewer_id: str) -> list[dict[str, Any]]:
    """What is kept of a viewer in this form, in numbers of vectors."""
    rows = db.execute(
        "SELECT kind, model, dimension, count(*) AS vectors FROM vector WHERE"
        " kind = 'fact' AND row_id IN (SELECT fact_id FROM fact WHERE viewer_id = :id)"
        " OR kind = 'message' AND row_id IN (SELECT message_id FROM message WHERE viewer_id = :id)"
        " GROUP BY kind, model, dimension ORDER BY kind, model",
        {"id": viewer_id},
    )
    return [dict(row) for row in rows]
