"""Whether something else moves her: a camera that sees a face."""

import asyncio
import contextlib
from collections.abc import Callable

from apps.avatar_controller.engines.vtube_studio.errors import VtsAway, VtsRefused
from apps.avatar_controller.engines.vtube_studio.model import Ask, number_of

#: Kitsu never moves these, and a face before a camera is never quite still. What the app itself
#: says of faces does not tell a camera from a plugin's `faceFound`, which Kitsu sends as well.
WATCHED = ("FacePositionX", "FacePositionZ")

LOOK_EVERY_SECONDS = 1.0

#: A face that is found at the beginning may be what a Kitsu before said: looked at twice, so long
#: apart, it is known.
TWO_LOOKS_SECONDS = 0.2

#: Of so many looks one that moved something: a face. None: it is gone.
LOOKS = 4
MOVED = 0.001

#: In so long the pose gives way to the camera, and comes back.
FADE_SECONDS = 0.5


class Camera:
    """Promises: the pose counts wholly while nothing else moves her, not at all while a camera
    does, and goes from one to the other without a jump."""

    def __init__(self, ask: Ask, now: Callable[[], float]) -> None:
        self._ask = ask
        self._now = now
        self._weight = 1.0
        self._weighed_at = now()
        self._last: tuple[float, ...] | None = None
        self._still_for = LOOKS
        self.tracks = False
        self.is_known = False

    async def begin(self) -> None:
        """Before anything is moved for the first time. Raises `VtsAway`."""
        self._last = None
        with contextlib.suppress(VtsRefused):
            if (await self._ask("FaceFoundRequest", {})).get("found") is True:
                await self._look()
                await asyncio.sleep(TWO_LOOKS_SECONDS)
                await self._look()
        self.is_known = True

    def told(self, face_found: bool) -> None:
        """The app tells that a face was found, or lost."""
        if not face_found:
            self.tracks = False

    async def run(self) -> None:
        """Looks for movement, for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                await self._look()
            except (VtsAway, VtsRefused):
                self._last = None

    async def _look(self) -> None:
        asking = (self._ask("ParameterValueRequest", {"name": name}) for name in WATCHED)
        answers = await asyncio.gather(*asking)
        self.saw(tuple(number_of(answer, "value") for answer in answers))

    def saw(self, values: tuple[float, ...]) -> None:
        """Where the watched inputs are now."""
        if self._last is not None:
            moved = max(abs(a - b) for a, b in zip(values, self._last, strict=True)) > MOVED
            self._still_for = 0 if moved else self._still_for + 1
            if moved:
                self.tracks = True
            elif self._still_for >= LOOKS:
                self.tracks = False
        self._last = values

    def pose_weight(self) -> float:
        """How much of the pose counts now, 0 to 1."""
        now = self._now()
        step = (now - self._weighed_at) / FADE_SECONDS
        self._weighed_at = now
        target = 0.0 if self.tracks else 1.0
        self._weight += min(max(target - self._weight, -step), step)
        return self._weight
