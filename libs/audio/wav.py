"""WAV files: mono, signed 16-bit PCM, in memory."""

import io
import wave
from dataclasses import dataclass


class NotAWave(ValueError):
    """These bytes are not a mono 16-bit PCM WAV file; the message says what they are."""


@dataclass(frozen=True)
class Recording:
    pcm: bytes
    sample_rate_hz: int

    @property
    def samples(self) -> int:
        return len(self.pcm) // 2

    @property
    def seconds(self) -> float:
        return self.samples / self.sample_rate_hz


def encode_wav(recording: Recording) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(recording.sample_rate_hz)
        writer.writeframes(recording.pcm)
    return file.getvalue()


def decode_wav(data: bytes) -> Recording:
    """Raises `NotAWave` for anything but a complete mono 16-bit PCM file."""
    try:
        with wave.open(io.BytesIO(data), "rb") as reader:
            channels, width = reader.getnchannels(), reader.getsampwidth()
            rate, frames = reader.getframerate(), reader.getnframes()
            pcm = reader.readframes(frames)
    except (wave.Error, EOFError, ValueError, RuntimeError) as error:
        raise NotAWave(f"not a WAV file: {error}") from None
    if channels != 1 or width != 2 or rate < 1:
        raise NotAWave(f"{channels} channels of {8 * width} bits at {rate} Hz: mono 16-bit needed")
    if len(pcm) != frames * 2:
        raise NotAWave(f"cut short: {len(pcm)} of {frames * 2} bytes")
    return Recording(pcm, rate)
