"""The ears as a whole, over a memory bus."""

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from libs.bus.memory import MemoryServer
from libs.contracts.control import EngagePanic, HoldToTalk, SetMicrophone, SetModuleEnabled
from libs.contracts.conversation import TurnInput, TurnOpened, TurnSource
from libs.contracts.health import ErrorReported, ModuleState
from libs.contracts.interruption import HoldSpeaking, SpeechHold, StopSpeaking
from libs.contracts.listening import (
    DismissReason,
    InterruptionDecided,
    InterruptionKind,
    ListeningMode,
    MicrophoneState,
    SpeechDismissed,
    SpeechStarted,
    TranscriptFinalized,
    WordsExpected,
)
from libs.contracts.modules import MODULES
from libs.contracts.people import Author
from libs.contracts.speaking import AudioChunk, PlaybackFinished, PlaybackOutcome
from libs.testing.running_show import port_name
from tests.asr_worker.ears_stand import Scripts, running_ears, until
from tests.cli.module_port import module_port


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.asr_worker.worker.RESTART_SECONDS", 0.02)
    monkeypatch.setattr("apps.asr_worker.worker.MEND_SECONDS", 0.02)
    monkeypatch.setattr("apps.asr_worker.worker.REPORT_SECONDS", 0.02)
    monkeypatch.setattr("apps.asr_worker.worker.IDLE_SECONDS", 0.02)
    monkeypatch.setattr("apps.asr_worker.worker.REPEAT_SECONDS", 0.1)
    monkeypatch.setattr("libs.worker.panic_call.PAUSE_SECONDS", 0.01)


async def test_what_is_said_becomes_a_transcript_on_the_bus(tmp_path: Path) -> None:
    scripts = Scripts()
    scripts.ladder.otherwise = "Hello Kitsu, can you hear me?"
    async with running_ears(tmp_path, scripts) as ears:
        await ears.listens()
        ears.say()
        (final,) = await ears.some(TranscriptFinalized)
        (started,) = await ears.facts(SpeechStarted)
    assert final.text == "Hello Kitsu, can you hear me?"
    assert final.cause_id == started.event_id
    assert started.device == "a scripted microphone"
    assert not scripts.sound.is_open
    assert scripts.ladder.stopped == 1


async def test_nothing_is_captured_before_there_is_a_recogniser(tmp_path: Path) -> None:
    scripts = Scripts()
    scripts.ladder.ready = False
    async with running_ears(tmp_path, scripts) as ears:
        report = await ears.reported(lambda r: r.state is MicrophoneState.UNABLE)
        assert "no recogniser: typed and chat input only" in report.problem
        assert ears.worker.health().state is ModuleState.NOT_CONFIGURED
        assert scripts.sound.opened == 0
        await until(lambda: scripts.ladder.mended > 2)
        scripts.ladder.ready = True
        await ears.listens()
        await ears.reported(lambda r: r.state is MicrophoneState.LISTENING)


async def test_a_recogniser_that_cannot_even_start_ends_no_worker(tmp_path: Path) -> None:
    scripts = Scripts()
    scripts.ladder.ready, scripts.ladder.start_error = False, RuntimeError("scripted")
    async with running_ears(tmp_path, scripts) as ears:
        (error,) = await ears.some(ErrorReported)
        assert error.code == "recogniser_failed"
        assert "scripted" not in error.message
        scripts.ladder.ready = True
        await ears.listens()


async def test_an_input_that_fails_is_opened_again(tmp_path: Path) -> None:
    scripts = Scripts()
    scripts.sound.open_error = OSError("scripted")
    async with running_ears(tmp_path, scripts) as ears:
        await ears.listens()
        ears.say()
        await ears.some(TranscriptFinalized)
        assert scripts.sound.opened == 2
        assert (await ears.some(ErrorReported))[0].code == "listening_failed"


async def test_without_its_recogniser_it_captures_no_more_until_there_is_one(
    tmp_path: Path,
) -> None:
    scripts = Scripts()
    async with running_ears(tmp_path, scripts) as ears:
        await ears.listens()
        ears.say(silence=0.0)
        await ears.reported(lambda r: r.voice)
        scripts.ladder.ready = False
        await until(lambda: not scripts.sound.is_open)
        (dismissed,) = await ears.some(SpeechDismissed)
        await ears.reported(lambda r: r.state is MicrophoneState.UNABLE)
        scripts.ladder.ready = True
        await ears.reported(lambda r: r.state is MicrophoneState.LISTENING)
    assert dismissed.reason is DismissReason.FAILED


async def test_a_keyword_guard_that_cannot_start_makes_nobody_deaf(tmp_path: Path) -> None:
    scripts = Scripts()
    scripts.guard.start_error = RuntimeError("scripted")
    async with running_ears(tmp_path, scripts) as ears:
        await ears.listens()
        ears.say()
        await ears.some(TranscriptFinalized)
        assert (await ears.some(ErrorReported))[0].code == "keyword_guard_failed"
        assert scripts.sound.opened == 1


async def test_the_report_tells_how_listening_is_and_the_route_tells_the_same(
    tmp_path: Path,
) -> None:
    async with running_ears(tmp_path) as ears:
        await ears.listens()
        report = await ears.reported(lambda r: r.state is MicrophoneState.LISTENING)
        document = (await ears.get("/listening")).json()
        health = ears.worker.health()
    assert report.device == document["device"] == "a scripted microphone"
    assert report.recogniser == "a script"
    assert (report.level_dbfs, report.source) == (-30.0, "device")
    assert document["state"] == "listening"
    assert health.detail == "listening on a scripted microphone"
    assert health.state is ModuleState.READY


async def test_while_it_listens_it_reports_on_and_on_but_no_more_than_five_times_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.asr_worker.worker.REPORT_SECONDS", 0.2)
    async with running_ears(tmp_path) as ears:
        await ears.listens()
        await ears.reported(lambda r: r.state is MicrophoneState.LISTENING)
        before, began = len(ears.reports), time.monotonic()
        await until(lambda: len(ears.reports) >= before + 5)
        assert time.monotonic() - began > 0.7


async def test_what_is_wrong_with_the_sound_is_told(tmp_path: Path) -> None:
    scripts = Scripts()
    async with running_ears(tmp_path, scripts) as ears:
        await ears.listens()
        scripts.levels.says = "the microphone is silent"
        await ears.reported(lambda r: r.problem == "the microphone is silent")
        assert ears.worker.health().state is ModuleState.DEGRADED
        scripts.sound.present, scripts.sound.problem = False, "it was unplugged: plug it in"
        report = await ears.reported(lambda r: r.state is MicrophoneState.WAITING)
        assert report.problem == "it was unplugged: plug it in"
        assert "plug it in" in ears.worker.health().detail


async def test_a_weaker_voice_model_is_told_of_with_the_step(tmp_path: Path) -> None:
    scripts = Scripts()
    scripts.model.problem = "by loudness only; pip install it"
    async with running_ears(tmp_path, scripts) as ears:
        await ears.listens()
        health = ears.worker.health()
    assert health.state is ModuleState.DEGRADED
    assert "pip install it" in health.detail


async def test_what_could_be_there_besides_is_said_and_is_no_fault(tmp_path: Path) -> None:
    scripts = Scripts()
    scripts.guard.problem = "the keyword guard needs pocketsphinx"
    async with running_ears(tmp_path, scripts, asr_turn_end="smart") as ears:
        await ears.listens()
        health = ears.worker.health()
    assert health.state is ModuleState.READY
    assert "pocketsphinx" in health.detail
    assert "Smart Turn" in health.detail


async def test_the_guard_is_told_what_is_her_own_voice(tmp_path: Path) -> None:
    scripts = Scripts()
    scripts.interruption.hers = lambda window: True
    async with running_ears(tmp_path, scripts) as ears:
        await ears.listens()
        ears.say(1.0, 0.0)
        await until(lambda: len(scripts.guard.own) > 20)
    assert all(scripts.guard.own)


# Mute, key, switch --------------------------------------------------------------------------------


async def test_muted_no_ear_gets_any_sound_and_a_restart_keeps_it(tmp_path: Path) -> None:
    server, first = MemoryServer(), Scripts()
    async with running_ears(tmp_path, first, server) as ears:
        await ears.listens()
        await ears.order(SetMicrophone(muted=True))
        report = await ears.reported(lambda r: r.muted)
        assert report.state is MicrophoneState.MUTED
        assert "muted" in ears.worker.health().detail
        ears.say()
        await until(lambda: first.levels.heard)
        await asyncio.sleep(0.05)
    assert first.guard.heard == first.interruption.windows == 0
    async with running_ears(tmp_path, Scripts(), server) as ears:
        await ears.listens()
        assert (await ears.reported(lambda r: r.state is MicrophoneState.MUTED)).muted
        await ears.order(SetMicrophone(muted=False))
        await ears.reported(lambda r: r.state is MicrophoneState.LISTENING)
        ears.say()
        await ears.some(TranscriptFinalized)
        assert await ears.facts(SpeechStarted)


async def test_what_was_being_said_when_it_was_muted_is_dismissed(tmp_path: Path) -> None:
    async with running_ears(tmp_path) as ears:
        await ears.listens()
        ears.say(silence=0.0)
        await ears.reported(lambda r: r.voice)
        await ears.order(SetMicrophone(muted=True))
        (dismissed,) = await ears.some(SpeechDismissed)
    assert dismissed.reason is DismissReason.MUTED


async def test_the_talk_key_is_told_of_also_when_it_ends_by_itself(tmp_path: Path) -> None:
    scripts = Scripts()
    async with running_ears(tmp_path, scripts) as ears:
        await ears.listens()
        await ears.order(HoldToTalk(held=True))
        await ears.reported(lambda r: r.talking)
        await ears.order(HoldToTalk(held=False))
        await ears.reported(lambda r: not r.talking)
        await ears.order(HoldToTalk(held=True, at_most_seconds=0.1))
        await until(lambda: len(scripts.interruption.told) == 4)
    assert scripts.interruption.told == [
        ("talk_key", True), ("talk_key", False), ("talk_key", True), ("talk_key", False),
    ]  # fmt: skip


async def test_a_mode_is_taken_over_at_once(tmp_path: Path) -> None:
    async with running_ears(tmp_path, asr_mode=ListeningMode.OPEN) as ears:
        await ears.listens()
        await ears.order(SetMicrophone(mode=ListeningMode.PUSH_TO_TALK))
        await ears.reported(lambda r: r.mode is ListeningMode.PUSH_TO_TALK)
        ears.say()
        await asyncio.sleep(0.1)
        assert await ears.facts(SpeechStarted) == []


async def test_switched_off_nothing_is_captured(tmp_path: Path) -> None:
    scripts = Scripts()
    async with running_ears(tmp_path, scripts) as ears:
        await ears.listens()
        ears.say(silence=0.0)
        await ears.reported(lambda r: r.voice)
        await ears.order(SetModuleEnabled(module="asr_worker", enabled=False))
        await ears.reported(lambda r: r.state is MicrophoneState.OFF)
        assert not scripts.sound.is_open
        assert len(await ears.some(SpeechDismissed)) == 1
        await ears.order(SetModuleEnabled(module="asr_worker", enabled=True))
        await ears.reported(lambda r: r.state is MicrophoneState.LISTENING)
        assert scripts.sound.is_open


async def test_found_switched_off_at_the_start_it_never_listens(tmp_path: Path) -> None:
    server, scripts = MemoryServer(), Scripts()
    async with running_ears(tmp_path, scripts, server) as ears:
        await ears.bus.set_latch("main", "enabled:asr_worker", {"enabled": False})
    scripts = Scripts()
    async with running_ears(tmp_path, scripts, server) as ears:
        await ears.reported(lambda r: r.state is MicrophoneState.OFF)
    assert scripts.sound.opened == 0


# What others say ----------------------------------------------------------------------------------


async def test_expected_words_are_hints_for_the_recogniser(tmp_path: Path) -> None:
    scripts = Scripts()
    async with running_ears(tmp_path, scripts) as ears:
        await ears.listens()
        await ears.order(WordsExpected(her_names=("Kitsu",), words=("Ana",), language="pt"))
        await until(lambda: ears.worker._expected.her_names)
        ears.say()
        await ears.some(TranscriptFinalized)
    assert scripts.ladder.passes[-1].hints.words == ("Kitsu", "Ana")
    assert scripts.ladder.passes[-1].hints.language == "pt"


async def test_by_name_her_answer_to_him_makes_her_listen_for_a_while(tmp_path: Path) -> None:
    scripts = Scripts()
    scripts.ladder.script = ["nice weather", "and you?"]
    author = Author(viewer_id="host", name="Host")
    asked = TurnInput(source=TurnSource.VOICE, author=author, text="hi", arrived_at=0.0)
    async with running_ears(tmp_path, scripts, asr_mode=ListeningMode.WAKE_NAME) as ears:
        await ears.listens()
        ears.say()
        (dismissed,) = await ears.some(SpeechDismissed)
        await ears.order(TurnOpened(turn_id="t1", input=asked))
        await until(lambda: ears.worker._his_turns)
        await ears.order(
            PlaybackFinished(
                turn_id="t1",
                outcome=PlaybackOutcome.COMPLETED,
                heard_text="hello",
                full_text="hello",
                position_seconds=1.0,
                duration_seconds=1.0,
            )
        )
        await until(lambda: scripts.playback.taken)
        ears.say()
        (final,) = await ears.some(TranscriptFinalized)
    assert dismissed.reason is DismissReason.NOT_ADDRESSED
    assert final.text == "and you?"


async def test_all_that_tells_of_her_voice_reaches_the_playback(tmp_path: Path) -> None:
    scripts = Scripts()
    chunk = AudioChunk(utterance_id="u", index=0, offset_samples=0, sample_rate_hz=22_050)
    async with running_ears(tmp_path, scripts) as ears:
        await ears.listens()
        await ears.order(chunk, b"\x01\x00")
        await until(lambda: len(scripts.playback.taken) == 1)  # what follows makes it stale
        await ears.order(HoldSpeaking(hold=SpeechHold.LOWERED))
        await ears.order(StopSpeaking(epoch=1))
        await until(lambda: len(scripts.playback.taken) == 3)
    assert {type(event) for event, _ in scripts.playback.taken} == {
        AudioChunk, HoldSpeaking, StopSpeaking,
    }  # fmt: skip
    assert [data for event, data in scripts.playback.taken if data] == [b"\x01\x00"]


async def test_muted_ears_do_not_read_her_sound_and_catch_up_when_they_are_open_again(
    tmp_path: Path,
) -> None:
    scripts = Scripts()

    def chunk(number: int) -> AudioChunk:
        return AudioChunk(
            utterance_id="u", index=0, offset_samples=number * 100, sample_rate_hz=16_000
        )

    def offsets() -> list[int]:
        taken = [event for event, _ in scripts.playback.taken if isinstance(event, AudioChunk)]
        return [event.offset_samples // 100 for event in taken]

    async with running_ears(tmp_path, scripts) as ears:
        await ears.listens()
        await ears.order(chunk(0), bytes(200))
        await until(lambda: offsets() == [0])
        await ears.order(SetMicrophone(muted=True))
        await until(lambda: ears.worker.microphone.muted)
        await ears.order(chunk(1), bytes(200))
        await ears.order(chunk(2), bytes(200))
        await asyncio.sleep(0.3)
        assert offsets() == [0]
        await ears.order(SetMicrophone(muted=False))
        await until(lambda: offsets() == [0, 1, 2])
        await ears.order(chunk(3), bytes(200))
        await until(lambda: offsets() == [0, 1, 2, 3])


async def test_without_a_recogniser_her_sound_is_not_read(tmp_path: Path) -> None:
    scripts = Scripts()
    scripts.ladder.ready = False
    chunk = AudioChunk(utterance_id="u", index=0, offset_samples=0, sample_rate_hz=16_000)
    async with running_ears(tmp_path, scripts) as ears:
        await ears.order(chunk, b"\x01\x00")
        await asyncio.sleep(0.3)
        assert scripts.playback.taken == []
        scripts.ladder.ready = True
        await until(lambda: scripts.playback.taken)


# Fixed orders -------------------------------------------------------------------------------------


async def test_stop_talking_cuts_her_off_and_is_no_turn(tmp_path: Path) -> None:
    scripts = Scripts()
    scripts.ladder.otherwise = "Stop talking!"
    scripts.playback.utterance_id, scripts.playback.epoch = "u7", 3
    async with running_ears(tmp_path, scripts) as ears:
        await ears.listens()
        ears.say(silence=0.0)
        await ears.reported(lambda r: r.voice)
        await asyncio.to_thread(ears.worker.order_heard, "stop", "stop talking")
        (decided,) = await ears.some(InterruptionDecided)
        ears.hear(bytes(64_000))
        (dismissed,) = await ears.some(SpeechDismissed)
    assert decided.kind is InterruptionKind.KEYWORD
    assert (decided.utterance_id, decided.epoch, decided.text) == ("u7", 3, "stop talking")
    assert dismissed.reason is DismissReason.KEYWORD


async def test_what_interruption_decides_about_an_order_is_not_decided_twice(
    tmp_path: Path,
) -> None:
    scripts = Scripts()
    scripts.interruption.decides_keywords = True
    async with running_ears(tmp_path, scripts) as ears:
        await ears.listens()
        ears.worker.order_heard("stop", "stop talking")
        await ears.some(InterruptionDecided)
        await asyncio.sleep(0.05)
        (decided,) = await ears.facts(InterruptionDecided)
    assert decided.text == "decided"


async def test_panic_by_voice_reaches_every_module_by_both_routes(tmp_path: Path) -> None:
    outputs = [module.id for module in MODULES if module.output]
    script = {"POST /panic": (200, {})}
    with ExitStack() as stack:
        ports = {m: stack.enter_context(module_port(script)) for m in outputs}
        numbers = {port_name(m): port.number for m, port in ports.items()}
        async with running_ears(tmp_path, **numbers) as ears:
            await ears.listens()
            ears.worker.order_heard("panic", "kitsu panic")
            ears.worker.order_heard("panic", "kitsu panic")
            (order,) = await ears.some(EngagePanic)
            await until(lambda: all(port.heard for port in ports.values()))
            await until(lambda: ears.worker.panic.engaged)
    assert order.by == "the host's voice"
    assert order.reason == "heard: kitsu panic"
    assert ears.worker.counters["heard_panic"] == 2
    for port in ports.values():
        assert len(port.heard) == 1
