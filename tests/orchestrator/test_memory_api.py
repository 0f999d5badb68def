"""The memory over HTTP: what is kept, taught and forgotten, with whatever people send."""

import sqlite3
from typing import Any
from urllib.parse import quote

import pytest

from apps.orchestrator.memory import facts, records
from apps.orchestrator.memory.fact_rules import Claim
from libs.contracts.chat import ChatMessageReceived
from libs.contracts.identity import new_id
from libs.contracts.people import Author
from libs.contracts.timing import TurnTimed
from tests.orchestrator.stand import Stand

HOSTILE_IDS = (
    "twitch:1/../../facts",
    "a?limit=1&named=b#c",
    "%2e%2e%2f%00",
    "Robert'); DROP TABLE fact;--",
    "{{7*7}} ${jndi:x}",
    "\u202e\U0001f98a\x1b[2J",
    '{"viewer_id": "host"}',
    "*",
    "%",
    " ",
    "x" * 128,
)


async def talked(show: Stand, text: str, name: str = "ann", viewer_id: str = "twitch:1") -> str:
    """One line that was answered and heard. Returns the turn's id."""
    await show.bus.publish(
        ChatMessageReceived(
            message_id=new_id(),
            platform="test",
            author=Author(viewer_id=viewer_id, name=name),
            text=text,
        )
    )
    turn = await show.committed(text)
    await show.play(turn, "Oh, how nice.")
    await show.next(TurnTimed, lambda event: event.turn_id == turn.turn_id)
    return turn.turn_id or ""


async def test_what_was_told_is_listed_shown_and_used(show: Stand) -> None:
    await talked(show, "my cat is called Miso")
    (listed,) = (await show.get("/memory/viewers"))["viewers"]
    assert listed.pop("last_at") > 1e9
    assert listed == {"viewer_id": "twitch:1", "name": "ann", "messages": 1, "facts": 1}
    kept = await show.get("/memory/viewers/twitch%3A1")
    assert [fact["text"] for fact in kept["facts"]] == ["my cat is called Miso"]
    assert [line["text"] for line in kept["messages"]] == ["my cat is called Miso"]
    assert [line["text"] for line in kept["answers"]] == ["Oh, how nice."]
    await talked(show, "what is my kitten's name?")
    memory = await show.get("/memory")
    assert memory["messages"] == 4
    assert (memory["recalled"][0]["text"], memory["recalled"][0]["why"]) == (
        "my cat is called Miso",
        "told by the one who asks",
    )


async def test_a_line_that_was_never_answered_is_in_the_export_and_in_the_list(show: Stand) -> None:
    await show.post("/panic")
    await show.post("/ingest/chat", {"author": "eve", "text": "let me in"})
    await show.post("/panic/release")
    (listed,) = (await show.get("/memory/viewers?named=EVE"))["viewers"]
    kept = await show.get(f"/memory/viewers/{quote(listed['viewer_id'], safe='')}")
    assert [(line["text"], line["reason"]) for line in kept["unanswered"]] == [
        ("let me in", "panic")
    ]


@pytest.mark.parametrize("viewer_id", HOSTILE_IDS)
async def test_any_id_is_only_itself(show: Stand, viewer_id: str) -> None:
    """Shown, found and forgotten, and nobody else is."""

    def learn(db: sqlite3.Connection) -> None:
        for number, one in enumerate((viewer_id, "host", "", "twitch:1")):
            claim = Claim("from", f"fact {number}", 0.5)
            facts.learn(db, one, one, claim, "t", 1.0, trusted=True)

    await show.worker.database.run(learn)
    path = f"/memory/viewers/{quote(viewer_id, safe='')}"
    assert [fact["text"] for fact in (await show.get(path))["facts"]] == ["fact 0"]
    named = (await show.get(f"/memory/viewers?named={quote(viewer_id, safe='')}"))["viewers"]
    assert [one["viewer_id"] for one in named] == [viewer_id]
    answer = await show.request("DELETE", path)
    assert answer.json() == {"viewer_id": viewer_id, "removed": 1, "pending": False}
    left = {fact["text"] for fact in (await show.get("/memory"))["facts"]}
    assert left == {"fact 1", "fact 2", "fact 3"}


async def test_the_show_itself_cannot_be_forgotten_as_a_viewer(show: Stand) -> None:
    await show.post("/memory/facts", {"text": "the giveaway is on friday"})
    await talked(show, "hello there")
    for path in ("/memory/viewers/", "/memory/viewers//"):
        answer = await show.request("DELETE", path)
        assert answer.status_code in (404, 405, 422) or answer.json()["removed"] == 0
    memory = await show.get("/memory")
    assert [fact["text"] for fact in memory["facts"]] == ["the giveaway is on friday"]
    assert memory["messages"] == 2


async def test_a_fact_of_the_show_is_taught_used_and_forgotten(show: Stand) -> None:
    assert await show.post("/memory/facts", {"text": "  the\x1b giveaway\n is on friday "}) == {
        "text": "the giveaway is on friday"
    }
    await talked(show, "when is the giveaway?", "bob", "twitch:2")
    memory = await show.get("/memory")
    assert memory["recalled"][0]["about"] == "the show"
    fact_id = memory["facts"][0]["fact_id"]
    assert (await show.request("DELETE", f"/memory/facts/{fact_id}")).status_code == 200
    gone = await show.request("DELETE", f"/memory/facts/{fact_id}")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {},
        {"text": ""},
        {"text": "\u200b \x00"},
        {"text": "x" * 141},
        {"text": 5},
        {"text": ["a"]},
        {"text": "a", "viewer_id": "twitch:1"},
        {"text": "i want to kill myself"},
    ],
)
async def test_what_cannot_be_a_fact_is_refused_with_a_reason(show: Stand, body: Any) -> None:
    answer = await show.request("POST", "/memory/facts", body)
    assert answer.status_code == 422
    assert answer.json()["title"]
    assert (await show.get("/memory"))["facts"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/memory/facts/0"),
        ("DELETE", "/memory/facts/-1"),
        ("DELETE", "/memory/facts/99999999999999999999999"),
        ("DELETE", "/memory/facts/first"),
        ("DELETE", f"/memory/viewers/{'x' * 129}"),
        ("GET", f"/memory/viewers/{'x' * 129}"),
        ("GET", "/memory/viewers?limit=0"),
        ("GET", "/memory/viewers?limit=many"),
        ("GET", f"/memory/viewers?named={'x' * 129}"),
    ],
)
async def test_wrong_values_are_refused_not_tried(show: Stand, method: str, path: str) -> None:
    assert (await show.request(method, path)).status_code == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/memory"),
        ("GET", "/memory/viewers"),
        ("GET", "/memory/viewers/twitch%3A1"),
        ("DELETE", "/memory/viewers/twitch%3A1"),
        ("POST", "/memory/facts"),
        ("DELETE", "/memory/facts/1"),
        ("POST", "/memory/backup"),
    ],
)
async def test_only_the_operator_looks_into_the_memory(show: Stand, method: str, path: str) -> None:
    await talked(show, "my cat is called Miso")
    for scope, status in (("", 401), ("overlay", 403), ("hook", 403)):
        answer = await show.raw(method, path, b'{"text": "x"}', scope)
        assert answer.status_code == status
        assert "Miso" not in answer.text
    assert (await show.get("/memory"))["messages"] == 2


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 50_000, b'{"text": "\\ud800"}'])
async def test_a_body_that_is_no_document_is_refused(show: Stand, body: bytes) -> None:
    assert (await show.raw("POST", "/memory/facts", body)).status_code in (400, 413, 422)
    assert (await show.get("/memory"))["facts"] == []


async def test_a_backup_is_whole_and_leaves_no_piece_behind(show: Stand) -> None:
    await talked(show, "my cat is called Miso")
    answer = await show.post("/memory/backup")
    folder = show.settings.kitsu_data_dir / "memory" / "backups"
    assert [str(path) for path in folder.iterdir()] == [answer["file"]]
    copy = sqlite3.connect(answer["file"])
    assert copy.execute("SELECT text FROM fact").fetchone() == ("my cat is called Miso",)
    copy.close()


async def test_a_renamed_viewer_is_found_by_the_new_name(show: Stand) -> None:
    await talked(show, "my cat is called Miso")
    await talked(show, "i love ramen", "ann_the_great")
    turn = await talked(show, "what is ann_the_great's cat called?", "bob", "twitch:2")
    recalled = await show.worker.database.look(lambda db: records.recalled(db, 1))
    assert [(one["turn_id"], one["about"], one["text"]) for one in recalled] == [
        (turn, "ann_the_great", "my cat is called Miso")
    ]
