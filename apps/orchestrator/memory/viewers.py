"""One viewer's part of the memory: shown, exported, forgotten; and what is too old for anyone.

Each function runs inside one transaction of `Database.run`.
"""

import json
import sqlite3
from typing import Any

from apps.orchestrator.memory import facts, word_index


def everybody(db: sqlite3.Connection, limit: int = 200) -> list[dict[str, Any]]:
    """Viewers that something is known of, the last heard first."""
    rows = db.execute(
        "SELECT viewer_id, max(name) AS name, count(*) AS messages, max(at) AS last_at"
        " FROM message WHERE viewer_id <> '' GROUP BY viewer_id ORDER BY last_at DESC LIMIT ?",
        (limit,),
    ).fetchall()
    counts = dict(db.execute("SELECT viewer_id, count(*) FROM fact GROUP BY viewer_id").fetchall())
    return [{**dict(row), "facts": counts.get(row["viewer_id"], 0)} for row in rows]


def export(db: sqlite3.Connection, viewer_id: str, now: float) -> dict[str, Any]:
    """All that is kept of a viewer, for them to see."""
    rows = db.execute(
        "SELECT turn_id, name, role, text, at FROM message WHERE viewer_id = ? ORDER BY message_id",
        (viewer_id,),
    ).fetchall()
    answers = db.execute(
        "SELECT m.turn_id, m.text, m.at FROM message m JOIN turn t USING (turn_id)"
        " WHERE t.viewer_id = ? AND m.speaker = 'kitsu' ORDER BY m.message_id",
        (viewer_id,),
    ).fetchall()
    return {
        "viewer_id": viewer_id,
        "facts": [fact.as_json(now) for fact in facts.of_viewer(db, viewer_id, now)],
        "messages": [dict(row) for row in rows],
        "answers": [dict(row) for row in answers],
    }


def forget(db: sqlite3.Connection, viewer_id: str) -> int:
    """Removes a viewer's lines, our answers to them, what was learned of them, and every place
    that quotes it. Returns how many rows went."""
    turns = "SELECT turn_id FROM turn WHERE viewer_id = ?"
    names = db.execute("SELECT DISTINCT name FROM message WHERE viewer_id = ?", (viewer_id,))
    forget_names = {row["name"] for row in names.fetchall() if row["name"]}
    db.execute(
        f"DELETE FROM recalled WHERE turn_id IN ({turns})"
        " OR text IN (SELECT text FROM fact WHERE viewer_id = ?)"
        " OR text IN (SELECT text FROM message WHERE viewer_id = ?)",
        (viewer_id, viewer_id, viewer_id),
    )
    gone = facts.forget_of(db, viewer_id)
    gone += _remove_messages(db, f"turn_id IN ({turns}) OR viewer_id = ?", (viewer_id, viewer_id))
    gone += db.execute("DELETE FROM turn WHERE viewer_id = ?", (viewer_id,)).rowcount
    like = json.dumps({"viewer_id": viewer_id}, ensure_ascii=False)[1:-1]
    gone += db.execute("DELETE FROM input WHERE instr(candidate, ?)", (like,)).rowcount
    for name in forget_names:
        gone += db.execute("DELETE FROM summary WHERE instr(text, ?)", (name,)).rowcount
    return gone


def retract(db: sqlite3.Connection, turn_id: str) -> int:
    """A line was taken back: it, and what was learned from it, go."""
    gone = facts.forget_learned_in(db, turn_id)
    return gone + _remove_messages(db, "turn_id = ? AND speaker = 'viewer'", (turn_id,))


def forget_before(db: sqlite3.Connection, before: float) -> int:
    """What is older than the retention allows. Facts count from when they were last learned or
    used. Returns how many rows went."""
    old = db.execute(
        "SELECT fact_id FROM fact WHERE max(learned_at, last_used_at) < ?", (before,)
    ).fetchall()
    gone = sum(facts.forget(db, row["fact_id"]) for row in old)
    gone += _remove_messages(db, "at < ?", (before,))
    closed = "SELECT turn_id FROM turn WHERE opened_at < ? AND outcome IS NOT NULL"
    db.execute(f"DELETE FROM recalled WHERE turn_id IN ({closed})", (before,))
    gone += db.execute(
        "DELETE FROM turn WHERE opened_at < ? AND outcome IS NOT NULL", (before,)
    ).rowcount
    gone += db.execute("DELETE FROM summary WHERE written_at < ?", (before,)).rowcount
    db.execute("DELETE FROM incident WHERE at < ?", (before,))
    return gone


def _remove_messages(db: sqlite3.Connection, where: str, values: tuple[Any, ...]) -> int:
    rows = db.execute(f"SELECT message_id FROM message WHERE {where}", values).fetchall()
    ids = [row["message_id"] for row in rows]
    if word_index.is_there(db):
        word_index.remove(db, "message_words", ids)
    db.executemany("DELETE FROM message WHERE message_id = ?", [(one,) for one in ids])
    return len(ids)
