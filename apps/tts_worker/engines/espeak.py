"""The embedded voice: espeak-ng in a child process of its own, nothing to download."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from apps.tts_worker.engines.base import (
    Capabilities,
    EngineDied,
    EngineError,
    Recipe,
    SentenceTooLong,
    SoundPiece,
    SpeechRequest,
)
from apps.tts_worker.engines.espeak_child import EspeakChild
from apps.tts_worker.engines.espeak_data import installed_parts, usable_path, variants_in
from apps.tts_worker.engines.espeak_pieces import PieceMaker
from apps.tts_worker.engines.espeak_prosody import Prosody, coloured
from apps.tts_worker.engines.espeak_voices import EspeakVoices
from apps.tts_worker.engines.script import readable_language
from apps.tts_worker.engines.speakable import has_speech, speakable

DEFAULT_VOICE = "en-us+f5"
DEFAULT_PROSODY = Prosody(rate=162, pitch=55, pitch_range=60)

#: Brings the library's usual -20 dBFS to about -15.5 with its peaks bent below full scale.
GAIN = 1.7
#: A sentence of `SpeakSentence`'s greatest length read slowly; a row of digits would be longer.
MAXIMUM_SECONDS = 150
#: How often a sentence is begun when the process dies under it.
ATTEMPTS = 2


class EspeakEngine:
    """See `SpeechEngine`. The process is started again when it dies; the sentence it was saying
    then goes on where it was."""

    name = "espeak"

    def __init__(
        self,
        voice: str = DEFAULT_VOICE,
        prosody: Prosody = DEFAULT_PROSODY,
        parts: tuple[Path, Path] | None = None,
    ) -> None:
        """`parts`: library and data folder; None: those of the installed package."""
        self._wanted_voice = voice
        self._prosody = prosody
        self._given_parts = parts
        self._keep = ExitStack()
        self._launching = asyncio.Lock()
        self._child: EspeakChild | None = None
        self._parts: tuple[Path, Path] | None = None
        self._voices = EspeakVoices({}, {}, ())
        self._voice = voice
        self._sample_rate_hz = 22_050
        self._version = ""
        self._capabilities = Capabilities("espeak-ng", self._sample_rate_hz, phone_times=True)
        self.restarts = 0
        self.unknown_symbols = 0

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @property
    def process_id(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.alive else None

    @property
    def voice(self) -> str:
        """The default voice in use: the one that was set, or the built-in one for a wrong name."""
        return self._voice

    async def start(self) -> None:
        if self._parts is None:
            library, data = self._given_parts or installed_parts()
            self._parts = library, await asyncio.to_thread(usable_path, data, self._keep)
        await self._living_child()

    async def stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await child.end()
        self._parts = None
        await asyncio.to_thread(self._keep.close)

    def knows_voice(self, voice: str) -> bool:
        return self._voices.find(voice) is not None

    def recipe(self, request: SpeechRequest) -> Recipe:
        prosody = coloured(self._prosody, request.mood, request.energy)
        language = readable_language(request.text, request.language)
        return Recipe(
            engine=self.name,
            voice=self._voices.choose(request.voice, language, self._voice),
            text=speakable(request.text),
            details={
                "version": self._version,
                "rate": prosody.rate,
                "pitch": prosody.pitch,
                "pitch_range": prosody.pitch_range,
                "gain": GAIN,
            },
        )

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[SoundPiece, None]:
        recipe = self.recipe(request)
        if not has_speech(recipe.text):
            return
        sent_samples = 0
        for attempt in range(1, ATTEMPTS + 1):
            pieces = PieceMaker(self.name, self._sample_rate_hz, GAIN, request.text, sent_samples)
            child = await self._living_child()
            request_id = child.open(self._order(recipe))
            try:
                while not isinstance(answer := await child.hear(request_id), bool):
                    for piece in pieces.add(answer):
                        yield piece
                for piece in pieces.finish():
                    yield piece
            except EngineDied:
                sent_samples = pieces.sent_samples
                if attempt == ATTEMPTS:
                    raise
                continue
            finally:
                child.close(request_id)
            self.unknown_symbols += pieces.unknown_symbols
            if not answer:
                raise SentenceTooLong(f"the sound was ended after {MAXIMUM_SECONDS} s")
            return

    def _order(self, recipe: Recipe) -> dict[str, Any]:
        details = recipe.details
        return {
            "text": recipe.text,
            "voice": recipe.voice,
            "rate": details["rate"],
            "pitch": details["pitch"],
            "pitch_range": details["pitch_range"],
            "maximum_samples": MAXIMUM_SECONDS * self._sample_rate_hz,
        }

    async def _living_child(self) -> EspeakChild:
        """The running process; a new one when there is none or it died."""
        async with self._launching:
            if self._child is not None and self._child.alive:
                return self._child
            if self._parts is None:
                raise EngineError("the embedded voice is not started")
            if self._child is not None:
                self.restarts += 1
                await self._child.end()
            self._child = None
            self._child = await EspeakChild.launch(*self._parts)
            self._learn(self._child.about, self._parts[1])
            return self._child

    def _learn(self, about: dict[str, Any], data: Path) -> None:
        self._sample_rate_hz = int(about["sample_rate_hz"])
        self._version = str(about["version"])
        self._voices = EspeakVoices.of(about["voices"], variants_in(data))
        self._voice = self._voices.find(self._wanted_voice) or DEFAULT_VOICE
        self._capabilities = Capabilities(
            label=f"espeak-ng {self._version}",
            sample_rate_hz=self._sample_rate_hz,
            phone_times=True,
            languages=self._voices.languages,
            voices=self._voices.suggestions(),
        )
