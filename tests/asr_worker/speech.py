"""Speech for tests, made by the embedded voice, and other sounds."""

from contextlib import aclosing
from functools import cache

import numpy as np
import soxr

from apps.asr_worker.inputs.base import RATE_HZ
from apps.tts_worker.engines.base import SpeechRequest
from apps.tts_worker.engines.espeak import EspeakEngine


async def spoken(text: str = "Hello Kitsu, can you hear me?") -> bytes:
    """16 kHz mono s16le."""
    engine = EspeakEngine()
    await engine.start()
    try:
        pcm, rate = b"", RATE_HZ
        async with aclosing(engine.synthesize(SpeechRequest(text))) as pieces:
            async for piece in pieces:
                pcm, rate = pcm + piece.pcm, piece.sample_rate_hz
    finally:
        await engine.stop()
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    return bytes(soxr.resample(samples, rate, RATE_HZ).round().astype("<i2").tobytes())


@cache
def noise(seconds: float = 2.0, level: float = 0.01) -> bytes:
    samples = np.random.default_rng(7).standard_normal(int(seconds * RATE_HZ)) * level
    return bytes((samples * 32_767).astype("<i2").tobytes())


def silence(seconds: float = 2.0) -> bytes:
    return bytes(2 * int(seconds * RATE_HZ))
