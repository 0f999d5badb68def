"""The floor in the running orchestrator: quiet, mutes, alerts, the host, floods, and a restart."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml

from apps.orchestrator.memory import floor as kept
from libs.contracts.chat import AlertKind, ChatAlerted, ChatMessageDeleted, ChatMessageReceived
from libs.contracts.conversation import (
    IdleReached,
    InputSkipped,
    RememberFact,
    ReplyFinished,
    TurnCommitted,
)
from libs.contracts.interruption import StopSpeaking
from libs.contracts.listening import SpeechEnded, SpeechStarted, TranscriptFinalized
from libs.contracts.people import Author
from libs.contracts.timing import TurnTimed
from libs.telemetry import clock
from libs.worker.runtime import running
from tests.orchestrator.stand import Stand
from tests.worker.test_runtime import until


@pytest.fixture
def floor_rules() -> dict[str, Any]:
    return {}


@pytest.fixture
def stand_settings(tmp_path: Path, floor_rules: dict[str, Any]) -> dict[str, Any]:
    rules: dict[str, Any] = {
        "names": ["kitsu"],
        "window_seconds": 0.15,
        "alerts": {"window_seconds": 0.3},
        "host": {"grace_seconds": 0.2},
        **floor_rules,
    }
    file = tmp_path / "floor.yaml"
    file.write_text(yaml.safe_dump(rules), "utf-8")
    return {"floor_file": str(file), "turn_thinking_seconds": 20}


def said(text: str, name: str = "ann", **fields: Any) -> ChatMessageReceived:
    author = Author(viewer_id=f"test:{name}", name=name)
    given = {"message_id": f"m-{name}-{text}", "platform": "test", **fields}
    return ChatMessageReceived(author=author, text=text, **given)


def alert(kind: AlertKind, name: str = "ann", count: int = 1, **fields: Any) -> ChatAlerted:
    author = Author(viewer_id=f"test:{name}", name=name)
    alert_id = f"{kind.value}-{name}"
    return ChatAlerted(
        alert_id=alert_id, platform="test", kind=kind, author=author, count=count, **fields
    )


async def busy(show: Stand) -> TurnCommitted:
    """She is answering somebody."""
    await show.bus.publish(said("kitsu tell us a story", "first"))
    return await show.committed("kitsu tell us a story")


async def skipped(show: Stand, text: str) -> InputSkipped:
    return await show.next(InputSkipped, lambda event: event.text == text)


async def end(show: Stand, turn: TurnCommitted) -> None:
    """The turn ends without a sound."""
    event = ReplyFinished.caused_by(turn, sentences=0, text="", engine="test", outcome="blocked")
    await show.bus.publish(event)


# What there is to see ----------------------------------------------------------------------------


async def test_the_floor_shows_who_waits_and_who_does_not_and_why(show: Stand) -> None:
    await busy(show)
    await show.bus.publish(said("kitsu do you like tea?", "bob"))
    await show.bus.publish(said("see www.spam.example.com", "bot"))
    await skipped(show, "see www.spam.example.com")
    found = await show.get("/floor")
    (waiting,) = found["waiting"]
    assert (waiting["author"], waiting["source"]) == ("bob", "chat")
    assert {"part": "mention", "points": 3.0} in waiting["parts"]
    assert waiting["score"] == sum(part["points"] for part in waiting["parts"])
    (gone,) = found["recent"]
    assert (gone["author"], gone["reason"], gone["detail"]) == ("bot", "spam", "link")
    assert found["counts"] == {"spam": 1}
    assert (await show.get("/floor?reason=duplicate"))["recent"] == []
    status = (await show.get("/status"))["floor"]
    assert status == {"quiet_until": None, "waiting": 1, "muted": 0, "counts": {"spam": 1}}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/floor/quiet", {"minutes": -1}, 422),
        ("POST", "/floor/quiet", {"minutes": 1e9}, 422),
        ("POST", "/floor/quiet", {"minutes": "soon"}, 422),
        ("POST", "/floor/quiet", {}, 422),
        ("POST", "/floor/mute", {}, 404),
        ("POST", "/floor/mute", {"name": "\u202enobody"}, 404),
        ("POST", "/floor/mute", {"viewer_id": "x" * 200}, 422),
        ("GET", "/floor?reason=because", None, 422),
        ("GET", "/floor?limit=-1", None, 422),
    ],
)
async def test_a_bad_request_is_a_problem_document(
    show: Stand, method: str, path: str, body: Any, status: int
) -> None:
    answer = await show.request(method, path, body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


# Orders of moderators ----------------------------------------------------------------------------


async def test_quiet_holds_over_a_restart_and_ends(stand: Stand) -> None:
    async with running(stand.worker, stand.worker.bus):
        await busy(stand)
        await stand.bus.publish(said("waiting line", "bob"))
        await until(lambda: stand.worker.conversation.waiting)
        until_at = (await stand.post("/floor/quiet", {"minutes": 10}))["quiet_until"]
        assert until_at == pytest.approx(clock.now() + 600, abs=10)
        assert (await skipped(stand, "waiting line")).reason == "quiet"
    fresh = stand.fresh()
    async with running(fresh, fresh.bus):
        assert fresh.floor.quiet_until == until_at
        await stand.bus.publish(said("kitsu are you there?", "cid"))
        assert (await skipped(stand, "kitsu are you there?")).reason == "quiet"
        assert (await stand.post("/floor/quiet", {"minutes": 0}))["quiet_until"] is None
        await end(stand, await stand.committed("kitsu tell us a story"))
        await stand.bus.publish(said("and now, kitsu?", "cid"))
        await stand.committed("and now, kitsu?")


async def test_a_muted_viewer_is_found_by_name_and_stays_muted_over_a_restart(
    stand: Stand,
) -> None:
    async with running(stand.worker, stand.worker.bus):
        await busy(stand)
        await stand.bus.publish(said("listen to me", "Troll"))
        await until(lambda: stand.worker.conversation.waiting)
        answer = await stand.post("/floor/mute", {"name": "@tROLL"})
        assert answer == {"viewer_id": "test:Troll", "name": "Troll"}
        assert (await skipped(stand, "listen to me")).reason == "blocked"
    fresh = stand.fresh()
    async with running(fresh, fresh.bus):
        found = fresh.floor.find_viewer("@troLL")
        assert found is not None, "who is muted can be let off without a line of theirs"
        assert found.viewer_id == "test:Troll"
        assert fresh.floor.find_viewer("") is None
        await stand.bus.publish(said("listen again", "Troll"))
        assert (await skipped(stand, "listen again")).reason == "blocked"
        (muted,) = (await stand.get("/floor"))["muted"]
        assert (muted["name"], muted["by"]) == ("Troll", "operator")
        answer = await stand.request("DELETE", "/floor/mute/test:Troll")
        assert answer.json()["unmuted"] is True
        assert (await stand.request("DELETE", "/floor/mute/test:Troll")).json()["unmuted"] is False
        assert await fresh.database.run(kept.muted) == []


async def test_who_writes_while_it_is_quiet_can_be_muted_by_name(show: Stand) -> None:
    await show.worker.floor.set_quiet(5, "mod")
    await show.bus.publish(said("listen to me", "Troll"))
    await skipped(show, "listen to me")
    answer = await show.post("/floor/mute", {"name": "troll"})
    assert answer["viewer_id"] == "test:Troll"


async def test_who_is_muted_is_cut_off_in_mid_answer(show: Stand) -> None:
    await show.bus.publish(said("what do you think of this?", "Troll"))
    turn = await show.committed("what do you think of this?")
    await show.post("/floor/mute", {"name": "Troll"})
    cut = await show.next(StopSpeaking, lambda e: e.turn_id == turn.turn_id)
    assert cut.reason == "retracted"


async def test_a_forgotten_viewer_stays_muted_but_without_a_name(show: Stand) -> None:
    await show.worker.floor.mute("test:troll", "Troll", "mod")
    await show.request("DELETE", "/memory/viewers/test:troll")
    (muted,) = (await show.get("/floor"))["muted"]
    assert (muted["viewer_id"], muted["name"]) == ("test:troll", "")
    assert [one.name for one in await show.worker.database.run(kept.muted)] == [""]


# Alerts ------------------------------------------------------------------------------------------


async def test_a_storm_of_gifts_is_one_turn(show: Stand) -> None:
    await show.bus.publish(alert(AlertKind.GIFT, "ann", 20))
    for n in range(7):
        await show.bus.publish(alert(AlertKind.SUBSCRIPTION, f"v{n}"))
    turn = await show.committed("ann gave 20 subscriptions and 7 people subscribed")
    assert (turn.input.source, turn.input.happened) == ("paid", True)
    assert len(await show.all(TurnCommitted)) == 1


async def test_what_a_file_says_to_an_alert_is_said_word_for_word(show: Stand) -> None:
    await show.bus.publish(alert(AlertKind.RAID, "bob", 50, say="Welcome, raiders of bob!"))
    turn = await show.committed("Welcome, raiders of bob!")
    assert (turn.input.source, turn.input.verbatim, turn.input.happened) == ("paid", True, False)
    assert turn.input.override is None  # still gated


async def test_nothing_is_learned_from_what_happened(show: Stand) -> None:
    """Its text has names and words in it that others chose."""
    written = "my cat is called Miso"
    await show.bus.publish(alert(AlertKind.RESUBSCRIPTION, "ann", 5, text=written))
    turn = await show.next(TurnCommitted, lambda event: written in event.input.text)
    await show.play(turn, "Thank you, ann!")
    await show.bus.publish(RememberFact.caused_by(turn, text="ann has a cat called Miso"))
    await show.next(TurnTimed)
    await show.worker.conversation.room.settle()
    assert (await show.get("/memory"))["facts"] == []


async def test_alerts_that_were_gathered_at_a_kill_are_told_after_it_and_once(
    stand: Stand,
) -> None:
    gift = alert(AlertKind.GIFT, "ann", 5)
    async with running(stand.worker, stand.worker.bus):
        await stand.worker.database.run(lambda db: kept.gather(db, gift, clock.now()))
    turns = set()
    for _ in range(2):
        fresh = stand.fresh()
        async with running(fresh, fresh.bus):
            turns.add((await stand.committed("ann gave 5 subscriptions")).turn_id)
            while await fresh.database.run(kept.gathered):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert len(turns) == 1


# The host ----------------------------------------------------------------------------------------


async def test_she_does_not_talk_while_the_host_does(show: Stand) -> None:
    await show.bus.publish(SpeechStarted())
    await until(lambda: show.worker.floor.floor.host.goes_on(clock.now()))
    await show.bus.publish(said("kitsu what about me?", "bob"))
    await until(lambda: show.worker.conversation.waiting)
    await asyncio.sleep(0.3)
    assert await show.all(TurnCommitted) == []
    now = clock.now()
    await show.bus.publish(TranscriptFinalized(text="so, where were we", speech_ended_at=now))
    turn = await show.committed("so, where were we")
    await end(show, turn)
    await show.committed("kitsu what about me?")


async def test_a_cough_of_the_host_holds_chat_only_for_a_moment(show: Stand) -> None:
    await show.bus.publish(SpeechStarted())
    await until(lambda: show.worker.floor.floor.host.goes_on(clock.now()))
    await show.bus.publish(said("kitsu what about me?", "bob"))
    await until(lambda: show.worker.conversation.waiting)
    await show.bus.publish(SpeechEnded(duration_seconds=0.2))
    await show.committed("kitsu what about me?")


# Windows and floods ------------------------------------------------------------------------------


@pytest.mark.parametrize("floor_rules", [{"window_seconds": 1.0, "burst_viewers": 2}])
async def test_in_a_burst_the_best_line_of_the_window_is_answered(show: Stand) -> None:
    turn = await busy(show)
    await end(show, turn)
    await until(lambda: show.worker.conversation.active is None)
    for n, text in enumerate(("nice weather today", "that was a jump", "kitsu who are you?")):
        await show.bus.publish(said(text, f"v{n}"))
    answered = await show.next(TurnCommitted, lambda event: event.turn_id != turn.turn_id)
    assert answered.input.text == "kitsu who are you?"


async def test_those_who_ask_the_same_are_in_one_request_and_may_take_it_back(
    show: Stand,
) -> None:
    first = await busy(show)
    lines = [said("what is your favourite tea?", name) for name in ("ann", "bob", "cid")]
    for line in lines:
        await show.bus.publish(line)
    await until(lambda: show.worker.conversation.waiting == 3)
    gone = ChatMessageDeleted(message_id=lines[1].message_id, platform="test")
    await show.bus.publish(gone)
    await until(lambda: show.worker.conversation.waiting == 2)
    await end(show, first)
    turn = await show.committed("what is your favourite tea?")
    assert [asker.name for asker in turn.input.asked_by] == ["cid"]
    told = await show.next(InputSkipped, lambda event: event.author.name == "cid")
    assert (told.reason, told.detail) == ("duplicate", "answered together with ann")
    (row, _) = (await show.get("/telemetry/turns"))["turns"]
    assert row["input"] == "ann (and 1 other) ask: what is your favourite tea?"


async def test_a_flood_shares_transactions_and_every_line_has_one_reason(
    show: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await busy(show)
    transactions, run = 0, show.worker.database.run

    async def counted(work: Any) -> Any:
        nonlocal transactions
        transactions += 1
        return await run(work)

    monkeypatch.setattr(show.worker.database, "run", counted)
    for n in range(600):
        await show.bus.publish(said(f"alpha{n} beta{n} gamma{n} delta{n}", f"v{n}"))
    room = show.worker.conversation.room
    await until(lambda: sum(room.skips.counts.values()) + len(room) == 600)
    await room.catch_up()
    assert transactions < 60
    monkeypatch.undo()

    def states(db: sqlite3.Connection) -> dict[str, int]:
        sql = "SELECT state, count(*) AS n FROM input GROUP BY state"
        return {row["state"]: row["n"] for row in db.execute(sql)}

    assert await run(states) == {"taken": 1, "waiting": 8, "skipped": 592}
    told = await show.all(InputSkipped)
    assert len(told) == len({event.input_id for event in told}) == 592
    rows = [message.row for message in show.worker.feed.latest()]
    flood = [row.text for row in rows if row.kind == "system"]
    assert any("more lines" in text for text in flood)


async def test_a_line_that_is_handed_out_again_while_it_is_written_is_one_line(
    show: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.orchestrator.input_log.WRITE_EVERY_SECONDS", 5.0)
    await busy(show)
    worker = show.worker
    await worker.hear_chat(said("warm the log up", "x"), show.delivery(said("", "x")))
    await worker.conversation.room.settle()
    line = said("once and never again", "bob")
    written = await worker.hear_chat(line, show.delivery(line))
    again = await worker.hear_chat(line, show.delivery(line, deliveries=2))
    assert written is not None
    assert again is not None
    assert [one.candidate.input.text for one in worker.floor.floor.chat_lines].count(
        "once and never again"
    ) == 1
    await worker.conversation.room.catch_up()
    await asyncio.gather(written, again)
    rest = await worker.hear_chat(line, show.delivery(line, deliveries=3))
    assert rest is not None
    await worker.conversation.room.settle()
    await rest
    sql = "SELECT count(*) FROM input WHERE candidate LIKE '%once and never%'"
    count = await worker.database.run(lambda db: db.execute(sql).fetchone()[0])
    assert count == 1


async def test_what_left_before_a_kill_is_told_after_it_under_the_same_id(show: Stand) -> None:
    worker, line = show.worker, said("see www.spam.example.com", "bot")
    written = await worker.hear_chat(line, show.delivery(line))
    assert written is not None
    await written
    first = await skipped(show, line.text)
    assert await worker.hear_chat(line, show.delivery(line, deliveries=2)) is None
    told = await show.all(InputSkipped)
    assert [event.event_id for event in told] == [first.event_id] * 2
    assert {event.reason for event in told} == {"spam"}


async def test_a_line_that_is_answered_at_once_leaves_no_page_that_is_waited_for_in_vain(
    show: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.orchestrator.input_log.WRITE_EVERY_SECONDS", 0.5)
    worker = show.worker
    refused = said("see www.spam.example.com", "bot")
    await worker.hear_chat(refused, show.delivery(refused))  # from now on pages wait
    await worker.conversation.room.settle()
    lines = [said("kitsu are you there?", "ann"), said("what about me then?", "bob")]
    rests = [await worker.hear_chat(line, show.delivery(line)) for line in lines]
    async with asyncio.timeout(3):
        await asyncio.gather(*(rest for rest in rests if rest is not None))
    assert len(rests) == 2


async def test_a_line_that_waited_for_a_turn_is_on_disk_before_it_is_acknowledged(
    show: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when its own turn begins before its page is written, and thinks for long."""
    monkeypatch.setattr("apps.orchestrator.input_log.WRITE_EVERY_SECONDS", 0.5)
    await busy(show)
    worker, line = show.worker, said("kitsu, what do you remember?", "bob")
    refused = said("see www.spam.example.com", "bot")
    await worker.hear_chat(refused, show.delivery(refused))
    await worker.conversation.room.settle()  # from now on pages wait
    conversation, thinks = worker.conversation, asyncio.Event()
    monkeypatch.setattr(worker.memory, "think_of", lambda given: thinks.wait())
    turn, written = conversation.active, await worker.hear_chat(line, show.delivery(line))
    assert turn is not None
    assert written is not None
    turn.end("completed")
    ended = asyncio.create_task(conversation._finish(turn))
    await until(lambda: conversation.active not in (None, turn))
    await written
    sql = "SELECT count(*) FROM input WHERE candidate LIKE '%what do you remember%'"
    assert await worker.database.look(lambda db: db.execute(sql).fetchone()[0]) == 1
    monkeypatch.undo()
    thinks.set()
    ended.cancel()
    await asyncio.gather(ended, return_exceptions=True)


async def test_a_write_that_fails_leaves_its_line_to_be_handed_out_again(
    show: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await busy(show)
    worker, line = show.worker, said("do not lose me", "bob")
    async with worker.conversation.nothing_half_written():
        pass  # what she answers is on disk
    run = worker.database.run

    async def broken(work: Any) -> Any:
        monkeypatch.undo()
        raise sqlite3.DatabaseError("a page is damaged")

    monkeypatch.setattr(worker.database, "run", broken)
    written = await worker.hear_chat(line, show.delivery(line))
    assert written is not None
    with pytest.raises(sqlite3.DatabaseError):
        await written
    again = await worker.hear_chat(line, show.delivery(line, deliveries=2))
    assert again is not None
    await again
    waiting = worker.floor.floor.chat_lines
    assert [one.candidate.input.text for one in waiting] == ["do not lose me"]
    assert worker.database.run == run


async def test_a_line_that_was_on_its_way_for_long_is_not_answered(show: Stand) -> None:
    line = said("kitsu, an old question?", "bob")
    await show.worker.hear_chat(line, show.delivery(line, age_seconds=60.0))
    assert (await skipped(show, line.text)).reason == "too_old"
    assert await show.all(TurnCommitted) == []


# Silence -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "floor_rules", [{"idle": {"after_seconds": 0.3, "times": 1, "prompts": ["sing something"]}}]
)
async def test_a_silence_is_filled_once_until_somebody_is_there(
    show: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = await show.committed("sing something")
    assert turn.input.source == "idle"
    assert (await show.next(IdleReached)).silent_seconds > 0
    await end(show, turn)
    await asyncio.sleep(1.2)
    assert len(await show.all(IdleReached)) == 1
    await show.bus.publish(said("kitsu hello", "bob"))
    await end(show, await show.committed("kitsu hello"))
    await show.next(TurnCommitted, lambda e: e.input.source == "idle" and e.turn_id != turn.turn_id)


@pytest.mark.parametrize("floor_rules", [{"idle": {"after_seconds": 0.2}}])
async def test_a_silence_that_was_ordered_is_not_filled(stand: Stand) -> None:
    async with running(stand.worker, stand.worker.bus):
        await stand.worker.floor.set_quiet(5, "mod")
        await asyncio.sleep(1.2)
        assert await stand.all(IdleReached) == []
