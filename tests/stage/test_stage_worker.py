"""The stage as a worker: over the bus, through its gate, on its own port."""

import asyncio
import contextlib
import json
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from libs.bus.base import Delivery
from libs.bus.memory import MemoryServer
from libs.contracts.control import EngagePanic, ReleasePanic, SetModuleEnabled
from libs.contracts.conversation import ReplyAbandoned
from libs.contracts.interruption import HoldSpeaking, SpeechHold, StopSpeaking
from libs.contracts.speaking import (
    Mood,
    PlaybackFinished,
    PlaybackOutcome,
    PlaybackProgressed,
    PlaybackStarted,
)
from libs.contracts.stage import SetExpression, ShowCaption
from tests.stage.conftest import RunningStage, a_stage, until
from tests.stage.scripted_voice import ScriptedVoice


class TalkingPage:
    """A page as far as the protocol goes: says what a test wants, keeps what it is told."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.told: list[dict[str, object]] = []
        self.sound: list[bytes] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for item in self.socket:
                if isinstance(item, bytes):
                    self.sound.append(item)
                else:
                    self.told.append(json.loads(item))

    def kinds(self) -> set[object]:
        return {message["type"] for message in self.told}

    async def say(self, kind: str, **fields: object) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def close(self) -> None:
        await self.socket.close()
        await self._reading


async def a_page(stage: RunningStage, mute: bool = False) -> TalkingPage:
    socket = await connect(f"ws://127.0.0.1:{stage.port}/overlay/stream?key={stage.key}")
    page = TalkingPage(socket)
    await page.say("hello", mute=mute, audio="running")
    return page


async def test_an_utterance_goes_over_the_bus_and_comes_back_as_facts(
    stage: RunningStage,
) -> None:
    voice = ScriptedVoice()
    await stage.say_all(voice, "Hello there.", 0.4)
    await until(lambda: stage.of(PlaybackFinished))
    [started], [end] = stage.of(PlaybackStarted), stage.of(PlaybackFinished)
    assert (started.utterance_id, started.turn_id) == (end.utterance_id, end.turn_id)
    assert started.output == "silent"
    assert started.synthesis_seconds == 0.01
    assert end.outcome is PlaybackOutcome.COMPLETED
    assert end.source.startswith("stage@")
    assert stage.of(PlaybackProgressed)


async def test_a_raised_epoch_stops_the_old_and_lets_the_new_through(stage: RunningStage) -> None:
    old, new = ScriptedVoice(), ScriptedVoice(epoch=1)
    await stage.say_all(old, "An old story.", 20.0, chunk_seconds=1.0)
    await until(lambda: stage.of(PlaybackStarted))
    await stage.stop_speaking(epoch=1)
    await stage.say_all(old, "More of the old story.", 1.0)
    await stage.say_all(new, "News.", 0.3)
    await until(lambda: len(stage.of(PlaybackFinished)) == 2)
    first, second = stage.of(PlaybackFinished)
    assert (first.utterance_id, first.outcome) == (old.utterance_id, PlaybackOutcome.INTERRUPTED)
    assert (second.utterance_id, second.outcome) == (new.utterance_id, PlaybackOutcome.COMPLETED)


@pytest.mark.parametrize(("ordered", "told"), [("skipped", "skipped"), ("", "retracted")])
async def test_a_cut_turn_ends_for_the_reason_it_was_cut_and_others_go_on(
    stage: RunningStage, ordered: str, told: str
) -> None:
    bad, good = ScriptedVoice(turn_id="bad"), ScriptedVoice(turn_id="good")
    await stage.say_all(bad, "Not for you.", 20.0, chunk_seconds=1.0)
    await stage.say_all(good, "For you.", 0.3)
    await until(lambda: stage.of(PlaybackStarted))
    await stage.bus.publish(StopSpeaking(turn_id="bad", reason=ordered))
    await until(lambda: len(stage.of(PlaybackFinished)) == 2)
    outcomes = {end.turn_id: (end.outcome, end.reason) for end in stage.of(PlaybackFinished)}
    assert outcomes["bad"] == (PlaybackOutcome.INTERRUPTED, told)
    assert outcomes["good"] == (PlaybackOutcome.COMPLETED, "")


async def test_panic_ends_all_and_nothing_passes_until_it_is_released(
    stage: RunningStage,
) -> None:
    await stage.say_all(ScriptedVoice(), "A long story.", 20.0, chunk_seconds=1.0)
    await stage.say_all(ScriptedVoice(), "A waiting story.", 1.0)
    await until(lambda: stage.of(PlaybackStarted))
    await stage.bus.publish(EngagePanic(reason="test", ordinal=10**15))
    await until(lambda: len(stage.of(PlaybackFinished)) == 2)
    assert {end.reason for end in stage.of(PlaybackFinished)} == {"panic"}
    during = ScriptedVoice(epoch=3)
    await stage.say_all(during, "In the panic.", 0.2)
    await until(lambda: len(stage.of(PlaybackFinished)) == 3)
    assert stage.of(PlaybackFinished)[2].reason == "panic"
    await stage.bus.publish(ReleasePanic(ordinal=10**15 + 1, epoch=9))
    await stage.say_all(ScriptedVoice(epoch=9), "After the panic.", 0.2)
    await until(lambda: len(stage.of(PlaybackFinished)) == 4)
    assert len(stage.of(PlaybackStarted)) == 2
    assert stage.of(PlaybackFinished)[3].outcome is PlaybackOutcome.COMPLETED


async def test_a_hold_over_the_bus_pauses_her_and_its_end_lets_her_go_on(
    stage: RunningStage,
) -> None:
    await stage.say_all(ScriptedVoice(), "A short story.", 0.6)
    await until(lambda: stage.of(PlaybackStarted))
    await stage.bus.publish(HoldSpeaking(hold=SpeechHold.PAUSED, at_most_seconds=20))
    await until(lambda: any(e.hold is SpeechHold.PAUSED for e in stage.of(PlaybackProgressed)))
    stood = (await stage.now())["speaking"]["position_seconds"]
    await asyncio.sleep(0.8)
    now = await stage.now()
    assert now["hold"] == "paused"
    assert now["speaking"]["position_seconds"] == stood < 0.6
    late = await a_page(stage)
    await until(lambda: {"type": "hold", "hold": "paused"} in late.told)
    await stage.bus.publish(HoldSpeaking(hold=SpeechHold.NONE))
    await until(lambda: {"type": "hold", "hold": "none"} in late.told)
    await late.close()
    await until(lambda: stage.of(PlaybackFinished))
    assert stage.of(PlaybackFinished)[0].outcome is PlaybackOutcome.COMPLETED


async def test_a_hold_that_is_read_late_lasts_only_for_what_is_left_of_it(
    stage: RunningStage,
) -> None:
    """A stage that starts reads what was ordered a while ago."""
    hold = HoldSpeaking(hold=SpeechHold.PAUSED, at_most_seconds=2)
    await stage.worker.hold_speaking(hold, Delivery(hold, hold.topic, age_seconds=2.5))
    assert (await stage.now())["hold"] == "none"
    await stage.worker.hold_speaking(hold, Delivery(hold, hold.topic, age_seconds=0.5))
    assert (await stage.now())["hold"] == "paused"


async def test_panic_and_a_new_epoch_work_through_a_hold(stage: RunningStage) -> None:
    hold = HoldSpeaking(hold=SpeechHold.PAUSED, at_most_seconds=20)
    await stage.say_all(ScriptedVoice(), "A long story.", 20.0, chunk_seconds=1.0)
    await until(lambda: stage.of(PlaybackStarted))
    await stage.bus.publish(hold)
    await stage.stop_speaking(epoch=1)
    await until(lambda: len(stage.of(PlaybackFinished)) == 1)
    await stage.say_all(ScriptedVoice(epoch=1), "It waits.", 0.5)
    await stage.bus.publish(EngagePanic(reason="test", ordinal=10**15))
    await until(lambda: len(stage.of(PlaybackFinished)) == 2)
    assert [end.reason for end in stage.of(PlaybackFinished)] == ["stopped", "panic"]
    assert len(stage.of(PlaybackStarted)) == 1


async def test_panic_on_its_own_port_needs_no_bus(stage: RunningStage) -> None:
    await stage.say_all(ScriptedVoice(), "A long story.", 20.0, chunk_seconds=1.0)
    await until(lambda: stage.of(PlaybackStarted))
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {stage.operator}"}) as client:
        answer = await client.post(f"{stage.url}/panic", json={"reason": "test"})
    assert answer.json()["engaged"] is True
    assert (await stage.now())["speaking"] is None
    assert (await stage.now())["panic"] is True


async def test_a_stage_that_is_switched_off_says_nothing_and_ends_what_comes(
    stage: RunningStage,
) -> None:
    await stage.bus.publish(SetModuleEnabled(module="stage", enabled=False))
    await until(lambda: not stage.worker.enabled)
    await stage.say_all(ScriptedVoice(), "Hello.", 0.2)
    await until(lambda: stage.of(PlaybackFinished))
    assert stage.of(PlaybackFinished)[0].reason == "off"
    assert not stage.of(PlaybackStarted)


async def test_a_reply_that_is_abandoned_ends_what_was_said_of_it(stage: RunningStage) -> None:
    voice = ScriptedVoice()
    await stage.say(*voice.sentence("A long story.", 20.0, chunk_seconds=1.0))
    await until(lambda: stage.of(PlaybackStarted))
    unheard = ScriptedVoice()
    for utterance_id in (voice.utterance_id, unheard.utterance_id):
        await stage.bus.publish(ReplyAbandoned(utterance_id=utterance_id, reason="cut"))
    await stage.say_all(unheard, "Too late.", 0.2)
    await until(lambda: len(stage.of(PlaybackFinished)) == 2)
    assert {end.reason for end in stage.of(PlaybackFinished)} == {"cut"}
    assert len(stage.of(PlaybackStarted)) == 1


async def test_a_restarted_stage_ends_what_played_and_says_what_waited(tmp_path: Path) -> None:
    server = MemoryServer()
    first, second = ScriptedVoice(), ScriptedVoice()
    async with a_stage(tmp_path, server) as stage:
        await stage.say_all(first, "First of all.", 20.0, chunk_seconds=1.0)
        await stage.say_all(second, "Second.", 0.3)
        await until(lambda: stage.of(PlaybackStarted))
        waiting = [entry["utterance_id"] for entry in (await stage.now())["queue"]]
        assert waiting == [second.utterance_id]
    async with a_stage(tmp_path, server) as again:
        await until(
            lambda: len([e for e in stage.told + again.told if type(e) is PlaybackFinished]) >= 2
        )
        ends = [e for e in stage.told + again.told if type(e) is PlaybackFinished]
        assert [(e.utterance_id, e.reason) for e in ends] == [
            (first.utterance_id, "stage_stopped"),
            (second.utterance_id, ""),
        ]
        starts = [e.utterance_id for e in stage.told + again.told if type(e) is PlaybackStarted]
        assert starts == [first.utterance_id, second.utterance_id]


# Pages ----------------------------------------------------------------------------------------


async def test_a_page_is_given_captions_cues_and_the_elected_one_sound(
    stage: RunningStage,
) -> None:
    voice_page = await a_page(stage)
    await until(lambda: stage.worker.health().engine == "overlay")
    preview = await a_page(stage, mute=True)
    await until(lambda: "scene" in preview.kinds())
    await stage.say(*ScriptedVoice().sentence("Hello there.", 1.0, mood=Mood.HAPPY))
    await until(lambda: len(voice_page.sound) >= 10)
    await until(lambda: "at" in preview.kinds())
    assert preview.sound == []
    assert {"begin", "sentence", "voice", "scene"} <= voice_page.kinds()
    assert "voice" not in preview.kinds()
    sentences = [m for m in preview.told if m["type"] == "sentence"]
    words = [word for message in sentences for word in message["words"]]
    assert words == [[0, 0, 5], [500, 6, 6]]
    assert sum(len(message["mouth"]) for message in sentences) == 8
    late = await a_page(stage, mute=True)
    await until(lambda: "at" in late.kinds())
    assert [m["words"] for m in late.told if m["type"] == "sentence"] == [words]
    for page in (voice_page, preview, late):
        await page.close()


async def test_nonsense_from_a_page_is_counted_and_changes_nothing(stage: RunningStage) -> None:
    page = await a_page(stage)
    await until(lambda: stage.worker.health().engine == "overlay")
    await stage.say(*ScriptedVoice().sentence("Hello there.", 5.0, chunk_seconds=1.0))
    await until(lambda: page.sound)
    before = stage.worker.counters["page_reports_ignored"]
    await page.socket.send(b"\x00" * 1_000)
    for nonsense in ("", "{", "[]", '{"type":"position","playing":1,"samples":99999999}'):
        await page.socket.send(nonsense)
    await page.say("ended", playing=1, samples=80_000)
    await page.say("panic")
    await until(lambda: stage.worker.counters["page_reports_ignored"] >= before + 6)
    assert (await stage.now())["speaking"]["position_seconds"] == 0
    assert not stage.of(PlaybackFinished)
    await page.close()


async def test_a_page_that_floods_is_let_go_and_others_are_not(stage: RunningStage) -> None:
    quiet, loud = await a_page(stage), await a_page(stage)
    with pytest.raises(ConnectionClosed):  # noqa: PT012 - it may be let go at any of them
        for _ in range(5_000):
            await loud.say("alive")
            await asyncio.sleep(0)
    await loud.close()
    async with asyncio.timeout(10):
        while len((await stage.now())["pages"]) > 1:  # noqa: ASYNC110 - asked over HTTP
            await asyncio.sleep(0.01)
    await quiet.say("alive")
    await quiet.close()


async def test_moods_and_captions_of_others_reach_the_page(stage: RunningStage) -> None:
    page = await a_page(stage)
    await until(lambda: "scene" in page.kinds())
    await stage.bus.publish(SetExpression(mood=Mood.SMUG, hold_seconds=0.2))
    await stage.bus.publish(ShowCaption(text="Back in five", hold_seconds=9e9))
    await until(lambda: "caption" in page.kinds())
    [caption] = [m for m in page.told if m["type"] == "caption"]
    assert caption["text"] == "Back in five"
    assert caption["hold_ms"] == 120_000

    def moods() -> list[object]:
        return [m["mood"] for m in page.told if m["type"] == "scene"]

    await until(lambda: moods() == ["neutral", "smug", "neutral"])
    await page.close()


# The gate -------------------------------------------------------------------------------------


async def test_the_page_is_open_to_all_and_what_is_on_air_is_not(stage: RunningStage) -> None:
    async with httpx.AsyncClient(base_url=stage.url) as client:
        page = await client.get("/")
        assert page.status_code == 200
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert f"connect-src 'self' ws://127.0.0.1:{stage.port} " in policy
        assert "frame-ancestors 'self' http://127.0.0.1:8000" in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "no-referrer"
        for script in ("overlay.js", "overlay.css"):
            assert (await client.get(f"/overlay/{script}")).status_code == 200
        assert (await client.get("/overlay/%2e%2e/worker.py")).status_code == 404
        assert (await client.get("/now")).status_code == 401
        assert (await client.get("/now", params={"key": "guess"})).status_code == 401
        assert (await client.get("/", headers={"host": "evil.example"})).status_code == 403


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {}),
        ("?key=guess", {}),
        ("?key={key}", {"origin": "http://evil.example"}),
        ("?key={key}", {"sec-fetch-site": "cross-site"}),
    ],
)
async def test_no_stranger_gets_at_the_stream(
    stage: RunningStage, query: str, headers: dict[str, str]
) -> None:
    address = f"ws://127.0.0.1:{stage.port}/overlay/stream{query.format(key=stage.key)}"
    with pytest.raises(InvalidStatus):
        await connect(address, additional_headers=headers)
