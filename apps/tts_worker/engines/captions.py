"""The last rung: no sound, but the time in which the words can be read."""

from collections.abc import AsyncGenerator

from apps.tts_worker.engines.base import Capabilities, Recipe, SoundPiece, SpeechRequest
from apps.tts_worker.engines.speakable import has_speech, speakable
from libs.contracts.speaking import MouthCue, Viseme, WordCue

#: About the pace of calm speech, and a comfortable reading pace for captions.
CHARACTERS_PER_SECOND = 14.0
SHORTEST_SECONDS = 0.6
DEFAULT_SAMPLE_RATE_HZ = 22_050


def reading_seconds(text: str) -> float:
    """How long these words take; blanks in a row count once."""
    return max(SHORTEST_SECONDS, len(" ".join(text.split())) / CHARACTERS_PER_SECOND)


class CaptionsEngine:
    """See `SpeechEngine`. Answers at once, keeps the mouth closed, and cannot fail."""

    name = "captions"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            label="captions only (no sound)", sample_rate_hz=0, phone_times=False, keeps=False
        )

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    def knows_voice(self, voice: str) -> bool:
        return False

    def recipe(self, request: SpeechRequest) -> Recipe:
        return Recipe(engine=self.name, voice="", text=request.text)

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[SoundPiece, None]:
        text = speakable(request.text)
        if not has_speech(text):
            return
        rate = request.sample_rate_hz or DEFAULT_SAMPLE_RATE_HZ
        yield SoundPiece(
            pcm=bytes(2 * round(reading_seconds(text) * rate)),
            offset_samples=0,
            sample_rate_hz=rate,
            engine=self.name,
            mouth=(MouthCue(at_seconds=0.0, viseme=Viseme.SIL),),
            words=tuple(_word_cues(text)),
        )


def _word_cues(text: str) -> list[WordCue]:
    """Each word when the reader gets there."""
    cues: list[WordCue] = []
    start = 0
    share = reading_seconds(text) / max(1, len(" ".join(text.split())))
    read = 0
    for word in text.split():
        start = text.index(word, start)
        cues.append(WordCue(at_seconds=round(read * share, 4), start=start, length=len(word)))
        start += len(word)
        read += len(word) + 1
    return cues
