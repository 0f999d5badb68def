"""What becomes of a message that is to be said in chat."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from apps.twitch_ingest.engines.base import Capabilities, SendRefused
from apps.twitch_ingest.pacing import MAXIMUM_WAITING
from libs.contracts.chat import ChatMessageSent, SendChatMessage, SendPriority
from libs.contracts.envelope import Event
from libs.contracts.safety import GateAction, TextBlocked, Verdict
from libs.telemetry import clock
from tests.safety.corpus import DISGUISES
from tests.twitch_ingest.conftest import RunningIngest, Start, until
from tests.twitch_ingest.scripted_platform import ScriptedPlatform


def to_send(text: str, **more: Any) -> SendChatMessage:
    verdict = more.pop("verdict", Verdict(action=GateAction.ALLOW, text=text))
    return SendChatMessage(**{"platform": "twitch", "text": text, "verdict": verdict, **more})


async def outcome(running: RunningIngest, event: SendChatMessage) -> tuple[str, str]:
    await running.bus.publish(event)
    for _ in range(1_000):
        for sent in await running.facts(ChatMessageSent):
            if sent.cause_id == event.event_id:
                return sent.outcome, sent.reason
        await asyncio.sleep(0.005)
    raise AssertionError(f"nothing became of {event.text[:40]!r}")


async def test_what_is_said_is_sent_as_a_reply_and_told(ingest: Start) -> None:
    async with ingest() as running:
        assert await outcome(running, to_send("hi Ann", reply_to="m1")) == ("sent", "")
        assert running.platform.sent == [("hi Ann", "m1")]
        answer = await running.request("GET", "/sender")
        assert answer.json()["sender"] == {
            "queued": 0, "sent": 1, "dropped": {}, "per_window": 18,
        }  # fmt: skip
        running.platform.is_moderator = True
        assert running.worker.link_document()["sender"]["per_window"] == 90


async def test_a_long_text_goes_in_pieces_and_ends_once(ingest: Start) -> None:
    text = "many words " * 100
    async with ingest() as running:
        assert await outcome(running, to_send(text, reply_to="m1")) == ("sent", "")
        await asyncio.sleep(0.02)
        assert len(await running.facts(ChatMessageSent)) == 1
    sent = running.platform.sent
    assert len(sent) == 3
    assert [reply for _, reply in sent] == ["m1", "", ""]
    assert " ".join(piece for piece, _ in sent) == text.strip()


async def test_the_gate_is_asked_again_in_this_process(ingest: Start) -> None:
    """Whoever sent it may have been wrong, or no part of Kitsu."""
    bad = to_send("kill yourself")
    soft = to_send("a long text", verdict=Verdict(action=GateAction.SOFTEN, text="a short one"))
    no = to_send("x", verdict=Verdict(action=GateAction.BLOCK, text="", rule="r"))
    async with ingest() as running:
        assert await outcome(running, bad) == ("dropped", "blocked")
        (blocked,) = await running.some(TextBlocked)
        assert await outcome(running, no) == ("dropped", "blocked")
        assert await outcome(running, soft) == ("sent", "")
    assert (blocked.place, blocked.cause_id) == ("chat_out", bad.event_id)
    assert running.platform.sent == [("a short one", "")]


async def test_what_an_operator_answers_for_is_sent_unless_nobody_may(ingest: Start) -> None:
    def overridden(text: str) -> SendChatMessage:
        verdict = Verdict(action=GateAction.ALLOW, text=text, rule="r", overridden_by="op")
        return to_send(text, verdict=verdict)

    async with ingest() as running:
        assert await outcome(running, overridden("what the fuck")) == ("sent", "")
        assert await outcome(running, overridden(DISGUISES["slur stretched"])) == (
            "dropped",
            "blocked",
        )


async def test_nothing_that_is_sent_is_a_command_of_ours(ingest: Start) -> None:
    async with ingest() as running:
        for text in ("!panic", "/ban ann", ".me waves"):
            assert await outcome(running, to_send(text)) == ("sent", "")
    assert [text for text, _ in running.platform.sent] == ["» !panic", "» /ban ann", "» .me waves"]


async def test_the_same_again_is_dropped_and_so_is_what_is_old(ingest: Start) -> None:
    async with ingest() as running:
        assert await outcome(running, to_send("hi")) == ("sent", "")
        assert await outcome(running, to_send("Hi")) == ("dropped", "duplicate")
        old = to_send("late", emitted_at=clock.now() - 21)
        assert await outcome(running, old) == ("dropped", "too_old")
        running.platform.is_moderator = True
        assert await outcome(running, to_send("hi")) == ("sent", "")
        assert running.worker.sender.dropped == {"duplicate": 1, "too_old": 1}


async def test_the_pace_is_kept_and_moderators_are_answered_first(ingest: Start) -> None:
    platform = ScriptedPlatform(
        Capabilities(True, True, True, lines_per_window=3, window_seconds=0.3)
    )
    async with ingest(platform) as running:
        for number in range(4):
            await running.bus.publish(to_send(f"answer {number}"))
        await until(lambda: len(platform.sent) == 2)
        assert running.worker.sender.queued == 2
        control = to_send("done", priority=SendPriority.CONTROL)
        assert await outcome(running, control) == ("sent", "")
        await until(lambda: len(platform.sent) == 5)
    assert [text for text, _ in platform.sent][2] == "done"


async def test_a_refused_line_is_tried_once_more_when_the_platform_says_so(ingest: Start) -> None:
    async with ingest() as running:
        running.platform.answers = [SendRefused("rate", "later", 0.01)]
        assert await outcome(running, to_send("one")) == ("sent", "")
        running.platform.answers = [SendRefused("rate", "later", 0.01)] * 2
        assert await outcome(running, to_send("two")) == ("dropped", "refused")
        running.platform.answers = [SendRefused("banned", "never")]
        assert await outcome(running, to_send("three")) == ("dropped", "refused")
        assert await outcome(running, to_send("four")) == ("sent", "")
    assert [text for text, _ in running.platform.sent] == ["one", "four"]


async def test_a_platform_that_breaks_over_a_line_costs_that_line_and_tells_no_secret(
    ingest: Start, caplog: pytest.LogCaptureFixture
) -> None:
    async with ingest() as running:
        running.platform.answers = [RuntimeError("POST /token?refresh_token=abcdefghijkl")]
        assert await outcome(running, to_send("one")) == ("dropped", "refused")
        assert await outcome(running, to_send("two")) == ("sent", "")
    assert "abcdefghijkl" not in caplog.text


async def test_in_a_panic_the_queue_is_dropped_and_what_is_being_sent_is_broken_off(
    ingest: Start,
) -> None:
    platform = ScriptedPlatform()
    platform.blocks = asyncio.Event()
    async with ingest(platform) as running:
        for number in range(3):
            await running.bus.publish(to_send(f"answer {number}"))
        await until(lambda: running.worker.sender.queued == 3)
        await running.request("POST", "/panic", {"reason": "test"})
        assert running.worker.sender.queued == 0
        platform.blocks.set()
        sent = await running.some(ChatMessageSent, 3)
        assert {(one.outcome, one.reason) for one in sent} == {("dropped", "panic")}
        assert await outcome(running, to_send("in a panic")) == ("dropped", "panic")
        assert platform.sent == []
        await running.request("POST", "/panic/release", {"by": "test"})
        assert await outcome(running, to_send("after it")) == ("sent", "")
        assert len(await running.facts(ChatMessageSent)) == 5


async def test_a_panic_that_comes_while_a_verdict_is_told_keeps_that_line_from_chat(
    ingest: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, softened = asyncio.Event(), Verdict(action=GateAction.SOFTEN, text="darn", rule="mild")
    async with ingest() as running:
        sender = running.worker.sender
        publish = sender._publish

        async def slowly(event: Event) -> None:
            if isinstance(event, TextBlocked):
                await told.wait()
            await publish(event)

        monkeypatch.setattr(sender, "_publish", slowly)
        monkeypatch.setattr(sender, "_gate", SimpleNamespace(check=lambda *_: softened))
        offered = asyncio.create_task(sender.offer(to_send("damn")))
        await asyncio.sleep(0)
        await running.request("POST", "/panic", {})
        told.set()
        await offered
        (sent,) = await running.some(ChatMessageSent)
        assert (sent.outcome, sent.reason) == ("dropped", "panic")
        assert (running.platform.sent, sender.queued) == ([], 0)


async def test_a_silence_that_is_over_at_once_does_not_end_the_sender(ingest: Start) -> None:
    platform = ScriptedPlatform()
    platform.blocks = asyncio.Event()
    async with ingest(platform) as running:
        sender = running.worker.sender
        await running.bus.publish(to_send("one"))
        await until(lambda: sender._sending is not None)
        dropped = sender.silence("panic")
        sender.silence("")
        await sender.tell_dropped(dropped, "panic")
        platform.blocks.set()
        assert await outcome(running, to_send("two")) == ("sent", "")
        assert platform.sent == [("two", "")]


async def test_a_line_that_was_sent_as_panic_came_has_one_end(ingest: Start) -> None:
    """The platform took it already; what is told of it is told once."""
    platform = ScriptedPlatform()
    platform.blocks = asyncio.Event()
    async with ingest(platform) as running:
        sender, event = running.worker.sender, to_send("one")
        await running.bus.publish(event)
        await until(lambda: sender._sending is not None)
        platform.blocks.set()
        while sender._sending is not None and not sender._sending.done():  # noqa: ASYNC110
            await asyncio.sleep(0)
        await sender.tell_dropped(sender.silence("panic"), "panic")
        sender.silence("")
        assert await outcome(running, to_send("two")) == ("sent", "")
        ends = [
            one for one in await running.facts(ChatMessageSent) if one.cause_id == event.event_id
        ]
        assert len(ends) == 1


async def test_what_is_being_sent_is_not_dropped_for_what_comes_after(ingest: Start) -> None:
    platform = ScriptedPlatform()
    platform.blocks = asyncio.Event()
    async with ingest(platform) as running:
        sender, first = running.worker.sender, to_send("first")
        await sender.offer(first)
        await until(lambda: sender._sending is not None)
        for number in range(MAXIMUM_WAITING):
            await sender.offer(to_send(f"answer {number}"))
        platform.blocks.set()
        await until(lambda: sender.sent)
        ends = [
            one for one in await running.facts(ChatMessageSent) if one.cause_id == first.event_id
        ]
        assert [(one.outcome, one.reason) for one in ends] == [("sent", "")]
        assert sender.dropped == {"full": 1}


async def test_switched_off_nothing_is_sent_and_a_panic_outlives_the_switch(ingest: Start) -> None:
    async with ingest() as running:
        worker = running.worker
        worker.enabled = False
        await worker.enabled_changed(False)
        assert await outcome(running, to_send("one")) == ("dropped", "off")
        await running.request("POST", "/panic", {})
        worker.enabled = True
        await worker.enabled_changed(True)
        assert await outcome(running, to_send("two")) == ("dropped", "panic")
        await running.request("POST", "/panic/release", {"by": "test"})
        assert await outcome(running, to_send("three")) == ("sent", "")


async def test_what_is_meant_for_another_platform_is_left_alone(ingest: Start) -> None:
    async with ingest() as running:
        await running.bus.publish(to_send("not for us", platform="youtube"))
        assert await outcome(running, to_send("for us")) == ("sent", "")
        assert len(await running.facts(ChatMessageSent)) == 1


async def test_where_nothing_can_be_sent_the_log_says_what_would_have_been(
    ingest: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kitsu.twitch_ingest")
    deaf = ScriptedPlatform(Capabilities(can_send=False, has_roles=True, has_deletions=True))
    async with ingest(deaf) as running:
        assert await outcome(running, to_send("hello")) == ("dropped", "refused")
        replayed = to_send("to a recording", platform="replay")
        assert await outcome(running, replayed) == ("dropped", "refused")
    assert "twitch would say: hello" in caplog.text
    assert "replay would say: to a recording" in caplog.text


async def test_when_the_worker_stops_what_waits_is_told_as_dropped(ingest: Start) -> None:
    platform = ScriptedPlatform()
    platform.blocks = asyncio.Event()
    async with ingest(platform) as running:
        await running.bus.publish(to_send("hello"))
        await until(lambda: running.worker.sender.queued == 1)
        await running.worker.stop()
        (told,) = await running.facts(ChatMessageSent)
        assert (told.outcome, told.reason) == ("dropped", "off")
