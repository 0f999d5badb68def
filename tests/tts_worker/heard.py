"""What came out of an engine, put together and checked."""

from collections.abc import AsyncIterable
from dataclasses import dataclass

from apps.tts_worker.engines.base import SoundPiece
from libs.audio.loudness import level_dbfs
from libs.contracts.speaking import MouthCue, Viseme, WordCue

#: Cue times are rounded to a tenth of a millisecond.
ROUNDING_SECONDS = 1e-4


@dataclass(frozen=True)
class Heard:
    pcm: bytes
    sample_rate_hz: int
    mouth: tuple[MouthCue, ...]
    words: tuple[WordCue, ...]
    pieces: int

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / self.sample_rate_hz

    @property
    def dbfs(self) -> float:
        return level_dbfs(self.pcm)

    def said(self, text: str) -> list[str]:
        return [text[cue.start : cue.start + cue.length] for cue in self.words]

    def dbfs_of(self, shapes: set[Viseme]) -> float:
        """The level while the mouth has one of these shapes."""
        ends = [*(cue.at_seconds for cue in self.mouth[1:]), self.seconds]
        parts = [
            self.pcm[self._byte(cue.at_seconds) : self._byte(end)]
            for cue, end in zip(self.mouth, ends, strict=True)
            if cue.viseme in shapes
        ]
        return level_dbfs(b"".join(parts))

    def _byte(self, seconds: float) -> int:
        return 2 * int(seconds * self.sample_rate_hz)


async def hear(sound: AsyncIterable[SoundPiece]) -> Heard:
    """All of it. Fails when pieces leave a gap or a cue is outside its piece."""
    pcm, count, rate = bytearray(), 0, 22_050
    mouth: list[MouthCue] = []
    words: list[WordCue] = []
    async for piece in sound:
        rate = piece.sample_rate_hz
        assert piece.offset_samples * 2 == len(pcm)
        for cue in (*piece.mouth, *piece.words):
            assert piece.offset_samples / rate - ROUNDING_SECONDS <= cue.at_seconds
            assert cue.at_seconds <= piece.end_samples / rate + ROUNDING_SECONDS
        pcm += piece.pcm
        mouth += piece.mouth
        words += piece.words
        count += 1
    for cues in (mouth, words):
        times = [cue.at_seconds for cue in cues]
        assert times == sorted(times)
    return Heard(bytes(pcm), rate, tuple(mouth), tuple(words), count)
