"""Rooms between a loudspeaker and a microphone: what becomes of her voice on the way."""

from dataclasses import dataclass

import numpy as np
import soxr

from libs.speech.bands import RATE_HZ, Floats


@dataclass(frozen=True)
class Room:
    """`level_db`: her voice in the microphone against a host's; None: headphones."""

    level_db: float | None = 0.0
    delay_seconds: float = 0.15
    reverberation_seconds: float = 0.3
    clipped: bool = False
    resampled: bool = False
    noise_dbfs: float = -65.0
    jitter_seconds: float = 0.0
    """Her voice is this much earlier or later than the stage said, another for each utterance."""
    seed: int = 1


#: RMS of a host's speech in the microphone.
HOST_DBFS = -26.0


def at_level(sound: Floats, dbfs: float) -> Floats:
    loud = np.abs(sound) > 10 ** (-45 / 20)
    rms = float(np.sqrt(np.mean(sound[loud] ** 2))) if loud.any() else 1.0
    return (sound * (10 ** (dbfs / 20) / rms)).astype(np.float32)


def noise(room: Room, count: int) -> Floats:
    made = np.random.default_rng(room.seed + 77).standard_normal(count)
    return (made * 10 ** (room.noise_dbfs / 20)).astype(np.float32)


def impulse(room: Room) -> Floats:
    """Direct sound, then decaying noise (Schroeder's model), coloured by a small loudspeaker."""
    rng = np.random.default_rng(room.seed)
    count = int(RATE_HZ * max(room.reverberation_seconds, 0.05))
    times = np.arange(count) / RATE_HZ
    tail = rng.standard_normal(count) * 10 ** (-3 * times / max(room.reverberation_seconds, 0.05))
    tail *= 0.9 / np.sqrt(np.sum(tail**2))
    tail[0] += 1.0
    spectrum = np.fft.rfft(tail)
    frequencies = np.fft.rfftfreq(count, 1 / RATE_HZ)
    spectrum *= 1 / (1 + (180 / np.maximum(frequencies, 1)) ** 4)
    spectrum *= 10 ** (3 * np.sin(np.log(np.maximum(frequencies, 50)) * 3 + room.seed) / 20)
    response = np.fft.irfft(spectrum, count).astype(np.float32)
    response[-min(count // 4, 800) :] = 0  # what the colouring put before the direct sound
    return response


def echo(played: Floats, room: Room) -> Floats:
    """Her voice as the microphone hears it, `delay_seconds` late; as long as what was played."""
    if room.level_db is None:
        return np.zeros_like(played)
    sound = played
    if room.resampled:
        there = soxr.resample(sound, RATE_HZ, 44_100)
        sound = soxr.resample(there, 44_105, RATE_HZ).astype(np.float32)[: len(played)]
    if room.clipped:
        sound = np.clip(sound * 6, -0.5, 0.5)
    ir = impulse(room)
    size = 1 << (len(sound) + len(ir)).bit_length()
    wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(ir, size), size)
    late = np.concatenate([np.zeros(int(room.delay_seconds * RATE_HZ)), wet])[: len(played)]
    late = np.pad(late, (0, len(played) - len(late)))
    return at_level(late.astype(np.float32), HOST_DBFS + room.level_db)
