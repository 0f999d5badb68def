"""Speaking with the disk's help: what was said before is not made again."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from apps.tts_worker.engines.base import Recipe, SoundPiece, SpeechRequest
from apps.tts_worker.sound_cache import KeptSound, SoundCache
from apps.tts_worker.voice_ladder import VoiceLadder
from libs.audio.wav import Recording


class KeptSpeech:
    """One sentence, from the cache or from the voices.

    `cached` says which, once `pieces` has begun; `to_keep` is the whole sound when it is worth
    keeping, once `pieces` has ended.
    """

    def __init__(self, ladder: VoiceLadder, cache: SoundCache, request: SpeechRequest) -> None:
        self.cached = False
        self.to_keep: tuple[Recipe, KeptSound] | None = None
        self._ladder = ladder
        self._cache = cache
        self._request = request

    async def pieces(self) -> AsyncGenerator[SoundPiece, None]:
        engine = self._ladder.in_use
        recipe = engine.recipe(self._request)
        kept = await self._cache.get(recipe) if engine.capabilities.keeps else None
        if kept is not None:
            self.cached = True
            yield _piece_of(kept, recipe.engine)
            return
        made: list[SoundPiece] = []
        async with aclosing(self._ladder.speak(self._request)) as pieces:
            async for piece in pieces:
                made.append(piece)
                yield piece
        if engine.capabilities.keeps and made and all(p.engine == recipe.engine for p in made):
            self.to_keep = recipe, _joined(made)


def _piece_of(kept: KeptSound, engine: str) -> SoundPiece:
    recording = kept.recording
    return SoundPiece(
        recording.pcm, 0, recording.sample_rate_hz, engine, mouth=kept.mouth, words=kept.words
    )


def _joined(pieces: list[SoundPiece]) -> KeptSound:
    pcm = b"".join(piece.pcm for piece in pieces)
    return KeptSound(
        Recording(pcm, pieces[0].sample_rate_hz),
        mouth=tuple(cue for piece in pieces for cue in piece.mouth),
        words=tuple(cue for piece in pieces for cue in piece.words),
    )
