"""What every avatar can be asked, whatever moves it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from libs.contracts.avatar import AvatarId, AvatarRefusal, AvatarStatus, Bearing
from libs.contracts.speaking import Mood
from libs.settings.avatar import AvatarFile


class Capability(StrEnum):
    """What decides whether an avatar is asked at all; of the rest it says itself why not."""

    FRAMES = "frames"
    """Takes mouth and pose 30 or 60 times a second (`set_mouth`, `look`, `send_frame`)."""
    GESTURES = "gestures"
    ITEMS = "items"


@dataclass(frozen=True, slots=True)
class Vowels:
    """How much the mouth has the shape of each vowel, 0 to 1."""

    a: float = 0.0
    i: float = 0.0
    u: float = 0.0
    e: float = 0.0
    o: float = 0.0


NO_VOWEL = Vowels()


@dataclass(frozen=True, slots=True)
class Mouth:
    """The mouth at one moment: `open` 0 to 1, `form` from -1 (puckered) to 1 (wide)."""

    open: float = 0.0
    form: float = 0.0
    vowels: Vowels = NO_VOWEL


SHUT = Mouth()


@dataclass(frozen=True, slots=True)
class Pose:
    """Head, eyes and breath at one moment, as differences from looking straight ahead.

    `gaze_x`, `gaze_y`: -1 to 1; `yaw`, `pitch`, `roll`: degrees of the head: to the right, up and
    tilted to the right are positive, all as whoever watches sees it; `lids`: how far they are open,
    0 to 1; `breath`: -1 to 1. `weight` (0 to 1): how much of it counts beside what moves the avatar
    otherwise, such as a camera; `eyes_weight` the same for gaze and lids alone.
    """

    gaze_x: float = 0.0
    gaze_y: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    lids: float = 1.0
    breath: float = 0.0
    weight: float = 1.0
    eyes_weight: float = 1.0


STRAIGHT = Pose()


class AvatarRefused(Exception):
    """An order that was not carried out. The message is for people, with the step that mends it."""

    def __init__(self, code: AvatarRefusal, message: str) -> None:
        super().__init__(message)
        self.code = code


#: Called whenever `status` would say something new.
Changed = Callable[[], None]


class Avatar(Protocol):
    """One avatar: the drawn character, or a program with a model of its own.

    Promises: no method raises for what the other side does, but for `AvatarRefused` from those
    that are orders; `set_mouth`, `look`, `set_mood` and `send_frame` return at once, and of what
    they were told the newest counts; what is told while the program is away is shown as soon as it
    is back, where it still holds; in a panic the mouth is shut, the face neutral, what Kitsu put
    there is gone, and then nothing more is sent until the release.
    """

    @property
    def id(self) -> AvatarId: ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do now, as it is connected."""
        ...

    async def run(self) -> None:
        """Keeps the connection, for ever; cancelled at the end. Needs no bus."""
        ...

    def take_file(self, file: AvatarFile) -> None:
        """From now on this `configs/avatar.yaml` counts."""
        ...

    async def close(self) -> None:
        """Lets go: mouth shut, neutral, own items gone. Waits a moment for that, not longer."""
        ...

    def set_mouth(self, mouth: Mouth) -> None: ...

    def look(self, pose: Pose) -> None: ...

    def send_frame(self) -> None:
        """Sends what mouth and pose are now; skipped while the other side cannot keep up."""
        ...

    def set_mood(self, mood: Mood, fade_seconds: float) -> None: ...

    def bear(self, bearing: Bearing) -> None:
        """Listening, thinking, asleep: as far as it can show that beside its mood."""
        ...

    async def gesture(self, name: str) -> None:
        """An animation by its name in `configs/avatar.yaml`, or a hotkey by its own. Raises
        `AvatarRefused`."""
        ...

    async def show_expression(self, name: str, hold_seconds: float) -> None:
        """Raises `AvatarRefused`."""
        ...

    async def map_mood(self, mood: Mood, expression: str | None) -> None:
        """Raises `AvatarRefused`."""
        ...

    async def show_item(self, name: str) -> None:
        """One name of the items of `configs/avatar.yaml`. Raises `AvatarRefused`."""
        ...

    async def sign_in(self) -> None:
        """Asks again whether Kitsu may. Raises `AvatarRefused`."""
        ...

    def status(self) -> AvatarStatus: ...

    def counts(self) -> Mapping[str, int]:
        """What it counted since the start, for metrics."""
        ...

    async def panic(self, engaged: bool) -> None:
        """In force for all later calls when it returns; waits at most 0.2 s for the other side."""
        ...
