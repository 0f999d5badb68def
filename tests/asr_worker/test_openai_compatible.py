"""The client of OpenAI's transcription API, against a stand-in that behaves and misbehaves."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from apps.asr_worker.engines import openai_compatible
from apps.asr_worker.engines.base import Hints, RecogniserError, RecogniserMissing, SoundRefused
from apps.asr_worker.engines.openai_compatible import OpenAIRecogniser
from apps.asr_worker.inputs.base import RATE_HZ
from libs.testing.stand_ins.transcriptions import TranscriptionsStandIn
from tests.asr_worker.ears_stand import until
from tests.asr_worker.speech import silence

KEY = "sk-very-secret-0123456789"
SOUND = silence(1.5)


@asynccontextmanager
async def asked(server: TranscriptionsStandIn, key: str = "") -> AsyncIterator[OpenAIRecogniser]:
    async with server:
        recogniser = OpenAIRecogniser(server.base_url + "/", key, "whisper-1")
        try:
            yield recogniser
        finally:
            await recogniser.stop()
            await recogniser.stop()


async def test_a_sound_is_understood_with_word_times_and_doubts() -> None:
    server = TranscriptionsStandIn("Hello Kitsu", key=KEY)
    async with asked(server, KEY) as recogniser:
        await recogniser.start()
        transcript = await recogniser.transcribe(SOUND, Hints("pt-BR", ("Kitsu", "ann")), True)
    assert transcript.text == "Hello Kitsu"
    assert transcript.engine == "openai"
    assert [word.text for word in transcript.words] == ["Hello", "Kitsu"]
    assert transcript.words[1].end_seconds == pytest.approx(1.5)
    assert transcript.language == "en"
    assert transcript.mean_log_probability == -0.25
    assert transcript.no_speech_probability == 0.01
    assert transcript.compression_ratio == 1.1
    heard = server.heard[0]
    assert (heard.seconds, heard.rate_hz) == (1.5, RATE_HZ)
    assert heard.fields["model"] == ["whisper-1"]
    assert heard.fields["language"] == ["pt"]
    assert heard.fields["prompt"] == ["Kitsu, ann"]
    assert heard.fields["response_format"] == ["verbose_json"]


@pytest.mark.parametrize(
    ("knows", "word_times", "tries"),
    [
        (("verbose_json", "json", ""), False, 2),
        (("json", ""), True, 3),
        (("",), True, 4),
    ],
)
async def test_a_server_that_knows_less_is_asked_for_less_and_that_is_remembered(
    knows: tuple[str, ...], word_times: bool, tries: int
) -> None:
    server = TranscriptionsStandIn(forms=knows, word_times=word_times)
    async with asked(server) as recogniser:
        assert (await recogniser.transcribe(SOUND, Hints(), True)).text == "Hello Kitsu"
        assert len(server.heard) == tries
        await recogniser.transcribe(SOUND, Hints(), True)
        assert len(server.heard) == tries + 1


async def test_silence_may_have_no_words() -> None:
    async with asked(TranscriptionsStandIn("")) as recogniser:
        assert (await recogniser.transcribe(SOUND, Hints(), True)).text == ""


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("401", "ASR_OPENAI_API_KEY"),
        ("403", "ASR_OPENAI_API_KEY"),
        ("402", "no credit"),
        ("404", "ASR_OPENAI_MODEL"),
        ("429", "asked too much"),
        ("418", "refuses the request"),
        ("500", "out of order"),
        ("503", "out of order"),
        ("reset", "broke"),
        ("half", "broke"),
        ("html", "no transcript"),
        ("garbage", "no transcript"),
        ("deep", "no transcript"),
        ("list", "no transcript"),
        ("no-text", "no transcript"),
        ("endless", "no transcript"),
        ("redirect", "refuses the request"),
    ],
)
async def test_a_bad_answer_is_an_error_with_a_step_and_the_next_pass_works(
    fault: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = TranscriptionsStandIn(key=KEY, faults=[fault])
    with caplog.at_level(logging.DEBUG):
        async with asked(server, KEY) as recogniser:
            with pytest.raises(RecogniserError, match=said) as error:
                await recogniser.transcribe(SOUND, Hints(), True)
            assert (await recogniser.transcribe(SOUND, Hints(), True)).text == "Hello Kitsu"
    assert KEY not in str(error.value)
    assert "it does not work" not in str(error.value)
    assert KEY not in caplog.text


async def test_odd_fields_are_left_out() -> None:
    async with asked(TranscriptionsStandIn(faults=["odd"])) as recogniser:
        transcript = await recogniser.transcribe(SOUND, Hints(), True)
    assert transcript.text == "fine [2J all the same"
    assert [(word.text, word.confidence) for word in transcript.words] == [("fine", 1.0)]
    assert transcript.language is None
    assert transcript.mean_log_probability is None


async def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_compatible, "PASS_SECONDS", 0.2)
    monkeypatch.setattr(openai_compatible, "PASS_TIMES", 0.0)
    async with asked(TranscriptionsStandIn(faults=["stall"])) as recogniser:
        with pytest.raises(RecogniserError, match="takes too long"):
            await recogniser.transcribe(SOUND, Hints(), True)


async def test_a_cancelled_pass_frees_the_next_one() -> None:
    server = TranscriptionsStandIn(faults=["stall"])
    async with asked(server) as recogniser:
        task = asyncio.create_task(recogniser.transcribe(SOUND, Hints(), True))
        await until(lambda: server.heard)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (await recogniser.transcribe(SOUND, Hints(), True)).text == "Hello Kitsu"


async def test_a_server_that_is_not_there_says_what_to_check() -> None:
    recogniser = OpenAIRecogniser("http://127.0.0.1:9/v1", KEY, "")
    with pytest.raises(RecogniserMissing, match=r"127\.0\.0\.1:9 does not answer"):
        await recogniser.start()
    with pytest.raises(RecogniserMissing):
        await recogniser.transcribe(SOUND, Hints(), True)
    await recogniser.stop()


async def test_a_wrong_key_is_told_at_the_start() -> None:
    async with asked(TranscriptionsStandIn(key=KEY), "sk-another-key-000000000000") as recogniser:
        with pytest.raises(RecogniserError, match="ASR_OPENAI_API_KEY"):
            await recogniser.start()


async def test_a_server_that_lists_no_models_will_do() -> None:
    async with asked(TranscriptionsStandIn(lists_models=False)) as recogniser:
        await recogniser.start()


async def test_without_an_address_the_setting_is_named() -> None:
    with pytest.raises(RecogniserMissing, match="ASR_OPENAI_BASE_URL"):
        await OpenAIRecogniser("", "", "").start()


@pytest.mark.parametrize("sound", [b"", b"abc", bytes(2 * RATE_HZ * 601)])
async def test_what_is_no_sound_is_refused_unasked(sound: bytes) -> None:
    server = TranscriptionsStandIn()
    async with asked(server) as recogniser:
        with pytest.raises(SoundRefused):
            await recogniser.transcribe(sound, Hints(), True)
    assert server.heard == []


def test_the_label_shows_no_password() -> None:
    recogniser = OpenAIRecogniser("http://ann:hunter2@127.0.0.1:9/v1", KEY, "base")
    shown: Any = recogniser.capabilities
    assert shown.label == "127.0.0.1:9 (base)"
    assert not shown.local
