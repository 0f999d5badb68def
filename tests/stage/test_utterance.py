"""An utterance: its sound whatever the order of its chunks, its words, its one ending."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.stage.sentence import Sentence
from apps.stage.utterance import Utterance, opened_by
from libs.contracts.speaking import (
    AudioChunk,
    MouthCue,
    PlaybackOutcome,
    SentenceSynthesized,
    Viseme,
    WordCue,
)
from tests.stage.scripted_voice import RATE_HZ, ScriptedVoice, tone, word_cues

TEXT = "Hello there, my dear friend."


def an_utterance(voice: ScriptedVoice, events: list, gap_seconds: float = 0.15) -> Utterance:
    utterance = opened_by(events[0][0], 30.0, 0.0, gap_seconds)
    hear(utterance, events)
    return utterance


def hear(utterance: Utterance, events: list) -> None:
    for event, pcm in events:
        if isinstance(event, AudioChunk):
            assert utterance.add(event, pcm)
        elif isinstance(event, SentenceSynthesized):
            assert utterance.close_sentence(event)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_order_and_repetition_of_chunks_gives_the_same_sound_and_words(data) -> None:
    samples = data.draw(st.integers(1, 400))
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    sound = rng.randbytes(samples * 2)
    words = tuple(WordCue(at_seconds=n / 16_000, start=n, length=1) for n in range(0, samples, 7))
    chunks = []
    for _ in range(data.draw(st.integers(1, 3))):  # the sentence, cut anew each time it is sent
        cuts = sorted({0, samples, *data.draw(st.lists(st.integers(0, samples), max_size=12))})
        for begin, end in itertools.pairwise(cuts):
            part = tuple(w for w in words if begin <= round(w.at_seconds * 16_000) < end)
            chunks.append((begin, sound[begin * 2 : end * 2], part))
    chunks = data.draw(st.permutations(chunks))
    sentence = Sentence(0, 16_000)
    for begin, pcm, part in chunks:
        assert sentence.add(begin, pcm, words=part)
    sentence.close("x" * samples, samples, failed=False)
    assert sentence.whole
    assert sentence.read(16_000, 0, samples) == sound
    assert sorted(w.start for w in sentence.words) == [w.start for w in words]


def test_what_lies_behind_a_gap_waits_for_what_is_missing() -> None:
    sentence = Sentence(0, RATE_HZ)
    sound = tone(0.3)
    sentence.add(0, sound[:3_200])
    sentence.add(3_200, sound[6_400:])
    assert sentence.samples == 1_600
    sentence.add(1_600, sound[3_200:6_400])
    assert sentence.read(RATE_HZ, 0, 10_000) == sound


def test_sentences_follow_each_other_with_a_gap_and_words_are_heard_as_they_begin() -> None:
    voice = ScriptedVoice()
    utterance = an_utterance(voice, [*voice.sentence(TEXT), *voice.sentence("Bye now.")])
    gap = round(0.15 * RATE_HZ)
    assert utterance.known_samples == 2 * RATE_HZ + gap
    assert utterance.sound(RATE_HZ, gap) == bytes(2 * gap)
    assert utterance.sound(RATE_HZ - 10, gap + 20)[-20:] == tone(1.0)[:20]
    assert utterance.heard_text(0) == ""
    assert utterance.heard_text(1) == "Hello"
    assert utterance.heard_text(round(0.45 * RATE_HZ)) == "Hello there, my"
    assert utterance.heard_text(RATE_HZ) == TEXT
    assert utterance.heard_text(RATE_HZ + gap + 1) == f"{TEXT} Bye"


def test_no_gap_is_added_behind_the_last_sentence() -> None:
    voice = ScriptedVoice()
    utterance = an_utterance(voice, voice.sentence(TEXT))
    utterance.expected = 1
    assert utterance.whole
    assert utterance.known_samples == RATE_HZ


def test_a_second_sentence_that_comes_first_waits_for_the_first() -> None:
    voice = ScriptedVoice()
    first, second = voice.sentence(TEXT), voice.sentence("Bye now.")
    utterance = an_utterance(voice, second)
    assert not utterance.ready
    hear(utterance, first)
    assert utterance.known_samples == 2 * RATE_HZ + round(0.15 * RATE_HZ)


def test_a_sentence_at_another_rate_is_brought_to_the_rate_of_the_first() -> None:
    voice = ScriptedVoice()
    events = voice.sentence(TEXT)
    voice.rate_hz = 24_000
    utterance = an_utterance(voice, [*events, *voice.sentence("Bye now.", 0.5)], gap_seconds=0)
    assert utterance.known_samples == RATE_HZ + RATE_HZ // 2
    whole = utterance.sound(RATE_HZ, RATE_HZ)
    pieces = b"".join(utterance.sound(RATE_HZ + at, 100) for at in range(0, RATE_HZ // 2, 100))
    assert whole == pieces


def test_a_sentence_without_sound_shows_its_caption_as_long_as_its_words_take() -> None:
    voice = ScriptedVoice()
    utterance = an_utterance(voice, [(voice.without_sound(TEXT), b"")])
    utterance.expected = 1
    assert utterance.whole
    assert utterance.captions_only
    assert utterance.known_seconds == pytest.approx(5 * 0.35)
    assert set(utterance.sound(0, RATE_HZ * 9)) == {0}
    assert utterance.heard_text(round(0.9 * RATE_HZ)).startswith("Hello there,")


def test_a_sentence_that_broke_off_is_filled_up_for_its_missing_words() -> None:
    sentence = Sentence(0, RATE_HZ)
    sentence.add(0, tone(0.4), words=word_cues(TEXT, 1.0)[:2])
    sentence.close(TEXT, 6_400, failed=True)
    assert sentence.whole
    assert not sentence.captions_only
    assert sentence.seconds == pytest.approx(0.4 + 1.2)
    assert [word.start for word in sentence.words] == [0, 6, 13, 16, 21]
    assert sentence.add(6_400, tone(0.2))
    assert sentence.seconds == pytest.approx(0.4 + 1.2)


def test_a_voice_without_word_times_still_tells_what_was_heard() -> None:
    sentence = Sentence(0, RATE_HZ)
    sentence.add(0, tone(1.0))
    sentence.close(TEXT, RATE_HZ, failed=False)
    assert sentence.heard(0.01) == "Hello"
    assert sentence.heard(0.6).startswith("Hello there,")
    assert sentence.heard(1.0) == TEXT


@pytest.mark.parametrize(
    ("offset", "pcm"), [(-1, b"\0\0"), (0, b"\0\0\0"), (10**12, b"\0\0"), (0, bytes(10**8))]
)
def test_a_chunk_that_cannot_be_is_refused(offset: int, pcm: bytes) -> None:
    sentence = Sentence(0, RATE_HZ)
    assert not sentence.add(offset, pcm)
    assert sentence.samples == 0


def test_chunks_that_wait_are_bounded() -> None:
    sentence = Sentence(0, RATE_HZ)
    taken = [sentence.add(10 * n + 5, b"\0\0") for n in range(1_000)]
    assert taken.count(True) == 64


@pytest.mark.parametrize(
    ("index", "rate_hz"), [(-1, RATE_HZ), (10_000, RATE_HZ), (0, 1), (0, 10**9)]
)
def test_a_sentence_that_cannot_be_is_refused(index: int, rate_hz: int) -> None:
    voice = ScriptedVoice()
    event, pcm = voice.sentence(TEXT)[0]
    utterance = opened_by(event, 30.0, 0.0, 0.15)
    strange = event.model_copy(update={"index": index, "sample_rate_hz": rate_hz})
    assert not utterance.add(strange, pcm)
    assert not utterance.ready


@given(st.lists(st.sampled_from(list(PlaybackOutcome)), min_size=1, max_size=6))
def test_the_first_ending_is_the_only_one(outcomes: list[PlaybackOutcome]) -> None:
    voice = ScriptedVoice()
    utterance = an_utterance(voice, voice.sentence(TEXT))
    told = [utterance.end(outcome, str(n), n) for n, outcome in enumerate(outcomes)]
    assert told == [True] + [False] * (len(outcomes) - 1)
    assert utterance.ending is not None
    assert utterance.ending.outcome is outcomes[0]
    assert utterance.ending.reason == "0"


def test_a_cue_that_was_rounded_to_before_its_chunk_is_not_lost_and_none_is_taken_twice() -> None:
    sentence = Sentence(0, 22_050)
    sound = tone(0.2, 22_050)
    sentence.text = "one two"
    cut = 2_205
    early = round(cut / 22_050 - 0.00005, 5)
    words = (WordCue(at_seconds=early, start=4, length=3),)
    mouth = (MouthCue(at_seconds=early, viseme=Viseme.OU),)
    first = (WordCue(at_seconds=0.0, start=0, length=3),)
    sentence.add(0, sound[: cut * 2], words=first)
    sentence.add(cut, sound[cut * 2 :], mouth, words)
    sentence.add(cut - 5, sound[(cut - 5) * 2 :], mouth, words)
    assert [word.start for word in sentence.words] == [0, 4]
    assert len(sentence.mouth) == 1
    assert sentence.heard(0.101) == "one two"


def test_her_pace_in_the_first_sentence_counts_for_the_second_that_is_still_being_made() -> None:
    text = "one two three four five six seven eight nine ten eleven twelve"

    def second_heard(first_seconds: float) -> int:
        voice = ScriptedVoice()
        first, second = voice.sentence(text, first_seconds), voice.sentence(text, 8.0)
        untold = [
            (
                event.model_copy(update={"words": ()}) if isinstance(event, AudioChunk) else event,
                pcm,
            )
            for event, pcm in [*first, *second[:20]]
        ]
        utterance = an_utterance(voice, untold)
        position = round((first_seconds + 0.15 + 1.8) * RATE_HZ)
        return len(utterance.heard_text(position).split()) - len(text.split())

    slow, quick = second_heard(6.0), second_heard(2.2)
    assert 0 < slow < quick < 12
