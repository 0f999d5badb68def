"""The ears: microphone to speech to text."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar

from starlette.routing import BaseRoute

from apps.asr_worker.event_outlet import EventOutlet
from apps.asr_worker.expected_words import ExpectedWords
from apps.asr_worker.hearing import Hearing
from apps.asr_worker.listening import Listening
from apps.asr_worker.microphone import Microphone
from apps.asr_worker.microphone_report import MicrophoneReport
from apps.asr_worker.parts import Parts, PartsMaker, models_dir, parts_of
from apps.asr_worker.recogniser_lane import RecogniserLane
from apps.asr_worker.settings import AsrSettings
from apps.asr_worker.smart_turn import SmartTurn
from apps.asr_worker.speech_course import Services
from apps.asr_worker.spoken_orders import OrderKind, SpokenOrders
from apps.asr_worker.turn_end import end_of_turn
from apps.asr_worker.understanding import Understanding
from apps.asr_worker.voice_models import VoiceModel
from apps.asr_worker.web import ListeningWeb
from libs.bus.base import Bus, BusError, Delivery
from libs.contracts.control import HoldToTalk, SetMicrophone
from libs.contracts.conversation import TurnOpened, TurnSource
from libs.contracts.envelope import Event
from libs.contracts.health import ErrorCategory
from libs.contracts.interruption import HoldSpeaking, StopSpeaking
from libs.contracts.listening import (
    DismissReason,
    MicrophoneReported,
    MicrophoneState,
    WordsExpected,
)
from libs.contracts.speaking import (
    AudioChunk,
    PlaybackFinished,
    PlaybackProgressed,
    PlaybackStarted,
    SentenceSynthesized,
)
from libs.speech.addressing import Attention
from libs.telemetry import clock
from libs.worker.panic_call import PanicCall
from libs.worker.worker import Health, Worker, handles

#: How often a recogniser that is missing is looked for again.
MEND_SECONDS = 10.0
#: An input or a model that failed is begun again after this long.
RESTART_SECONDS = 5.0
REPORT_SECONDS = 0.2
#: While nothing is captured, little changes.
IDLE_SECONDS = 1.0
#: Reports on the live stream may be lost: an unchanged one is told again after this long.
REPEAT_SECONDS = 2.0
#: What is being told when this worker stops is told to its end, for so long.
STOP_SECONDS = 2.0
#: Turns of his own whose answers give him her attention.
REMEMBERED_TURNS = 50


class AsrWorker(Worker):
    """Hears the host, and says what was said to her, when, and over what.

    Nothing is captured before a recogniser is ready, nor while the module is switched off. Muted,
    no model gets any sound, the keyword guard's neither.
    """

    module = "asr_worker"
    drop_work_in_panic = False
    audio_look_back_seconds = 30.0
    panel_sockets: ClassVar[frozenset[str]] = frozenset({"/microphone"})
    settings: AsrSettings

    def __init__(self, settings: AsrSettings, bus: Bus, parts: PartsMaker = parts_of) -> None:
        super().__init__(settings, bus)
        self._outlet = EventOutlet(self.publish, self.counters)
        self._orders = SpokenOrders(
            self.show,
            PanicCall(settings, self.publish, bus.set_latch, lambda: bus.connected),
            self.panic.next_ordinal,
            self._outlet.put,
            self.spawn,
            self._complain,
            self.counters,
        )
        self.parts: Parts = parts(settings, self._hand_over, self.order_heard)
        folder = settings.kitsu_data_dir / "asr_worker"
        self.microphone = Microphone(folder, settings.asr_mode)
        self._expected = ExpectedWords(settings.asr_language)
        self._attention = Attention()
        self._his_turns: deque[str] = deque(maxlen=REMEMBERED_TURNS)
        self._lane = RecogniserLane(self.parts.ladder)
        self._report = MicrophoneReport(
            self.parts.sound, self.parts.ladder, self.microphone, self.parts.levels
        )
        self._web = ListeningWeb(self.report_now)
        self._listening: asyncio.Task[None] | None = None
        self._keeping = asyncio.Lock()
        self._key_was_held = False
        self._turn_model: SmartTurn | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self.audio_wanted.clear()

    # Life -------------------------------------------------------------------------------------

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.spawn("events", self._outlet.run())
        self.spawn("reports", self._keep_reporting())
        self.spawn("recogniser", self._keep_recogniser())
        if self.enabled:
            self._listen()

    async def stop(self) -> None:
        await self._stop_listening()
        await self._outlet.emptied(STOP_SECONDS)
        await self._orders.close()
        await self.parts.guard.stop()
        await self.parts.ladder.stop()
        if self._turn_model is not None:
            self._turn_model.close()

    async def enabled_changed(self, enabled: bool) -> None:
        if self._loop is None:
            return
        if enabled and self._listening is None:
            self._listen()
        elif not enabled:
            await self._stop_listening()
        self._changed.set()

    def health(self) -> Health:
        return self._report.health(clock.now())

    def routes(self) -> list[BaseRoute]:
        return [*self._web.routes(), *self.parts.routes]

    def body_limits(self) -> Mapping[str, int]:
        return self.parts.body_limits

    def body_types(self) -> Mapping[str, str]:
        return self.parts.body_types

    def report_now(self) -> MicrophoneReported:
        return self._report.event(self.show, self.enabled, clock.now())

    # Recogniser -------------------------------------------------------------------------------

    async def _keep_recogniser(self) -> None:
        ladder = self.parts.ladder
        await self._supervised("recogniser_failed", "The recogniser", ladder.start)
        self._report.starting = False
        self._changed.set()
        while True:
            await asyncio.sleep(MEND_SECONDS)
            await self._supervised("recogniser_failed", "The recogniser", ladder.mend)

    async def _supervised(self, code: str, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """A part that fails is told of; it is tried again later."""
        try:
            await work()
        except Exception as error:
            self.log.exception("%s failed", what)
            name = type(error).__name__
            await self._complain(code, f"{what} failed ({name}); it is tried again; see the log")

    async def _complain(self, code: str, message: str) -> None:
        """A bus that fails must not end what is told of here."""
        try:
            await self.report(code, message, ErrorCategory.ENGINE)
        except BusError:
            self.log.warning("the error %s could not be told", code)

    # Listening --------------------------------------------------------------------------------

    def _listen(self) -> None:
        self._listening = self.spawn("listening", self._keep_listening())

    async def _stop_listening(self) -> None:
        task, self._listening = self._listening, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._hearing_is(None)

    def _hearing_is(self, hearing: Hearing | None) -> None:
        self._report.hearing = hearing
        self._want_her_sound()

    def _want_her_sound(self) -> None:
        """What she says is only told from his words while any can be heard. What she said just
        before is read then too: she may be in mid-sentence."""
        if self._report.hearing is not None and not self.microphone.muted:
            self.audio_wanted.set()
        else:
            self.audio_wanted.clear()

    async def _keep_listening(self) -> None:
        while True:
            while not self.parts.ladder.ready:  # noqa: ASYNC110 - the ladder has no event for it
                await asyncio.sleep(IDLE_SECONDS / 2)
            await self._supervised("listening_failed", "Listening", self._listen_once)
            self._hearing_is(None)
            await asyncio.sleep(RESTART_SECONDS)

    async def _listen_once(self) -> None:
        """Models are loaded only now: a show without a microphone does without their memory."""
        parts = self.parts
        model = await asyncio.to_thread(parts.voice_model)
        turn_model_note = await self._load_turn_model()
        await self._supervised("keyword_guard_failed", "The keyword guard", parts.guard.start)
        hearing = self._hearing_with(model)
        self._report.weakness = model.problem
        self._report.notes = tuple(filter(None, (turn_model_note, parts.guard.problem)))
        self._hearing_is(hearing)
        self._changed.set()
        await Listening(
            parts.sound,
            hearing,
            self.microphone,
            parts.levels,
            parts.guard,
            lambda: parts.ladder.ready,
        ).run()

    async def _load_turn_model(self) -> str:
        if self.settings.asr_turn_end != "smart" or self._turn_model is not None:
            return ""
        folder = models_dir(self.settings)
        self._turn_model, note = await asyncio.to_thread(self.parts.turn_model, folder)
        return note

    def _hearing_with(self, model: VoiceModel) -> Hearing:
        parts, expected = self.parts, self._expected
        services = Services(
            self._lane,
            parts.interruption,
            Understanding(
                self.microphone, self._attention, parts.invented, lambda: expected.her_names
            ),
            self._outlet.put,
            lambda: expected.hints,
            parts.agreement,
            clock.now,
            parts.guard.own_voice,
            lambda: self._turn_model,
        )
        return Hearing(
            model,
            end_of_turn(self.settings),
            self.microphone,
            services,
            lambda: parts.sound.device[:200],
            self.show,
        )

    # Reports ----------------------------------------------------------------------------------

    async def _keep_reporting(self) -> None:
        """Five times a second while it listens, on every change, and now and then otherwise."""
        last: MicrophoneReported | None = None
        due = 0.0
        while True:
            self._changed.clear()
            self._settle_key()
            report, now = self.report_now(), asyncio.get_running_loop().time()
            listens = report.state is MicrophoneState.LISTENING
            if listens or last is None or now >= due or _differ(report, last):
                last, due = report, now + REPEAT_SECONDS
                with contextlib.suppress(BusError):
                    await self.publish(report)
            wait = REPORT_SECONDS if listens or report.talking else IDLE_SECONDS
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), wait)

    def _settle_key(self) -> None:
        """Tells of a key that was pressed, let go, or ended by itself."""
        held = self.microphone.key.held(clock.now()) and not self.microphone.muted
        if held != self._key_was_held:
            self._key_was_held = held
            self._changed.set()
            self.parts.interruption.talk_key(held)

    # Orders -----------------------------------------------------------------------------------

    @handles(SetMicrophone)
    async def set_microphone(self, order: SetMicrophone, delivery: Delivery) -> None:
        changed = self.microphone.set(order)
        if self.microphone.muted and self._report.hearing is not None:
            self._report.hearing.stop(DismissReason.MUTED)
        self._want_her_sound()
        self._settle_key()
        if changed:
            self._changed.set()
            async with self._keeping:
                await asyncio.to_thread(self.microphone.keep)

    @handles(HoldToTalk)
    async def hold_to_talk(self, order: HoldToTalk, delivery: Delivery) -> None:
        self.microphone.hold(order, clock.now(), delivery.age_seconds)
        self._settle_key()

    @handles(WordsExpected)
    async def expect_words(self, expected: WordsExpected, delivery: Delivery) -> None:
        self._expected.take(expected)

    def order_heard(self, kind: OrderKind, phrase: str) -> None:
        """The keyword guard heard a fixed order; from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._carry_out, kind, phrase)

    def _carry_out(self, kind: OrderKind, phrase: str) -> None:
        if self._report.hearing is not None:
            self._report.hearing.order_heard(phrase)
        self._orders.carry_out(kind, phrase, self.parts.interruption, self.parts.playback)

    async def _hand_over(self, event: Event) -> None:
        """What interruption publishes: it must not wait for the bus either."""
        self._orders.note(event)
        self._outlet.put(event)

    # Her own voice ----------------------------------------------------------------------------

    @handles(AudioChunk, SentenceSynthesized, StopSpeaking, HoldSpeaking)
    async def her_sound(self, event: Event, delivery: Delivery) -> None:
        self.parts.playback.take(event, delivery.data)

    @handles(PlaybackStarted, PlaybackProgressed, PlaybackFinished)
    async def her_playback(self, event: Event, delivery: Delivery) -> None:
        self.parts.playback.take(event, delivery.data)
        if event.turn_id is not None and event.turn_id in self._his_turns:
            self._attention.she_spoke_to_him(event.emitted_at)

    @handles(TurnOpened)
    async def turn_opened(self, event: TurnOpened, delivery: Delivery) -> None:
        if event.input.source is TurnSource.VOICE and event.turn_id is not None:
            self._his_turns.append(event.turn_id)


def _differ(one: MicrophoneReported, other: MicrophoneReported) -> bool:
    """Apart from the envelope and from levels, which differ always."""
    changing = {"event_id", "emitted_at", "level_dbfs", "peak_dbfs", "noise_floor_dbfs"}
    return one.model_dump(exclude=changing) != other.model_dump(exclude=changing)
