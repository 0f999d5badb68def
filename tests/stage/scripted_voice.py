"""What the tests of the stage say: events of a voice, with sound that can be told apart."""

from dataclasses import dataclass, field
from itertools import count

import numpy as np

from libs.contracts.conversation import ReplyFinished
from libs.contracts.speaking import AudioChunk, Mood, MouthCue, SentenceSynthesized, Viseme, WordCue

RATE_HZ = 16_000
_numbers = count(1)


def tone(seconds: float, rate_hz: int = RATE_HZ, pitch_hz: float = 440.0) -> bytes:
    """A clear tone at half loudness."""
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    return bytes((16_000 * np.sin(2 * np.pi * pitch_hz * times)).astype("<i2").tobytes())


def word_cues(text: str, seconds: float) -> tuple[WordCue, ...]:
    """The words of a text, evenly spread."""
    cues, start = [], 0
    words = text.split()
    for number, word in enumerate(words):
        start = text.index(word, start)
        at = seconds * number / len(words)
        cues.append(WordCue(at_seconds=at, start=start, length=len(word)))
        start += len(word)
    return tuple(cues)


def mouth_cues(seconds: float) -> tuple[MouthCue, ...]:
    """A mouth that opens and shuts eight times a second."""
    shapes = (Viseme.AA, Viseme.PP, Viseme.OH, Viseme.IH, Viseme.SS, Viseme.OU, Viseme.E, Viseme.FF)
    steps = round(seconds * 8)
    return tuple(
        MouthCue(at_seconds=n / 8, viseme=shapes[n % len(shapes)], weight=1.0) for n in range(steps)
    )


@dataclass
class ScriptedVoice:
    """One utterance of a voice: gives the events that a TTS and a policy worker would send."""

    utterance_id: str = field(default_factory=lambda: f"utterance-{next(_numbers)}")
    turn_id: str = ""
    epoch: int = 0
    show: str = "main"
    rate_hz: int = RATE_HZ
    texts: list[str] = field(default_factory=list)

    def sentence(
        self, text: str, seconds: float = 1.0, chunk_seconds: float = 0.1, mood: Mood = Mood.NEUTRAL
    ) -> list[tuple[AudioChunk | SentenceSynthesized, bytes]]:
        """All events of the next sentence, each with its raw data."""
        index = len(self.texts)
        self.texts.append(text)
        sound = tone(seconds, self.rate_hz)
        words, mouth = word_cues(text, seconds), mouth_cues(seconds)
        size = round(chunk_seconds * self.rate_hz)
        total = len(sound) // 2
        events: list[tuple[AudioChunk | SentenceSynthesized, bytes]] = []
        for offset in range(0, total, size):
            begin, end = offset / self.rate_hz, (offset + size) / self.rate_hz
            event = AudioChunk(
                index=index,
                offset_samples=offset,
                sample_rate_hz=self.rate_hz,
                text=text if offset == 0 else "",
                mood=mood,
                words=tuple(w for w in words if begin <= w.at_seconds < end),
                mouth=tuple(m for m in mouth if begin <= m.at_seconds < end),
                synthesis_seconds=0.01 if offset == 0 else 0.0,
                **self._envelope(),
            )
            events.append((event, sound[offset * 2 : (offset + size) * 2]))
        return [*events, (self.synthesized(index, text, total), b"")]

    def synthesized(
        self, index: int, text: str, total: int, failed: str = ""
    ) -> SentenceSynthesized:
        return SentenceSynthesized(
            index=index,
            total_samples=total,
            sample_rate_hz=self.rate_hz,
            text=text,
            engine="scripted",
            synthesis_seconds=0.02,
            failed=failed,
            **self._envelope(),
        )

    def without_sound(self, text: str) -> SentenceSynthesized:
        """The next sentence, as a voice that cannot speak reports it."""
        self.texts.append(text)
        return self.synthesized(len(self.texts) - 1, text, 0, failed="engine_missing")

    def finished(self) -> ReplyFinished:
        return ReplyFinished(
            sentences=len(self.texts),
            text=" ".join(self.texts),
            engine="scripted",
            **self._envelope(),
        )

    def _envelope(self) -> dict[str, object]:
        return {
            "utterance_id": self.utterance_id,
            "turn_id": self.turn_id or f"turn-of-{self.utterance_id}",
            "epoch": self.epoch,
            "show": self.show,
        }
