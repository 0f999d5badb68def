"""The worker's route that understands a sound file: `POST /transcribe`, with a WAV file as body."""

import asyncio
import io
import wave
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.asr_worker.engines.base import (
    Hints,
    RecogniserError,
    SoundRefused,
    Transcript,
    Word,
)
from apps.asr_worker.inputs.base import RATE_HZ
from apps.asr_worker.recogniser_ladder import RecogniserLadder
from libs.worker.problems import Problem

PATH = "/transcribe"
#: Five minutes of 48 kHz stereo, half an hour of 16 kHz mono.
BODY_BYTES = 64_000_000
CONTENT_TYPE = "audio/wav"
LONGEST_SECONDS = 1_200
#: One pass of the recogniser; it is cut at the quietest moment of its last seconds.
PIECE_SECONDS, LOOK_BACK_SECONDS, MOMENT_SECONDS = 28.0, 5.0, 0.1


class TranscribeApi:
    """Nothing that is understood here becomes a turn.

    For the worker: `routes()` are its routes, `BODY_BYTES` is what `body_limits` must allow for
    `PATH`, and `body_types` must name `CONTENT_TYPE` for it.
    """

    def __init__(self, ladder: RecogniserLadder) -> None:
        self._ladder = ladder

    def routes(self) -> list[Route]:
        return [Route(PATH, self._post_transcribe, methods=["POST"])]

    async def _post_transcribe(self, request: Request) -> Response:
        language = request.query_params.get("language", "")[:12]
        pcm = await asyncio.to_thread(speech_pcm, await request.body())
        if not self._ladder.ready:
            raise Problem(503, "No recogniser", self._ladder.health().detail, "no_recogniser")
        try:
            transcript = await self._understood(pcm, Hints(language))
        except SoundRefused as error:
            raise Problem(422, "Not this sound", str(error), error.code) from None
        except RecogniserError as error:
            raise Problem(503, "Not understood", str(error), error.code) from None
        seconds = len(pcm) / (2 * RATE_HZ)
        return JSONResponse({**document_of(transcript), "duration_ms": round(seconds * 1_000)})

    async def _understood(self, pcm: bytes, hints: Hints) -> Transcript:
        """Piece by piece: what is said to her meanwhile waits for one piece only."""
        parts: list[Transcript] = []
        words: list[Word] = []
        for begin, piece in pieces_of(pcm):
            part = await self._ladder.transcribe(piece, hints, final=True)
            parts.append(part)
            for word in part.words:
                start, end = word.start_seconds + begin, word.end_seconds + begin
                words.append(replace(word, start_seconds=start, end_seconds=end))
        text = " ".join(part.text.strip() for part in parts).strip()
        sure = [part.confidence for part in parts if part.confidence is not None]
        first = next((part for part in parts if part.text.strip()), parts[0])
        return replace(first, text=text, words=tuple(words), confidence=min(sure) if sure else None)


def pieces_of(pcm: bytes) -> Iterator[tuple[float, bytes]]:
    """Pieces of `PIECE_SECONDS` at most, cut where it is quietest, and when each begins."""
    samples, begin = np.frombuffer(pcm, "<i2").astype(np.float32), 0
    longest, moment = round(PIECE_SECONDS * RATE_HZ), round(MOMENT_SECONDS * RATE_HZ)
    while len(samples) - begin > longest:
        first = begin + longest - round(LOOK_BACK_SECONDS * RATE_HZ)
        near = samples[first : begin + longest]
        moments = near[: len(near) // moment * moment].reshape(-1, moment)
        quietest = int(np.argmin(np.sum(moments**2, axis=1)))
        end = first + quietest * moment + moment // 2
        yield begin / RATE_HZ, pcm[2 * begin : 2 * end]
        begin = end
    yield begin / RATE_HZ, pcm[2 * begin :]


def document_of(transcript: Transcript) -> dict[str, Any]:
    return {
        "text": transcript.text,
        "language": transcript.language,
        "engine": transcript.engine,
        "confidence": transcript.confidence,
        "words": [
            {
                "text": word.text,
                "start_ms": round(word.start_seconds * 1_000),
                "end_ms": round(word.end_seconds * 1_000),
                "confidence": word.confidence,
            }
            for word in transcript.words
        ],
    }


def speech_pcm(data: bytes) -> bytes:
    """Any PCM WAV file as 16 kHz mono s16le. Raises `Problem`."""
    import soxr

    try:
        with wave.open(io.BytesIO(data), "rb") as reader:
            channels, width = reader.getnchannels(), reader.getsampwidth()
            rate, frames = reader.getframerate(), reader.getnframes()
            raw = reader.readframes(frames)
    except (wave.Error, EOFError, ValueError, RuntimeError, MemoryError) as error:
        why = str(error) or "it ends too soon"
        raise _not_a_wave(f"this is no WAV file ({why})") from None
    if not 4_000 <= rate <= 400_000 or width not in (1, 2, 3, 4) or not 1 <= channels <= 32:
        raise _not_a_wave(f"{channels} channels of {8 * width} bits at {rate} Hz")
    samples = _samples(raw, width)
    samples = samples[: len(samples) // channels * channels].reshape(-1, channels).mean(axis=1)
    if not len(samples):
        raise _not_a_wave("there is no sound in it")
    if len(samples) > LONGEST_SECONDS * rate:
        raise _not_a_wave(f"it is longer than {LONGEST_SECONDS // 60} minutes")
    if rate != RATE_HZ:
        samples = soxr.resample(samples, rate, RATE_HZ)
    return bytes((np.clip(samples, -1.0, 32_767 / 32_768) * 32_768).round().astype("<i2").tobytes())


def _samples(raw: bytes, width: int) -> Any:
    """float32 in -1..1, all channels one after the other. Eight bits have no sign in a WAV file."""
    raw = raw[: len(raw) // width * width]
    if width == 1:
        return (np.frombuffer(raw, np.uint8).astype(np.float32) - 128) / 128
    if width == 3:
        parts = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        wide = np.zeros((len(parts), 4), np.uint8)
        wide[:, 1:] = parts
        return wide.view("<i4")[:, 0].astype(np.float32) / 2**31
    form, scale = ("<i2", 2**15) if width == 2 else ("<i4", 2**31)
    return np.frombuffer(raw, form).astype(np.float32) / scale


def _not_a_wave(found: str) -> Problem:
    return Problem(422, "Not a sound file", f"{found}: send a WAV file with PCM", "not_a_wave")
