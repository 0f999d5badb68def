"""The worker's own HTTP routes: which voices there are, and a sentence as a WAV file."""

import asyncio
from contextlib import aclosing

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.tts_worker.engines.base import EngineError, SentenceTooLong, SoundPiece, SpeechRequest
from apps.tts_worker.engines.captions import CaptionsEngine
from apps.tts_worker.settings import TtsSettings
from apps.tts_worker.voice_ladder import VoiceLadder
from libs.audio.wav import Recording, encode_wav
from libs.contracts.safety import GateAction
from libs.contracts.speaking import Mood
from libs.safety import Gate, RulesError
from libs.worker.panic_latch import PanicLatch
from libs.worker.problems import Problem


class SynthesizeRequest(BaseModel):
    """Body of `POST /synthesize`."""

    text: str = Field(min_length=1, max_length=1_000)
    voice: str = Field(default="", max_length=64)
    language: str = Field(default="en", max_length=16)
    mood: Mood = Mood.NEUTRAL


class VoiceApi:
    """Nothing made here goes on air; it passes the gate all the same, and is refused in panic."""

    def __init__(self, ladder: VoiceLadder, settings: TtsSettings, panic: PanicLatch) -> None:
        self._ladder = ladder
        self._settings = settings
        self._panic = panic
        self._gate: Gate | None = None

    def routes(self) -> list[Route]:
        return [
            Route("/voices", self._get_voices),
            Route("/synthesize", self._post_synthesize, methods=["POST"]),
        ]

    async def _get_voices(self, request: Request) -> Response:
        voices = [
            {"engine": engine, "id": voice.id, "language": voice.language, "title": voice.title}
            for engine, voice in self._ladder.voices()
        ]
        in_use = self._ladder.in_use
        default = in_use.recipe(SpeechRequest("a")).voice
        return JSONResponse({"engine": in_use.name, "default": default, "voices": voices})

    async def _post_synthesize(self, request: Request) -> Response:
        body = _read(await request.body())
        if self._panic.engaged:
            raise Problem(
                409, "Panic is engaged", "Release it first: kitsu panic --release", "panic"
            )
        if body.voice and not self._ladder.knows_voice(body.voice):
            raise Problem(422, "No such voice", "GET /voices lists them.", "unknown_voice")
        text = await self._gated(body.text)
        recording = await self._spoken(
            SpeechRequest(text, voice=body.voice, language=body.language, mood=body.mood)
        )
        return Response(encode_wav(recording), media_type="audio/wav")

    async def _gated(self, text: str) -> str:
        verdict = (await self._loaded_gate()).check(text, place="operator")
        if verdict.action is GateAction.BLOCK or not verdict.text:
            raise Problem(422, "The gate stopped this text", f"Rule: {verdict.rule}", "blocked")
        return verdict.text

    async def _loaded_gate(self) -> Gate:
        """The gate's rules are read when they are first needed, and kept."""
        if self._gate is None:
            try:
                self._gate = await asyncio.to_thread(
                    Gate.load, self._settings.policy_family_friendly
                )
            except RulesError as error:
                raise Problem(503, "No gate", str(error), "gate_missing") from None
        return self._gate

    async def _spoken(self, request: SpeechRequest) -> Recording:
        pieces: list[SoundPiece] = []
        try:
            async with aclosing(self._ladder.speak(request)) as sound:
                async for piece in sound:
                    pieces.append(piece)
        except SentenceTooLong as error:
            raise Problem(422, "Too long", str(error), error.code) from None
        except EngineError as error:
            raise Problem(503, "No voice", str(error), error.code) from None
        if not pieces:
            raise Problem(422, "Nothing to say", "Send letters or digits.", "nothing_to_say")
        if any(piece.engine == CaptionsEngine.name for piece in pieces):
            raise Problem(503, "No voice", self._ladder.health().detail, "engine_missing")
        return Recording(b"".join(piece.pcm for piece in pieces), pieces[0].sample_rate_hz)


def _read(raw: bytes) -> SynthesizeRequest:
    try:
        return SynthesizeRequest.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise Problem(422, "Not a request", f"{where}: {first['msg']}", "bad_request") from None
