"""The orchestrator: session, floor, turns, panic, and the APIs people use."""

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette

from apps.orchestrator.api.application import build_application
from apps.orchestrator.api.rules import ACCESS_RULES, BODY_LIMITS, KEYED_GETS
from apps.orchestrator.avatar_desk import AvatarDesk
from apps.orchestrator.chat_desk import ChatDesk
from apps.orchestrator.chat_hearing import ChatHearing
from apps.orchestrator.chat_lines import ChatLines
from apps.orchestrator.command_desk import CommandDesk
from apps.orchestrator.conversation import Conversation
from apps.orchestrator.expected_words import ExpectedWords
from apps.orchestrator.feed import Feed
from apps.orchestrator.floor_desk import FloorDesk
from apps.orchestrator.floor_handlers import FloorHandlers
from apps.orchestrator.host_desk import HostDesk
from apps.orchestrator.housekeeping import HOUSEKEEPING_SECONDS, Housekeeping
from apps.orchestrator.incidents import IncidentLog
from apps.orchestrator.memory.database import Database
from apps.orchestrator.memory.memory import Memory, memory_rules
from apps.orchestrator.memory.summary_desk import SummaryDesk
from apps.orchestrator.microphone_desk import MicrophoneDesk
from apps.orchestrator.microphone_handlers import MicrophoneHandlers
from apps.orchestrator.models_desk import ModelsDesk
from apps.orchestrator.note_desk import NoteDesk
from apps.orchestrator.on_air import OnAir
from apps.orchestrator.panic_desk import PanicDesk
from apps.orchestrator.poll_desk import PollDesk
from apps.orchestrator.providers import meaning_of
from apps.orchestrator.retraction import Retraction
from apps.orchestrator.roster import Roster
from apps.orchestrator.safety_desk import SafetyDesk
from apps.orchestrator.screens import Screens
from apps.orchestrator.session import Session
from apps.orchestrator.settings import OrchestratorSettings
from apps.orchestrator.stage_handlers import StageHandlers
from apps.orchestrator.status import status_message
from apps.orchestrator.status_teller import StatusTeller
from apps.orchestrator.studio import LATCH_NAME, StudioDesk
from apps.orchestrator.turn_papers import TurnPapers
from libs.bus.base import Bus, Delivery
from libs.contracts.avatar import AVATARS_LATCH, PRESENCE_LATCH
from libs.contracts.control import PanicEngaged, SetModuleEnabled, SetPersona
from libs.contracts.conversation import (
    CodeWritten,
    PollFinished,
    PromptBuilt,
    RememberFact,
    ReplyAbandoned,
    ReplyFinished,
    SkipReason,
    StartPoll,
)
from libs.contracts.health import ErrorReported, ModuleState, WorkerBeat, WorkerStopped
from libs.contracts.interruption import StopSpeaking
from libs.contracts.memory import SummaryAbandoned, SummaryWritten
from libs.contracts.safety import BlockedTextShown, TextBlocked
from libs.contracts.speaking import PlaybackFinished, PlaybackProgressed, PlaybackStarted
from libs.contracts.stage import SetExpression
from libs.safety import Gate
from libs.settings.avatar import followed_avatar_file
from libs.telemetry import clock
from libs.worker.access import Access, Scope
from libs.worker.worker import Health, handles


class OrchestratorWorker(ChatHearing, FloorHandlers, StageHandlers, MicrophoneHandlers):
    """Listens to everything that is said about the show and decides what is answered next."""

    module = "orchestrator"
    drop_work_in_panic = False
    keyed_gets = KEYED_GETS
    settings: OrchestratorSettings

    def __init__(self, settings: OrchestratorSettings, bus: Bus) -> None:
        super().__init__(settings, bus)
        self.access = Access(settings.kitsu_data_dir)
        self.screens = Screens()
        self.roster = Roster(settings.port_of)
        self.database = Database(settings.kitsu_data_dir / "memory" / "kitsu.sqlite")
        self.session = Session(self.database, settings)
        self.feed = Feed(self.screens, lambda: self.session.snapshot.name)
        self.microphone = MicrophoneDesk(self.screens, self.feed, self.roster)
        self.incidents = IncidentLog(self.database, self.screens)
        gate = Gate.load(settings.policy_family_friendly)
        meaning = meaning_of(settings, self.database)
        self.memory = Memory(self.database, gate, memory_rules(settings), meaning)
        self.summary_desk = SummaryDesk(self.database, self.memory, self.publish, self.show)
        self.safety = SafetyDesk(self.database, gate, self.session, self.memory, self.incidents)
        self.conversation = Conversation(
            settings,
            self.database,
            self.session,
            lambda event: self.publish(event, self.papers.pictures.going_with(event)),
            self.screens,
            self.feed,
            self.memory,
        )
        self.on_air = OnAir(self.conversation, self.screens)
        self.papers = TurnPapers(self.database, self.conversation, self.screens)
        self.models = ModelsDesk(settings, self.roster)
        self.studio = StudioDesk(
            self.show, self.publish, lambda: bool(self.roster.beats("obs_controller"))
        )
        avatar_file = followed_avatar_file(settings.avatar_file)
        self.avatar = AvatarDesk(
            self.show,
            self.publish,
            lambda: bool(self.roster.beats("avatar_controller")),
            lambda: avatar_file.now.items,
            in_panic=lambda: self.panic.engaged,
            is_off=lambda: self.roster.is_off("avatar_controller"),
            pages=lambda: self.roster.gauge("stage", "pages"),
        )
        self.panic_desk = PanicDesk(self)
        self.lines = ChatLines(self)
        self.retraction = Retraction(self)
        self.chat = ChatDesk(self)
        self.polls = PollDesk(self)
        self.notes = NoteDesk(self)
        self.floor = FloorDesk(self)
        self.host = HostDesk(self)
        self.words = ExpectedWords(self, gate)
        self.commands = CommandDesk(self, self.floor)
        self.message_count = 0
        self._teller = StatusTeller(self.screens, lambda: status_message(self))
        self._brain_on = True

    # Life -------------------------------------------------------------------------------------

    async def start(self) -> None:
        await self.database.open()
        self.database.late.when_changed = self._memory_troubled
        await self.session.restore()
        latched = await self.bus.latch(self.show, "epoch") or {}
        epoch = latched.get("epoch")
        self.session.epoch = max(self.session.epoch, epoch if isinstance(epoch, int) else 0)
        if self.database.moved_aside is not None:
            kept = self.database.moved_aside.name
            await self.incidents.note(
                "memory_damaged", "error", f"The memory file was damaged and kept as {kept}."
            )
        await self.tell_epoch()
        await self.memory.open()
        await self.safety.rules.restore()
        await self.floor.restore()
        await self.conversation.restore()
        self.studio.restore(await self.bus.latch(self.show, LATCH_NAME))
        self.avatar.news.restore(
            await self.bus.latch(self.show, AVATARS_LATCH),
            await self.bus.latch(self.show, PRESENCE_LATCH),
        )
        switch = await self.bus.latch(self.show, "enabled:policy_worker") or {}
        self._brain_on = switch.get("enabled") is not False
        await self._hold_or_let_go()
        await self.polls.restore()
        self.spawn("polls", self.polls.keep_running())
        self.spawn("floor", self.floor.keep_running())
        self.spawn("words expected", self.words.keep_telling())
        self.spawn("status", self._teller.keep_telling())
        self.spawn("housekeeping", Housekeeping(self).keep())
        if self.memory.meaning is not None:
            self.spawn("vectors", self.memory.meaning.keep_up(lambda: self.conversation.quiet))

    def _memory_troubled(self) -> None:
        self.spawn("tell of memory", self.incidents.note_writing(self.database.late))
        self.status_changed(urgent=True)

    async def stop(self) -> None:
        self.floor.stop()
        self.host.stop()
        await self.conversation.stop()
        await self.panic_desk.close()
        await self.models.close()
        await self.chat.close()
        if self.memory.meaning is not None:
            await self.memory.meaning.stop()
        await self.database.close()

    def health(self) -> Health:
        if self.database.late.trouble:
            why = f"the memory cannot be written, {self.database.late.trouble}"
            return Health(ModuleState.DEGRADED, why)
        if self.memory.meaning is not None and self.memory.meaning.complaint:
            return Health(ModuleState.DEGRADED, self.memory.meaning.complaint)
        count = len(self.screens)
        return Health(detail="1 panel open" if count == 1 else f"{count} panels open")

    def build_app(self) -> Starlette:
        return build_application(self)

    def access_rules(self) -> Mapping[str, Scope]:
        return ACCESS_RULES

    def body_limits(self) -> Mapping[str, int]:
        return BODY_LIMITS

    # Inputs -----------------------------------------------------------------------------------

    @handles(StartPoll)
    async def start_poll(self, event: StartPoll, delivery: Delivery) -> None:
        await self.polls.start(event)

    @handles(PollFinished)
    async def poll_finished(self, event: PollFinished, delivery: Delivery) -> None:
        await self.polls.hear_end(event)

    # Answers ----------------------------------------------------------------------------------

    @handles(ReplyFinished)
    async def reply_finished(self, event: ReplyFinished, delivery: Delivery) -> None:
        await self.conversation.reply_finished(event)

    @handles(ReplyAbandoned)
    async def reply_abandoned(self, event: ReplyAbandoned, delivery: Delivery) -> None:
        await self.conversation.reply_abandoned(event)

    @handles(PromptBuilt)
    async def prompt_built(self, event: PromptBuilt, delivery: Delivery) -> None:
        self.papers.prompts.keep(event)

    @handles(CodeWritten)
    async def code_written(self, event: CodeWritten, delivery: Delivery) -> None:
        await self.papers.code_written(event)

    @handles(PlaybackStarted)
    async def playback_started(self, event: PlaybackStarted, delivery: Delivery) -> None:
        await self.on_air.started(event)

    @handles(PlaybackProgressed)
    async def playback_progressed(self, event: PlaybackProgressed, delivery: Delivery) -> None:
        self.on_air.progressed(event)

    @handles(PlaybackFinished)
    async def playback_finished(self, event: PlaybackFinished, delivery: Delivery) -> None:
        await self.on_air.finished(event)
        self.status_changed()

    @handles(RememberFact)
    async def remember(self, event: RememberFact, delivery: Delivery) -> None:
        await self.notes.take(event)

    @handles(SummaryWritten, SummaryAbandoned)
    async def summary_answered(
        self, event: SummaryWritten | SummaryAbandoned, delivery: Delivery
    ) -> None:
        if await self.summary_desk.answered(event):
            self.status_changed()

    # Control ----------------------------------------------------------------------------------

    @handles(SetModuleEnabled)
    async def module_switched(self, event: SetModuleEnabled, delivery: Delivery) -> None:
        if event.module == "policy_worker":
            self._brain_on = event.enabled
            await self._hold_or_let_go()
        self.status_changed()

    async def _hold_or_let_go(self) -> None:
        """Asked at every change: orders may overtake each other."""
        if self.panic.engaged or self.panic_desk.engaging:
            await self.conversation.hold(SkipReason.PANIC)
            await self.conversation.drop_thought("panic")
        elif not self._brain_on:
            await self.conversation.hold(SkipReason.OFF)
        else:
            await self.conversation.let_go()

    @handles(SetPersona)
    async def set_persona(self, event: SetPersona, delivery: Delivery) -> None:
        try:
            await self.session.change_persona(event)
        except ValueError as error:
            await self.report("persona", str(error))
        self.words.changed()
        self.status_changed()

    @handles(SetExpression)
    async def expression_set(self, event: SetExpression, delivery: Delivery) -> None:
        self.session.mood = event.mood
        self.status_changed()

    @handles(StopSpeaking)
    async def heard_stop(self, event: StopSpeaking, delivery: Delivery) -> None:
        """A stop that somebody else ordered (a hotkey, another tool)."""
        if event.turn_id is None and event.epoch > self.session.epoch:
            self.session.next_epoch(event.epoch)
            await self.session.keep_epoch()
            self.conversation.expect_the_end()

    # Panic ------------------------------------------------------------------------------------

    async def panic_engaged(self, reason: str) -> None:
        self.conversation.expect_the_end()
        self.status_changed(urgent=True)
        await self._hold_or_let_go()
        await self.polls.cancel("panic")

    async def panic_released(self) -> None:
        await self._hold_or_let_go()

    @handles(PanicEngaged)
    async def module_latched(self, event: PanicEngaged, delivery: Delivery) -> None:
        await self.panic_desk.latched(event)

    # Health -----------------------------------------------------------------------------------

    @handles(WorkerBeat)
    async def hear_beat(self, event: WorkerBeat, delivery: Delivery) -> None:
        if self.roster.hear(event):
            self.chat.hear_beat(event)
            self.status_changed()
        self.words.hear_beat(event)
        if event.highest_epoch > self.session.epoch:
            self.session.next_epoch(event.highest_epoch)
            await self.session.keep_epoch()
            await self.tell_epoch()
        await self.panic_desk.hear_beat(event)

    @handles(WorkerStopped)
    async def hear_goodbye(self, event: WorkerStopped, delivery: Delivery) -> None:
        if delivery.age_seconds < HOUSEKEEPING_SECONDS:
            self.roster.left(event.instance)
            self.status_changed()

    @handles(ErrorReported)
    async def hear_error(self, event: ErrorReported, delivery: Delivery) -> None:
        await self.incidents.note(event.code, "warning", event.message, event.module)

    @handles(TextBlocked)
    async def hear_block(self, event: TextBlocked, delivery: Delivery) -> None:
        self.feed.blocked(event)
        await self.safety.hear_block(event)

    @handles(BlockedTextShown)
    async def see_blocked_text(self, event: BlockedTextShown, delivery: Delivery) -> None:
        self.safety.texts.shown(event)

    # Screens ----------------------------------------------------------------------------------

    def status_changed(self, urgent: bool = False) -> None:
        self._teller.changed(urgent)

    async def tell_epoch(self) -> None:
        value: dict[str, Any] = {"epoch": self.session.epoch}
        await self.bus.set_latch(self.show, "epoch", value)

    @staticmethod
    def now() -> float:
        return clock.now()
