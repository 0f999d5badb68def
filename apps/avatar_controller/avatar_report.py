"""All avatars as everybody is told of them, and as the module's health says it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from apps.avatar_controller.engines.base import Avatar
from apps.avatar_controller.presence import Presence
from libs.contracts.avatar import (
    AVATARS_LATCH,
    PRESENCE_LATCH,
    AvatarChanged,
    AvatarLink,
    AvatarStatus,
    PresenceChanged,
)
from libs.contracts.health import ModuleState
from libs.settings.avatar import AvatarFile
from libs.settings.followed_file import FollowedFile
from libs.worker.worker import Health

#: Changes that come together are told together: of a turn there are several.
GATHER_SECONDS = 0.2
#: So many changes are told at once; of more, as of a connection that comes and goes, one in so
#: long: they travel with the orders, and must not wash those away.
AT_ONCE, STEADY_SECONDS = 40, 2.0
#: What is wrong in these ways does not mend itself.
_WRONG = frozenset({AvatarLink.DENIED, AvatarLink.WRONG_PROGRAM, AvatarLink.HANGING})
_THERE = frozenset({AvatarLink.READY, AvatarLink.UNSEEN})

Latch = Callable[[str, dict[str, Any]], Awaitable[None]]


class AvatarReport:
    """Promises: everybody is told of a change within a quarter of a second, unless changes never
    cease, and of none that is no change; names of a model travel only when an avatar has changed,
    or what is wrong with the file; a latch always says the same as the last event of its kind."""

    def __init__(
        self,
        show: str,
        avatars: Sequence[Avatar],
        presence: Presence,
        file: FollowedFile[AvatarFile],
    ) -> None:
        self._show = show
        self._avatars = avatars
        self._presence = presence
        self._file = file
        self._news = asyncio.Event()
        self._told: AvatarChanged | None = None
        self._statuses: tuple[AvatarStatus, ...] | None = None
        self._to_spare, self._counted_at = float(AT_ONCE), 0.0

    def changed(self) -> None:
        """Something that is told of may have changed."""
        self._statuses = None
        self._news.set()

    @property
    def statuses(self) -> tuple[AvatarStatus, ...]:
        """Asked for anew only after a change: a model may have hundreds of names."""
        if self._statuses is None:
            self._statuses = tuple(avatar.status() for avatar in self._avatars)
        return self._statuses

    @property
    def ready(self) -> int:
        """How many avatars are there, as far as it can be known."""
        return sum(status.link in _THERE for status in self.statuses)

    async def keep_telling(
        self, publish: Callable[[AvatarChanged | PresenceChanged], Awaitable[None]], latch: Latch
    ) -> None:
        """One event a moment after each change, and the same as a latch; for ever."""
        while True:
            await self._news.wait()
            await asyncio.sleep(max(GATHER_SECONDS, self._wait_seconds()))
            self._news.clear()
            before, fresh = self._told, self.as_event()
            if before is not None and _said(fresh) == _said(before):
                continue
            self._told = fresh
            self._to_spare -= 1
            if before is None or _avatars(fresh) != _avatars(before):
                await publish(fresh)
                await latch(AVATARS_LATCH, fresh.model_dump(mode="json"))
                continue
            bore = PresenceChanged(show=self._show, mood=fresh.mood, bearing=fresh.bearing)
            await publish(bore)
            await latch(PRESENCE_LATCH, bore.model_dump(mode="json"))

    def _wait_seconds(self) -> float:
        now = asyncio.get_running_loop().time()
        gained = (now - self._counted_at) / STEADY_SECONDS
        self._to_spare, self._counted_at = min(AT_ONCE, self._to_spare + gained), now
        return (1 - self._to_spare) * STEADY_SECONDS

    def as_event(self) -> AvatarChanged:
        return AvatarChanged(
            show=self._show,
            avatars=self.statuses,
            mood=self._presence.mood,
            bearing=self._presence.bearing,
            file_trouble=self._file.trouble,
        )

    def health(self) -> Health:
        """Ready as long as nothing is wrong with what somebody set up, or wrote into the file: a
        program that does not run is told of, and no trouble."""
        statuses = self.statuses
        wrong = [status for status in statuses if _is_wrong(status)]
        asked = [s for s in statuses if s.link is AvatarLink.ASKING]
        told = next((s.detail for s in (*wrong, *asked) if s.detail), "")
        away = [s.title for s in statuses if s.link is AvatarLink.WAITING]
        if away and not told:
            told = f"not running: {', '.join(away)}"
        engines = ", ".join(status.title for status in statuses if status.link in _THERE)
        file_trouble = self._file.trouble
        detail = " ".join(part for part in (file_trouble, told) if part)
        fine = not wrong and not file_trouble
        return Health(ModuleState.READY if fine else ModuleState.DEGRADED, detail, engines)


def _is_wrong(status: AvatarStatus) -> bool:
    explicit = status.id == "vmc" and status.link not in _THERE
    return status.link in _WRONG or bool(status.taken) or explicit


def _avatars(event: AvatarChanged) -> tuple[Any, ...]:
    """What no `PresenceChanged` says."""
    return event.avatars, event.file_trouble


def _said(event: AvatarChanged) -> tuple[Any, ...]:
    return *_avatars(event), event.mood, event.bearing
