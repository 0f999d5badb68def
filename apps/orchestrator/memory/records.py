"""What the orchestrator keeps: inputs, turns, messages, incidents, settings.

Each function runs inside one transaction of `Database.run`; doing one twice changes nothing, so
that a redelivered event is harmless.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from apps.orchestrator.floor import Candidate, Skipped
from apps.orchestrator.memory import code, word_index
from apps.orchestrator.turns import RETRACTED, Turn
from apps.orchestrator.unheard import unheard_of
from libs.contracts.conversation import HistoryLine, SkipReason, TurnCommitted, TurnInput
from libs.contracts.speaking import PlaybackFinished
from libs.contracts.timing import TurnStages

#: Decided inputs that are kept for "why not"; older ones go.
KEPT_INPUTS = 20_000


@dataclass(frozen=True)
class OpenTurn:
    """A turn without an outcome, as found after a restart."""

    turn: Turn
    request: TurnCommitted
    published: bool


def _pack(candidate: Candidate) -> str:
    """Without the others who asked it too: their lines have rows of their own."""
    fields = dict(vars(candidate))
    fields["input"] = candidate.input.model_dump(mode="json", exclude={"asked_by"})
    return json.dumps(fields, ensure_ascii=False)


def _unpack(text: str) -> Candidate:
    fields = json.loads(text)
    fields["input"] = TurnInput.model_validate(fields["input"])
    return Candidate(**fields)


def add_input(db: sqlite3.Connection, candidate: Candidate) -> bool:
    """False when this input is known already."""
    row = (candidate.input_id, _pack(candidate), candidate.input.arrived_at)
    into = "INSERT OR IGNORE INTO input (input_id, candidate, arrived_at, state)"
    return db.execute(f"{into} VALUES (?,?,?,'waiting')", row).rowcount == 1


def knows(db: sqlite3.Connection, candidate: Candidate) -> bool:
    sql = "SELECT 1 FROM input WHERE input_id = ?"
    return db.execute(sql, (candidate.input_id,)).fetchone() is not None


def skipped_for(db: sqlite3.Connection, input_id: str) -> SkipReason | None:
    """Why this input was not answered; None: it was, or it waits, or it is not known."""
    sql = "SELECT reason FROM input WHERE input_id = ? AND state = 'skipped'"
    row = db.execute(sql, (input_id,)).fetchone()
    return SkipReason(row["reason"]) if row is not None else None


def add_inputs(db: sqlite3.Connection, candidates: Iterable[Candidate]) -> None:
    """Many at once; what is known already stays as it is."""
    db.executemany(
        "INSERT OR IGNORE INTO input (input_id, candidate, arrived_at, state)"
        " VALUES (?,?,?,'waiting')",
        [(one.input_id, _pack(one), one.input.arrived_at) for one in candidates],
    )


def skip_inputs(db: sqlite3.Connection, skipped: Iterable[Skipped]) -> None:
    """Those that still waited; one that became a turn meanwhile stays taken."""
    db.executemany(
        "UPDATE input SET state = 'skipped', reason = ? WHERE input_id = ? AND state = 'waiting'",
        [(item.reason.value, item.candidate.input_id) for item in skipped],
    )


def waiting_inputs(db: sqlite3.Connection) -> list[Candidate]:
    rows = db.execute("SELECT candidate FROM input WHERE state = 'waiting' ORDER BY arrived_at")
    return [_unpack(row["candidate"]) for row in rows]


def open_turn(db: sqlite3.Connection, turn: Turn, request: TurnCommitted) -> None:
    """The input is taken and the turn is open. The input's own page may come after."""
    candidate, given = turn.candidate, turn.candidate.input
    add_input(db, candidate)
    db.execute("UPDATE input SET state = 'taken' WHERE input_id = ?", (candidate.input_id,))
    db.execute(
        "INSERT OR IGNORE INTO turn (turn_id, utterance_id, input_id, source, viewer_id, author,"
        " input, request, opened_at) VALUES (?,?,?,?,?,?,?,?,?)",
        (
            turn.turn_id,
            turn.utterance_id,
            candidate.input_id,
            given.source.value,
            given.author.viewer_id,
            given.author.name,
            given.text,
            json.dumps({"candidate": _pack(candidate), "event": request.model_dump_json()}),
            turn.opened_at,
        ),
    )
    db.executemany(
        "INSERT OR IGNORE INTO recalled (turn_id, position, kind, about, text, why, viewer_id)"
        " VALUES (?,?,?,?,?,?,?)",
        [
            (turn.turn_id, position, line.kind, line.about, line.text, line.why, line.viewer_id)
            for position, line in enumerate(request.memories)
        ],
    )


def open_published(db: sqlite3.Connection, turn: Turn, request: TurnCommitted) -> None:
    """The same of a request that is on its way already."""
    open_turn(db, turn, request)
    mark_published(db, turn.turn_id)


def mark_published(db: sqlite3.Connection, turn_id: str) -> None:
    db.execute("UPDATE turn SET published = 1 WHERE turn_id = ?", (turn_id,))


def answered(db: sqlite3.Connection, turn_id: str) -> tuple[TurnInput, bool] | None:
    """What a turn answers, and whether that was blocked or taken back; None: no such turn."""
    sql = (
        "SELECT candidate, outcome, turn.reason FROM turn JOIN input USING (input_id)"
        " WHERE turn_id = ?"
    )
    row = db.execute(sql, (turn_id,)).fetchone()
    if row is None:
        return None
    taken_back = row["outcome"] == "blocked" or row["reason"] == RETRACTED
    return _unpack(row["candidate"]).input, taken_back


def close_turn(db: sqlite3.Connection, turn: Turn, at: float) -> bool:
    """Writes the outcome and what was heard. False when the turn was closed before.

    The request goes: it quotes other viewers, who may want to be forgotten. What the gate
    would not have answered is no part of the conversation, and of what was taken back neither the
    line nor the answer, which may quote it. The input that replaces a turn has its words too.
    """
    if turn.replaced_by is not None:
        add_input(db, turn.replaced_by)
    sql = "SELECT reason FROM turn WHERE turn_id = ? AND outcome IS NULL"
    row = db.execute(sql, (turn.turn_id,)).fetchone()
    if row is None:
        return False
    if row["reason"] == RETRACTED:
        turn.take_back()
    kept = turn.as_json()
    db.execute(
        "UPDATE turn SET outcome = ?, reason = ?, input = ?, reply = ?, heard_text = ?,"
        " unheard_text = ?, stages = ?, request = '' WHERE turn_id = ?",
        (
            *(kept[name] for name in ("outcome", "reason", "input", "reply")),
            *(kept[name] for name in ("heard_text", "unheard_text")),
            turn.stages.model_dump_json(),
            turn.turn_id,
        ),
    )
    given = turn.candidate.input
    left_out = turn.blocked or turn.outcome == "blocked" or turn.reason == RETRACTED
    left_out = left_out or turn.replaced_by is not None
    if given.source != "operator" and not left_out:
        author = given.author
        _add_message(
            db, turn.turn_id, "viewer", author.viewer_id, author.name, author.role, given.text, at
        )
    if turn.heard_text and turn.reason != RETRACTED:
        _add_answer(db, turn.turn_id, turn.heard_text, turn.unheard_text, at)
    return True


def heard_late(db: sqlite3.Connection, event: PlaybackFinished) -> None:
    """What was heard of a turn that was given up before the stage could say it."""
    sql = (
        "SELECT * FROM turn WHERE utterance_id = ? AND outcome IS NOT NULL AND heard_text = ''"
        " AND reason <> ?"
    )
    row = db.execute(sql, (event.utterance_id, RETRACTED)).fetchone()
    if row is not None and event.heard_text:
        sql = "UPDATE turn SET heard_text = ?, unheard_text = ? WHERE turn_id = ?"
        heard, unheard = event.heard_text, unheard_of(event)
        db.execute(sql, (heard, unheard, row["turn_id"]))
        _add_answer(db, row["turn_id"], heard, unheard, event.stopped_at or event.emitted_at)


def _add_answer(db: sqlite3.Connection, turn_id: str, heard: str, unheard: str, at: float) -> None:
    """What nobody heard stands beside it: it can be told, and is found by no search."""
    _add_message(db, turn_id, "kitsu", "", "", "", heard, at)
    sql = "UPDATE message SET unheard = ? WHERE turn_id = ? AND speaker = 'kitsu'"
    db.execute(sql, (unheard, turn_id))


def _add_message(
    db: sqlite3.Connection,
    turn_id: str,
    speaker: str,
    viewer_id: str,
    name: str,
    role: str,
    text: str,
    at: float,
) -> None:
    added = db.execute(
        "INSERT OR IGNORE INTO message (turn_id, speaker, viewer_id, name, role, text, at)"
        " VALUES (?,?,?,?,?,?,?)",
        (turn_id, speaker, viewer_id, name, role, text, at),
    )
    if added.rowcount == 1 and word_index.is_there(db):
        word_index.add(db, "message_words", int(added.lastrowid or 0), text)


def open_turns(db: sqlite3.Connection) -> list[OpenTurn]:
    """Turns that a restart found without an outcome, oldest first."""
    found = []
    for row in db.execute("SELECT * FROM turn WHERE outcome IS NULL ORDER BY opened_at"):
        stored = json.loads(row["request"])
        request = TurnCommitted.model_validate_json(stored["event"])
        turn = Turn(_unpack(stored["candidate"]), row["opened_at"], request.epoch)
        turn.retracted = row["reason"] == RETRACTED
        turn.code_pieces = len(code.of_turn(db, turn.turn_id) or ())
        found.append(OpenTurn(turn, request, bool(row["published"])))
    return found


def history(db: sqlite3.Connection, lines: int, since: float = 0.0) -> tuple[HistoryLine, ...]:
    """The last lines of the conversation that are not older than `since`, oldest first."""
    rows = db.execute(
        "SELECT * FROM message WHERE at >= ? ORDER BY message_id DESC LIMIT ?", (since, lines)
    ).fetchall()
    return tuple(
        HistoryLine(
            speaker=r["speaker"],
            name=r["name"],
            role=r["role"],
            text=r["text"],
            unheard=r["unheard"],
        )
        for r in reversed(rows)
    )


def recalled(db: sqlite3.Connection, turns: int) -> list[dict[str, Any]]:
    """Which memories went with the latest turns that had some, newest turn first."""
    rows = db.execute(
        "SELECT r.*, t.author, t.input FROM recalled r JOIN turn t USING (turn_id)"
        " WHERE r.turn_id IN (SELECT turn_id FROM turn WHERE turn_id IN"
        " (SELECT turn_id FROM recalled) ORDER BY opened_at DESC LIMIT ?)"
        " ORDER BY t.opened_at DESC, r.position",
        (turns,),
    )
    return [
        {key: row[key] for key in ("turn_id", "author", "input", "kind", "about", "text", "why")}
        for row in rows
    ]


def message_count(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM message").fetchone()[0])


def turns(db: sqlite3.Connection, limit: int) -> list[dict[str, Any]]:
    """Newest first, in the shape of `GET /telemetry/turns`."""
    return _turns(db, "ORDER BY opened_at DESC LIMIT ?", (limit,))


def turns_of(db: sqlite3.Connection, turn_ids: Sequence[str]) -> list[dict[str, Any]]:
    """These turns, in the same shape."""
    marks = ",".join("?" * len(turn_ids))
    return _turns(db, f"WHERE turn_id IN ({marks})", tuple(turn_ids))


def _turns(
    db: sqlite3.Connection, which: str, values: tuple[int | str, ...]
) -> list[dict[str, Any]]:
    rows = db.execute(
        "SELECT *, (SELECT count(*) FROM code WHERE code.turn_id = turn.turn_id) AS code_pieces"
        f" FROM turn {which}",
        values,
    )
    return [
        {
            **{key: row[key] for key in ("turn_id", "utterance_id", "source", "author", "input")},
            **{key: row[key] for key in ("reply", "heard_text", "unheard_text")},
            **{key: row[key] for key in ("outcome", "reason", "opened_at")},
            "stages": {**TurnStages().model_dump(), **json.loads(row["stages"])},
            "state": "done" if row["outcome"] else "thinking",
            "code_pieces": row["code_pieces"],
        }
        for row in rows
    ]


def add_incident(
    db: sqlite3.Connection, at: float, kind: str, severity: str, message: str, by: str
) -> dict[str, Any]:
    sql = "INSERT INTO incident (at, kind, severity, message, by) VALUES (?,?,?,?,?)"
    new_id = db.execute(sql, (at, kind, severity, message, by)).lastrowid
    return {
        "id": str(new_id),
        "at": at,
        "kind": kind,
        "severity": severity,
        "message": message,
        "by": by,
    }


def incidents(db: sqlite3.Connection, limit: int) -> list[dict[str, Any]]:
    rows = db.execute("SELECT * FROM incident ORDER BY incident_id DESC LIMIT ?", (limit,))
    return [
        {
            "id": str(row["incident_id"]),
            **{key: row[key] for key in ("at", "kind", "severity", "message", "by")},
        }
        for row in rows
    ]


def set_setting(db: sqlite3.Connection, name: str, value: Any) -> None:
    sql = (
        "INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    )
    db.execute(sql, (name, json.dumps(value)))


def setting(db: sqlite3.Connection, name: str) -> Any:
    row = db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return None if row is None else json.loads(row["value"])


def prune(db: sqlite3.Connection) -> None:
    """Keeps the tables of inputs and of code bounded."""
    code.prune(db)
    db.execute(
        "DELETE FROM input WHERE state <> 'waiting' AND rowid <= "
        "(SELECT max(rowid) FROM input) - ?",
        (KEPT_INPUTS,),
    )
