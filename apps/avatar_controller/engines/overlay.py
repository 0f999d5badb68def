"""The drawn character of the overlay page: her bearing and gestures; the page does the rest."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from apps.avatar_controller.engines.base import AvatarRefused, Capability, Mouth, Pose
from libs.contracts.avatar import (
    AvatarId,
    AvatarLink,
    AvatarRefusal,
    AvatarStatus,
    Bearing,
    PoseCharacter,
)
from libs.contracts.envelope import Event
from libs.contracts.speaking import Mood
from libs.settings.avatar import AvatarFile
from libs.telemetry import clock

Publish = Callable[[Event], Awaitable[None]]

#: What the page can make by itself (`apps/stage/overlay`).
GESTURES = ("nod", "shake", "tilt", "wave")

#: A pose that is not sent again ends after so long; sent again well before that.
HOLD_SECONDS, REFRESH_SECONDS = 10.0, 4.0
#: She may sleep all night.
SLEEP_HOLD_SECONDS, SLEEP_REFRESH_SECONDS = 60.0, 25.0

_POSED = frozenset({Bearing.LISTENING, Bearing.THINKING, Bearing.ASLEEP})


class OverlayAvatar:
    """Moves her mouth, shows moods and lives by herself, in the page, also when this module is
    dead: here only her bearing and gestures are sent, as `PoseCharacter`.

    Promises: a bearing is sent again as long as it is meant; idle and speaking are sent once.
    """

    id: AvatarId = "overlay"
    capabilities = frozenset({Capability.GESTURES})

    def __init__(self, publish: Publish, show: str) -> None:
        self._publish = publish
        self._show = show
        self._bearing = self._told = Bearing.IDLE
        self._untold = asyncio.Event()
        self._panic = False

    # Life -------------------------------------------------------------------------------------

    async def run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._refresh_seconds()):
                    await self._untold.wait()
            except TimeoutError:
                pass
            self._untold.clear()
            if not self._panic and (self._bearing in _POSED or self._told in _POSED):
                self._told = self._bearing
                await self._publish(self._pose())

    def take_file(self, file: AvatarFile) -> None:
        """Her looks stand in a file of her own."""

    async def close(self) -> None:
        if self._bearing in _POSED:
            self._bearing = Bearing.IDLE
            await self._publish(self._pose())

    async def panic(self, engaged: bool) -> None:
        """The stage itself shows her calm; nothing is sent meanwhile."""
        self._panic = engaged
        if not engaged and self._bearing in _POSED:
            self._untold.set()

    def status(self) -> AvatarStatus:
        return AvatarStatus(
            id=self.id,
            title="Drawn character",
            link=AvatarLink.READY,
            gestures=GESTURES,
            detail="She is in the overlay page, the browser source of OBS.",
        )

    def counts(self) -> Mapping[str, int]:
        return {}

    # What she does ----------------------------------------------------------------------------

    def bear(self, bearing: Bearing) -> None:
        if bearing is not self._bearing:
            self._bearing = bearing
            self._untold.set()

    async def gesture(self, name: str) -> None:
        if self._panic:
            raise AvatarRefused(AvatarRefusal.PANIC, "Panic is engaged: release it first.")
        gesture = name.strip().lower()
        if gesture not in GESTURES:
            known = ", ".join(GESTURES)
            raise AvatarRefused(AvatarRefusal.NOT_FOUND, f"The drawn character can only {known}.")
        await self._publish(self._pose(gesture))

    def set_mouth(self, mouth: Mouth) -> None:
        """The page plays the cues itself."""

    def look(self, pose: Pose) -> None:
        """The page keeps her alive itself."""

    def send_frame(self) -> None: ...

    def set_mood(self, mood: Mood, fade_seconds: float) -> None:
        """The stage hears of moods itself."""

    # What means nothing here ------------------------------------------------------------------

    async def show_expression(self, name: str, hold_seconds: float) -> None:
        raise AvatarRefused(
            AvatarRefusal.NOT_POSSIBLE, "The drawn character has moods only: set a mood."
        )

    async def map_mood(self, mood: Mood, expression: str | None) -> None:
        raise AvatarRefused(
            AvatarRefusal.NOT_POSSIBLE, "The drawn character shows every mood already."
        )

    async def show_item(self, name: str) -> None:
        raise AvatarRefused(
            AvatarRefusal.NOT_POSSIBLE, "What she shows stands in configs/items.yaml."
        )

    async def sign_in(self) -> None:
        raise AvatarRefused(AvatarRefusal.NOT_POSSIBLE, "The drawn character needs no permission.")

    def _refresh_seconds(self) -> float | None:
        if self._panic or self._bearing not in _POSED:
            return None
        return SLEEP_REFRESH_SECONDS if self._bearing is Bearing.ASLEEP else REFRESH_SECONDS

    def _pose(self, gesture: str = "") -> PoseCharacter:
        hold = SLEEP_HOLD_SECONDS if self._bearing is Bearing.ASLEEP else HOLD_SECONDS
        return PoseCharacter(
            show=self._show,
            bearing=self._bearing,
            gesture=gesture,
            at_most_seconds=hold,
            expires_at=clock.now() + hold,
        )
