"""What the floor keeps over a restart: who is muted, how long it is quiet, alerts not told yet.

Each function runs inside one transaction of `Database.run`; doing one twice changes nothing.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from apps.orchestrator.memory import records
from libs.contracts.chat import ChatAlerted

#: The one who was muted first is let go when there are more.
MOST_MUTED = 2_000

_QUIET = "floor.quiet_until"


@dataclass(frozen=True)
class Muted:
    viewer_id: str
    name: str
    by: str
    at: float


def mute(db: sqlite3.Connection, muted: Muted) -> None:
    row = (muted.viewer_id, muted.name, muted.by, muted.at)
    db.execute("INSERT OR REPLACE INTO muted VALUES (?,?,?,?)", row)
    db.execute(
        "DELETE FROM muted WHERE viewer_id IN"
        " (SELECT viewer_id FROM muted ORDER BY at DESC LIMIT -1 OFFSET ?)",
        (MOST_MUTED,),
    )


def unmute(db: sqlite3.Connection, viewer_id: str) -> bool:
    return db.execute("DELETE FROM muted WHERE viewer_id = ?", (viewer_id,)).rowcount == 1


def muted(db: sqlite3.Connection) -> list[Muted]:
    """The last one first."""
    rows = db.execute("SELECT * FROM muted ORDER BY at DESC")
    return [Muted(row["viewer_id"], row["name"], row["by"], row["at"]) for row in rows]


def set_quiet(db: sqlite3.Connection, until: float) -> None:
    records.set_setting(db, _QUIET, until)


def quiet_until(db: sqlite3.Connection) -> float:
    """0: it is not quiet."""
    found = records.setting(db, _QUIET)
    return float(found) if isinstance(found, int | float) else 0.0


def gather(db: sqlite3.Connection, alert: ChatAlerted, at: float) -> None:
    row = (alert.event_id, alert.author.viewer_id, alert.model_dump_json(), at)
    db.execute("INSERT OR IGNORE INTO gathered_alert VALUES (?,?,?,?)", row)


def gathered(db: sqlite3.Connection) -> list[ChatAlerted]:
    """In the order in which they came."""
    rows = db.execute("SELECT event FROM gathered_alert ORDER BY at, rowid")
    return [ChatAlerted.model_validate_json(row["event"]) for row in rows]


def told(db: sqlite3.Connection, event_ids: Iterable[str]) -> None:
    sql = "DELETE FROM gathered_alert WHERE alert_id = ?"
    db.executemany(sql, [(event_id,) for event_id in event_ids])


def forget(db: sqlite3.Connection, viewer_id: str) -> int:
    """A muted viewer stays muted, without a name: nobody gets round it by being forgotten."""
    db.execute("UPDATE muted SET name = '' WHERE viewer_id = ?", (viewer_id,))
    sql = "DELETE FROM gathered_alert WHERE viewer_id = ?"
    return db.execute(sql, (viewer_id,)).rowcount
