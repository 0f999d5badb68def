"""From sound to speeches: windows, gate, end of turn, and what becomes of each speech."""

import asyncio
import math
from collections.abc import Callable, Iterable

from apps.asr_worker.inputs.base import RATE_HZ, Block
from apps.asr_worker.microphone import Microphone
from apps.asr_worker.partners import Window
from apps.asr_worker.speech_course import (
    LEAST_VOICED_SECONDS,
    Services,
    SpeechCourse,
    SpeechEnd,
)
from apps.asr_worker.speech_recorder import SILENT_WINDOW, SpeechRecorder
from apps.asr_worker.voice_models import VoiceModel
from apps.asr_worker.windows import (
    SILENCE_DBFS,
    WINDOW_SAMPLES,
    WINDOW_SECONDS,
    Cut,
    WindowCutter,
    level_of,
    samples_of,
)
from libs.contracts.listening import DismissReason, SpeechStarted
from libs.speech.turn_taking import MODEL_COMPLETE_SECONDS, SPECULATE_AFTER_SECONDS, EndOfTurn
from libs.speech.voice_gate import VoiceChange, VoiceGate

#: After so many windows (a few milliseconds of work) others have their turn on the event loop.
WINDOWS_AT_ONCE = 8
#: A speech that is longer is recognised in pieces, and one of so many pieces is over.
PIECE_SECONDS = 30.0
MAXIMUM_PIECES = 4
#: Speeches that wait for the recogniser; the oldest is given up for a newer one.
MAXIMUM_WAITING = 3
#: No sound for so long ends a speech: the microphone is gone.
NO_SOUND_SECONDS = 1.0
#: Of a gap in the sound no more is taken for silence: a speech is over by then.
LONGEST_GAP_SECONDS = 12.0
#: A window that may be the beginning of a voice; and how long after the last one it is quiet.
QUIET_PROBABILITY, QUIET_AFTER_SECONDS = 0.2, 1.0
#: Silence that is left behind the last word.
TAIL_SECONDS = 0.3

_GAP_WINDOWS = round(LONGEST_GAP_SECONDS / WINDOW_SECONDS)


class Hearing:
    """Promises: every speech that was told of has one end; nothing here blocks the event loop for
    more than a few windows; sound that is lost counts as silence."""

    def __init__(
        self,
        model: VoiceModel,
        end_of_turn: EndOfTurn,
        microphone: Microphone,
        services: Services,
        device: Callable[[], str] = lambda: "",
        show: str = "main",
    ) -> None:
        self._model = model
        self._end_of_turn = end_of_turn
        self._microphone = microphone
        self._services = services
        self._device = device
        self._show = show
        self._cutter = WindowCutter()
        self._gate = VoiceGate()
        self._recorder = SpeechRecorder()
        self._course: SpeechCourse | None = None
        self._open: set[SpeechCourse] = set()
        self._waiting: list[SpeechCourse] = []
        self._watchers: set[asyncio.Task[None]] = set()
        self._piece_count = 0
        self._asked_model = False
        self._heard_at = self._voice_at = services.now()

    @property
    def voice(self) -> bool:
        """Somebody speaks now."""
        return self._gate.in_speech and not self._gate.paused

    @property
    def quiet(self) -> bool:
        """Nobody speaks, nor did just now, and she neither: nothing is urgent."""
        silent = self._services.now() - self._voice_at >= QUIET_AFTER_SECONDS
        busy = self._course is not None or self._services.interruption.speaking
        return silent and not busy

    @property
    def noise_floor_dbfs(self) -> float | None:
        return self._gate.noise_floor_dbfs

    async def hear(self, blocks: Iterable[Block]) -> None:
        """The next sound."""
        count = 0
        self._heard_at = self._services.now()
        for block in blocks:
            for cut in self._cutter.cut(block):
                await self._hear_window(cut)
                count += 1
                if count % WINDOWS_AT_ONCE == 0:
                    await asyncio.sleep(0)

    async def idle(self) -> None:
        """No sound came: to be called now and then."""
        silent_seconds = self._services.now() - self._heard_at
        if self._course is not None and silent_seconds >= NO_SOUND_SECONDS:
            self._model.reset()
            self._cutter.forget()
            await self._end(self._course.started_at + self._gate.duration_seconds, silent_seconds)

    def stop(self, reason: DismissReason, detail: str = "", also_waiting: bool = False) -> None:
        """What is being said is dropped now; also, what waits for its words."""
        course, self._course = self._course, None
        for one in [*self._waiting] if also_waiting else []:
            one.dismiss(reason, detail)
        if course is not None:
            course.dismiss(reason, detail)
        self._gate.end()
        self._recorder.forget()
        self._cutter.forget()
        self._model.reset()

    def order_heard(self, phrase: str) -> None:
        """Another ear heard an order in what is being said, or was just now."""
        course = self._course or (self._waiting[-1] if self._waiting else None)
        if course is not None:
            course.keyword = phrase

    async def settled(self) -> None:
        """Until every speech has its end."""
        while self._watchers:
            await asyncio.gather(*self._watchers)

    # Windows ----------------------------------------------------------------------------------

    async def _hear_window(self, cut: Cut) -> None:
        if cut.lost_samples:
            await self._fill_gap(cut)
        samples = samples_of(cut.pcm)
        level = level_of(samples)
        probability = self._model.probability(samples)
        interruption = self._services.interruption
        if probability >= QUIET_PROBABILITY:
            self._voice_at = self._heard_at
        listens = self._microphone.listens_at(cut.at)
        if not listens:
            probability = 0.0
        # Who speaks without the key, or has not named her yet, interrupts nobody by voice alone.
        for_her = self._services.understanding.may_be_for_her(cut.at)
        voice = probability if for_her else 0.0
        hers = await interruption.window(Window(cut.at, samples, voice, level))
        self._services.own_voice(hers, cut.at)
        if listens:
            self._recorder.hear(cut.pcm, level)
            await self._feed_gate(cut.at, probability, level, masked=hers)
        else:
            await self._shut_out(cut.at)

    async def _fill_gap(self, cut: Cut) -> None:
        self._model.reset()
        windows = min(_GAP_WINDOWS, round(cut.lost_samples / WINDOW_SAMPLES))
        begin = cut.at - cut.lost_samples / RATE_HZ
        for number in range(windows):
            if self._course is None:
                break
            self._recorder.hear(SILENT_WINDOW, SILENCE_DBFS)
            at = begin + number * WINDOW_SECONDS
            await self._feed_gate(at, 0.0, SILENCE_DBFS, masked=True)

    async def _shut_out(self, at: float) -> None:
        """Nobody holds the key, or it is muted: nothing of this is kept."""
        if self._microphone.muted:
            self.stop(DismissReason.MUTED)
        elif self._course is not None:
            await self._end(self._voice_ended_at(at), self._gate.silence_seconds)
        self._gate.end()
        self._recorder.forget()

    async def _feed_gate(self, at: float, probability: float, level: float, masked: bool) -> None:
        if self._course is not None and self._key_went_up(at):
            await self._end(self._voice_ended_at(at), self._gate.silence_seconds)
        gate = self._gate
        change = gate.take(probability, level, WINDOW_SECONDS, self._ends_after(at), masked)
        course = self._course
        if change is VoiceChange.STARTED:
            await self._begin(at + WINDOW_SECONDS - gate.start_seconds)
        elif course is None:
            return
        elif change is VoiceChange.PAUSED:
            await self._services.interruption.paused(at)
        elif change is VoiceChange.RESUMED:
            course.go_on()
            self._asked_model = False
            await self._services.interruption.resumed(at)
        elif change is VoiceChange.ENDED:
            silence = gate.silence_seconds
            await self._end(at + WINDOW_SECONDS - silence, silence)
        await self._go_on(at)

    async def _go_on(self, at: float) -> None:
        """What is due while a speech lasts."""
        course, gate = self._course, self._gate
        if course is None:
            return
        course.by_key = course.by_key or self._microphone.key.held(at)
        if not gate.paused:
            course.show_words(self._recorder.pcm, self._recorder.seconds)
        elif gate.voiced_seconds >= LEAST_VOICED_SECONDS:
            if gate.silence_seconds >= MODEL_COMPLETE_SECONDS and not self._asked_model:
                self._asked_model = True
                course.ask_turn_model(self._recorder.pcm())
            if gate.silence_seconds >= SPECULATE_AFTER_SECONDS and not course.guessing:
                course.guess(self._recorder.pcm())
        if self._recorder.seconds >= PIECE_SECONDS:
            await self._cut_piece(at)

    def _ends_after(self, at: float) -> float:
        if self._course is None or not self._gate.paused:
            return math.inf
        if self._microphone.key.held(at):
            return math.inf
        return self._end_of_turn.silence_seconds(self._course.pause())

    def _key_went_up(self, at: float) -> bool:
        course = self._course
        return course is not None and course.by_key and not self._microphone.key.counts(at)

    def _voice_ended_at(self, at: float) -> float:
        return at - self._gate.silence_seconds

    # Speeches ---------------------------------------------------------------------------------

    async def _begin(self, started_at: float) -> None:
        self._recorder.begin(self._gate.start_seconds)
        self._piece_count = 0
        await self._open_course(started_at)

    async def _open_course(self, started_at: float) -> None:
        interruption = self._services.interruption
        started = SpeechStarted(
            show=self._show, device=self._device(), over_speech=interruption.speaking
        )
        course = SpeechCourse(self._services, started, started_at)
        course.by_key = self._microphone.key.counts(started_at + WINDOW_SECONDS)
        self._course, self._asked_model = course, False
        self._open.add(course)
        watcher = asyncio.create_task(self._watch(course), name="speech")
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)
        self._services.publish(started)
        await interruption.started(started)

    async def _end(self, voice_ended_at: float, silence_seconds: float) -> None:
        course, self._course = self._course, None
        if course is None:
            return
        gate = self._gate
        end = SpeechEnd(
            voice_ended_at,
            max(0.0, gate.duration_seconds - silence_seconds),
            gate.voiced_seconds,
            silence_seconds,
        )
        pcm = self._recorder.pcm(silence_seconds - TAIL_SECONDS)
        gate.end()
        self._recorder.end()
        self._finish(course, end, pcm)

    def _finish(self, course: SpeechCourse, end: SpeechEnd, pcm: bytes) -> None:
        self._waiting.append(course)
        course.finish(end, pcm)
        waiting = [one for one in self._waiting if not one.closed.is_set()]
        for late in waiting[:-MAXIMUM_WAITING]:
            late.dismiss(DismissReason.FAILED, "the recogniser does not keep up")

    async def _cut_piece(self, at: float) -> None:
        """It is too long for one pass: up to its quietest moment it is recognised already."""
        course = self._course
        if course is None:
            return
        gate, pcm = self._gate, self._recorder.cut()
        self._piece_count += 1
        if self._piece_count < MAXIMUM_PIECES:
            course.add_piece(pcm)
            return
        rest = self._recorder.seconds
        end = SpeechEnd(
            at + WINDOW_SECONDS - rest, gate.duration_seconds - rest, gate.voiced_seconds, 0.0
        )
        self._piece_count = 0
        gate.split(rest)
        self._finish(course, end, pcm)
        await self._open_course(at + WINDOW_SECONDS - rest)

    async def _watch(self, course: SpeechCourse) -> None:
        await course.closed.wait()
        self._open.discard(course)
        if course in self._waiting:
            self._waiting.remove(course)
        if course is self._course:  # ended by somebody else while it lasted
            self._course = None
            self._gate.end()
            self._recorder.end()
        if not self._open:
            await self._services.interruption.over()
