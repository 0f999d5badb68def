"""Taking back what was written: lines that were deleted in chat, or whose author was banned.

Runs inside one transaction of `Database.run`; doing it twice changes nothing. Of a line that was
taken back neither its text nor the answer to it stays, nor what was learned from it: who knows what
the answer quotes. What somebody wrote long before they were banned stays; to be rid of all of it
there is `forgetting`.
"""

import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from apps.orchestrator.memory import code, facts
from apps.orchestrator.memory.forgetting import (
    NO_ANSWER,
    SUMMED_UP_AGAIN,
    empty_open_requests,
)
from apps.orchestrator.memory.viewers import remove_messages
from apps.orchestrator.turns import RETRACTED
from apps.orchestrator.withdrawal import Withdrawal
from libs.contracts.conversation import TurnInput


@dataclass
class Struck:
    """What went: the inputs of which nothing is left, and the turns that they had become."""

    input_ids: list[str] = field(default_factory=list)
    turn_ids: list[str] = field(default_factory=list)
    quoting_ids: list[str] = field(default_factory=list)
    """Turns of others whose answer went, for it came of a memory of what was taken back."""
    on_disk: bool = True
    """False: the disk could not yet, and it is not known what goes."""


def strike(db: sqlite3.Connection, withdrawal: Withdrawal, since: float) -> Struck:
    """Strikes what is withdrawn out of every table; of a viewer or a platform what arrived after
    `since` (show's clock), of a message whenever that was.

    The input stays as one that is known, so that the same line is not taken for a new one when it
    is handed out again.
    """
    struck = Struck()
    if withdrawal.viewer_id:
        sql = "DELETE FROM gathered_alert WHERE viewer_id = ?"
        db.execute(sql, (withdrawal.viewer_id,))
    where, values = _which(withdrawal, since)
    found = db.execute(f"SELECT input_id, candidate FROM input {where}", values).fetchall()
    for row in found:
        fields = json.loads(row["candidate"])
        given = TurnInput.model_validate(fields["input"])
        left = withdrawal.left_of(given)
        if left is given or (left is None and not given.text):  # struck before
            continue
        if left is None:
            struck.input_ids.append(row["input_id"])
            left = given.model_copy(update={"text": ""})
        fields["input"] = left.model_dump(mode="json")
        sql = "UPDATE input SET candidate = ? WHERE input_id = ?"
        db.execute(sql, (json.dumps(fields, ensure_ascii=False), row["input_id"]))
    for input_id in struck.input_ids:
        row = db.execute("SELECT turn_id FROM turn WHERE input_id = ?", (input_id,)).fetchone()
        if row is not None:
            struck.turn_ids.append(row["turn_id"])
            struck.quoting_ids += _strike_turn(db, row["turn_id"])
    if struck.turn_ids:
        empty_open_requests(db)
    return struck


def is_remembered(db: sqlite3.Connection, withdrawal: Withdrawal, since: float) -> bool:
    """Whether some of it is part of the conversation, so that it may be told again."""
    where, values = _which(withdrawal, since)
    sql = f"SELECT 1 FROM turn JOIN input USING (input_id) {where} LIMIT 1"
    return db.execute(sql, values).fetchone() is not None


def _which(withdrawal: Withdrawal, since: float) -> tuple[str, tuple[Any, ...]]:
    """The rows of `input` to look at; `Withdrawal.left_of` decides about each."""
    if withdrawal.message_id:
        where = "WHERE input_id IN (SELECT input_id FROM input_line WHERE message_id = ?)"
        return where, (withdrawal.message_id,)
    if withdrawal.viewer_id:
        where = "WHERE input.viewer_id = ? AND arrived_at >= ?"
        return where, (withdrawal.viewer_id, since)
    return "WHERE arrived_at >= ?", (since,)


def _strike_turn(db: sqlite3.Connection, turn_id: str) -> list[str]:
    """Returns the turns of others whose answer went."""
    quoting = (
        "turn_id <> :turn AND viewer_id = (SELECT viewer_id FROM turn WHERE turn_id = :turn)"
        " AND text IN (SELECT text FROM message WHERE turn_id = :turn AND speaker = 'viewer'"
        " UNION ALL SELECT text FROM fact WHERE source_turn_id = :turn)"
    )
    values = {"turn": turn_id}
    sql = f"SELECT DISTINCT turn_id FROM recalled WHERE {quoting}"
    recalled = db.execute(sql, values).fetchall()
    for row in recalled:
        _empty_answer(db, row["turn_id"])
    db.execute(f"DELETE FROM recalled WHERE turn_id = :turn OR ({quoting})", values)
    _strike_summary(db, turn_id)
    facts.forget_learned_in(db, turn_id)
    code.remove(db, "?", (turn_id,))
    remove_messages(db, "turn_id = ?", (turn_id,))
    db.execute(
        f"UPDATE turn SET input = '', {NO_ANSWER}, reason = ? WHERE turn_id = ?",
        (RETRACTED, turn_id),
    )
    return [row["turn_id"] for row in recalled]


def _empty_answer(db: sqlite3.Connection, turn_id: str) -> None:
    """Her answer to somebody else that went with a memory of what was taken back."""
    remove_messages(db, "speaker = 'kitsu' AND turn_id = ?", (turn_id,))
    code.remove(db, "?", (turn_id,))
    db.execute(f"UPDATE turn SET {NO_ANSWER} WHERE turn_id = ?", (turn_id,))


def _strike_summary(db: sqlite3.Connection, turn_id: str) -> None:
    """A summary that covers the line is written anew without it."""
    sql = "SELECT min(message_id) AS first FROM message WHERE turn_id = ?"
    first = db.execute(sql, (turn_id,)).fetchone()["first"]
    if first is not None:
        db.execute(
            "DELETE FROM recalled WHERE kind = 'summary' AND text IN"
            " (SELECT text FROM summary WHERE until_message_id >= ?)",
            (first,),
        )
        db.execute(
            "UPDATE summary SET text = '', until_message_id = max(0, until_message_id - ?)"
            " WHERE until_message_id >= ?",
            (SUMMED_UP_AGAIN, first),
        )
