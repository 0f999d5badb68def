"""The code in replies, kept with its turn.

Each function runs inside one transaction of `Database.run`.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from libs.contracts.conversation import CodeWritten

#: The newest pieces that are kept, of all turns together.
KEPT_PIECES = 300
#: More pieces than these no reply has.
MOST_PIECES = 20


def keep(db: sqlite3.Connection, piece: CodeWritten, at: float) -> None:
    """Only where its turn is known: what was forgotten does not come back."""
    if piece.index >= MOST_PIECES:
        return
    db.execute(
        "INSERT OR IGNORE INTO code (turn_id, position, language, text, at)"
        " SELECT turn_id, ?, ?, ?, ? FROM turn WHERE turn_id = ?",
        (piece.index, piece.language, piece.text, at, piece.turn_id),
    )


def of_turns(db: sqlite3.Connection, turn_ids: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """The pieces of each of these turns that has some, in order."""
    found: dict[str, list[dict[str, str]]] = {}
    for start in range(0, len(turn_ids), 500):
        some = turn_ids[start : start + 500]
        marks = ",".join("?" * len(some))
        sql = f"SELECT * FROM code WHERE turn_id IN ({marks}) ORDER BY turn_id, position"
        for row in db.execute(sql, tuple(some)):
            piece = {"language": row["language"], "text": row["text"]}
            found.setdefault(row["turn_id"], []).append(piece)
    return found


def of_turn(db: sqlite3.Connection, turn_id: str) -> list[dict[str, str]] | None:
    """None where the turn is not known."""
    if db.execute("SELECT 1 FROM turn WHERE turn_id = ?", (turn_id,)).fetchone() is None:
        return None
    return of_turns(db, [turn_id]).get(turn_id, [])


def of_viewer(db: sqlite3.Connection, viewer_id: str) -> list[dict[str, Any]]:
    """All that was written for a viewer, oldest first."""
    rows = db.execute(
        "SELECT c.turn_id, c.language, c.text, c.at FROM code c JOIN turn t USING (turn_id)"
        " WHERE t.viewer_id = ? ORDER BY code_id",
        (viewer_id,),
    )
    return [dict(row) for row in rows]


def remove(db: sqlite3.Connection, turns: str, values: Iterable[Any]) -> int:
    """`turns` is our own query for turn ids; what comes from outside stands in `values`."""
    return db.execute(f"DELETE FROM code WHERE turn_id IN ({turns})", tuple(values)).rowcount


def prune(db: sqlite3.Connection) -> None:
    """Keeps the table bounded."""
    sql = "DELETE FROM code WHERE code_id <= (SELECT max(code_id) FROM code) - ?"
    db.execute(sql, (KEPT_PIECES,))
