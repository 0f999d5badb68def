"""One viewer's part of the memory: listed, shown, exported; and what is too old for anyone.

Each function runs inside one transaction of `Database.run`.
"""

import sqlite3
from typing import Any

from apps.orchestrator.memory import code, facts, vectors, word_index

#: Every place that knows viewers by id, the newest name of each row, and when.
_TRACES = """
    SELECT viewer_id, name, at, 1 AS said, 0 AS learned FROM message WHERE viewer_id <> ''
    UNION ALL SELECT viewer_id, name, learned_at, 0, 1 FROM fact WHERE viewer_id <> ''
    UNION ALL SELECT viewer_id, author, opened_at, 0, 0 FROM turn
              WHERE viewer_id <> '' AND source <> 'operator'
    UNION ALL SELECT viewer_id, json_extract(candidate, '$.input.author.name'), arrived_at, 0, 0
              FROM input WHERE state <> 'taken' AND viewer_id <> ''
              AND json_extract(candidate, '$.input.source') <> 'operator'
"""


def everybody(db: sqlite3.Connection, limit: int = 200, named: str = "") -> list[dict[str, Any]]:
    """Viewers that something is known of, the last heard first.

    `named`: only who has this id or this name (case does not count).
    """
    rows = db.execute(
        "SELECT viewer_id, name, max(at) AS last_at, sum(said) AS messages, sum(learned) AS facts"
        f" FROM ({_TRACES}) GROUP BY viewer_id ORDER BY last_at DESC"
    )
    wanted = named.casefold()
    found = (
        {key: row[key] for key in ("viewer_id", "name", "messages", "facts", "last_at")}
        for row in rows
        if not named or named == row["viewer_id"] or wanted == row["name"].casefold()
    )
    return [one for one, _ in zip(found, range(limit), strict=False)]


def export(db: sqlite3.Connection, viewer_id: str, now: float) -> dict[str, Any]:
    """All that is kept of a viewer, for them to see."""
    rows = db.execute(
        "SELECT turn_id, name, role, text, at FROM message WHERE viewer_id = ? ORDER BY message_id",
        (viewer_id,),
    ).fetchall()
    answers = db.execute(
        "SELECT m.turn_id, m.text, m.unheard, m.at FROM message m JOIN turn t USING (turn_id)"
        " WHERE t.viewer_id = ? AND m.speaker = 'kitsu' ORDER BY m.message_id",
        (viewer_id,),
    ).fetchall()
    unanswered = db.execute(
        "SELECT json_extract(candidate, '$.input.text') AS text, arrived_at AS at, state, reason"
        " FROM input WHERE viewer_id = ? AND NOT EXISTS (SELECT 1 FROM message m"
        " JOIN turn t USING (turn_id) WHERE t.input_id = input.input_id) ORDER BY arrived_at",
        (viewer_id,),
    ).fetchall()
    return {
        "viewer_id": viewer_id,
        "facts": [fact.as_json(now) for fact in facts.of_viewer(db, viewer_id, now)],
        "messages": [dict(row) for row in rows],
        "answers": [dict(row) for row in answers],
        "code": code.of_viewer(db, viewer_id),
        "unanswered": [dict(row) for row in unanswered],
        "vectors": vectors.of_viewer(db, viewer_id),
    }


def forget_before(db: sqlite3.Connection, before: float) -> int:
    """What is older than the retention allows. Facts count from when they were last learned or
    used. Returns how many rows went."""
    old = db.execute(
        "SELECT fact_id FROM fact WHERE max(learned_at, last_used_at) < ?", (before,)
    ).fetchall()
    gone = sum(facts.forget(db, row["fact_id"]) for row in old)
    messages = remove_messages(db, "at < ?", (before,))
    closed = "SELECT turn_id FROM turn WHERE opened_at < ? AND outcome IS NOT NULL"
    db.execute(f"DELETE FROM recalled WHERE turn_id IN ({closed})", (before,))
    code.remove(db, closed, (before,))
    gone += db.execute(
        "DELETE FROM turn WHERE opened_at < ? AND outcome IS NOT NULL", (before,)
    ).rowcount
    old_inputs = "DELETE FROM input WHERE arrived_at < ? AND state <> 'waiting'"
    gone += db.execute(old_inputs, (before,)).rowcount
    if messages:  # a summary may tell of them: it is written anew of what is left
        gone += db.execute("DELETE FROM summary").rowcount
    gone += db.execute("DELETE FROM summary WHERE written_at < ?", (before,)).rowcount
    db.execute("DELETE FROM incident WHERE at < ?", (before,))
    return gone + messages


def remove_messages(db: sqlite3.Connection, where: str, values: tuple[Any, ...]) -> int:
    """`where` is our own text; what comes from outside stands in `values`."""
    rows = db.execute(f"SELECT message_id FROM message WHERE {where}", values).fetchall()
    ids = [row["message_id"] for row in rows]
    if word_index.is_there(db):
        word_index.remove(db, "message_words", ids)
    db.executemany("DELETE FROM message WHERE message_id = ?", [(one,) for one in ids])
    return len(ids)
