import asyncio
import builtins
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apps.asr_worker import keyword_guard
from apps.asr_worker.inputs.base import RATE_HZ, Block
from apps.asr_worker.keyword_guard import MOST_WAITING, KeywordGuard, sphinx
from apps.asr_worker.keyword_list import Keyword, KeywordList, keyword_list
from libs.speech.bands import Floats
from tests.asr_worker.voices import all_spoken, say, sentence

WORDS = {"stop": "S T AA P", "talking": "T AO K IH NG", "panic": "P AE N IH K", "a": "AH",
         "kitsu": "K IH T S UW"}  # fmt: skip
LIST = KeywordList(
    (Keyword("stop talking", "stop", 1e-25), Keyword("kitsu panic", "panic", 1e-28)), ()
)


class ScriptedSpotter:
    """Hears a phrase in each piece whose first sample is its number in `says`, from 1."""

    def __init__(self, says: tuple[str, ...], gate: threading.Event | None = None) -> None:
        self.says, self.gate, self.pieces, self.anew = says, gate, 0, 0

    def hear(self, pcm: bytes) -> str:
        if self.gate is not None:
            self.gate.wait(5)
        self.pieces += 1
        number = int(np.frombuffer(pcm[:2], "<i2")[0])
        if number == 99:
            raise RuntimeError("the decoder is upset")
        return self.says[number - 1] if 0 < number <= len(self.says) else ""

    def begin_anew(self) -> None:
        self.anew += 1


def block(number: int, at: float, seconds: float = 0.1) -> Block:
    samples = np.zeros(round(seconds * RATE_HZ), "<i2")
    samples[0] = number
    return Block(0, samples.tobytes(), at)


class Heard(list[tuple[str, str]]):
    def __call__(self, kind: str, phrase: str) -> None:
        self.append((kind, phrase))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - a thread gets there, not this loop
            await asyncio.sleep(0.005)


async def guard(spotter: ScriptedSpotter, heard: Heard, **more: Any) -> KeywordGuard:
    made = KeywordGuard(heard, ("kitsu panic",), ("stop talking",), spotter=lambda: (spotter, LIST),
                        **more)  # fmt: skip
    await made.start()
    return made


async def test_a_hit_is_told_once_with_its_kind_and_the_decoder_begins_anew() -> None:
    spotter, heard = ScriptedSpotter(("stop talking", "kitsu panic")), Heard()
    ears = await guard(spotter, heard)
    for number, at in ((0, 1.0), (1, 1.1), (1, 1.2), (0, 1.3), (2, 1.4), (1, 9.0)):
        ears.hear(block(number, at))
    await until(lambda: len(heard) == 3)
    await ears.stop()
    assert heard == [("stop", "stop talking"), ("panic", "kitsu panic"), ("stop", "stop talking")]
    assert spotter.anew >= 4
    assert not ears.listening


async def test_her_own_voice_gives_no_orders_but_somebody_over_it_does() -> None:
    spotter, heard = ScriptedSpotter(("stop talking",)), Heard()
    ears = await guard(spotter, heard)
    for number in range(200):
        at = number * 0.032
        ears.own_voice(at < 4.0 or number % 2 == 0, at)
    ears.hear(block(1, 2.0))
    ears.hear(block(1, 6.0))
    await until(lambda: spotter.pieces == 2)
    await until(lambda: len(heard) == 1)
    await ears.stop()
    assert len(heard) == 1


async def test_a_phrase_that_she_is_saying_herself_is_no_order() -> None:
    spotter, heard = ScriptedSpotter(("stop talking", "kitsu panic")), Heard()
    ears = await guard(spotter, heard, said=lambda at: ["I never STOP, talking is fun!"])
    ears.hear(block(1, 1.0))
    ears.hear(block(2, 2.0))
    await until(lambda: len(heard) == 1)
    await ears.stop()
    assert heard == [("panic", "kitsu panic")]


class BrokenSpotter(ScriptedSpotter):
    def hear(self, pcm: bytes) -> str:
        raise ValueError("nothing goes any more")


async def test_a_decoder_that_is_broken_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyword_guard, "REPLACED_AFTER_SECONDS", 0.0)
    made: list[ScriptedSpotter] = []

    def make() -> tuple[ScriptedSpotter, KeywordList]:
        kind = ScriptedSpotter if len(made) == 2 else BrokenSpotter
        made.append(kind(("stop talking",)))
        return made[-1], LIST

    heard = Heard()
    ears = KeywordGuard(heard, ("kitsu panic",), ("stop talking",), spotter=make)
    await ears.start()
    for number in range(3):
        ears.hear(block(1, number * 10.0))
    await until(lambda: bool(heard))
    assert (len(made), ears.listening) == (3, True)
    await ears.stop()
    assert not ears.listening


async def test_a_guard_that_was_stopped_while_it_was_broken_listens_when_it_is_started_again() -> (
    None
):
    made: list[ScriptedSpotter] = []

    def make() -> tuple[ScriptedSpotter, KeywordList]:
        made.append((ScriptedSpotter if made else BrokenSpotter)(("stop talking",)))
        return made[-1], LIST

    heard = Heard()
    ears = KeywordGuard(heard, ("kitsu panic",), ("stop talking",), spotter=make)
    await ears.start()
    ears.hear(block(1, 1.0))
    await ears.stop()
    await ears.start()
    ears.hear(block(1, 20.0))
    await until(lambda: bool(heard))
    await ears.stop()


async def test_what_waits_for_a_slow_decoder_is_bounded_and_the_oldest_goes() -> None:
    gate = threading.Event()
    spotter, heard = ScriptedSpotter(("stop talking",), gate), Heard()
    ears = await guard(spotter, heard)
    for number in range(300):
        ears.hear(block(0, number / 10))
    ears.hear(block(1, 30.0))
    assert ears.dropped >= 300 - MOST_WAITING - 2
    gate.set()
    await until(lambda: len(heard) == 1)
    await ears.stop()
    assert spotter.pieces <= MOST_WAITING + 3


async def test_a_decoder_that_fails_begins_anew_and_hears_on() -> None:
    spotter, heard = ScriptedSpotter(("stop talking",)), Heard()
    ears = await guard(spotter, heard)
    for number in (99, 99, 1):
        ears.hear(block(number, 1.0))
    await until(lambda: len(heard) == 1)
    await ears.stop()


async def test_blocks_of_any_size_are_put_together() -> None:
    spotter, heard = ScriptedSpotter(()), Heard()
    ears = await guard(spotter, heard)
    for _ in range(50):
        ears.hear(block(0, 1.0, seconds=0.032))
    ears.hear(Block(0, b"", 4.0))
    await until(lambda: spotter.pieces == 16)
    await ears.stop()


async def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def none_of_it(name: str, *rest: Any, **more: Any) -> Any:
        if name == "pocketsphinx":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", none_of_it)
    ears = KeywordGuard(Heard(), ("kitsu panic",), ())
    await ears.start()
    assert "pip install" in ears.problem
    ears.hear(block(0, 1.0))
    await ears.stop()


async def test_without_phrases_it_does_not_even_start() -> None:
    ears = KeywordGuard(Heard(), (), ())
    await ears.start()
    assert not ears.listening
    assert ears.problem == ""


@pytest.mark.parametrize(
    ("phrase", "reason"),
    [
        ("stop zzyzx", "how zzyzx is said"),
        ("a", "too short"),
        ("стоп", "only English"),
        ("stop /1e-50/\npanic", "only English"),
        ("panic " * 30, "too long"),
    ],
)
def test_a_phrase_that_cannot_be_heard_is_refused_with_the_reason(phrase: str, reason: str) -> None:
    made = keyword_list((phrase,), (), WORDS.get)
    assert made.keywords == ()
    assert reason in made.refused[0]


def test_longer_phrases_have_smaller_thresholds_and_measured_ones_theirs() -> None:
    made = keyword_list(
        ("panic", "kitsu panic", "panic panic panic"), ("Stop  TALKING",), WORDS.get
    )
    short, middle, long, stop = (keyword.threshold for keyword in made.keywords)
    assert short > middle > long > 1e-46
    assert stop == 1e-25
    assert made.of("stop talking") is not None
    assert made.text.splitlines()[0] == "panic /1e-02/"


def test_too_many_phrases_are_refused() -> None:
    phrases = tuple(f"{a} {b} {c}" for a in WORDS for b in WORDS for c in WORDS)
    made = keyword_list(phrases, (), WORDS.get)
    assert len(made.keywords) == 32
    assert any("more than" in reason for reason in made.refused)


# The real decoder --------------------------------------------------------------------------------


def heard_in(
    sounds: list[Floats], stop: tuple[str, ...], panic: tuple[str, ...]
) -> list[list[str]]:
    spotter, keywords = sphinx(panic, stop)
    assert keywords.refused == ()
    found = []
    rng = np.random.default_rng(1)
    for sound in sounds:
        quiet = np.zeros(RATE_HZ // 3, np.float32)
        whole = np.concatenate([quiet, sound, quiet])
        pcm = (whole * 23_000 + rng.standard_normal(len(whole)) * 8).astype("<i2").tobytes()
        spotter.begin_anew()
        hits = []
        for start in range(0, len(pcm), 3_200):
            if phrase := spotter.hear(pcm[start : start + 3_200]):
                hits.append(phrase)
                spotter.begin_anew()
        found.append(hits)
    return found


def test_the_real_guard_hears_its_orders_and_not_ordinary_sentences(tmp_path: Path) -> None:
    pytest.importorskip("pocketsphinx")
    panic, stop = ("kitsu panic", "panic panic panic"), ("stop talking",)
    said = ("keetsoo panic", "panic panic panic", "stop talking")
    orders = [s for voice in ("en-us+m3", "en-us+f5") for s in all_spoken(said, voice, 165)]
    others = all_spoken(tuple(sentence(number * 13) for number in range(25)), "en-us+m3")
    hits = heard_in(orders, stop, panic)
    expected = [*panic, *stop] * 2
    assert sum(want in got for want, got in zip(expected, hits, strict=True)) >= 5, hits
    assert [got for got in heard_in(others, stop, panic) if got] == []


async def test_the_real_guard_works_as_a_whole() -> None:
    pytest.importorskip("pocketsphinx")
    heard = Heard()
    ears = KeywordGuard(heard, ("kitsu panic",), ("stop talking", "stop zzyzx"))
    await ears.start()
    assert "zzyzx" in ears.problem
    assert ears.listening
    sound = (await say(("stop talking",), "en-us+m3", 165))[0]
    pcm = (np.concatenate([np.zeros(8_000), sound, np.zeros(8_000)]) * 23_000).astype("<i2")
    for start in range(0, len(pcm), 512):
        ears.hear(Block(start, pcm[start : start + 512].tobytes(), start / RATE_HZ))
        await asyncio.sleep(0.001)
    await until(lambda: bool(heard))
    await ears.stop()
    assert heard == [("stop", "stop talking")]
