"""The clock of the avatars: mouth and pose, 60 (or 30) times a second."""

import asyncio
import logging
import math
from collections.abc import Callable, Sequence

from apps.avatar_controller.engines.base import Avatar, Capability
from apps.avatar_controller.idle_life import IdleLife
from apps.avatar_controller.mouth_player import MouthPlayer
from libs.contracts.avatar import Bearing
from libs.telemetry import clock

log = logging.getLogger("kitsu.avatar_controller")

#: Over so long the rate that is told is taken.
RATE_SECONDS = 5.0


class Animator:
    """Gives every avatar that takes frames its mouth and pose.

    Promises: frames lie on a fixed grid of time: one that is late does not move the next ones, and
    what was missed is left out, never sent in a burst; while no avatar takes frames, or in a panic,
    it waits and costs nothing; an avatar whose engine fails is left out, the others go on.
    """

    def __init__(
        self,
        avatars: Sequence[Avatar],
        frames_per_second: int,
        mouth: MouthPlayer,
        life: IdleLife,
        bearing: Callable[[], Bearing],
        show_now: Callable[[], float] = clock.now,
    ) -> None:
        self._avatars = avatars
        self._period = 1.0 / frames_per_second
        self._mouth = mouth
        self._life = life
        self._bearing = bearing
        self._show_now = show_now
        self._wake = asyncio.Event()
        self._held = False
        self._counted = (0, 0.0)
        self.broken: list[Avatar] = []
        """Those whose engine failed: they are not moved until the next start."""
        self.frames = 0
        self.skipped = 0
        self.frames_per_second = 0.0
        """As measured lately; 0 while it waits."""

    def hold(self, held: bool) -> None:
        """In a panic nothing is sent."""
        self._held = held
        self.look()

    def look(self) -> None:
        """Avatars may have come or gone."""
        self._wake.set()

    def gesture(self, name: str) -> bool:
        """A built-in one, made with the head. False: there is none of that name, or no head."""
        if not self.moved():
            return False
        return self._life.make(name, asyncio.get_running_loop().time())

    def moved(self) -> list[Avatar]:
        """Those that take frames now."""
        if self._held:
            return []
        return [
            avatar
            for avatar in self._avatars
            if avatar not in self.broken and Capability.FRAMES in avatar.capabilities
        ]

    async def run(self) -> None:
        """For ever."""
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            if not self.moved():
                self.frames_per_second = 0.0
                await self._wake.wait()
                continue
            self._life.begin(loop.time())
            self._counted = (self.frames, loop.time())
            await self._animate(loop)

    async def _animate(self, loop: asyncio.AbstractEventLoop) -> None:
        due = loop.time()
        while avatars := self.moved():
            now = loop.time()
            self.frame(avatars, now)
            self._count(now)
            due += self._period
            late = loop.time() - due
            if late > 0:
                missed = math.ceil(late / self._period)
                self.skipped += missed
                due += missed * self._period
            await asyncio.sleep(due - loop.time())

    def frame(self, avatars: Sequence[Avatar], now: float) -> None:
        """One frame to each of them; `now` is the loop's time."""
        mouth = self._mouth.at(self._show_now())
        pose = self._life.pose(now, self._bearing(), self._mouth.loudness)
        for avatar in avatars:
            try:
                avatar.set_mouth(mouth)
                avatar.look(pose)
                avatar.send_frame()
            except Exception:  # an engine is supervised here
                log.exception("%s failed in a frame", avatar.id)
                self.broken.append(avatar)
        self.frames += 1

    def _count(self, now: float) -> None:
        frames, since = self._counted
        if now - since >= RATE_SECONDS:
            self.frames_per_second = (self.frames - frames) / (now - since)
            self._counted = (self.frames, now)
