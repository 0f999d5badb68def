from contextlib import aclosing

import pytest

from apps.tts_worker.engines.base import (
    EngineError,
    SentenceTooLong,
    SpeechRequest,
)
from apps.tts_worker.engines.captions import CaptionsEngine
from apps.tts_worker.engines.espeak import EspeakEngine
from apps.tts_worker.settings import TtsSettings
from apps.tts_worker.voice_choice import voices_of
from apps.tts_worker.voice_ladder import VoiceLadder
from libs.contracts.health import ModuleState
from tests.tts_worker.heard import hear
from tests.tts_worker.scripted_engine import RATE, WORD_SAMPLES, ScriptedEngine

TEXT = "one two three four five"


async def ladder_of(*engines: ScriptedEngine | CaptionsEngine | EspeakEngine) -> VoiceLadder:
    ladder = VoiceLadder(engines)
    await ladder.start()
    return ladder


@pytest.mark.parametrize(
    ("setting", "names"),
    [("auto", "espeak captions"), ("espeak", "espeak captions"), ("captions", "captions")],
)
def test_the_settings_choose_the_best_rung(setting: str, names: str) -> None:
    ladder = voices_of(TtsSettings(tts_engine=setting))
    assert [rung.engine.name for rung in ladder._rungs] == names.split()


async def test_the_best_voice_speaks() -> None:
    ladder = await ladder_of(ScriptedEngine("best"), CaptionsEngine())
    heard = await hear(ladder.speak(SpeechRequest(TEXT)))
    assert heard.said(TEXT) == TEXT.split()
    assert ladder.health().state is ModuleState.READY
    assert ladder.health().engine == "best"


async def test_a_voice_that_cannot_start_is_named_with_what_mends_it() -> None:
    best = ScriptedEngine("best")
    best.missing = True
    ladder = await ladder_of(best, CaptionsEngine())
    health = ladder.health()
    assert health.state is ModuleState.DEGRADED
    assert health.engine == "captions"
    assert "captions only" in health.detail
    assert "install it" in health.detail
    assert (await hear(ladder.speak(SpeechRequest(TEXT)))).seconds > 1


async def test_a_mended_voice_is_used_again() -> None:
    best = ScriptedEngine("best")
    best.missing = True
    ladder = await ladder_of(best, CaptionsEngine())
    await ladder.mend()
    assert ladder.broken
    best.missing = False
    await ladder.mend()
    assert ladder.in_use is best
    assert ladder.health().state is ModuleState.READY


async def test_when_a_voice_dies_in_mid_sentence_the_next_one_says_the_rest() -> None:
    best, second = ScriptedEngine("best"), ScriptedEngine("second")
    best.fails_after = 3
    ladder = await ladder_of(best, second)
    heard = await hear(ladder.speak(SpeechRequest(TEXT)))
    assert heard.said(TEXT) == ["one", "two", "three", "three", "four", "five"]
    assert len(heard.pcm) == 6 * WORD_SAMPLES * 2
    assert second.requests[0].sample_rate_hz == RATE
    assert "it died" in ladder.health().detail


async def test_captions_take_the_rest_of_a_sentence() -> None:
    best = ScriptedEngine("best")
    best.fails_after = 3
    ladder = await ladder_of(best, CaptionsEngine())
    heard = await hear(ladder.speak(SpeechRequest(TEXT)))
    assert heard.said(TEXT) == ["one", "two", "three", "three", "four", "five"]
    assert heard.sample_rate_hz == RATE
    assert heard.pcm[-1000:] == bytes(1000)


async def test_a_voice_of_another_rate_is_not_mixed_into_a_sentence() -> None:
    best, other = ScriptedEngine("best"), ScriptedEngine("other", rate=16_000)
    best.fails_after = 1
    ladder = await ladder_of(best, other, CaptionsEngine())
    await hear(ladder.speak(SpeechRequest(TEXT)))
    assert other.requests == []


async def test_a_voice_that_failed_is_not_asked_before_it_is_mended() -> None:
    best = ScriptedEngine("best")
    best.fails_after = 0
    ladder = await ladder_of(best, CaptionsEngine())
    await hear(ladder.speak(SpeechRequest(TEXT)))
    await hear(ladder.speak(SpeechRequest(TEXT)))
    assert len(best.requests) == 1


async def test_a_sentence_at_fault_does_not_cost_the_voice() -> None:
    best = ScriptedEngine("best")
    best.fails_after, best.error = 2, SentenceTooLong("too long")
    ladder = await ladder_of(best, CaptionsEngine())
    with pytest.raises(SentenceTooLong):
        await hear(ladder.speak(SpeechRequest(TEXT)))
    assert not ladder.broken


async def test_without_any_voice_there_is_an_error() -> None:
    best = ScriptedEngine("best")
    best.fails_after = 0
    ladder = await ladder_of(best)
    with pytest.raises(EngineError, match="kitsu restart"):
        await hear(ladder.speak(SpeechRequest(TEXT)))


async def test_closing_the_sentence_closes_the_voice() -> None:
    best = ScriptedEngine("best")
    ladder = await ladder_of(best, CaptionsEngine())
    async with aclosing(ladder.speak(SpeechRequest(TEXT))) as pieces:
        await anext(pieces)
    assert best.closed == 1
    assert not ladder.broken


def test_a_ladder_needs_a_rung() -> None:
    with pytest.raises(ValueError, match="at least one"):
        VoiceLadder([])
