"""The voice's own HTTP routes, without the web gate that stands before them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from apps.tts_worker.engines.captions import CaptionsEngine
from apps.tts_worker.settings import TtsSettings
from apps.tts_worker.voice_api import VoiceApi
from apps.tts_worker.voice_ladder import VoiceLadder
from libs.audio.wav import decode_wav
from libs.contracts.safety import GateAction, Verdict
from libs.safety import Gate, RulesError
from libs.worker.panic_latch import PanicLatch
from libs.worker.problems import Problem
from libs.worker.runtime import _answer_problem
from tests.tts_worker.scripted_engine import RATE, WORD_SAMPLES, ScriptedEngine


class ScriptedGate:
    """Lets everything pass but one word, and softens another."""

    @classmethod
    def load(cls, family_mode: bool) -> "ScriptedGate":
        return cls()

    def check(self, text: str, place: str) -> Verdict:
        if "forbidden" in text:
            return Verdict(action=GateAction.BLOCK, text="", rule="test.rule")
        return Verdict(action=GateAction.SOFTEN, text=text.replace("rude", "kind"))


@dataclass
class Desk:
    client: httpx.AsyncClient
    voice: ScriptedEngine
    ladder: VoiceLadder
    panic: PanicLatch

    async def synthesize(self, **body: object) -> httpx.Response:
        return await self.client.post("/synthesize", json=body)


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr("apps.tts_worker.voice_api.Gate", ScriptedGate)
    voice = ScriptedEngine("best")
    ladder = VoiceLadder([voice, CaptionsEngine()])
    await ladder.start()
    panic = PanicLatch(tmp_path, "tts_worker@test#0")
    api = VoiceApi(ladder, TtsSettings(kitsu_data_dir=tmp_path), panic)
    app = Starlette(routes=api.routes(), exception_handlers={Problem: _answer_problem})
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield Desk(client, voice, ladder, panic)


async def test_voices_are_listed_with_the_one_in_use(desk: Desk) -> None:
    answer = (await desk.client.get("/voices")).json()
    assert (answer["engine"], answer["default"]) == ("best", "clear")
    assert answer["voices"] == [
        {"engine": "best", "id": "clear", "language": "en", "title": "Clear"}
    ]


async def test_a_text_becomes_a_wav_file(desk: Desk) -> None:
    answer = await desk.synthesize(text="one two three", voice="clear")
    assert answer.headers["content-type"] == "audio/wav"
    recording = decode_wav(answer.content)
    assert (recording.samples, recording.sample_rate_hz) == (3 * WORD_SAMPLES, RATE)


async def test_what_the_gate_makes_of_a_text_is_what_is_spoken(desk: Desk) -> None:
    assert (await desk.synthesize(text="a rude word")).status_code == 200
    assert [request.text for request in desk.voice.requests] == ["a kind word"]


async def test_what_the_gate_stops_is_not_spoken(desk: Desk) -> None:
    answer = await desk.synthesize(text="a forbidden word")
    assert (answer.status_code, answer.json()["code"]) == (422, "blocked")
    assert "forbidden" not in answer.text
    assert desk.voice.requests == []


async def test_an_unknown_voice_is_refused(desk: Desk) -> None:
    answer = await desk.synthesize(text="hello", voice="nobody")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_voice")


async def test_nothing_is_spoken_in_panic(desk: Desk) -> None:
    desk.panic.engage("test", "tester")
    answer = await desk.synthesize(text="hello")
    assert (answer.status_code, answer.json()["code"]) == (409, "panic")
    assert desk.voice.requests == []


async def test_silence_is_not_sold_as_a_voice(desk: Desk) -> None:
    desk.voice.fails_after = 1
    answer = await desk.synthesize(text="one two three")
    assert answer.status_code == 503
    assert "it died" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"text": ""}',
        b'{"text": 5}',
        b'{"text": "%s"}' % (b"a" * 1_001),
        b'{"text": "hello", "mood": "furious"}',
        b'{"text": "hello", "voice": "%s"}' % (b"v" * 65),
        b'{"text": "\\ud800"}',
        b"\xff\xfe",
    ],
)
async def test_bodies_that_are_no_request_are_refused_with_a_reason(
    desk: Desk, body: bytes
) -> None:
    answer = await desk.client.post("/synthesize", content=body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "bad_request"
    assert desk.voice.requests == []


async def test_a_text_without_words_says_so(desk: Desk) -> None:
    answer = await desk.synthesize(text="   ")
    assert (answer.status_code, answer.json()["code"]) == (422, "nothing_to_say")


async def test_the_real_gate_stands_before_the_voice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.tts_worker.voice_api.Gate", Gate)
    assert (await desk.synthesize(text="hello there")).status_code == 200
    answer = await desk.synthesize(text="my address is someone@example.com, kill yourself")
    assert (answer.status_code, answer.json()["code"]) == (422, "blocked")


async def test_without_rules_nothing_is_spoken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(family_mode: bool) -> Gate:
        raise RulesError("configs/safety is missing: restore it")

    monkeypatch.setattr(ScriptedGate, "load", missing)
    answer = await desk.synthesize(text="hello")
    assert (answer.status_code, answer.json()["code"]) == (503, "gate_missing")
    assert desk.voice.requests == []
