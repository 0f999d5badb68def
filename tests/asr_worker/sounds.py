"""Sounds of a room: speech of the embedded voice, noise, music, typing. 16 kHz, -1..1."""

import asyncio
import functools

import numpy as np
import soxr
from numpy.typing import NDArray

from apps.asr_worker.inputs.base import RATE_HZ
from apps.tts_worker.engines.base import SpeechRequest
from apps.tts_worker.engines.espeak import EspeakEngine

Sound = NDArray[np.float32]


@functools.cache
def speech(text: str, voice: str = "en-us+m3") -> Sound:
    """`text` said, with what silence the voice itself leaves around it."""
    return asyncio.run(_say(text, voice))


async def _say(text: str, voice: str) -> Sound:
    engine = EspeakEngine(voice)
    await engine.start()
    try:
        pieces = [piece async for piece in engine.synthesize(SpeechRequest(text))]
    finally:
        await engine.stop()
    pcm = np.frombuffer(b"".join(piece.pcm for piece in pieces), dtype="<i2")
    samples = pcm.astype(np.float32) / 32_768
    return np.asarray(soxr.resample(samples, pieces[0].sample_rate_hz, RATE_HZ), dtype=np.float32)


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * RATE_HZ), dtype=np.float32)


def noise(seconds: float, level_dbfs: float, seed: int = 6) -> Sound:
    """White: a hiss."""
    count = round(seconds * RATE_HZ)
    wave = np.random.default_rng(seed).normal(0.0, 10 ** (level_dbfs / 20), count)
    return wave.astype(np.float32)


def hum(seconds: float, level_dbfs: float) -> Sound:
    """Of a fan and of mains: brown noise with 50 Hz and its overtones."""
    count = round(seconds * RATE_HZ)
    drift = np.cumsum(np.random.default_rng(5).normal(0, 1, count))
    drift -= np.convolve(drift, np.ones(800) / 800, mode="same")
    times = np.arange(count) / RATE_HZ
    wave = drift / np.std(drift) + sum(np.sin(2 * np.pi * 50 * n * times) / n for n in (1, 2, 3))
    return (wave / np.std(wave) * 10 ** (level_dbfs / 20)).astype(np.float32)


def music(seconds: float, level_dbfs: float) -> Sound:
    """Chords of plucked tones with overtones, four a second."""
    count = round(seconds * RATE_HZ)
    wave = np.zeros(count)
    length = RATE_HZ // 2
    times = np.arange(length) / RATE_HZ
    chance = np.random.default_rng(4)
    for begin in range(0, count - length, RATE_HZ // 4):
        for note in chance.choice([0, 3, 5, 7, 10, 12, 15], 3):
            pitch = 196 * 2 ** (note / 12)
            tone = sum(np.sin(2 * np.pi * pitch * n * times) / n**1.5 for n in range(1, 8))
            wave[begin : begin + length] += tone * np.exp(-4 * times)
    return (wave / np.std(wave) * 10 ** (level_dbfs / 20)).astype(np.float32)


def typing(seconds: float, peak: float = 0.5) -> Sound:
    """Keys of a loud keyboard: short bursts of noise, some eight a second."""
    wave = np.zeros(round(seconds * RATE_HZ))
    chance = np.random.default_rng(3)
    at = 0.05
    while at < seconds - 0.1:
        length = round(chance.uniform(0.006, 0.02) * RATE_HZ)
        burst = chance.normal(0, 1, length) * np.exp(-np.arange(length) / length * 4)
        begin = round(at * RATE_HZ)
        wave[begin : begin + length] += burst / np.abs(burst).max() * peak
        at += chance.uniform(0.06, 0.2)
    return wave.astype(np.float32)


def breath(seconds: float, level_dbfs: float) -> Sound:
    """In and out, close to the microphone: a soft hiss that swells."""
    count = round(seconds * RATE_HZ)
    wave = np.convolve(np.random.default_rng(7).normal(0, 1, count), np.hanning(8), mode="same")
    swell = np.maximum(0.0, np.sin(2 * np.pi * np.arange(count) / RATE_HZ / 2.4)) ** 2
    return (wave * swell / np.std(wave) * 10 ** (level_dbfs / 20)).astype(np.float32)


def creaking(seconds: float, peak: float = 0.5) -> Sound:
    """A chair: rows of clicks that come faster and faster, every other second."""
    wave = np.zeros(round(seconds * RATE_HZ))
    click = np.random.default_rng(8).normal(0, 1, 160) * np.exp(-np.arange(160) / 30)
    for begin in np.arange(0.3, seconds - 1.0, 1.8):
        at, rate = float(begin), 60.0
        while at < begin + 0.7:
            first = round(at * RATE_HZ)
            wave[first : first + len(click)] += click
            at, rate = at + 1 / rate, rate * 1.02
    return (wave / np.abs(wave).max() * peak).astype(np.float32)


def mixed(*sounds: Sound) -> Sound:
    """All at once, as long as the longest."""
    whole = np.zeros(max(map(len, sounds)), dtype=np.float32)
    for sound in sounds:
        whole[: len(sound)] += sound
    return whole


def pcm_of(sound: Sound) -> bytes:
    return bytes((np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())
