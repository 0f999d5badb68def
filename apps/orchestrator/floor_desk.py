"""The floor in the show: quiet and mutes, alerts, and what fills a silence."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from apps.orchestrator import inputs
from apps.orchestrator.floor import Candidate, Waiting
from apps.orchestrator.floor.alerts import AlertWindow, Told
from apps.orchestrator.floor.lateness import Lateness
from apps.orchestrator.floor.silence import Silence
from apps.orchestrator.memory import floor as kept
from apps.orchestrator.memory.floor import Muted
from apps.orchestrator.panel.protocol import FloorStatus
from apps.orchestrator.skip_book import SkippedLine
from apps.orchestrator.withdrawal import Withdrawal
from libs.bus.base import Delivery
from libs.contracts.chat import AlertKind, ChatAlerted, ChatMessageReceived
from libs.contracts.conversation import IdleReached, TurnInput
from libs.contracts.identity import derived_id
from libs.contracts.people import Author
from libs.telemetry import clock

if TYPE_CHECKING:
    from apps.orchestrator.worker import OrchestratorWorker

#: How often it is looked whether it has been silent for too long.
SILENCE_LOOK_SECONDS = 0.5
#: What happened so long ago is no news any more.
OLD_ALERT_SECONDS = 60.0
LONGEST_QUIET_MINUTES = 24 * 60.0


class FloorDesk:
    """Promises: what a moderator ordered (quiet, mutes) holds over a restart; an alert that was
    acknowledged is told once, alone or with others, also over a kill of this process."""

    def __init__(self, worker: "OrchestratorWorker") -> None:
        self._worker = worker
        self._room = worker.conversation.room
        self.floor = self._room.floor
        rules = self.floor.rules
        self._muted: dict[str, Muted] = {}
        self.alerts = AlertWindow(rules.alerts)
        self._window: asyncio.TimerHandle | None = None
        self._lateness = Lateness()
        self.silence = Silence(rules.idle, clock.now())

    async def restore(self) -> None:
        """Before the conversation is: those who wait may be muted."""
        quiet_until, muted, alerts = await self._worker.database.look(
            lambda db: (kept.quiet_until(db), kept.muted(db), kept.gathered(db))
        )
        self.floor.quiet_until = quiet_until
        self._muted = {one.viewer_id: one for one in muted}
        self.floor.muted = set(self._muted)
        for alert in alerts:
            self.alerts.add(alert, clock.now())
        self._close_window_later()

    def stop(self) -> None:
        if self._window is not None:
            self._window.cancel()

    # Quiet and mutes --------------------------------------------------------------------------

    @property
    def quiet_until(self) -> float | None:
        """Until when only the operator and the host are answered; None: everybody is."""
        until = self.floor.quiet_until
        return until if until > clock.now() else None

    async def set_quiet(self, minutes: float, by: str) -> None:
        """0 ends it. Raises `ValueError` for a time that is none, or longer than a day."""
        if not 0 <= minutes <= LONGEST_QUIET_MINUTES:
            raise ValueError(f"minutes must be from 0 to {LONGEST_QUIET_MINUTES:g}")
        until = clock.now() + minutes * 60 if minutes else 0.0
        self.floor.quiet_until = until
        if minutes:
            await self._room.hush()
        await self._worker.database.keep(lambda db: kept.set_quiet(db, until))
        told = f"Quiet for {minutes:g} minutes" if minutes else "Quiet is over"
        await self._note("quiet", f"{told}, by {by}.", by)
        await self._worker.conversation.advance()

    @property
    def muted(self) -> list[Muted]:
        """The last one first."""
        return sorted(self._muted.values(), key=lambda one: one.at, reverse=True)

    async def mute(self, viewer_id: str, name: str, by: str) -> None:
        """Nothing of this viewer is answered until `unmute`; what is being thought or said to them
        is cut. Raises `ValueError` without an id."""
        if not viewer_id:
            raise ValueError("a viewer is needed")
        one = Muted(viewer_id, name, by, clock.now())
        self._muted[viewer_id] = one
        self.floor.muted.add(viewer_id)
        await self._room.mute(viewer_id)
        await self._worker.retraction.silence(Withdrawal(viewer_id=viewer_id))
        await self._worker.database.keep(lambda db: kept.mute(db, one))
        await self._note("mute", f"{name or viewer_id} was muted by {by}.", by)

    async def unmute(self, viewer_id: str) -> bool:
        """False: this viewer was not muted."""
        one = self._muted.pop(viewer_id, None)
        self.floor.muted.discard(viewer_id)
        await self._worker.database.keep(lambda db: kept.unmute(db, viewer_id))
        if one is not None:
            await self._note("mute", f"{one.name or viewer_id} is no longer muted.", "")
        return one is not None

    def find_viewer(self, name: str) -> Author | None:
        """Who lately wrote under this name, or was muted under it; case and a leading @ do not
        count."""
        if (found := self.floor.crowd.named(name)) is not None:
            return found
        wanted = name.strip().removeprefix("@").casefold()
        named = (one for one in self.muted if wanted and one.name.casefold() == wanted)
        return next((Author(viewer_id=one.viewer_id, name=one.name) for one in named), None)

    def forget(self, viewer_id: str) -> None:
        self.floor.crowd.forget(viewer_id)
        self._room.skips.forget(viewer_id)
        self.alerts.withdraw(viewer_id)
        if (one := self._muted.get(viewer_id)) is not None:
            self._muted[viewer_id] = Muted(viewer_id, "", one.by, one.at)

    async def _note(self, kind: str, message: str, by: str) -> None:
        await self._worker.incidents.note(kind, "info", message, by)
        self._worker.status_changed()

    # What there is to see ---------------------------------------------------------------------

    def waiting(self) -> Sequence[Waiting | Candidate]:
        """Lines of chat come with their scores, others as they are."""
        return self.floor.waiting

    def skipped(self, limit: int, reason: str = "") -> Sequence[SkippedLine]:
        """The latest lines that were not answered, newest first; `reason`: only those."""
        return self._room.skips.latest(limit, reason)

    def skip_counts(self) -> dict[str, int]:
        """Since the start of this process."""
        return self._room.skips.counts

    def status(self) -> FloorStatus:
        return FloorStatus(
            quiet_until=self.quiet_until,
            waiting=len(self.floor),
            muted=len(self._muted),
            counts=self.skip_counts(),
        )

    # Chat and alerts --------------------------------------------------------------------------

    def candidate(
        self, event: ChatMessageReceived, given: TurnInput, delivery: Delivery
    ) -> Candidate:
        """A line of chat as the floor looks at it."""
        late = delivery.age_seconds
        if event.written_at is not None:
            late = max(late, self._lateness.of(event.written_at, event.emitted_at))
        return inputs.candidate_of_chat(event, given, late, self.floor.rules.paid_from)

    async def hear_alert(self, event: ChatAlerted, delivery: Delivery) -> None:
        now = clock.now()
        if now - event.emitted_at > OLD_ALERT_SECONDS:
            return
        before = len(self.alerts)
        told = self.alerts.add(event, now)
        if event.kind is AlertKind.RAID and (told is not None or not event.prompted):
            self.floor.raided(now)
        if told is not None:
            await self._offer(told, delivery.deliveries == 1)
        elif len(self.alerts) > before:
            await self._worker.database.keep(lambda db: kept.gather(db, event, now))
            self._close_window_later()

    def _close_window_later(self) -> None:
        if self._window is None and self.alerts.due_at < float("inf"):
            seconds = max(0.0, self.alerts.due_at - clock.now())
            self._window = asyncio.get_running_loop().call_later(seconds, self._close_window)

    def _close_window(self) -> None:
        self._window = None
        self._worker.spawn("tell alerts", self._tell_alerts())

    async def _tell_alerts(self) -> None:
        """On disk as an input before it goes as an alert; a kill in between tells it under its id
        again."""
        ids = [alert.event_id for alert in self.alerts.gathered]
        told = self.alerts.close()
        if told is not None:
            await self._offer(told, first_time=False)
        await self._worker.database.keep(lambda db: kept.told(db, ids))

    async def _offer(self, told: Told, first_time: bool) -> None:
        input_id = derived_id(told.alerts[0].event_id, "told")
        candidate = inputs.candidate_of_alerts(input_id, told)
        await self._worker.conversation.offer(candidate, first_time=first_time)
        self._worker.status_changed()

    # Silence ----------------------------------------------------------------------------------

    async def keep_running(self) -> None:
        """Fills silences, where that is wanted."""
        while self.floor.rules.idle.after_seconds:
            await asyncio.sleep(SILENCE_LOOK_SECONDS)
            await self._fill_silence(clock.now())

    async def _fill_silence(self, now: float) -> None:
        worker, silence = self._worker, self.silence
        silence.somebody_came(self._room.heard_at)
        busy = not worker.conversation.quiet or worker.polls.poll is not None
        if busy or self.quiet_until is not None or self.floor.host.goes_on(now):
            silence.something_was_said(now)
        elif now >= silence.due_at:
            text, seconds = silence.fill(now)
            event = IdleReached(show=worker.show, silent_seconds=round(seconds, 1))
            await worker.publish(event)
            await worker.conversation.offer(inputs.candidate_of_silence(event.event_id, text))
