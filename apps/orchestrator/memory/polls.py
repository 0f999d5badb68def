"""Polls on disk: what is asked, who voted, how it ended.

Each function runs inside one transaction of `Database.run`; doing one twice changes nothing.
"""

import json
import sqlite3

from apps.orchestrator.poll import Poll, PollRefused

#: Ended polls that are kept, so that one that is ordered again is recognised.
KEPT_POLLS = 100


def begin(db: sqlite3.Connection, poll: Poll) -> None:
    row = (poll.id, poll.question, json.dumps(poll.options), poll.ends_at)
    into = "INSERT OR IGNORE INTO poll (poll_id, question, options, ends_at)"
    db.execute(f"{into} VALUES (?,?,?,?)", row)


def knows(db: sqlite3.Connection, poll_id: str) -> bool:
    return db.execute("SELECT 1 FROM poll WHERE poll_id = ?", (poll_id,)).fetchone() is not None


def vote(db: sqlite3.Connection, poll_id: str, viewer_id: str, choice: int) -> None:
    sql = (
        "INSERT INTO vote VALUES (?,?,?)"
        " ON CONFLICT (poll_id, viewer_id) DO UPDATE SET choice = excluded.choice"
    )
    db.execute(sql, (poll_id, viewer_id, choice))


def withdraw(db: sqlite3.Connection, viewer_id: str) -> int:
    return db.execute("DELETE FROM vote WHERE viewer_id = ?", (viewer_id,)).rowcount


def end(db: sqlite3.Connection, poll_id: str, outcome: str) -> None:
    sql = "UPDATE poll SET outcome = ? WHERE poll_id = ? AND outcome IS NULL"
    db.execute(sql, (outcome, poll_id))
    db.execute("DELETE FROM vote WHERE poll_id = ?", (poll_id,))
    db.execute(
        "DELETE FROM poll WHERE outcome IS NOT NULL AND rowid <= (SELECT max(rowid) FROM poll) - ?",
        (KEPT_POLLS,),
    )


def running(db: sqlite3.Connection) -> Poll | None:
    """The poll that a restart found without an end, with its votes."""
    sql = "SELECT * FROM poll WHERE outcome IS NULL ORDER BY rowid DESC LIMIT 1"
    row = db.execute(sql).fetchone()
    if row is None:
        return None
    options = tuple(json.loads(row["options"]))
    try:
        poll = Poll(row["poll_id"], row["question"], options, row["ends_at"])
    except PollRefused:  # a former version took it
        return None
    votes = db.execute("SELECT viewer_id, choice FROM vote WHERE poll_id = ?", (poll.id,))
    for viewer_id, choice in votes:
        poll.vote(viewer_id, choice)
    return poll


def last_end(db: sqlite3.Connection) -> float:
    """When the last poll was to end; 0: there was none."""
    return float(db.execute("SELECT coalesce(max(ends_at), 0) FROM poll").fetchone()[0])
