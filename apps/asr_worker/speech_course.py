"""One speech, from its first voiced window to its one end."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from apps.asr_worker.engines.base import Hints, RecogniserError, Transcript
from apps.asr_worker.partners import Agreement, Interrupting
from apps.asr_worker.recogniser_lane import RecogniserLane
from apps.asr_worker.smart_turn import SmartTurn
from apps.asr_worker.understanding import Circumstances, Understanding, Words, has_words
from libs.contracts.envelope import Event
from libs.contracts.listening import (
    DismissReason,
    SpeechDismissed,
    SpeechEnded,
    SpeechStarted,
    TranscriptFinalized,
    TranscriptUpdated,
)
from libs.speech.turn_taking import Pause, Verdict

#: With less voice than this nobody said anything.
LEAST_VOICED_SECONDS = 0.12
#: What is understood later than this after it was said is answered by nobody any more.
LATEST_SECONDS = 20.0
#: Words while one still speaks: so often, and not of less than this.
PARTIAL_EVERY_SECONDS = 0.7

log = logging.getLogger("kitsu.asr_worker")


@dataclass(frozen=True)
class Services:
    """What all speeches of this worker share."""

    lane: RecogniserLane
    interruption: Interrupting
    understanding: Understanding
    publish: Callable[[Event], None]
    hints: Callable[[], Hints]
    agreement: Callable[[], Agreement]
    now: Callable[[], float]
    own_voice: Callable[[bool, float], None] = field(default=lambda own, at: None)
    """Told of every window whether it is her own voice, and when it began."""
    turn_model: Callable[[], SmartTurn | None] = field(default=lambda: None)


@dataclass(frozen=True)
class SpeechEnd:
    """`voice_ended_at`: the last voiced moment (show's clock)."""

    voice_ended_at: float
    duration_seconds: float
    voiced_seconds: float
    silence_wait_seconds: float


class SpeechCourse:
    """Promises: one SpeechEnded, then exactly one TranscriptFinalized or SpeechDismissed, whatever
    fails or is cancelled; after that nothing of this speech is published any more."""

    def __init__(self, services: Services, started: SpeechStarted, started_at: float) -> None:
        self.started = started
        self.started_at = started_at
        self.by_key = False
        self.keyword = ""
        self.closed = asyncio.Event()
        self._services = services
        self._agreement = services.agreement()
        self._pieces: list[asyncio.Task[Transcript]] = []
        self._guess: asyncio.Task[Transcript] | None = None
        self._partial: asyncio.Task[None] | None = None
        self._partial_at_seconds = 0.0
        self._verdict: Verdict | None = None
        self._side: set[asyncio.Task[None]] = set()
        self._finishing: asyncio.Task[None] | None = None
        self._ended = False
        self._seconds = 0.0

    # While it lasts ---------------------------------------------------------------------------

    @property
    def guessing(self) -> bool:
        """The words of this pause are being made out, or are."""
        return self._guess is not None

    def pause(self) -> Pause:
        """What is known of the silence that is now."""
        text = language = None
        guess = self._guess
        pending = guess is not None and not guess.done()
        if guess is not None and not pending and not guess.cancelled() and not guess.exception():
            text, language = guess.result().text, guess.result().language
        if text is not None and not has_words(text):
            text = None
        return Pause(text, language or self._services.hints().language, pending, self._verdict)

    def guess(self, pcm: bytes) -> None:
        """He is silent: the last pass begins already, in case he does not go on."""
        self._stop_partial()
        self._guess = self._pass(pcm)
        self._aside(self._tell_guess(self._guess))

    def ask_turn_model(self, pcm: bytes) -> None:
        model = self._services.turn_model()
        if model is not None:
            self._aside(self._take_verdict(model, pcm))

    def go_on(self) -> None:
        """He does go on: what was made out so far is not all."""
        self._drop_guess()
        self._verdict = None

    def show_words(self, pcm: Callable[[], bytes], seconds: float) -> None:
        """Tentative words, where there is time for them; `seconds`: how much was said so far."""
        lane = self._services.lane
        due = seconds - self._partial_at_seconds >= PARTIAL_EVERY_SECONDS
        if due and lane.wants_partials and lane.idle:
            self._partial_at_seconds = seconds
            self._partial = asyncio.create_task(self._make_partial(pcm()), name="partial words")

    def add_piece(self, pcm: bytes) -> None:
        """It is long: this much of it is made out for good while it goes on."""
        self._stop_partial()
        self._drop_guess()
        self._partial_at_seconds = 0.0
        self._agreement = self._services.agreement()
        self._pieces.append(self._pass(pcm))

    # Its end ----------------------------------------------------------------------------------

    def finish(self, end: SpeechEnd, pcm: bytes) -> None:
        """The turn is over; `pcm`: what is not a piece yet."""
        self._tell_end(end)
        if end.voiced_seconds < LEAST_VOICED_SECONDS and not self._pieces:
            self.dismiss(DismissReason.NOISE)
            return
        self._stop_partial()
        guess, self._guess = self._guess, None
        if guess is None or (guess.done() and _failed(guess)):
            guess = self._pass(pcm)
        self._pieces.append(guess)
        self._finishing = asyncio.create_task(self._conclude(end), name="last words")

    def dismiss(self, reason: DismissReason, detail: str = "", text: str = "") -> None:
        """Ends it now, as no turn. Does nothing when it is over."""
        if self.closed.is_set():
            return
        self._tell_end(SpeechEnd(self._services.now(), self._seconds, 0.0, 0.0))
        self._close(
            SpeechDismissed.caused_by(
                self.started,
                reason=reason,
                detail=detail[:200],
                text=text[:2_000],
                duration_seconds=round(self._seconds, 3),
            )
        )

    def _tell_end(self, end: SpeechEnd) -> None:
        if self._ended:
            return
        self._ended = True
        self._seconds = end.duration_seconds
        self._services.publish(
            SpeechEnded.caused_by(
                self.started,
                duration_seconds=round(end.duration_seconds, 3),
                silence_wait_seconds=round(end.silence_wait_seconds, 3),
            )
        )

    async def _conclude(self, end: SpeechEnd) -> None:
        try:
            await self._understand(end)
        except RecogniserError as error:
            self.dismiss(DismissReason.FAILED, str(error))
        except Exception as error:  # a task is supervised here: a speech must have an end
            log.exception("a speech could not be concluded")
            self.dismiss(DismissReason.FAILED, type(error).__name__)

    async def _understand(self, end: SpeechEnd) -> None:
        decided_at = self._services.now()
        transcripts = [await piece for piece in self._pieces]
        understanding = self._services.understanding
        words = understanding.words_of(transcripts, end.voiced_seconds)
        if self._services.now() - end.voice_ended_at > LATEST_SECONDS:
            self.dismiss(DismissReason.FAILED, "it was understood too late", words.text)
            return
        reason = understanding.why_no_words(words)
        if reason is None:
            reason = understanding.why_not_for_her(words, self._how())
        if reason is None:
            reason = await self._services.interruption.understood(words.text)
        if reason is not None:
            self.dismiss(reason, text=words.text)
        elif not self.closed.is_set():
            self._close(self._finalized(words, end, decided_at))

    def _finalized(self, words: Words, end: SpeechEnd, decided_at: float) -> TranscriptFinalized:
        return TranscriptFinalized.caused_by(
            self.started,
            text=words.text,
            speech_ended_at=end.voice_ended_at,
            silence_wait_seconds=round(end.silence_wait_seconds, 3),
            recognition_seconds=round(max(0.0, self._services.now() - decided_at), 3),
            confidence=words.confidence,
            language=words.language,
            engine=words.engine,
        )

    def _close(self, last: Event) -> None:
        self._services.publish(last)
        self.closed.set()
        self._stop_partial()
        self._drop_guess()
        current = asyncio.current_task()
        for task in (*self._pieces, *self._side, self._finishing):
            if task is not None and task is not current:
                task.cancel()

    # Words ------------------------------------------------------------------------------------

    def _pass(self, pcm: bytes) -> asyncio.Task[Transcript]:
        services = self._services
        work = services.lane.transcribe(pcm, services.hints(), final=True)
        task = asyncio.create_task(work, name="recognise")
        task.add_done_callback(_failed)  # looked at once, so that nobody warns of it
        return task

    async def _make_partial(self, pcm: bytes) -> None:
        services = self._services
        try:
            found = await services.lane.transcribe(pcm, services.hints(), final=False)
        except RecogniserError:
            return  # the last pass will tell
        before = self._words_before()
        if has_words(found.text) and not self.closed.is_set():
            confirmed = f"{before} {self._agreement.take(found.text)}".strip()
            text = f"{before} {self._agreement.text}".strip()
            self._tell_words(text, confirmed)
            await self._tell_interruption(text)

    async def _tell_guess(self, guess: asyncio.Task[Transcript]) -> None:
        await asyncio.wait({guess})
        if _failed(guess) or self.closed.is_set() or guess is not self._guess:
            return
        text = f"{self._words_before()} {guess.result().text.strip()}".strip()
        if has_words(text):
            self._tell_words(text, text)
            await self._tell_interruption(text)

    def _tell_words(self, text: str, confirmed: str) -> None:
        self._services.publish(
            TranscriptUpdated.caused_by(self.started, text=text, confirmed=confirmed)
        )

    async def _tell_interruption(self, text: str) -> None:
        """Words that are not meant for her cut nobody off."""
        if self._services.understanding.why_not_for_her(Words(text), self._how()) is None:
            await self._services.interruption.words(text)

    def _how(self) -> Circumstances:
        return Circumstances(self.started_at, self.by_key, self.keyword)

    def _words_before(self) -> str:
        """Of the pieces that are made out."""
        done = [piece for piece in self._pieces if piece.done() and not _failed(piece)]
        return " ".join(piece.result().text.strip() for piece in done)

    async def _take_verdict(self, model: SmartTurn, pcm: bytes) -> None:
        self._verdict = await model.verdict(pcm)

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="aside")
        self._side.add(task)
        task.add_done_callback(self._side.discard)

    def _drop_guess(self) -> None:
        guess, self._guess = self._guess, None
        if guess is not None:
            guess.cancel()
        for task in self._side:
            if task is not asyncio.current_task():
                task.cancel()

    def _stop_partial(self) -> None:
        if self._partial is not None and self._partial is not asyncio.current_task():
            self._partial.cancel()
        self._partial = None


def _failed(task: asyncio.Task[Transcript]) -> bool:
    return task.cancelled() or (task.done() and task.exception() is not None)
