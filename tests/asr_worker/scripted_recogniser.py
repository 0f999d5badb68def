"""A recogniser for tests that answers from a script."""

import asyncio

from apps.asr_worker.engines.base import (
    Capabilities,
    Hints,
    RecogniserError,
    RecogniserMissing,
    Transcript,
    Word,
)


class ScriptedRecogniser:
    """Says `text` to every sound, until it is told otherwise."""

    def __init__(self, name: str, text: str = "hello", **can: object) -> None:
        self.name = name
        self.text = text
        self.words: tuple[Word, ...] = ()
        self.missing = False
        self.error: RecogniserError | None = None
        self.started = self.stopped = 0
        self.passes: list[tuple[bytes, Hints, bool]] = []
        self.capabilities = Capabilities(f"the {name} one", **can)  # type: ignore[arg-type]

    async def start(self) -> None:
        self.started += 1
        await asyncio.sleep(0)
        if self.missing:
            raise RecogniserMissing(f"{self.name} is not here: install it")

    async def stop(self) -> None:
        self.stopped += 1

    async def transcribe(self, pcm: bytes, hints: Hints, final: bool) -> Transcript:
        self.passes.append((pcm, hints, final))
        if self.error is not None:
            raise self.error
        return Transcript(self.text, self.name, self.words)
