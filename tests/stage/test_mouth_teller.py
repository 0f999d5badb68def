"""How the stage tells of the mouth: once, in time, and as loud as it is; in virtual time."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.stage.mouth_teller import AHEAD_SECONDS, MouthTeller
from apps.stage.utterance import Utterance
from libs.contracts.envelope import Event
from libs.contracts.interruption import SpeechHold
from libs.contracts.speaking import LEVELS_HZ, SILENT_DBFS, AudioChunk, MouthChunk, MouthCue
from tests.stage.scripted_voice import RATE_HZ, ScriptedVoice, mouth_cues
from tests.stage.virtual_stage import VirtualStage, closing_journals

#: Of a tone at half loudness, give or take what a window cuts off.
TONE_DBFS = pytest.approx(-9, abs=1)


@pytest.fixture(autouse=True)
def journals_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with closing_journals(monkeypatch):
        yield


@pytest.fixture
def stage(tmp_path: Path) -> VirtualStage:
    told: list[Event] = []
    return VirtualStage(tmp_path / "journal.jsonl", told=told, watcher=MouthTeller(told.append))


def chunks(stage: VirtualStage, index: int = 0) -> list[MouthChunk]:
    return [event for event in stage.of(MouthChunk) if event.index == index]


def levels(stage: VirtualStage, index: int = 0) -> list[int]:
    """All levels of a sentence; there is none twice, and none is missing."""
    found: list[int] = []
    for event in chunks(stage, index):
        assert event.levels_from == len(found)
        found += event.levels
    return found


def cues(stage: VirtualStage, index: int = 0) -> list[MouthCue]:
    return [cue for event in chunks(stage, index) for cue in event.mouth]


def test_each_cue_and_level_is_told_once_however_the_sound_comes(stage: VirtualStage) -> None:
    voice = ScriptedVoice()
    for event in [*voice.sentence("one two", 1.5), voice.finished()]:
        stage.hear(event)
        stage.pass_time(0.05)
    stage.pass_time(2.0)
    assert cues(stage) == list(mouth_cues(1.5))
    assert len(levels(stage)) == 1.5 * LEVELS_HZ
    assert levels(stage)[:-1] == [TONE_DBFS] * 89
    assert [event.whole for event in chunks(stage)] == [False] * (len(chunks(stage)) - 1) + [True]


def test_the_next_sentence_lies_behind_the_first_and_a_pause(stage: VirtualStage) -> None:
    voice = ScriptedVoice()
    stage.hear(*voice.sentence("one", 0.7), *voice.sentence("two", 0.5), voice.finished())
    stage.pass_time(0.1)
    assert chunks(stage, 0)[0].starts_at_seconds == 0
    assert chunks(stage, 1)[0].starts_at_seconds == pytest.approx(0.85)
    assert len(levels(stage, 1)) == 30
    assert chunks(stage, 1)[-1].whole
    envelope = chunks(stage, 1)[0]
    assert (envelope.utterance_id, envelope.turn_id) == (
        voice.utterance_id,
        f"turn-of-{voice.utterance_id}",
    )


def test_what_is_soon_heard_is_told_and_what_is_far_ahead_is_gathered(stage: VirtualStage) -> None:
    voice = ScriptedVoice()
    for event in voice.sentence("a long one", 12.0)[:-1]:
        stage.hear(event)
    assert 1 < len(chunks(stage)) < 15
    while stage.player.position < 6 * RATE_HZ:
        stage.pass_time(0.02)
        told_to = len(levels(stage)) / LEVELS_HZ
        assert told_to >= min(12.0, stage.player.position / RATE_HZ + AHEAD_SECONDS - 0.1)


def test_of_what_is_not_on_air_nothing_is_told(stage: VirtualStage) -> None:
    first, second = ScriptedVoice(), ScriptedVoice()
    stage.hear(*first.sentence("one", 1.0), first.finished())
    stage.hear(*second.sentence("two", 1.0), second.finished())
    stage.pass_time(0.5)
    assert {event.utterance_id for event in stage.of(MouthChunk)} == {first.utterance_id}
    stage.pass_time(1.0)
    assert stage.of(MouthChunk)[-1].utterance_id == second.utterance_id


def test_captions_without_sound_keep_the_mouth_shut(stage: VirtualStage) -> None:
    voice = ScriptedVoice()
    stage.hear(voice.without_sound("five words without any sound"), voice.finished())
    stage.pass_time(0.1)
    assert set(levels(stage)) == {SILENT_DBFS}
    assert len(levels(stage)) == pytest.approx(5 * 0.35 * LEVELS_HZ, abs=1)
    assert cues(stage) == []
    assert chunks(stage)[-1].whole


def test_held_at_its_beginning_it_is_told_all_the_same(stage: VirtualStage) -> None:
    voice = ScriptedVoice()
    stage.hear(*voice.sentence("one two", 1.0), voice.finished())
    stage.player.hold("voice", SpeechHold.PAUSED, 2.0)
    stage.pass_time(3.5)
    assert len(levels(stage)) == LEVELS_HZ


def sentence_of(pcm: bytes, rate_hz: int) -> Utterance:
    utterance = Utterance("u", "main", "t", 1, "c", 0.0, 0.0)
    event = AudioChunk(index=0, offset_samples=0, sample_rate_hz=rate_hz)
    assert utterance.add(event, pcm)
    return utterance


@settings(deadline=None, max_examples=60)
@given(
    rate_hz=st.sampled_from([8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000, 95_999]),
    sizes=st.lists(st.integers(1, 4_000), min_size=1, max_size=12),
    amplitude=st.sampled_from([0, 1, 300, 20_000, 32_767, -32_768]),
)
def test_levels_are_those_of_the_whole_sound_however_it_was_cut(
    rate_hz: int, sizes: list[int], amplitude: int
) -> None:
    told: list[MouthChunk] = []
    teller = MouthTeller(told.append)  # type: ignore[arg-type]
    sound = np.full(sum(sizes), amplitude, "<i2")
    utterance = sentence_of(sound[: sizes[0]].tobytes(), rate_hz)
    teller.began(utterance, 1)
    teller.moved(utterance, 0)
    offset = sizes[0]
    for size in sizes[1:]:
        event = AudioChunk(index=0, offset_samples=offset, sample_rate_hz=rate_hz)
        utterance.add(event, sound[offset : offset + size].tobytes())
        offset += size
        teller.moved(utterance, offset)
    utterance.sentences[0].close("x", offset, False)
    teller.moved(utterance, offset)
    found = [level for event in told for level in event.levels]
    assert len(found) == -(-offset * LEVELS_HZ // rate_hz)
    loud = 20 * np.log10(max(abs(amplitude), 1e-9) / 32_768)
    assert found == [round(max(SILENT_DBFS, min(0.0, loud)))] * len(found)


def test_looking_at_the_sound_takes_a_fraction_of_a_thousandth_of_its_time() -> None:
    rate_hz, seconds = 24_000, 60
    noise = np.random.default_rng(1).integers(-9_000, 9_000, rate_hz * seconds)
    utterance = sentence_of(noise.astype("<i2").tobytes(), rate_hz)
    teller = MouthTeller(lambda event: None)
    teller.began(utterance, 1)
    began = time.process_time()
    for position in range(0, seconds * rate_hz, rate_hz // 10):
        teller.moved(utterance, position)
    spent = time.process_time() - began
    print(f"{spent / seconds * 1e6:.0f} µs for each second of sound")
    assert spent / seconds < 0.002
