"""What belongs to a turn beside its words: its prompt, its code, its pictures."""

import asyncio
import base64
import csv
import io
import sqlite3
from typing import Any

import pytest

from apps.orchestrator.memory import code as code_table
from apps.orchestrator.memory import viewers
from apps.orchestrator.pictures import KEPT_PICTURES, PICTURE_BYTES, PictureShelf
from apps.orchestrator.prompts import KEPT_CHARACTERS, KEPT_TURNS, PromptShelf
from libs.bus.base import Delivery
from libs.contracts.conversation import (
    CodeWritten,
    PromptBuilt,
    PromptMessage,
    ReplyFinished,
    TurnCommitted,
)
from libs.contracts.timing import TurnTimed
from libs.telemetry import clock
from libs.worker.runtime import running
from tests.orchestrator.stand import Stand
from tests.worker.test_runtime import until

CODE = "def double(n):\n    return 2 * n"
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 500
JPEG = b"\xff\xd8\xff\xe0" + b"x" * 500
WEBP = b"RIFF\x00\x00\x00\x00WEBP" + b"x" * 500


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def asks(show: Stand, text: str, author: str = "ann", **more: Any) -> TurnCommitted:
    await show.post("/ingest/chat", {"text": text, "author": author, **more})
    return await show.committed(text)


async def ends(show: Stand, turn: TurnCommitted, heard: str = "Fine.") -> None:
    await show.play(turn, heard)
    await show.next(TurnTimed, lambda event: event.turn_id == turn.turn_id)


def prompt_of(turn: TurnCommitted, *texts: str, at: float | None = None) -> PromptBuilt:
    messages = tuple(PromptMessage(role="user", text=text) for text in texts)
    return PromptBuilt.caused_by(
        turn,
        engine="Ollama (llama3.2)",
        model="llama3.2",
        messages=messages,
        committed_at=turn.emitted_at if at is None else at,
    )


# Prompts -----------------------------------------------------------------------------------------


async def prompt_answer(show: Stand, turn: TurnCommitted, status: int) -> Any:
    path = f"/telemetry/turns/{turn.turn_id}/prompt"

    async def there() -> bool:
        return (await show.request("GET", path)).status_code == status

    async with asyncio.timeout(5):
        while not await there():  # noqa: ASYNC110 - asked over HTTP
            await asyncio.sleep(0.01)
    return (await show.request("GET", path)).json()


async def test_the_prompt_of_a_turn_can_be_looked_at(show: Stand) -> None:
    turn = await asks(show, "tea?")
    await show.bus.publish(prompt_of(turn, "who she is", "tea?"))
    told = await prompt_answer(show, turn, 200)
    assert told == {
        "turn_id": turn.turn_id,
        "engine": "Ollama (llama3.2)",
        "model": "llama3.2",
        "task": "chat",
        "messages": [
            {"role": "user", "text": "who she is", "pictures": [], "tools": []},
            {"role": "user", "text": "tea?", "pictures": [], "tools": []},
        ],
        "shortened": False,
    }


@pytest.mark.parametrize("turn_id", ["nothing", "%00", "..%2f..%2fetc", "x" * 64, "💥"])
async def test_a_turn_without_a_prompt_says_why_there_is_none(show: Stand, turn_id: str) -> None:
    answer = await show.request("GET", f"/telemetry/turns/{turn_id}/prompt")
    assert answer.status_code == 404
    if "%2f" not in turn_id:
        assert "last 100 turns" in answer.json()["detail"]


async def test_only_the_operator_sees_prompts_code_and_models(show: Stand) -> None:
    turn = await asks(show, "tea?")
    paths = [f"/telemetry/turns/{turn.turn_id}/{part}" for part in ("prompt", "code")]
    for path in (*paths, "/models", "/personas"):
        for scope in ("", "overlay", "hook"):
            assert (await show.raw("GET", path, b"", scope)).status_code in (401, 403)


async def test_a_prompt_is_on_no_disk(show: Stand) -> None:
    turn = await asks(show, "tea?")
    await show.bus.publish(prompt_of(turn, "xyzzy-only-here"))
    await prompt_answer(show, turn, 200)
    await ends(show, turn)
    await show.worker.database.wipe()
    folder = show.settings.kitsu_data_dir / "memory"
    assert all(b"xyzzy" not in path.read_bytes() for path in folder.iterdir())


async def test_forgetting_a_viewer_removes_the_prompts_that_may_quote_them(show: Stand) -> None:
    hers = await asks(show, "my cat is Zyx")
    await show.bus.publish(prompt_of(hers, "my cat is Zyx"))
    await prompt_answer(show, hers, 200)
    await ends(show, hers)
    his = await asks(show, "and now?", "bob")
    await show.bus.publish(prompt_of(his, "my cat is Zyx", "and now?"))
    await prompt_answer(show, his, 200)
    await show.post("/ingest/chat", {"text": "!forget me", "author": "ann"})
    for turn in (hers, his):
        await prompt_answer(show, turn, 404)
    late = prompt_of(his, "my cat is Zyx")
    await show.bus.publish(late)
    await ends(show, his)
    fresh = await asks(show, "and today?", "bob")
    await show.bus.publish(prompt_of(fresh, "and today?"))
    await prompt_answer(show, fresh, 200)
    await prompt_answer(show, his, 404)


def test_only_the_latest_prompts_are_kept() -> None:
    shelf = PromptShelf()
    turns = [TurnCommitted.model_construct(turn_id=f"t{number}") for number in range(150)]
    for turn in turns:
        shelf.keep(
            PromptBuilt(turn_id=turn.turn_id, engine="x", messages=(), committed_at=clock.now())
        )
    assert len(shelf) == KEPT_TURNS
    assert shelf.of("t49") is None
    assert shelf.of("t50") is not None


def test_large_prompts_push_out_old_ones_and_one_that_comes_again_counts_once() -> None:
    shelf, text = PromptShelf(), "y" * 10_000
    large = tuple(PromptMessage(role="user", text=text) for _ in range(5))
    fits = KEPT_CHARACTERS // (5 * len(text))
    for number in range(fits + 3):
        for _ in range(2):
            shelf.keep(
                PromptBuilt(
                    turn_id=f"t{number}", engine="x", messages=large, committed_at=clock.now()
                )
            )
    assert len(shelf) == fits
    assert shelf.of("t2") is None
    assert shelf.of("t3") is not None


# Code --------------------------------------------------------------------------------------------


async def writes(show: Stand, turn: TurnCommitted, *texts: str, language: str = "python") -> None:
    for index, text in enumerate(texts):
        await show.bus.publish(
            CodeWritten.caused_by(turn, index=index, language=language, text=text)
        )


async def turns_with_code(show: Stand, pieces: int) -> list[dict[str, Any]]:
    """The turns, as soon as there is so much code."""
    async with asyncio.timeout(5):
        while True:
            turns: list[dict[str, Any]] = (await show.get("/telemetry/turns"))["turns"]
            if sum(len(turn["code"]) for turn in turns) >= pieces:
                return turns
            await asyncio.sleep(0.01)


async def test_code_is_kept_with_its_turn_and_told_with_the_turns(show: Stand) -> None:
    turn = await asks(show, "write a function")
    await writes(show, turn, CODE, "double(4)")
    [open_turn] = await turns_with_code(show, 2)
    assert (open_turn["outcome"], open_turn["code_pieces"]) == (None, 2)
    await ends(show, turn)
    [told] = await turns_with_code(show, 2)
    assert told["code"] == [
        {"language": "python", "text": CODE},
        {"language": "python", "text": "double(4)"},
    ]
    assert (told["outcome"], told["code_pieces"]) == ("completed", 2)
    piece = await show.get(f"/telemetry/turns/{turn.turn_id}/code")
    assert piece["code"] == told["code"]


async def test_the_same_piece_again_changes_nothing_and_a_hundredth_is_not_kept(
    show: Stand,
) -> None:
    turn = await asks(show, "write a function")
    for index, text in ((0, CODE), (0, "other"), (99, "too many"), (1, "two")):
        await show.bus.publish(CodeWritten.caused_by(turn, index=index, text=text))
    [told] = await turns_with_code(show, 2)
    assert [piece["text"] for piece in told["code"]] == [CODE, "two"]


async def test_hidden_characters_are_taken_out_of_code_and_its_form_is_kept(show: Stand) -> None:
    turn = await asks(show, "write a function")
    hostile = "if admin:\u202e\u2066\t# x\u2069\n\x1b[31m\treturn '\u200b<b>'\n"
    await writes(show, turn, hostile)
    [told] = await turns_with_code(show, 1)
    assert told["code"][0]["text"] == "if admin:\t# x\n[31m\treturn '<b>'\n"


async def test_code_of_a_turn_that_nobody_knows_is_not_kept(show: Stand) -> None:
    turn = await asks(show, "write a function")
    other = turn.model_copy(update={"turn_id": "nobody's"})
    await writes(show, other, "lost")
    await writes(show, turn, CODE)
    assert [t["code"] for t in await turns_with_code(show, 1)] == [
        [{"language": "python", "text": CODE}]
    ]
    missing = await show.request("GET", "/telemetry/turns/nobody's/code")
    assert missing.status_code == 404


async def test_code_survives_a_restart_in_mid_turn(stand: Stand) -> None:
    async with running(stand.worker, stand.worker.bus):
        turn = await asks(stand, "write a function")
        await writes(stand, turn, CODE)
        await turns_with_code(stand, 1)
    fresh = stand.fresh()
    async with running(fresh, fresh.bus):
        assert fresh.conversation.active is not None
        assert fresh.conversation.active.code_pieces == 1
        [told] = await turns_with_code(stand, 1)
        assert told["code"][0]["text"] == CODE


async def test_forgetting_a_viewer_takes_their_code_and_their_name_out_of_others(
    show: Stand,
) -> None:
    hers = await asks(show, "my cat is called Zyxwv", "annabel")
    await writes(show, hers, "print('Zyxwv')")
    await turns_with_code(show, 1)
    await ends(show, hers)
    kept = await show.get("/memory/viewers/local%3Aannabel")
    assert [piece["text"] for piece in kept["code"]] == ["print('Zyxwv')"]
    used = await asks(show, "what is annabel's cat called?", "bob")
    assert used.memories
    await writes(show, used, "cat = 'Zyxwv'")
    await ends(show, used)
    other = await asks(show, "greet her in lua", "bob")
    if not other.memories:
        await writes(show, other, "print('hi annabel')")
    await turns_with_code(show, 3)
    await show.request("DELETE", "/memory/viewers/local%3Aannabel")
    told = [piece["text"] for turn in await turns_with_code(show, 1) for piece in turn["code"]]
    assert told == ["print('hi someone')"]
    await writes(show, hers, "late")
    await ends(show, other)
    rows = await show.worker.database.look(
        lambda db: db.execute("SELECT text FROM code").fetchall()
    )
    assert [row["text"] for row in rows] == ["print('hi someone')"]


async def test_old_code_goes_with_its_turn_and_the_table_is_bounded(
    show: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = await asks(show, "write a function")
    await writes(show, turn, *(f"piece {number}" for number in range(6)))
    await turns_with_code(show, 6)
    monkeypatch.setattr(code_table, "KEPT_PIECES", 4)
    await show.worker.database.run(code_table.prune)
    [told] = await turns_with_code(show, 4)
    assert [piece["text"] for piece in told["code"]] == [f"piece {n}" for n in (2, 3, 4, 5)]
    await ends(show, turn)

    def forget(db: sqlite3.Connection) -> int:
        viewers.forget_before(db, clock.now() + 1)
        return int(db.execute("SELECT count(*) FROM code").fetchone()[0])

    assert await show.worker.database.run(forget) == 0


async def test_the_table_of_turns_has_no_code_but_says_how_much(show: Stand) -> None:
    turn = await asks(show, "write a function")
    await writes(show, turn, "=cmd|' /C calc'!A0")
    await turns_with_code(show, 1)
    await ends(show, turn)
    text = (await show.request("GET", "/telemetry/export.csv")).text
    [row] = list(csv.DictReader(io.StringIO(text)))
    assert row["code_pieces"] == "1"
    assert "calc" not in text


# Pictures ----------------------------------------------------------------------------------------


class Published:
    """The data that went with each committed turn."""

    def __init__(self, show: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data: dict[str, bytes] = {}
        publish = show.worker.bus.publish

        async def recorded(event: Any, data: bytes = b"") -> None:
            if isinstance(event, TurnCommitted):
                self.data[event.input.text] = data
            await publish(event, data)

        monkeypatch.setattr(show.worker.bus, "publish", recorded)


@pytest.mark.parametrize(
    ("data", "kind"), [(PNG, "image/png"), (JPEG, "image/jpeg"), (WEBP, "image/webp")]
)
@pytest.mark.parametrize("prefix", ["", "data:image/gif;base64,"])
async def test_a_picture_goes_with_the_turn_of_its_line(
    show: Stand, data: bytes, kind: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = Published(show, monkeypatch)
    turn = await asks(show, "what is this?", picture=prefix + base64_of(data))
    assert turn.input.picture == kind
    assert published.data["what is this?"] == data
    stored = await show.bus.recent(TurnCommitted.topic, "main", 10)
    assert [d.data for d in stored if isinstance(d, Delivery)] == [data]
    await until(lambda: bool(show.worker.feed.latest()))
    assert [m.row.note for m in show.worker.feed.latest()] == ["with a picture"]


async def test_a_picture_waits_with_its_line(show: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    published = Published(show, monkeypatch)
    first = await asks(show, "first")
    await show.post("/ingest/chat", {"text": "second", "picture": base64_of(PNG)})
    await show.post("/ingest/chat", {"text": "third", "author": "bob"})
    await ends(show, first)
    second = await show.committed("second")
    await ends(show, second)
    third = await show.committed("third")
    assert (second.input.picture, third.input.picture) == ("image/png", "")
    assert published.data == {"first": b"", "second": PNG, "third": b""}


async def test_after_a_kill_the_words_are_answered_and_the_picture_is_known_to_be_lost(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(stand.worker, stand.worker.bus):
        first = await asks(stand, "first")
        await stand.post("/ingest/chat", {"text": "look at this", "picture": base64_of(PNG)})
        await until(lambda: stand.worker.conversation.waiting == 1)
        await stand.bus.publish(ReplyFinished.caused_by(first, sentences=1, text="x", engine="t"))
    fresh = stand.fresh()
    published = Published(stand, monkeypatch)
    async with running(fresh, fresh.bus):
        await ends(stand, first)
        turn = await stand.committed("look at this")
    assert turn.input.picture == "image/png"
    assert published.data["look at this"] == b""


@pytest.mark.parametrize(
    ("picture", "what"),
    [
        ("no base64!", "base64"),
        ("data:image/png;base64,", "JPEG, PNG or WebP"),
        (base64_of(b"GIF89a" + b"x" * 50), "JPEG, PNG or WebP"),
        (base64_of(b"<svg onload=alert(1)>"), "JPEG, PNG or WebP"),
        (base64_of(PNG + b"x" * PICTURE_BYTES), "1 MB"),
    ],
)
async def test_what_is_no_picture_is_refused_and_nothing_is_sent(
    show: Stand, picture: str, what: str
) -> None:
    answer = await show.request("POST", "/ingest/chat", {"text": "look", "picture": picture})
    assert answer.status_code == 422
    assert what in answer.json()["detail"]
    assert picture[:40] not in answer.text or len(picture) < 12
    assert await show.all(TurnCommitted) == []


async def test_a_body_that_is_larger_than_any_picture_is_refused(show: Stand) -> None:
    body = b'{"text": "look", "picture": "' + b"A" * (2 * PICTURE_BYTES) + b'"}'
    assert (await show.raw("POST", "/ingest/chat", body)).status_code == 413
    assert (await show.raw("POST", "/tts", body)).status_code == 413


async def test_a_picture_needs_a_line_and_the_operator(show: Stand) -> None:
    picture = base64_of(PNG)
    empty = await show.request("POST", "/ingest/chat", {"text": " \u200b", "picture": picture})
    assert empty.status_code == 422
    assert "words that go with the picture" in empty.json()["detail"]
    wrong = await show.request("POST", "/ingest/chat", {"text": "look", "picture": 7})
    assert wrong.status_code == 422
    body = f'{{"text": "look", "picture": "{picture}"}}'.encode()
    for scope in ("", "overlay", "hook"):
        assert (await show.raw("POST", "/ingest/chat", body, scope)).status_code in (401, 403)


def committed(input_id: str, picture: str = "image/png") -> Any:
    given = {"source": "chat", "author": {"viewer_id": "a", "name": "a"}, "text": "x"}
    return TurnCommitted.model_validate(
        {
            "cause_id": input_id,
            "persona": {},
            "input": {**given, "picture": picture, "arrived_at": 0},
        }
    )


def test_pictures_are_few_and_go_with_their_viewer() -> None:
    shelf = PictureShelf()
    for number in range(KEPT_PICTURES + 1):
        shelf.keep(f"i{number}", "ann" if number % 2 else "bob", PNG)
    assert shelf.going_with(committed("i0")) == b""
    assert shelf.going_with(committed("i1")) == PNG
    assert shelf.going_with(committed("i1", picture="")) == b""
    shelf.forget("ann")
    assert shelf.going_with(committed("i1")) == b""
    assert shelf.going_with(committed("i2")) == PNG
