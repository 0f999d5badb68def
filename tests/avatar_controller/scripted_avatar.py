"""An avatar that does nothing but remember what was asked of it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from apps.avatar_controller.engines.base import (
    SHUT,
    STRAIGHT,
    AvatarRefused,
    Capability,
    Mouth,
    Pose,
)
from libs.contracts.avatar import AvatarId, AvatarLink, AvatarStatus, Bearing
from libs.contracts.speaking import Mood
from libs.settings.avatar import AvatarFile

EVERYTHING = frozenset(Capability)


@dataclass(eq=False)
class ScriptedAvatar:
    """`link` and `capabilities` are as the test says; orders are in `asked`."""

    id: AvatarId = "vtube_studio"
    capabilities: frozenset[Capability] = EVERYTHING
    link: AvatarLink = AvatarLink.READY
    detail: str = ""
    taken: tuple[str, ...] = ()
    refuses: dict[str, AvatarRefused] = field(default_factory=dict)
    """By what is asked: `gesture`, `show_item` ..."""
    hangs_in_panic: bool = False
    hangs_in_gestures: bool = False
    breaks_in_frames: bool = False
    changed: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.frames: list[tuple[float, Mouth, Pose]] = []
        self.moods: list[Mood] = []
        self.bearings: list[Bearing] = []
        self.asked: list[tuple[str, ...]] = []
        self.panics: list[bool] = []
        self.files: list[AvatarFile] = []
        self.lets_go = asyncio.Event()
        """Ends what hangs."""
        self.closed = False
        self.runs = False
        self._mouth, self._pose = SHUT, STRAIGHT

    def becomes(self, link: AvatarLink, capabilities: frozenset[Capability], detail: str) -> None:
        self.link, self.capabilities, self.detail = link, capabilities, detail
        self.changed()

    async def run(self) -> None:
        self.runs = True
        await asyncio.Event().wait()

    def take_file(self, file: AvatarFile) -> None:
        self.files.append(file)

    async def close(self) -> None:
        self.closed = True

    def set_mouth(self, mouth: Mouth) -> None:
        self._mouth = mouth

    def look(self, pose: Pose) -> None:
        self._pose = pose

    def send_frame(self) -> None:
        if self.breaks_in_frames:
            raise RuntimeError("it broke")
        self.frames.append((asyncio.get_running_loop().time(), self._mouth, self._pose))

    def set_mood(self, mood: Mood, fade_seconds: float) -> None:
        self.moods.append(mood)

    def bear(self, bearing: Bearing) -> None:
        self.bearings.append(bearing)

    async def gesture(self, name: str) -> None:
        self._ask("gesture", name)
        if self.hangs_in_gestures:
            await self.lets_go.wait()

    async def show_expression(self, name: str, hold_seconds: float) -> None:
        self._ask("show_expression", name)

    async def map_mood(self, mood: Mood, expression: str | None) -> None:
        self._ask("map_mood", mood.value, str(expression))

    async def show_item(self, name: str) -> None:
        self._ask("show_item", name)

    async def sign_in(self) -> None:
        self._ask("sign_in")

    def status(self) -> AvatarStatus:
        return AvatarStatus(
            id=self.id,
            title=self.id.replace("_", " ").title(),
            link=self.link,
            detail=self.detail,
            taken=self.taken,
        )

    def counts(self) -> dict[str, int]:
        return {"frames_sent": len(self.frames)}

    async def panic(self, engaged: bool) -> None:
        self.panics.append(engaged)
        if self.hangs_in_panic:
            await asyncio.Event().wait()

    def _ask(self, what: str, *about: str) -> None:
        if what in self.refuses:
            raise self.refuses[what]
        self.asked.append((what, *about))
