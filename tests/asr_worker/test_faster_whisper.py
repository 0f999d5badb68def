"""The real faster-whisper in its host, with a Whisper that was written by code: what it hears."""

import asyncio
from itertools import pairwise

import pytest

from apps.asr_worker.engines.base import Hints, SoundRefused
from apps.asr_worker.engines.hosted import HostedRecogniser
from tests.asr_worker.speech import noise, silence

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = "Hello Kitsu, can you hear me?"


async def test_it_understands_speech(whisper: HostedRecogniser, speech: bytes) -> None:
    transcript = await whisper.transcribe(speech, Hints(), True)
    assert transcript.text == TEXT
    assert transcript.language == "en"
    assert transcript.confidence is not None
    assert transcript.confidence > 0.9
    assert transcript.no_speech_probability == pytest.approx(0, abs=1e-6)


async def test_words_have_their_times(whisper: HostedRecogniser, speech: bytes) -> None:
    words = (await whisper.transcribe(speech, Hints(), True)).words
    assert [word.text for word in words] == TEXT.split()
    for word, following in pairwise(words):
        assert 0 <= word.start_seconds < word.end_seconds <= following.start_seconds + 0.01
    assert 1.5 < words[-1].end_seconds < 2.5


async def test_it_says_what_it_can(whisper: HostedRecogniser) -> None:
    can = whisper.capabilities
    assert can.label == "Whisper tiny (processor, int8)"
    assert can.word_times
    assert can.hot_words
    assert can.local
    assert can.languages == ()
    assert can.seconds_per_pass is not None
    assert 0 < can.seconds_per_pass < 10


async def test_words_that_may_come_up_are_taken(whisper: HostedRecogniser, speech: bytes) -> None:
    names = ("Kitsu", "näme_with\x00odd\u202esigns", *(f"viewer{n}" for n in range(300)))
    for final in (True, False):
        assert (await whisper.transcribe(speech, Hints("en", names), final)).text == TEXT


async def test_any_language_may_be_asked_for(whisper: HostedRecogniser, speech: bytes) -> None:
    for language in ("", "auto", "pt", "pt-BR", "ru", "tlh", "x" * 500, "\x00"):
        transcript = await whisper.transcribe(speech, Hints(language), True)
        assert transcript.text == TEXT
        assert transcript.language == {"pt": "pt", "pt-BR": "pt", "ru": "ru"}.get(language, "en")


async def test_silence_and_noise_are_no_words(whisper: HostedRecogniser) -> None:
    for sound in (silence(), silence(0.05), noise(), noise(0.5, 0.3), b"\0\0"):
        for final in (True, False):
            transcript = await whisper.transcribe(sound, Hints(), final)
            assert (transcript.text, transcript.words) == ("", ())


async def test_what_is_no_sound_is_refused(whisper: HostedRecogniser) -> None:
    for sound in (b"", b"\0", b"abc", bytes(2 * 16_000 * 1_201)):
        with pytest.raises(SoundRefused):
            await whisper.transcribe(sound, Hints(), True)


async def test_a_long_sound_is_understood_part_by_part(
    whisper: HostedRecogniser, speech: bytes
) -> None:
    """The model says its text once for each 30 seconds."""
    sound = b"".join([speech, silence(28)] * 2) + speech
    transcript = await whisper.transcribe(sound, Hints(), True)
    assert transcript.text.count("Kitsu") >= 1


async def test_passes_wait_for_each_other(whisper: HostedRecogniser, speech: bytes) -> None:
    passes = [whisper.transcribe(speech, Hints(), n % 2 == 0) for n in range(4)]
    assert [t.text for t in await asyncio.gather(*passes)] == [TEXT] * 4
