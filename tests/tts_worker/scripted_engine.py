"""A voice that plays a script: a tone for each word, and failures where the test wants them."""

import asyncio
from collections.abc import AsyncGenerator

from apps.tts_worker.engines.base import (
    Capabilities,
    EngineDied,
    EngineError,
    EngineMissing,
    Recipe,
    SoundPiece,
    SpeechRequest,
    Voice,
)
from libs.contracts.speaking import MouthCue, Viseme, WordCue

RATE = 8_000
WORD_SAMPLES = 800


class ScriptedEngine:
    """Each word is a tenth of a second. `fails_after` words it dies; after `hold` it says only as
    many words as it was allowed."""

    def __init__(self, name: str = "scripted", rate: int = RATE) -> None:
        self.name = name
        self.rate = rate
        self.starts = False
        self.fails_after: int | None = None
        self.error: EngineError = EngineDied("it died")
        self._allowed: asyncio.Semaphore | None = None
        self.requests: list[SpeechRequest] = []
        self.closed = 0
        self.details: dict[str, int] = {}
        self.missing = False

    def hold(self, words: int = 0) -> None:
        self._allowed = asyncio.Semaphore(words)

    def let_go(self) -> None:
        assert self._allowed is not None
        for _ in range(1_000):
            self._allowed.release()

    @property
    def capabilities(self) -> Capabilities:
        voices = (Voice("clear", "en", "Clear"),)
        return Capabilities(f"the {self.name} voice", self.rate, phone_times=True, voices=voices)

    async def start(self) -> None:
        if self.missing:
            raise EngineMissing("it is not here: install it")
        self.starts = True

    async def stop(self) -> None:
        self.starts = False

    def knows_voice(self, voice: str) -> bool:
        return voice == "clear"

    def recipe(self, request: SpeechRequest) -> Recipe:
        return Recipe(self.name, request.voice or "clear", request.text, dict(self.details))

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[SoundPiece, None]:
        self.requests.append(request)
        position, offset = 0, 0
        try:
            for number, word in enumerate(request.text.split()):
                if self.fails_after == number:
                    raise self.error
                if self._allowed is not None:
                    await self._allowed.acquire()
                position = request.text.index(word, position)
                at_seconds = offset / self.rate
                yield SoundPiece(
                    pcm=b"\x10\x20" * WORD_SAMPLES,
                    offset_samples=offset,
                    sample_rate_hz=self.rate,
                    engine=self.name,
                    mouth=(MouthCue(at_seconds=at_seconds, viseme=Viseme.AA),),
                    words=(WordCue(at_seconds=at_seconds, start=position, length=len(word)),),
                )
                position += len(word)
                offset += WORD_SAMPLES
        finally:
            self.closed += 1
