"""The avatar_controller: moves avatars from playback truth."""

import asyncio
import random
import time
from collections.abc import Coroutine, Sequence
from typing import Any

from apps.avatar_controller.animator import Animator
from apps.avatar_controller.avatar_report import AvatarReport
from apps.avatar_controller.avatars import avatars_of
from apps.avatar_controller.engines.base import SHUT, Avatar, AvatarRefused
from apps.avatar_controller.file_watch import keep_up_with
from apps.avatar_controller.idle_life import IdleLife
from apps.avatar_controller.mouth_player import MouthPlayer
from apps.avatar_controller.orders import AvatarOrders, Order
from apps.avatar_controller.presence import Presence
from apps.avatar_controller.settings import AvatarControllerSettings
from libs.bus.base import Bus, Delivery
from libs.contracts.avatar import AvatarRefusal, MapMood, ShowExpression, SignInAvatar
from libs.contracts.conversation import ReplyAbandoned, ReplyFinished, TurnOpened
from libs.contracts.envelope import Event
from libs.contracts.health import ModuleState
from libs.contracts.interruption import HoldSpeaking, StopSpeaking
from libs.contracts.listening import SpeechDismissed, SpeechEnded, SpeechStarted
from libs.contracts.speaking import (
    MouthChunk,
    PlaybackFinished,
    PlaybackProgressed,
    PlaybackStarted,
)
from libs.contracts.stage import (
    SetExpression,
    ShowItem,
    StageCommandDone,
    StageCommandFailed,
    TriggerHotkey,
)
from libs.settings.avatar import AvatarFile, followed_avatar_file
from libs.settings.items import followed_items
from libs.speech.playback_clock import PlaybackClock
from libs.telemetry import clock
from libs.worker.worker import Health, Worker, handles

#: The answer to a panic waits this long for avatars; it is in force here at once.
PANIC_SECONDS = 0.3
#: A module that stops lets go of its avatars within this.
CLOSING_SECONDS = 1.0
#: What is older than this is not carried out, and no news, any more.
OLD_SECONDS = 10.0


class AvatarControllerWorker(Worker):
    """Mouth, mood, bearing and idle life of every avatar that is there."""

    module = "avatar_controller"
    drop_work_in_panic = False
    settings: AvatarControllerSettings

    def __init__(self, settings: AvatarControllerSettings, bus: Bus) -> None:
        super().__init__(settings, bus)
        self._file = followed_avatar_file(settings.avatar_file)
        file = self._file.content
        self._playback = PlaybackClock()
        self.mouth = MouthPlayer(
            self._playback, settings.avatar_mouth_offset_ms / 1_000, lambda: self.bus.connected
        )
        self.avatars: Sequence[Avatar] = avatars_of(
            settings, file, self.publish, self._avatar_changed
        )
        self.presence = Presence(
            self.avatars, file, self._playback, self._avatar_changed, time.monotonic
        )
        self.report_of = AvatarReport(self.show, self.avatars, self.presence, self._file)
        self._life = IdleLife(file.idle, random.getrandbits(32))
        self.animator = Animator(
            self.avatars,
            settings.avatar_frames,
            self.mouth,
            self._life,
            lambda: self.presence.bearing,
        )
        drawn = followed_items()
        self._orders = AvatarOrders(
            self.avatars, file.items, lambda: drawn.now, self.animator.gesture
        )
        self._still = False
        self._moves_since = float("-inf")
        """`time.monotonic`: what was said before the last release is no news after it."""

    # Life -------------------------------------------------------------------------------------

    async def wake_up(self) -> None:
        """The links, before there is a bus: panic reaches avatars without one."""
        await self._obey()
        for avatar in self.avatars:
            self.spawn(f"avatar {avatar.id}", avatar.run())
        self.spawn("animate", self.animator.run())

    async def start(self) -> None:
        await self._obey()  # the bus may know of a release
        self.spawn("presence", self.presence.keep_looking())
        self.spawn("news", self.report_of.keep_telling(self.publish, self._latch))
        watch = keep_up_with(self._file, self._take_file, self._avatar_changed, self.report)
        self.spawn("file", watch)
        self.report_of.changed()

    def _take_file(self, file: AvatarFile) -> None:
        """From now on this one counts."""
        for avatar in self.avatars:
            avatar.take_file(file)
        self.presence.take_file(file)
        self._life.rules = file.idle
        self._orders.items = file.items

    async def stop(self) -> None:
        self.animator.hold(True)
        await self._of_each((avatar.close() for avatar in self.avatars), CLOSING_SECONDS)

    async def _latch(self, name: str, document: dict[str, Any]) -> None:
        await self.bus.set_latch(self.show, name, document)

    def _avatar_changed(self) -> None:
        self.animator.look()
        self.report_of.changed()

    def health(self) -> Health:
        health = self.report_of.health()
        if not self.animator.broken:
            return health
        titles = ", ".join(avatar.status().title for avatar in self.animator.broken)
        failed = f"{titles}: failed, see the log. `kitsu restart avatar_controller` tries again."
        detail = " ".join(part for part in (failed, self._file.trouble) if part)
        return Health(ModuleState.DEGRADED, detail, health.engine)

    def gauges(self) -> dict[str, int]:
        self.counters["frames"] = self.animator.frames
        self.counters["frames_skipped"] = self.animator.skipped
        for avatar in self.avatars:
            for name, count in avatar.counts().items():
                self.counters[f"{avatar.id}_{name}"] = count
        return {
            "frames_per_second": round(self.animator.frames_per_second),
            "avatars_ready": self.report_of.ready,
        }

    # Panic, and off ---------------------------------------------------------------------------

    async def panic_engaged(self, reason: str) -> None:
        await self._obey()

    async def panic_released(self) -> None:
        await self._obey()

    async def enabled_changed(self, enabled: bool) -> None:
        """Off, avatars are left as in a panic: mouth shut, neutral, nothing sent."""
        await self._obey()

    async def _obey(self) -> None:
        """Avatars are still in a panic and while the module is off."""
        still = self.panic.engaged or not self.enabled
        if still is self._still:
            return
        self._still = still
        self._moves_since = time.monotonic()
        self.animator.hold(still)
        if still:
            self._playback.silence()
            self.mouth.clear()
            for avatar in self.avatars:
                avatar.set_mouth(SHUT)
        self.presence.panic(still)
        await self._of_each((avatar.panic(still) for avatar in self.avatars), PANIC_SECONDS)
        self.report_of.changed()

    async def _of_each(self, work: Any, seconds: float) -> None:
        """All at once, so long at most; an avatar that fails keeps no other from it."""
        tasks = [asyncio.ensure_future(self._one(coroutine)) for coroutine in work]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()

    async def _one(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:  # an engine is supervised here
            self.counters["avatars_failed"] += 1
            self.log.exception("an avatar failed")

    # Playback truth ---------------------------------------------------------------------------

    @handles(MouthChunk)
    async def take_mouth(self, event: MouthChunk, delivery: Delivery) -> None:
        if not self._still:
            self.mouth.take(event)

    @handles(PlaybackProgressed, HoldSpeaking)
    async def follow_playback(self, event: Event, delivery: Delivery) -> None:
        begun = self._playback.begun
        counts = isinstance(event, HoldSpeaking) or self._is_for_now(delivery)
        if counts and self._playback.take(event) and not begun:
            self.presence.joined(event)

    @handles(PlaybackStarted, PlaybackFinished, StopSpeaking)
    async def take_playback(self, event: Event, delivery: Delivery) -> None:
        if not isinstance(event, PlaybackStarted) or self._is_for_now(delivery):
            self._playback.take(event)
            self.presence.take(event)
        if isinstance(event, PlaybackFinished):
            self.mouth.ended(event.utterance_id)

    @handles(
        SpeechStarted,
        SpeechEnded,
        SpeechDismissed,
        TurnOpened,
        ReplyFinished,
        ReplyAbandoned,
    )
    async def attend(self, event: Event, delivery: Delivery) -> None:
        if self._is_for_now(delivery):
            self.presence.take(event)

    @handles(SetExpression)
    async def set_expression(self, event: SetExpression, delivery: Delivery) -> None:
        if self._is_for_now(delivery) and not self._is_stale(event):
            self.presence.order(event.mood, event.hold_seconds)

    def _is_for_now(self, delivery: Delivery) -> bool:
        fresh = delivery.age_seconds <= OLD_SECONDS
        return not self._still and fresh and not self._is_of_before(delivery.event)

    def _is_of_before(self, event: Event) -> bool:
        """Of the time before a release, also one of which the show's clock was not known yet."""
        return clock.now() - event.emitted_at > time.monotonic() - self._moves_since

    def _is_stale(self, event: Event) -> bool:
        """Of a turn that was interrupted."""
        of_a_turn = event.turn_id is not None
        return of_a_turn and self.fences.stale(event.show, event.epoch, event.turn_id)

    # Orders -----------------------------------------------------------------------------------

    @handles(TriggerHotkey, ShowItem, SignInAvatar, ShowExpression, MapMood)
    async def take_order(
        self, event: Order, delivery: Delivery
    ) -> Coroutine[Any, Any, None] | None:
        """A program that answers slowly keeps nothing of playback waiting."""
        if not self._orders.concerns(event):
            return None
        return self._answer(event, delivery)

    async def _answer(self, event: Order, delivery: Delivery) -> None:
        try:
            self._check(event, delivery)
            message = await self._orders.carry_out(event)
        except AvatarRefused as problem:
            self.counters[f"refused_{problem.code}"] += 1
            failed = StageCommandFailed.caused_by(
                event, command=event.type, code=problem.code, message=str(problem)
            )
            await self.publish(failed)
            return
        self.counters["orders"] += 1
        self.presence.stir()
        await self.publish(StageCommandDone.caused_by(event, command=event.type, message=message))

    def _check(self, event: Order, delivery: Delivery) -> None:
        """Raises `AvatarRefused` for an order that may not be carried out."""
        if self._is_stale(event):
            self.counters["dropped_stale"] += 1
            raise AvatarRefused(AvatarRefusal.STALE, "Its turn was interrupted.")
        if event.expires_at is None and delivery.age_seconds > OLD_SECONDS:
            self.counters["dropped_old"] += 1
            raise AvatarRefused(AvatarRefusal.STALE, "The order came too late.")
        if self._is_of_before(event):
            self.counters["dropped_old"] += 1
            raise AvatarRefused(
                AvatarRefusal.STALE, "It was ordered before the release: order it again."
            )
        if delivery.deliveries > 1 and isinstance(event, TriggerHotkey | ShowItem):
            raise AvatarRefused(
                AvatarRefusal.STALE, "It may have been done already: look, then order again."
            )
        if not self.enabled:
            raise AvatarRefused(AvatarRefusal.OFF, "The avatar module is off: switch it on.")
        if self.panic.engaged:
            raise AvatarRefused(AvatarRefusal.PANIC, "Panic is engaged: release it first.")
