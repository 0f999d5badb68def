"""`POST /transcribe`, as a plain request to the application."""

import io
import wave

import httpx
import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from apps.asr_worker.engines.base import Hints, RecogniserError, SoundRefused
from apps.asr_worker.inputs.base import RATE_HZ
from apps.asr_worker.recogniser_ladder import RecogniserLadder
from apps.asr_worker.transcribe_api import TranscribeApi, pieces_of, speech_pcm
from libs.worker.problems import Problem
from tests.asr_worker.scripted_recogniser import ScriptedRecogniser


def wav(seconds: float = 1.0, rate: int = RATE_HZ, channels: int = 1, width: int = 2) -> bytes:
    """A tone of 440 Hz at half of full scale, alike in all channels."""
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)
    whole = np.repeat(np.round(tone * 2.0 ** (8 * width - 1)).astype(np.int64), channels)
    raw = (whole + 128).astype(np.uint8).tobytes() if width == 1 else b""
    if width > 1:
        raw = whole.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :width].tobytes()
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(raw)
    return file.getvalue()


async def answered(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem.response()


async def posted(body: bytes, *rungs: ScriptedRecogniser, query: str = "") -> httpx.Response:
    ladder = RecogniserLadder(lambda: list(rungs))
    await ladder.start()
    app = Starlette(
        routes=list(TranscribeApi(ladder).routes()), exception_handlers={Problem: answered}
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://ears") as client:
        return await client.post(f"/transcribe{query}", content=body)


async def test_a_sound_file_is_written_down() -> None:
    best = ScriptedRecogniser("best")
    answer = await posted(wav(1.5), best, query="?language=pt")
    assert answer.status_code == 200
    document = answer.json()
    assert (document["text"], document["engine"]) == ("hello", "best")
    assert document["duration_ms"] == 1_500
    pcm, hints, final = best.passes[0]
    assert (len(pcm), hints, final) == (48_000, Hints("pt"), True)


async def test_a_long_one_is_understood_in_pieces_so_that_nobody_is_kept_waiting() -> None:
    best = ScriptedRecogniser("best")
    answer = await posted(wav(70.0), best)
    sizes = [len(pcm) / 2 / RATE_HZ for pcm, _, _ in best.passes]
    assert sum(sizes) == 70
    assert max(sizes) <= 28
    assert answer.json()["text"] == "hello hello hello"
    assert answer.json()["duration_ms"] == 70_000


def test_it_is_cut_where_it_is_quiet_and_nothing_is_lost() -> None:
    samples = np.full(40 * RATE_HZ, 8_000, "<i2")
    samples[25 * RATE_HZ : 25 * RATE_HZ + 8_000] = 0
    pieces = list(pieces_of(samples.tobytes()))
    assert b"".join(pcm for _, pcm in pieces) == samples.tobytes()
    assert [begin for begin, _ in pieces] == [0.0, pytest.approx(25.25, abs=0.25)]


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize(("channels", "width"), [(1, 1), (2, 2), (7, 2), (1, 3), (2, 4)])
def test_any_form_of_it_is_the_same_sound(rate: int, channels: int, width: int) -> None:
    samples = np.frombuffer(speech_pcm(wav(1.0, rate, channels, width)), "<i2") / 32_768
    assert abs(len(samples) - RATE_HZ) <= 2
    middle = samples[2_000:-2_000]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)
    spectrum = np.abs(np.fft.rfft(middle))
    assert np.argmax(spectrum) / len(middle) * RATE_HZ == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"RIFF",
        b"<html>",
        wav()[:30],
        wav(0.0),
        wav().replace(b"fmt ", b"fmt\xff"),
        wav()[:20] + b"\xff\xff" + wav()[22:],  # another format than PCM
        wav()[:22] + b"\0\0" + wav()[24:],  # no channels
        wav()[:24] + bytes(4) + wav()[28:],  # no rate
        wav()[:24] + b"\xff" * 4 + wav()[28:],
    ],
)
async def test_what_is_no_sound_file_is_refused(body: bytes) -> None:
    best = ScriptedRecogniser("best")
    answer = await posted(body, best)
    assert answer.status_code == 422
    assert answer.json()["code"] == "not_a_wave"
    assert "()" not in answer.json()["detail"]
    assert best.passes == []


async def test_without_a_recogniser_the_step_is_told() -> None:
    answer = await posted(wav())
    assert answer.status_code == 503
    assert "typed and chat input only" in answer.json()["detail"]


async def test_a_recogniser_that_fails_is_told() -> None:
    best = ScriptedRecogniser("best")
    best.error = RecogniserError("it hung")
    assert (await posted(wav(), best)).status_code == 503
    best.error = SoundRefused("too long")
    answer = await posted(wav(), best)
    assert (answer.status_code, answer.json()["detail"]) == (422, "too long")
