"""The worker on a bus of its own: which events it answers with, and when it is silent."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from apps.tts_worker.engines.base import EngineDied, SentenceTooLong
from apps.tts_worker.engines.captions import CaptionsEngine
from apps.tts_worker.settings import TtsSettings
from apps.tts_worker.voice_ladder import VoiceLadder
from apps.tts_worker.worker import TtsWorker
from libs.bus.base import Delivery
from libs.bus.memory import MemoryBus, MemoryServer
from libs.contracts.health import ErrorReported, ModuleState
from libs.contracts.safety import GateAction, Verdict
from libs.contracts.speaking import AudioChunk, Mood, SentenceSynthesized, SpeakSentence
from libs.contracts.streams import AUDIO, HEALTH, SENTENCES
from libs.telemetry import clock
from tests.tts_worker.scripted_engine import RATE, WORD_SAMPLES, ScriptedEngine

TEXT = "one two three four five"


def sentence(text: str = TEXT, index: int = 0, **fields: Any) -> SpeakSentence:
    verdict = fields.pop("verdict", Verdict(action=GateAction.ALLOW, text=text))
    return SpeakSentence(
        **{
            "text": text,
            "index": index,
            "verdict": verdict,
            "turn_id": "turn",
            "utterance_id": "utterance",
            "epoch": 3,
            "mood": Mood.HAPPY,
            "policy_seconds": 0.25,
            "first_token_seconds": 0.125,
            "gate_seconds": 0.01,
            "expires_at": clock.now() + 30,
            **fields,
        }
    )


class Booth:
    """A worker with scripted voices, and what it published."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.bus = MemoryBus(MemoryServer(), source="tts_worker@test#0")
        self.voice = ScriptedEngine("best")
        loaded = TtsSettings(**{"kitsu_data_dir": folder, "tts_voice": "clear", **settings})
        self.worker = TtsWorker(loaded, self.bus)
        self.use(self.voice, CaptionsEngine())

    def use(self, *engines: Any) -> None:
        self.worker.ladder = VoiceLadder(engines)

    async def open(self) -> None:
        await self.bus.open()
        await self.worker.start()

    async def close(self) -> None:
        await self.worker.stop()
        await self.worker.cancel_tasks()
        await self.bus.close()

    async def say(self, event: SpeakSentence) -> None:
        await self.worker.speak(event, Delivery(event, SENTENCES))

    async def sent(self) -> list[Delivery]:
        return await self.bus.recent(AUDIO, "main", 500)

    async def chunks(self) -> list[AudioChunk]:
        return [d.event for d in await self.sent() if isinstance(d.event, AudioChunk)]

    async def ends(self) -> list[SentenceSynthesized]:
        return [d.event for d in await self.sent() if isinstance(d.event, SentenceSynthesized)]

    async def complaints(self) -> list[str]:
        found = await self.bus.recent(HEALTH, "main", 100)
        return [d.event.code for d in found if isinstance(d.event, ErrorReported)]

    async def until_chunks(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(await self.chunks()) < count:  # noqa: ASYNC110 - nothing tells us
                await asyncio.sleep(0.005)


@pytest.fixture
async def booth(tmp_path: Path) -> AsyncIterator[Booth]:
    made = Booth(tmp_path)
    await made.open()
    yield made
    await made.close()


async def test_a_sentence_becomes_chunks_and_then_its_end(booth: Booth) -> None:
    event = sentence()
    await booth.say(event)
    sent = await booth.sent()
    assert [type(d.event) for d in sent[:-1]] == [AudioChunk] * (len(sent) - 1)
    end = sent[-1].event
    assert isinstance(end, SentenceSynthesized)
    assert (end.total_samples, end.sample_rate_hz) == (5 * WORD_SAMPLES, RATE)
    assert (end.text, end.engine, end.failed, end.cached) == (TEXT, "best", "", False)
    assert b"".join(d.data for d in sent) == b"\x10\x20" * 5 * WORD_SAMPLES


async def test_chunks_follow_each_other_and_carry_what_the_stage_needs(booth: Booth) -> None:
    event = sentence(index=2)
    await booth.say(event)
    offset = 0
    for delivery in await booth.sent():
        chunk = delivery.event
        assert (chunk.turn_id, chunk.utterance_id, chunk.epoch) == ("turn", "utterance", 3)
        assert chunk.cause_id == event.event_id
        assert chunk.expires_at == pytest.approx(event.expires_at, abs=0.5)
        if isinstance(chunk, AudioChunk):
            assert chunk.offset_samples == offset
            assert (chunk.index, chunk.mood, chunk.sample_rate_hz) == (2, Mood.HAPPY, RATE)
            assert (chunk.policy_seconds, chunk.gate_seconds) == (0.25, 0.01)
            assert chunk.first_token_seconds == 0.125
            offset += len(delivery.data) // 2
    first, *others = await booth.chunks()
    assert (first.text, {chunk.text for chunk in others}) == (TEXT, {""})
    assert first.synthesis_seconds > 0
    assert {chunk.synthesis_seconds for chunk in others} == {0.0}


async def test_the_first_chunk_is_short_and_cues_stand_in_their_chunk(booth: Booth) -> None:
    await booth.say(sentence())
    sent = [d for d in await booth.sent() if isinstance(d.event, AudioChunk)]
    assert len(sent[0].data) // 2 == 0.03 * RATE
    words = []
    for delivery in sent:
        chunk = delivery.event
        assert isinstance(chunk, AudioChunk)
        begin = chunk.offset_samples / RATE
        for cue in (*chunk.words, *chunk.mouth):
            assert begin - 1e-4 <= cue.at_seconds < begin + len(delivery.data) / 2 / RATE
        words += [TEXT[cue.start : cue.start + cue.length] for cue in chunk.words]
    assert words == TEXT.split()


async def test_sentences_of_an_utterance_leave_in_order(booth: Booth) -> None:
    booth.voice.hold()
    early = asyncio.create_task(booth.say(sentence("first one", 0)))
    late = asyncio.create_task(booth.say(sentence("second one", 1)))
    await asyncio.sleep(0.01)
    booth.voice.let_go()
    await asyncio.gather(early, late)
    indexes = [d.event.index for d in await booth.sent()]  # type: ignore[attr-defined]
    assert indexes == sorted(indexes)
    assert [end.text for end in await booth.ends()] == ["first one", "second one"]


async def test_an_interruption_ends_a_sentence_at_once(booth: Booth) -> None:
    booth.voice.hold()
    speaking = asyncio.create_task(booth.say(sentence()))
    await asyncio.sleep(0.01)
    booth.worker.fences.raise_epoch("main", 4)
    await booth.worker.epoch_raised("main", 4)
    await speaking
    booth.voice.let_go()
    await asyncio.sleep(0.01)
    assert await booth.sent() == []
    assert booth.voice.closed == 1


async def test_a_stale_sentence_yields_no_further_chunks(booth: Booth) -> None:
    """Also when nobody tells the worker but the fences."""
    booth.voice.hold(words=3)
    speaking = asyncio.create_task(booth.say(sentence("word " * 60)))
    await booth.until_chunks(3)
    booth.worker.fences.cut_turn("turn")
    count = len(await booth.sent())
    booth.voice.let_go()
    await speaking
    assert len(await booth.sent()) == count
    assert await booth.ends() == []


async def test_a_retracted_turn_stops_and_another_goes_on(booth: Booth) -> None:
    booth.voice.hold()
    cut = asyncio.create_task(booth.say(sentence(turn_id="bad", utterance_id="one")))
    kept = asyncio.create_task(booth.say(sentence(turn_id="good", utterance_id="two")))
    await asyncio.sleep(0.01)
    booth.worker.fences.cut_turn("bad")
    await booth.worker.turn_cut("main", "bad")
    booth.voice.let_go()
    await asyncio.gather(cut, kept)
    assert {d.event.turn_id for d in await booth.sent()} == {"good"}


async def test_panic_silences_what_is_being_said_and_what_comes_after(booth: Booth) -> None:
    booth.voice.hold()
    speaking = asyncio.create_task(booth.say(sentence()))
    await asyncio.sleep(0.01)
    booth.worker.panic.engage("test", "tester")
    await booth.worker.panic_engaged("test")
    booth.voice.let_go()
    await speaking
    await booth.say(sentence(index=1))
    assert await booth.sent() == []


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict(action=GateAction.BLOCK, text=""),
        Verdict(action=GateAction.BLOCK, text=TEXT, overridden_by="operator"),
        Verdict(action=GateAction.ALLOW, text="something else"),
        Verdict(action=GateAction.SOFTEN, text=TEXT + " "),
        Verdict(action=GateAction.ALLOW, text=""),
    ],
)
async def test_a_sentence_without_the_gates_pass_is_refused(booth: Booth, verdict: Verdict) -> None:
    await booth.say(sentence(verdict=verdict))
    assert await booth.chunks() == []
    assert [(end.failed, end.total_samples) for end in await booth.ends()] == [("no_verdict", 0)]
    assert await booth.complaints() == ["no_verdict"]
    assert booth.voice.requests == []


async def test_a_text_that_the_operator_let_pass_is_spoken(booth: Booth) -> None:
    verdict = Verdict(action=GateAction.ALLOW, text=TEXT, overridden_by="operator")
    await booth.say(sentence(verdict=verdict))
    assert (await booth.ends())[0].failed == ""


async def test_while_switched_off_only_the_words_go_on(booth: Booth) -> None:
    booth.worker.enabled = False
    await booth.worker.enabled_changed(False)
    await booth.say(sentence())
    assert await booth.chunks() == []
    assert [(e.failed, e.total_samples, e.text) for e in await booth.ends()] == [("off", 0, TEXT)]


async def test_switching_off_in_mid_sentence_ends_it_with_a_word(booth: Booth) -> None:
    booth.voice.hold()
    speaking = asyncio.create_task(booth.say(sentence()))
    await asyncio.sleep(0.01)
    booth.worker.enabled = False
    await booth.worker.enabled_changed(False)
    await speaking
    assert [end.failed for end in await booth.ends()] == ["off"]


async def test_a_voice_that_dies_is_reported_once_and_captions_take_over(booth: Booth) -> None:
    booth.voice.fails_after = 2
    await booth.say(sentence())
    await booth.say(sentence(index=1))
    assert [end.engine for end in await booth.ends()] == ["captions", "captions"]
    assert [end.failed for end in await booth.ends()] == ["", ""]
    assert await booth.complaints() == ["voice_degraded"]
    health = booth.worker.health()
    assert (health.state, health.engine) == (ModuleState.DEGRADED, "captions")
    assert "it died" in health.detail


async def test_when_nothing_works_the_stage_still_hears_of_the_end(tmp_path: Path) -> None:
    booth = Booth(tmp_path)
    booth.voice.fails_after, booth.voice.error = 1, EngineDied("it died")
    booth.use(booth.voice)
    await booth.open()
    await booth.say(sentence())
    end = (await booth.ends())[0]
    assert (end.failed, end.total_samples) == ("engine_failed", WORD_SAMPLES)
    assert "engine_failed" in await booth.complaints()
    await booth.close()


async def test_a_sentence_that_is_too_long_ends_with_what_was_said(booth: Booth) -> None:
    booth.voice.fails_after, booth.voice.error = 3, SentenceTooLong("too long")
    await booth.say(sentence())
    end = (await booth.ends())[0]
    assert (end.failed, end.total_samples) == ("too_long", 3 * WORD_SAMPLES)
    assert booth.worker.health().state is ModuleState.READY


async def test_a_sentence_without_words_ends_without_sound(booth: Booth) -> None:
    await booth.say(sentence("   "))
    assert [(e.failed, e.total_samples) for e in await booth.ends()] == [("nothing_to_say", 0)]


async def test_the_same_sentence_again_comes_from_the_disk(booth: Booth) -> None:
    await booth.say(sentence())
    while not len(booth.worker.cache):  # noqa: ASYNC110 - kept in the background
        await asyncio.sleep(0.005)
    await booth.say(sentence(utterance_id="again"))
    one, two = await booth.ends()
    assert (one.cached, two.cached, two.engine) == (False, True, "best")
    assert len(booth.voice.requests) == 1
    sent = await booth.sent()
    half = len(sent) // 2
    assert [d.data for d in sent[:half]] == [d.data for d in sent[half:]]
    chunks = await booth.chunks()
    assert [c.words for c in chunks[: half - 1]] == [c.words for c in chunks[half - 1 :]]


async def test_a_sentence_that_was_cut_is_not_kept(booth: Booth) -> None:
    booth.voice.fails_after = 2
    await booth.say(sentence())
    await asyncio.sleep(0.05)
    assert len(booth.worker.cache) == 0


async def test_an_unknown_voice_is_reported_once_and_the_usual_one_speaks(booth: Booth) -> None:
    await booth.say(sentence(voice="nobody"))
    await booth.say(sentence(voice="nobody", index=1))
    assert [end.failed for end in await booth.ends()] == ["", ""]
    assert await booth.complaints() == ["unknown_voice"]


async def test_a_wrong_voice_in_the_settings_is_reported_at_the_start(tmp_path: Path) -> None:
    booth = Booth(tmp_path, tts_voice="en-us+nobody")
    await booth.open()
    assert await booth.complaints() == ["unknown_voice"]
    await booth.close()


async def test_a_long_utterance_is_sent_no_further_ahead_than_it_may_be(tmp_path: Path) -> None:
    booth = Booth(tmp_path, tts_engine="captions")
    booth.use(CaptionsEngine())
    await booth.open()
    text = "word " * 199
    speaking = asyncio.create_task(booth.say(sentence(text)))
    await booth.until_chunks(150)
    await asyncio.sleep(0.3)
    samples = sum(len(d.data) // 2 for d in await booth.sent())
    assert 15 <= samples / 22_050 < 25
    booth.worker.fences.raise_epoch("main", 9)
    await booth.worker.epoch_raised("main", 9)
    await speaking
    assert await booth.ends() == []
    await booth.close()


async def test_the_real_voice_speaks_through_the_worker(tmp_path: Path) -> None:
    bus = MemoryBus(MemoryServer(), source="tts_worker@test#0")
    worker = TtsWorker(TtsSettings(kitsu_data_dir=tmp_path), bus)
    await bus.open()
    await worker.start()
    assert worker.health().state is ModuleState.READY
    assert worker.health().engine == "espeak"
    text = "Hello, my name is Kitsu."
    event = sentence(text)
    await worker.speak(event, Delivery(event, SENTENCES))
    sent = await bus.recent(AUDIO, "main", 100)
    chunks = [d.event for d in sent if isinstance(d.event, AudioChunk)]
    words = [text[c.start : c.start + c.length] for chunk in chunks for c in chunk.words]
    assert words == ["Hello", "my", "name", "is", "Kitsu"]
    assert isinstance(sent[-1].event, SentenceSynthesized)
    assert sent[-1].event.engine == "espeak"
    await worker.stop()
    await worker.cancel_tasks()
    await bus.close()
