"""Panic for the show, whoever asks for it: what is done first, and what is written down after."""

import sqlite3
from typing import TYPE_CHECKING

from apps.orchestrator.chat_commands import ordered_panic
from apps.orchestrator.panic_words import PanicWords
from apps.orchestrator.show_panic import PanicReport, ShowPanic
from apps.orchestrator.studio_words import PENDING
from libs.bus.base import Delivery
from libs.contracts.control import PanicEngaged
from libs.contracts.conversation import SkipReason
from libs.contracts.health import WorkerBeat
from libs.contracts.modules import MODULES_BY_ID
from libs.contracts.people import Author
from libs.contracts.studio import StudioPanic
from libs.telemetry import clock
from libs.worker.panic_control import BY_CHARACTERS, BY_VOICE, REASON_CHARACTERS

if TYPE_CHECKING:
    from apps.orchestrator.worker import OrchestratorWorker

#: An order that was given longer ago is not carried out when a newer one is known.
LATE_SECONDS = 5.0


class PanicDesk:
    """Promises: an engagement waits for neither disk nor bookkeeping; the floor is closed before
    anything else; of an engagement and a release that overtake each other the newer one counts.

    Chat and voice can engage. Chat can release by the command that those have who keep order there
    (`command_desk`), voice never can.
    """

    def __init__(self, worker: "OrchestratorWorker") -> None:
        settings = worker.settings
        self._worker = worker
        self._words = PanicWords(settings.panic_words)
        self._engaging = 0
        self._ordered = 0
        self._written = 0
        self.show_panic = ShowPanic(settings, worker.roster, worker.publish, worker.bus.set_latch)

    @property
    def engaging(self) -> bool:
        """An engagement is on its way to the modules."""
        return self._engaging > 0

    async def close(self) -> None:
        await self.show_panic.close()

    async def engage(self, reason: str, by: str) -> PanicReport:
        """Both routes first; bookkeeping after."""
        worker, session = self._worker, self._worker.session
        reason, by = reason[:REASON_CHARACTERS], by[:BY_CHARACTERS]
        ordered_at, ordinal = clock.now(), self._newest_ordinal()
        worker.conversation.close_floor(SkipReason.PANIC)
        self._ordered = ordinal
        self._engaging += 1
        try:
            report = await self.show_panic.engage(reason, by, ordinal, session.next_epoch())
        finally:
            self._engaging -= 1
        worker.panic.engage(reason, by, ordinal)
        session.next_epoch(report.highest_epoch)
        worker.studio.panic_answered(report.obs, ordered_at)
        self._written = ordinal
        try:
            await worker.panic_engaged(reason)
            await session.keep_epoch()
            await self._write_down(reason, by, report)
        except sqlite3.Error:
            worker.log.exception("the panic is in force, but could not be written down")
        worker.status_changed(urgent=True)
        return report

    async def release(self, by: str) -> PanicReport:
        worker, session = self._worker, self._worker.session
        by = by[:BY_CHARACTERS]
        ordered_at, ordinal = clock.now(), self._newest_ordinal()
        highest = max([session.epoch, *(b.highest_epoch for b in worker.roster.all_beats())])
        epoch = session.next_epoch(highest + 1)
        worker.panic.release(by, ordinal)
        report = await self.show_panic.release(by, ordinal, epoch)
        worker.studio.panic_answered(report.obs, ordered_at)
        if report.highest_epoch > epoch:
            session.next_epoch(report.highest_epoch)
        await session.keep_epoch()
        await worker.tell_epoch()
        await worker.incidents.note("panic_released", "info", f"Panic released by {by}.", by)
        await worker.panic_released()
        worker.status_changed(urgent=True)
        return report

    def phrase_in(self, text: str) -> str | None:
        """The panic phrase in what the host said."""
        return self._words.heard_in(text)

    async def hear_voice(self, phrase: str, delivery: Delivery) -> None:
        await self._engage_once(f"the host said '{phrase}'", BY_VOICE, delivery)

    async def latched(self, event: PanicEngaged) -> None:
        """A module is in panic. The ears tell of a phrase by no event but the order itself, so what
        this module was told by them is written down when it says that it latched."""
        worker, state = self._worker, self._worker.panic.state
        self.show_panic.latched(event.module)
        own = event.module == worker.module and event.route != "restored"
        new = event.ordinal == state.ordinal > max(self._written, self._ordered)
        if own and new and state.by == BY_VOICE:
            self._written = state.ordinal
            note = f"Panic by {state.by}. {state.reason}".strip()
            await worker.incidents.note("panic", "error", note, state.by)

    async def hear_chat(
        self, author: Author, text: str, delivery: Delivery, ordinal: int = 0
    ) -> bool:
        """True when this line ordered a panic: then it is no ordinary line. `ordinal`: with which
        whoever read it told the modules already; 0: nobody did."""
        reason = ordered_panic(author.role, text)
        if reason is None:
            return False
        await self._engage_once(reason, f"{author.name} ({author.role}) in chat", delivery, ordinal)
        return True

    async def hear_beat(self, beat: WorkerBeat) -> None:
        """A module that was put in panic by its own port: the whole show follows, unless it is
        there already (the panel presses both ways)."""
        worker = self._worker
        known = max(worker.panic.state.ordinal, self._ordered)
        if not beat.panic or beat.module == worker.module or beat.panic_ordinal <= known:
            return
        outputs = [b for b in worker.roster.all_beats() if MODULES_BY_ID[b.module].output]
        if worker.panic.engaged and all(b.panic for b in outputs):
            state = worker.panic.state
            worker.panic.engage(state.reason, state.by, beat.panic_ordinal)
        else:
            reason = beat.panic_reason or f"{beat.module} was put in panic by its own port"
            await self.engage(reason, beat.panic_by or "its port")

    async def _engage_once(
        self, reason: str, by: str, delivery: Delivery, ordinal: int = 0
    ) -> None:
        """The same order is heard again and again: in each part of a sentence, or after a restart,
        when it may be older than what was ordered since. One that waited for the bus is as new to
        the bus as any: its ordinal says whether a release that is known came after it."""
        state = self._worker.panic.state
        late = delivery.deliveries > 1 or delivery.age_seconds > LATE_SECONDS
        late = late or 0 < ordinal <= state.ordinal
        overtaken = state.ordinal > delivery.event.emitted_at * 1000
        if state.engaged and not self.engaging and state.ordinal > self._written:
            # Whoever heard it told the modules first; who it was is known here.
            self._written = state.ordinal
            await self._worker.incidents.note(
                "panic", "error", f"Panic by {by}. {reason}".strip(), by
            )
        elif not (state.engaged or self.engaging or (late and overtaken)):
            await self.engage(reason, by)

    async def _write_down(self, reason: str, by: str, report: PanicReport) -> None:
        incidents = self._worker.incidents
        missing = [name for name, answer in report.modules.items() if answer == "unreachable"]
        note = f" Not reached by their own port: {', '.join(missing)}." if missing else ""
        await incidents.note("panic", "error", f"Panic by {by}. {reason}{note}".strip(), by)
        if report.obs.state is StudioPanic.PENDING:
            await incidents.note("panic_obs", "error", PENDING)

    def _newest_ordinal(self) -> int:
        known = [beat.panic_ordinal for beat in self._worker.roster.all_beats()]
        return max([self._worker.panic.next_ordinal(), *(ordinal + 1 for ordinal in known)])
