import pytest

from apps.tts_worker.engines.base import SpeechRequest
from apps.tts_worker.engines.captions import CaptionsEngine, reading_seconds
from libs.contracts.speaking import Viseme
from tests.tts_worker.heard import hear


async def test_captions_are_silence_as_long_as_the_words_take() -> None:
    text = "This sentence has exactly fifty-six characters in all, yes."
    heard = await hear(CaptionsEngine().synthesize(SpeechRequest(text)))
    assert heard.seconds == pytest.approx(len(text) / 14, abs=0.01)
    assert set(heard.pcm) == {0}
    assert [cue.viseme for cue in heard.mouth] == [Viseme.SIL]


async def test_words_are_marked_when_the_reader_gets_there() -> None:
    text = "one two  one"
    heard = await hear(CaptionsEngine().synthesize(SpeechRequest(text)))
    assert [cue.start for cue in heard.words] == [0, 4, 9]
    assert heard.said(text) == ["one", "two", "one"]


@pytest.mark.parametrize(("text", "seconds"), [("Hi", 0.6), ("a" * 140, 10), ("a " * 70, 139 / 14)])
def test_reading_takes_its_time(text: str, seconds: float) -> None:
    assert reading_seconds(text) == pytest.approx(seconds)


async def test_captions_go_on_at_the_rate_that_was_begun() -> None:
    heard = await hear(CaptionsEngine().synthesize(SpeechRequest("hello", sample_rate_hz=8_000)))
    assert heard.sample_rate_hz == 8_000


@pytest.mark.parametrize("text", ["", "🎉", "...", "<b></b>"])
async def test_nothing_to_read_takes_no_time(text: str) -> None:
    assert (await hear(CaptionsEngine().synthesize(SpeechRequest(text)))).pieces == 0
