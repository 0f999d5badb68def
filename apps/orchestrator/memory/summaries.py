"""The rolling summary of what was said: written anew after every so many messages.

At once it names who was there and what it was about. A language model may write a better one in a
quiet moment: that goes on from what a model wrote before.
"""

import sqlite3
from collections import Counter
from dataclasses import dataclass

from apps.orchestrator.memory.terms import terms_of
from libs.contracts.conversation import HistoryLine

MAXIMUM_CHARACTERS = 1_200
NAMED_VIEWERS = 8
NAMED_TOPICS = 10
#: The engine of a summary without a model.
WORDS = "words"
#: More lines are not summed up at once: the newest are.
MOST_LINES = 400


@dataclass(frozen=True)
class Summary:
    text: str
    until_message_id: int
    messages: int
    engine: str = ""
    """Who wrote it: `words`, or the name of a language model's engine; empty: nobody yet."""


def current(db: sqlite3.Connection) -> Summary:
    row = db.execute("SELECT * FROM summary ORDER BY summary_id DESC LIMIT 1").fetchone()
    return _summary(row)


def by_model(db: sqlite3.Connection) -> Summary:
    """The last one that a language model wrote."""
    sql = "SELECT * FROM summary WHERE engine <> ? ORDER BY summary_id DESC LIMIT 1"
    return _summary(db.execute(sql, (WORDS,)).fetchone())


def _summary(row: sqlite3.Row | None) -> Summary:
    if row is None:
        return Summary("", 0, 0)
    return Summary(row["text"], row["until_message_id"], row["messages"], row["engine"])


def unsummarised(
    db: sqlite3.Connection, before: Summary, keep_out: int
) -> list[tuple[int, HistoryLine]]:
    """Messages since a summary, oldest first, without the newest that go along anyway."""
    rows = db.execute(
        "SELECT * FROM (SELECT * FROM message WHERE message_id > ? AND message_id <= "
        "(SELECT coalesce(max(message_id), 0) FROM message) - ? ORDER BY message_id DESC LIMIT ?)"
        " ORDER BY message_id",
        (before.until_message_id, keep_out, MOST_LINES),
    )
    return [
        (
            row["message_id"],
            HistoryLine(
                speaker=row["speaker"], name=row["name"], role=row["role"], text=row["text"]
            ),
        )
        for row in rows
    ]


def write(db: sqlite3.Connection, summary: Summary, now: float) -> None:
    """The old ones go, but for the last of a model, which its next one goes on from."""
    db.execute(
        "INSERT INTO summary (text, until_message_id, messages, engine, written_at)"
        " VALUES (?,?,?,?,?)",
        (
            summary.text[:MAXIMUM_CHARACTERS],
            summary.until_message_id,
            summary.messages,
            summary.engine,
            now,
        ),
    )
    db.execute(
        "DELETE FROM summary WHERE summary_id < (SELECT max(summary_id) FROM summary)"
        " AND summary_id < coalesce((SELECT max(summary_id) FROM summary WHERE engine <> ?), 1e18)",
        (WORDS,),
    )


def of_words(before: Summary, lines: list[tuple[int, HistoryLine]]) -> Summary:
    """A summary without a model: who talked, and the words that came up most."""
    names = Counter(line.name for _, line in lines if line.speaker == "viewer" and line.name)
    words = Counter(term for _, line in lines for term in set(terms_of(line.text)) if len(term) > 3)
    who = ", ".join(name for name, _ in names.most_common(NAMED_VIEWERS))
    what = ", ".join(word for word, count in words.most_common(NAMED_TOPICS) if count > 1)
    parts = [
        f"Lately you talked with {who}." if who else "",
        f"It was about: {what}." if what else "",
    ]
    text = " ".join(part for part in parts if part)
    last = lines[-1][0] if lines else before.until_message_id
    return Summary(text or before.text, last, before.messages + len(lines), WORDS)
