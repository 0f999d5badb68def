"""Forgetting a viewer: what they said, what was answered, what was learned, and their name.

Runs inside one transaction of `Database.run`. Others' lines stay theirs, but no longer name who was
forgotten; her own answers to others that used a memory of them go.
"""

import json
import re
import sqlite3

from apps.orchestrator.memory import code, facts, floor, polls, word_index
from apps.orchestrator.memory.terms import EMPTY_WORDS
from apps.orchestrator.memory.viewers import remove_messages
from libs.contracts.conversation import TurnCommitted

#: Stands where a forgotten name stood.
NOBODY = "someone"
#: A shorter name cannot be told from an ordinary word.
LEAST_NAME_LETTERS = 3
#: After a summary was emptied, the next one reads so many messages again.
SUMMED_UP_AGAIN = 400

#: Of an answer nothing stays.
NO_ANSWER = "reply = '', heard_text = '', unheard_text = ''"

#: Tables with texts of others, the key of a row, when it was written, and the texts.
_QUOTING = (
    ("message", "message_id", "at", ("text", "unheard")),
    ("turn", "turn_id", "opened_at", ("input", "reply", "heard_text", "unheard_text")),
    ("fact", "fact_id", "learned_at", ("topic", "text")),
    ("code", "code_id", "at", ("text",)),
    ("incident", "incident_id", "at", ("message", "by")),
)


def forget(db: sqlite3.Connection, viewer_id: str) -> int:
    """Returns how many records went."""
    if not viewer_id:
        return 0
    names, since = _names(db, viewer_id)
    theirs = "SELECT turn_id FROM turn WHERE viewer_id = ?"
    gone = _answers_that_used(db, viewer_id) + code.remove(db, theirs, (viewer_id,))
    db.execute(
        f"DELETE FROM recalled WHERE viewer_id = ? OR turn_id IN ({theirs})"
        " OR text IN (SELECT text FROM fact WHERE viewer_id = ?)"
        " OR text IN (SELECT text FROM message WHERE viewer_id = ?)",
        (viewer_id,) * 4,
    )
    gone += facts.forget_of(db, viewer_id) + polls.withdraw(db, viewer_id)
    gone += floor.forget(db, viewer_id)
    gone += remove_messages(db, f"turn_id IN ({theirs}) OR viewer_id = ?", (viewer_id, viewer_id))
    gone += db.execute("DELETE FROM turn WHERE viewer_id = ?", (viewer_id,)).rowcount
    gone += db.execute("DELETE FROM input WHERE viewer_id = ?", (viewer_id,)).rowcount
    db.execute(
        "UPDATE summary SET text = '', until_message_id = max(0, until_message_id - ?)",
        (SUMMED_UP_AGAIN,),
    )
    empty_open_requests(db)
    if names and since is not None:
        _take_out_names(db, names, since)
    word_index.compact(db)
    return gone


def _names(db: sqlite3.Connection, viewer_id: str) -> tuple[set[str], float | None]:
    """The names a viewer went by, and when they were first heard."""
    rows = db.execute(
        "SELECT name, at FROM message WHERE viewer_id = :id"
        " UNION ALL SELECT author, opened_at FROM turn WHERE viewer_id = :id"
        " UNION ALL SELECT name, learned_at FROM fact WHERE viewer_id = :id"
        " UNION ALL SELECT json_extract(candidate, '$.input.author.name'), arrived_at FROM input"
        " WHERE viewer_id = :id",
        {"id": viewer_id},
    ).fetchall()
    names = {row["name"] for row in rows if len(row["name"]) >= LEAST_NAME_LETTERS}
    names = {name for name in names if name.casefold() not in EMPTY_WORDS}
    return names, min((row["at"] for row in rows), default=None)


def _answers_that_used(db: sqlite3.Connection, viewer_id: str) -> int:
    """Her answers to others that went with a memory of this viewer: who knows what they repeat."""
    used = "SELECT turn_id FROM recalled WHERE viewer_id = ?"
    gone = remove_messages(db, f"speaker = 'kitsu' AND turn_id IN ({used})", (viewer_id,))
    gone += code.remove(db, used, (viewer_id,))
    sql = f"UPDATE turn SET {NO_ANSWER} WHERE turn_id IN ({used})"
    db.execute(sql, (viewer_id,))
    return gone


def empty_open_requests(db: sqlite3.Connection) -> None:
    """The request of an open turn quotes the latest lines, whoever said them, and names askers."""
    rows = db.execute("SELECT turn_id, request FROM turn WHERE outcome IS NULL").fetchall()
    for row in rows:
        stored = json.loads(row["request"])
        request = TurnCommitted.model_validate_json(stored["event"])
        alone = request.input.model_copy(update={"asked_by": ()})
        stored["event"] = request.model_copy(
            update={"history": (), "memories": (), "input": alone}
        ).model_dump_json()
        sql = "UPDATE turn SET request = ? WHERE turn_id = ?"
        db.execute(sql, (json.dumps(stored), row["turn_id"]))


def _take_out_names(db: sqlite3.Connection, names: set[str], since: float) -> None:
    """Whole words only, and only in what was written after the viewer was first heard: nobody can
    scratch a word out of the past by taking it for a name."""
    longest_first = sorted(names, key=len, reverse=True)
    pattern = re.compile(
        rf"@?(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE
    )
    for table, key, at, columns in _QUOTING:
        rows = db.execute(f"SELECT * FROM {table} WHERE {at} >= ?", (since,)).fetchall()
        for row in rows:
            changed = {
                column: pattern.sub(NOBODY, row[column])
                for column in columns
                if pattern.search(row[column])
            }
            if changed:
                _rewrite(db, table, key, row, changed)
    for row in db.execute("SELECT input_id, candidate FROM input WHERE arrived_at >= ?", (since,)):
        fields = json.loads(row["candidate"])
        if pattern.search(fields["input"]["text"]):
            fields["input"]["text"] = pattern.sub(NOBODY, fields["input"]["text"])
            sql = "UPDATE input SET candidate = ? WHERE input_id = ?"
            db.execute(sql, (json.dumps(fields, ensure_ascii=False), row["input_id"]))


def _rewrite(
    db: sqlite3.Connection, table: str, key: str, row: sqlite3.Row, changed: dict[str, str]
) -> None:
    fields = ", ".join(f"{column} = ?" for column in changed)
    sql = f"UPDATE OR REPLACE {table} SET {fields} WHERE {key} = ?"
    db.execute(sql, (*changed.values(), row[key]))
    if not word_index.is_there(db):
        return
    if table == "message" and "text" in changed:
        word_index.remove(db, "message_words", [row[key]])
        word_index.add(db, "message_words", row[key], changed["text"])
    elif table == "fact":
        facts.index_anew(db, row[key])
