"""The voice: sentences become sound with mouth shapes, for whichever show asks."""

import asyncio
import time
from contextlib import aclosing

from starlette.routing import BaseRoute

from apps.tts_worker.engines.base import EngineError, SentenceRefused, SpeechRequest
from apps.tts_worker.kept_speech import KeptSpeech
from apps.tts_worker.pacing import Pacing
from apps.tts_worker.sentence_order import SentenceOrder
from apps.tts_worker.sentence_sender import SentenceSender, SentenceStale
from apps.tts_worker.settings import TtsSettings
from apps.tts_worker.sound_cache import SoundCache
from apps.tts_worker.voice_api import VoiceApi
from apps.tts_worker.voice_choice import voices_of
from apps.tts_worker.voice_ladder import VoiceLadder
from libs.bus.base import Bus, Delivery
from libs.contracts.health import ErrorCategory, ModuleState
from libs.contracts.safety import GateAction
from libs.contracts.speaking import SpeakSentence
from libs.worker.worker import Health, Worker, handles

#: How often a voice that failed is tried again.
MEND_SECONDS = 10.0
#: Voice names nobody knows that were complained about; more are not remembered.
REMEMBERED_COMPLAINTS = 100


class TtsWorker(Worker):
    module = "tts_worker"
    work_concurrency = 2

    def __init__(self, settings: TtsSettings, bus: Bus) -> None:
        super().__init__(settings, bus)
        self.ladder: VoiceLadder = voices_of(settings)
        self.cache = SoundCache(settings.cache_folder, settings.tts_cache_mb * 1_000_000)
        self._wanted_voice = settings.tts_voice
        self._api = VoiceApi(self.ladder, settings, self.panic)
        self._pacing = Pacing()
        self._order = SentenceOrder()
        self._in_work: dict[asyncio.Task[None], SentenceSender] = {}
        self._complaints: set[str] = set()
        self._trouble = ""

    async def start(self) -> None:
        await self.ladder.start()
        await self.cache.open()
        await self._tell_of_trouble()
        if self.ladder.in_use.capabilities.voices:
            await self._complain_about_voice(self._wanted_voice, "TTS_VOICE")
        self.spawn("mend voices", self._mend_voices())

    async def stop(self) -> None:
        self._stop_sentences()
        await self.ladder.stop()

    def health(self) -> Health:
        health = self.ladder.health()
        if health.state is ModuleState.READY and self.cache.problem:
            detail = f"{health.detail}; nothing is kept on disk: {self.cache.problem}"
            return Health(ModuleState.READY, detail, health.engine)
        return health

    def routes(self) -> list[BaseRoute]:
        return list(self._api.routes())

    @handles(SpeakSentence)
    async def speak(self, sentence: SpeakSentence, delivery: Delivery) -> None:
        sender = SentenceSender(sentence, self.publish, self._pacing, self._is_stale)
        task = asyncio.create_task(self._say(sentence, sender), name="say")
        self._in_work[task] = sender
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            del self._in_work[task]
        try:
            if not task.cancelled():
                task.result()
            elif not self.enabled:
                await sender.finish(failed="off")
        except SentenceStale:
            self.counters["sentences_cut"] += 1

    async def epoch_raised(self, show: str, epoch: int) -> None:
        self._stop_stale_sentences()

    async def turn_cut(self, show: str, turn_id: str, reason: str = "") -> None:
        self._stop_stale_sentences()

    async def panic_engaged(self, reason: str) -> None:
        self._stop_sentences()

    async def enabled_changed(self, enabled: bool) -> None:
        if not enabled:
            self._stop_sentences()

    # One sentence -----------------------------------------------------------------------------

    async def _say(self, sentence: SpeakSentence, sender: SentenceSender) -> None:
        if reason := await self._refusal(sentence):
            await sender.finish(failed=reason)
            return
        waiting_since = time.perf_counter()
        async with self._order.turn_of(sender.utterance_id, sentence.index):
            sender.held_seconds += time.perf_counter() - waiting_since
            await self._send_sound(sentence, sender)

    async def _send_sound(self, sentence: SpeakSentence, sender: SentenceSender) -> None:
        request = SpeechRequest(
            sentence.text, sentence.voice, sentence.language, sentence.mood, sentence.energy
        )
        await self._complain_about_voice(sentence.voice, "the voice of the persona or request")
        speech = KeptSpeech(self.ladder, self.cache, request)
        try:
            async with aclosing(speech.pieces()) as pieces:
                async for piece in pieces:
                    await sender.send(piece)
        except SentenceRefused as error:
            await sender.finish(failed=error.code)
            return
        except EngineError as error:
            await self.report(error.code, str(error), error.category)
            await sender.finish(failed=error.code)
            return
        await sender.finish(cached=speech.cached)
        self.counters["sentences_spoken"] += 1
        self.counters["sentences_from_cache"] += speech.cached
        await self._tell_of_trouble()
        if speech.to_keep is not None:
            self.spawn("keep sound", self.cache.keep(*speech.to_keep))

    async def _refusal(self, sentence: SpeakSentence) -> str:
        """Why this sentence must not be spoken; empty when it may be."""
        if not self.enabled:
            return "off"
        verdict = sentence.verdict
        if verdict.action is not GateAction.BLOCK and verdict.text == sentence.text:
            return ""
        await self.report(
            "no_verdict",
            "a sentence without the gate's pass was not spoken; look at what publishes sentences",
            ErrorCategory.REFUSED,
        )
        return "no_verdict"

    def _is_stale(self, sentence: SpeakSentence) -> bool:
        stale = self.fences.stale(sentence.show, sentence.epoch, sentence.turn_id)
        return stale or self.panic.engaged

    def _stop_stale_sentences(self) -> None:
        for task, sender in self._in_work.items():
            if self._is_stale(sender.sentence):
                self.counters["sentences_cut"] += 1
                task.cancel()

    def _stop_sentences(self) -> None:
        self.counters["sentences_cut"] += len(self._in_work)
        for task in self._in_work:
            task.cancel()

    # Voices -----------------------------------------------------------------------------------

    async def _mend_voices(self) -> None:
        while True:
            await asyncio.sleep(MEND_SECONDS)
            if self.ladder.broken:
                await self.ladder.mend()
                await self._tell_of_trouble()

    async def _tell_of_trouble(self) -> None:
        """Reports a voice that failed, once."""
        health = self.ladder.health()
        trouble = health.detail if health.state is ModuleState.DEGRADED else ""
        if trouble and trouble != self._trouble:
            await self.report("voice_degraded", trouble, ErrorCategory.ENGINE)
        self._trouble = trouble

    async def _complain_about_voice(self, voice: str, what: str) -> None:
        """A name that no voice has is said with the usual voice, and reported once."""
        if not voice or self.ladder.knows_voice(voice) or voice in self._complaints:
            return
        if len(self._complaints) < REMEMBERED_COMPLAINTS:
            self._complaints.add(voice)
            message = (
                f"{what} ({voice!r}) is unknown: the usual voice speaks; GET /voices lists all"
            )
            await self.report("unknown_voice", message, ErrorCategory.CONFIGURATION)
