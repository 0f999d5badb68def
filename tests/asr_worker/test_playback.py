"""Her playback rebuilt from events, compared with what was really played."""

import numpy as np
import pytest

from apps.asr_worker.playback import MAXIMUM_LINES, Playback
from libs.contracts.interruption import HoldSpeaking, SpeechHold, StopSpeaking
from libs.contracts.speaking import (
    AudioChunk,
    PlaybackFinished,
    PlaybackOutcome,
    PlaybackProgressed,
    SentenceSynthesized,
)
from libs.speech.bands import RATE_HZ, Floats
from tests.asr_worker.her_playback import HerPlayback

BEGAN = 1_000.0


def tone(seconds: float, hertz: float) -> Floats:
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (0.3 * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def reply(**fields: object) -> HerPlayback:
    sounds = [tone(1.0, 300), tone(0.7, 500), tone(1.3, 800)]
    return HerPlayback("u1", BEGAN, sounds, ["One.", "Two.", "Three?"], **fields)  # type: ignore[arg-type]


def told(playback: Playback, her: HerPlayback, until: float, since: float = 0.0) -> None:
    for one in her.events():
        if since <= one.at <= until:
            playback.take(one.event, one.pcm)


def likeness(one: Floats, other: Floats) -> float:
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.dot(one, other)) / size if size else 0.0


def reference(playback: Playback, at: float, seconds: float = 0.2) -> Floats:
    found = playback.reference(at, round(seconds * RATE_HZ))
    assert found is not None
    return found


def played(her: HerPlayback, at: float, seconds: float = 0.2) -> Floats:
    start = round((at - her.began) * RATE_HZ)
    return her.whole[start : start + round(seconds * RATE_HZ)]


@pytest.mark.parametrize("position", [0.1, 0.6, 1.3, 2.0, 2.9])
def test_the_reference_is_what_is_played_at_that_moment(position: float) -> None:
    playback, her = Playback(), reply()
    told(playback, her, BEGAN + position)
    assert playback.audible(BEGAN + position)
    assert playback.utterance_id == "u1"
    at = BEGAN + position
    assert likeness(reference(playback, at), played(her, at)) > 0.99
    past = reference(playback, at - 0.05)
    assert likeness(past, played(her, at - 0.05)) > 0.99


def test_before_the_first_and_between_two_sentences_it_is_silent() -> None:
    playback, her = Playback(), reply()
    told(playback, her, BEGAN + 0.5)
    assert not np.any(reference(playback, BEGAN - 0.3))
    assert np.max(np.abs(reference(playback, BEGAN + 1.03, 0.1))) < 0.02


def test_each_word_of_the_stage_sets_it_right_again() -> None:
    playback, her = Playback(), reply()
    told(playback, her, BEGAN + 0.3)
    late = her.progressed(1, 1.4, at=BEGAN + 2.4)  # the output had stalled for a second
    playback.take(late)
    found = reference(playback, BEGAN + 2.4)
    assert likeness(found, played(her, BEGAN + 1.4)) > 0.99


def test_paused_it_stands_still_and_goes_on_with_the_same_sound() -> None:
    playback, her = Playback(), reply()
    told(playback, her, BEGAN + 0.5)
    playback.take(HoldSpeaking(hold=SpeechHold.PAUSED, emitted_at=BEGAN + 0.5))
    assert not np.any(reference(playback, BEGAN + 0.8))
    assert playback.audible(BEGAN + 0.8)
    playback.take(HoldSpeaking(hold=SpeechHold.NONE, emitted_at=BEGAN + 1.5))
    assert likeness(reference(playback, BEGAN + 1.6), played(her, BEGAN + 0.6)) > 0.99


def test_an_order_that_comes_twice_or_from_another_holder_does_not_let_her_go_on() -> None:
    playback, her = Playback(), reply()
    told(playback, her, BEGAN + 0.5)
    lowered = HoldSpeaking(hold=SpeechHold.LOWERED, emitted_at=BEGAN + 0.4)
    playback.take(lowered)
    playback.take(HoldSpeaking(hold=SpeechHold.PAUSED, emitted_at=BEGAN + 0.5))
    playback.take(lowered)
    playback.take(HoldSpeaking(hold=SpeechHold.NONE, by="host_first", emitted_at=BEGAN + 0.55))
    assert not np.any(reference(playback, BEGAN + 0.8))
    playback.take(HoldSpeaking(hold=SpeechHold.NONE, emitted_at=BEGAN + 1.0))
    assert np.any(reference(playback, BEGAN + 1.05))


def test_lowered_as_the_stage_says_it_is_quieter() -> None:
    playback, her = Playback(), reply()
    told(playback, her, BEGAN + 0.5)
    full = float(np.max(reference(playback, BEGAN + 0.55)))
    playback.take(her.progressed(0, 0.5, SpeechHold.LOWERED))
    assert float(np.max(reference(playback, BEGAN + 0.55))) == pytest.approx(full / 4, rel=0.05)


def test_chunks_in_any_order_and_twice_give_the_same_sound() -> None:
    playback, her = Playback(), reply()
    events = her.events()
    chunks = [one for one in events if isinstance(one.event, AudioChunk)]
    for one in [*reversed(chunks), *chunks]:
        playback.take(one.event, one.pcm)
    for one in events:
        if not isinstance(one.event, AudioChunk) and one.at < BEGAN + 1.5:
            playback.take(one.event)
    assert likeness(reference(playback, BEGAN + 1.4), played(her, BEGAN + 1.4)) > 0.99


def test_a_reply_that_is_about_to_begin_is_expected_already() -> None:
    playback, her = Playback(), reply()
    told(playback, her, BEGAN)  # its chunks, not yet the word that it was begun
    assert not playback.audible(BEGAN)
    assert likeness(reference(playback, BEGAN + 0.02), played(her, BEGAN + 0.03)) > 0.9
    assert not np.any(reference(playback, BEGAN + 3.0))


def test_who_joins_in_the_middle_knows_that_she_speaks_and_soon_what() -> None:
    playback, her = Playback(), reply(ahead_seconds=0.1)
    told(playback, her, BEGAN + 1.1, since=BEGAN + 0.8)
    assert playback.audible(BEGAN + 1.1)
    assert playback.reference(BEGAN + 1.1, 512) is None or playback.utterance_id == "u1"
    told(playback, her, BEGAN + 2.3, since=BEGAN + 1.1)
    at = BEGAN + 2.4
    assert float(np.max(np.abs(reference(playback, at)))) > 0.1


def test_half_a_sentence_that_was_never_heard_of_is_not_taken_for_silence() -> None:
    playback, her = Playback(), reply()
    for one in her.events():
        event = one.event
        missed = isinstance(event, AudioChunk) and event.index == 0 and event.offset_samples < 9_000
        if not missed and one.at < BEGAN + 0.6:
            playback.take(event, one.pcm)
    assert playback.reference(BEGAN + 0.6, 512) is None


def test_when_she_has_finished_it_is_over_and_her_last_words_are_known() -> None:
    playback, her = Playback(), reply()
    told(playback, her, BEGAN + 10)
    assert not playback.audible(BEGAN + her.seconds + 0.1)
    assert playback.last is not None
    assert playback.last.completed
    assert playback.last.text == "One. Two. Three?"
    assert playback.last.at == pytest.approx(BEGAN + her.seconds)


def test_a_stop_ends_it_at_once_but_not_a_reply_of_the_new_epoch() -> None:
    playback, her = Playback(), reply()
    told(playback, her, BEGAN + 0.5)
    playback.take(StopSpeaking(epoch=1, emitted_at=BEGAN + 0.5))
    assert playback.audible(BEGAN + 0.5)
    playback.take(StopSpeaking(epoch=2, emitted_at=BEGAN + 0.5))
    assert not playback.audible(BEGAN + 0.5)
    told(playback, her, BEGAN + 1.0, since=BEGAN + 0.5)  # what is still under way changes nothing
    assert not playback.audible(BEGAN + 1.0)


def test_a_stage_that_is_heard_of_no_more_is_not_audible_for_ever() -> None:
    for known in (False, True):
        playback, her = Playback(), reply()
        if known:
            told(playback, her, BEGAN + 2.2)
        playback.take(her.progressed(0, 0.5))
        assert playback.audible(BEGAN + 1.0)
        assert not playback.audible(BEGAN + 8.0)
    playback.take(her.progressed(0, 0.5, SpeechHold.PAUSED, at=BEGAN + 9.0))
    assert playback.audible(BEGAN + 20.0)
    assert not playback.audible(BEGAN + 60.0)


def test_what_she_says_now_can_be_asked_for() -> None:
    playback, her = Playback(), reply()
    told(playback, her, BEGAN + 1.2)
    assert playback.said(BEGAN + 1.2) == ["One.", "Two.", "Three?"]


def test_memory_is_bounded_whatever_comes() -> None:
    playback = Playback()
    second = np.zeros(RATE_HZ, "<i2").tobytes()
    for number in range(50):
        for index in range(5):
            event = AudioChunk(
                utterance_id=f"u{number}", index=index, offset_samples=0, sample_rate_hz=RATE_HZ
            )
            playback.take(event, second)
    assert len(playback._lines) <= MAXIMUM_LINES


def test_what_was_played_is_forgotten() -> None:
    her = HerPlayback("u1", BEGAN, [tone(60, 300)], ["Long."])
    playback = Playback()
    told(playback, her, BEGAN + 50)
    reference(playback, BEGAN + 50)
    kept = sum(len(piece) for piece in playback._lines["u1"].sentences[0]._sound)
    assert kept < 16 * RATE_HZ


@pytest.mark.parametrize(
    ("event", "pcm"),
    [
        (AudioChunk(index=0, offset_samples=0, sample_rate_hz=16_000), b"\0\0"),
        (AudioChunk(utterance_id="u", index=-1, offset_samples=0, sample_rate_hz=16_000), b"\0\0"),
        (AudioChunk(utterance_id="u", index=10**9, offset_samples=0, sample_rate_hz=8_000), b""),
        (AudioChunk(utterance_id="u", index=0, offset_samples=-5, sample_rate_hz=16_000), b"\0\0"),
        (AudioChunk(utterance_id="u", index=0, offset_samples=0, sample_rate_hz=0), b"\0\0"),
        (AudioChunk(utterance_id="u", index=0, offset_samples=0, sample_rate_hz=16_000), b"\0"),
        (AudioChunk(utterance_id="u", index=0, offset_samples=10**12, sample_rate_hz=8_000), b"12"),
        (
            SentenceSynthesized(
                utterance_id="u", index=0, total_samples=-4, sample_rate_hz=0, text="x " * 999,
                engine="", synthesis_seconds=0,
            ),
            b"",
        ),
        (
            PlaybackProgressed(
                utterance_id="u", index=-3, text="", position_seconds=-9, known_seconds=-1
            ),
            b"",
        ),
        (
            PlaybackFinished(
                utterance_id=None, outcome=PlaybackOutcome.FAILED, heard_text="", full_text="",
                position_seconds=0, duration_seconds=0,
            ),
            b"",
        ),
    ],
)  # fmt: skip
def test_events_that_make_no_sense_do_no_harm(event: AudioChunk, pcm: bytes) -> None:
    playback, her = Playback(), reply()
    playback.take(event, pcm)
    told(playback, her, BEGAN + 0.4)
    assert likeness(reference(playback, BEGAN + 0.4), played(her, BEGAN + 0.4)) > 0.99
