import asyncio
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from apps.asr_worker import recognisers
from apps.asr_worker.engines.base import Hints, Recogniser, RecogniserError, SoundRefused
from apps.asr_worker.recogniser_ladder import NO_RECOGNISER, RecogniserLadder
from apps.asr_worker.recognisers import ladder_of, names_of, step_of
from apps.asr_worker.settings import AsrSettings
from libs.contracts.health import ModuleState
from tests.asr_worker.scripted_recogniser import ScriptedRecogniser

SOUND = bytes(320)


async def ladder(*rungs: ScriptedRecogniser, **more: Any) -> RecogniserLadder:
    found = RecogniserLadder(lambda: list(rungs), **more)
    await found.start()
    return found


async def test_the_best_recogniser_listens() -> None:
    best, second = ScriptedRecogniser("best"), ScriptedRecogniser("second")
    stairs = await ladder(best, second)
    transcript = await stairs.transcribe(SOUND, Hints("en", ("Kitsu",)), True)
    assert transcript.engine == "best"
    assert best.passes == [(SOUND, Hints("en", ("Kitsu",)), True)]
    assert stairs.health().state is ModuleState.READY
    assert stairs.health().detail == "the best one"


async def test_one_that_fails_is_left_for_the_next_and_tried_again_later() -> None:
    best, second = ScriptedRecogniser("best"), ScriptedRecogniser("second")
    stairs = await ladder(best, second)
    best.error = RecogniserError("it hung")
    for _ in range(2):
        assert (await stairs.transcribe(SOUND, Hints(), True)).engine == "second"
    assert len(best.passes) == 1
    health = stairs.health()
    assert health.state is ModuleState.DEGRADED
    assert health.detail == "listening with the second one, because best: it hung"
    best.error = None
    await stairs.mend()
    assert (await stairs.transcribe(SOUND, Hints(), True)).engine == "best"
    assert not stairs.broken


async def test_one_that_works_is_not_started_again() -> None:
    best, second = ScriptedRecogniser("best"), ScriptedRecogniser("second")
    second.missing = True
    stairs = await ladder(best, second)
    await stairs.mend()
    assert (best.started, second.started) == (1, 2)


async def test_one_that_cannot_be_started_is_tried_after_longer_and_longer_pauses() -> None:
    best, time = ScriptedRecogniser("best"), 0.0
    best.missing = True
    tried_at = []
    stairs = await ladder(best, now=lambda: time)
    for second in range(1_500):
        time, before = float(second), best.started
        await stairs.mend()
        if best.started > before:
            tried_at.append(second)
    assert tried_at[:6] == [0, 5, 15, 35, 75, 155]
    assert {later - earlier for earlier, later in pairwise(tried_at[7:])} == {300}
    best.missing = False
    time += 300
    await stairs.mend()
    assert stairs.ready
    best.error = RecogniserError("it hung")
    with pytest.raises(RecogniserError):
        await stairs.transcribe(SOUND, Hints(), True)
    await stairs.mend()
    assert stairs.ready


async def test_sound_at_fault_costs_no_recogniser() -> None:
    best = ScriptedRecogniser("best")
    stairs = await ladder(best, ScriptedRecogniser("second"))
    best.error = SoundRefused("too long")
    with pytest.raises(SoundRefused):
        await stairs.transcribe(SOUND, Hints(), True)
    assert not stairs.broken


async def test_without_any_the_state_says_so_and_how_to_get_one() -> None:
    stairs = await ladder(step=lambda: "Get one: kitsu ears install")
    health = stairs.health()
    assert health.state is ModuleState.NOT_CONFIGURED
    assert health.detail == (
        "no recogniser: typed and chat input only. Get one: kitsu ears install"
    )
    assert not stairs.ready
    assert stairs.in_use is None
    assert not stairs.wants_partials
    with pytest.raises(RecogniserError, match=NO_RECOGNISER):
        await stairs.transcribe(SOUND, Hints(), True)


async def test_when_all_fail_each_is_named() -> None:
    best, second = ScriptedRecogniser("best"), ScriptedRecogniser("second")
    best.missing = True
    stairs = await ladder(best, second)
    second.error = RecogniserError("it is tired")
    with pytest.raises(RecogniserError):
        await stairs.transcribe(SOUND, Hints(), True)
    health = stairs.health()
    assert health.state is ModuleState.DEGRADED
    assert health.detail.startswith(f"{NO_RECOGNISER}. best: best is not here: install it; second")


async def test_what_is_installed_later_is_found_without_a_restart() -> None:
    there: list[Recogniser] = []

    def find() -> Sequence[Recogniser]:
        return list(there)

    stairs = RecogniserLadder(find)
    await stairs.start()
    assert stairs.broken
    there.append(ScriptedRecogniser("new"))
    await stairs.mend()
    assert stairs.ready
    await stairs.stop()
    assert not stairs.ready


async def test_a_recogniser_that_does_not_know_the_language_is_asked_last() -> None:
    russian = ScriptedRecogniser("russian", languages=("ru",))
    other = ScriptedRecogniser("other")
    stairs = await ladder(russian, other)
    assert (await stairs.transcribe(SOUND, Hints("ru"), True)).engine == "russian"
    assert (await stairs.transcribe(SOUND, Hints("pt-BR"), True)).engine == "other"
    assert (await stairs.transcribe(SOUND, Hints(), True)).engine == "russian"
    other.error = RecogniserError("no")
    assert (await stairs.transcribe(SOUND, Hints("pt-BR"), True)).engine == "russian"


@pytest.mark.parametrize(
    ("setting", "seconds", "local", "wanted"),
    [
        ("auto", 0.2, True, True),
        ("auto", 0.6, True, False),
        ("auto", None, True, False),
        ("auto", 0.2, False, False),
        ("on", 0.9, False, True),
        ("off", 0.1, True, False),
    ],
)
async def test_words_while_one_speaks_only_where_there_is_time(
    setting: Any, seconds: float | None, local: bool, wanted: bool
) -> None:
    best = ScriptedRecogniser("best", seconds_per_pass=seconds, local=local)
    stairs = await ladder(best, partials=setting)
    assert stairs.wants_partials is wanted


async def test_one_that_is_slower_than_speech_is_told() -> None:
    health = (await ladder(ScriptedRecogniser("best", seconds_per_pass=4.2))).health()
    assert health.state is ModuleState.DEGRADED
    assert "4.2 s for 3 s of speech" in health.detail
    assert "kitsu ears models" in health.detail


async def test_any_language_is_no_language() -> None:
    english = ScriptedRecogniser("english", languages=("en",))
    stairs = await ladder(english, ScriptedRecogniser("other"))
    assert (await stairs.transcribe(SOUND, Hints("auto"), True)).engine == "english"
    assert english.passes[0][1] == Hints("")


class Loading(ScriptedRecogniser):
    """One that loads for ever."""

    cancelled = False

    async def start(self) -> None:
        self.started += 1
        try:
            await asyncio.sleep(3_600)
        finally:
            self.cancelled = True


async def test_stopping_does_not_wait_for_a_model_that_is_loaded() -> None:
    slow, second = Loading("slow"), ScriptedRecogniser("second")
    stairs = RecogniserLadder(lambda: [slow, second])
    starting = asyncio.create_task(stairs.start())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await stairs.stop()
        await starting
    assert slow.cancelled
    assert (slow.stopped, second.started) == (1, 0)


async def test_a_start_that_is_cancelled_is_cancelled() -> None:
    slow = Loading("slow")
    stairs = RecogniserLadder(lambda: [slow])
    starting = asyncio.create_task(stairs.start())
    await asyncio.sleep(0.05)
    assert slow.started
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert slow.cancelled
    assert not stairs.ready


async def test_cancelling_a_pass_breaks_nothing() -> None:
    class Slow(ScriptedRecogniser):
        async def transcribe(self, pcm: bytes, hints: Hints, final: bool) -> Any:
            await asyncio.sleep(60)

    stairs = await ladder(Slow("slow"))
    task = asyncio.create_task(stairs.transcribe(SOUND, Hints(), True))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not stairs.broken


# By the settings ---------------------------------------------------------------------------------


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    there = {"faster_whisper", "onnx_asr"}
    monkeypatch.setattr(recognisers, "_installed", lambda name: name in there)
    return there


def test_auto_takes_what_is_here(tmp_path: Path, packages: set[str]) -> None:
    def names(**settings: Any) -> str:
        return " ".join(names_of(AsrSettings(asr_models_dir=str(tmp_path), **settings)))

    assert names() == ""
    assert names(asr_model="base") == "faster_whisper"
    assert names(asr_openai_base_url="http://127.0.0.1:9/v1") == "openai"
    everything: dict[str, Any] = {"asr_onnx_model": "gigaam-v2-rnnt", "asr_qwen_python": "python"}
    everything |= {"asr_openai_base_url": "http://127.0.0.1:9/v1", "asr_model": "base"}
    assert names(**everything) == "qwen_asr onnx_asr faster_whisper openai"
    assert names(**everything, asr_engine="openai,faster_whisper") == "openai faster_whisper"
    assert names(**everything, asr_engine="off") == ""
    packages.clear()
    assert names(**everything) == "qwen_asr openai"


def test_the_step_is_the_one_that_is_missing(packages: set[str]) -> None:
    assert step_of(AsrSettings()) == "Get a model: kitsu ears get base"
    packages.clear()
    assert step_of(AsrSettings()) == "Get one: kitsu ears install"
    assert "ASR_ENGINE" in step_of(AsrSettings(asr_engine="off"))


async def test_what_is_named_but_not_there_says_what_to_do(tmp_path: Path) -> None:
    wanted = "faster_whisper,onnx_asr,qwen_asr,openai"
    stairs = ladder_of(AsrSettings(asr_models_dir=str(tmp_path), asr_engine=wanted))
    await stairs.start()
    detail = stairs.health().detail
    await stairs.stop()
    for step in ("kitsu ears get base", "ASR_ONNX_MODEL", "ASR_QWEN_PYTHON", "ASR_OPENAI_BASE_URL"):
        assert step in detail
