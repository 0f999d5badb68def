"""VMC: VSeeFace, Warudo, VNyan and all others that take OSC of that form."""

import asyncio
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from apps.avatar_controller.engines.base import (
    SHUT,
    STRAIGHT,
    AvatarRefused,
    Capability,
    Changed,
    Mouth,
    Pose,
)
from apps.avatar_controller.engines.vmc.frame import (
    MOOD_SHAPES,
    Face,
    Thinned,
    beyond_ours,
    shapes_of_mood,
)
from apps.avatar_controller.engines.vmc.osc_sender import OscSender, sayable
from apps.avatar_controller.gestures import BUILT_IN
from apps.avatar_controller.settings import AvatarControllerSettings
from libs.contracts.avatar import (
    AvatarId,
    AvatarLink,
    AvatarRefusal,
    AvatarStatus,
    Bearing,
    MoodShown,
)
from libs.contracts.speaking import Mood
from libs.settings.avatar import AvatarFile

#: In `configs/avatar.yaml` the model's own shapes stand under this name: VMC tells no model's.
MODEL = "vmc"

LOOK_SECONDS = 0.2
#: Between two attempts to look its name up.
LOOK_UP_SECONDS = 2.0
#: The last frame is sent so often, so far apart: any of them may be lost.
LAST_FRAMES, LAST_FRAME_SECONDS = 3, 0.03


class VmcAvatar:
    """A model that another program draws, moved by datagrams that nobody answers.

    Promises: what is sent is whole every time (in single packets, four times a second), so that a
    lost datagram is mended by the next one;
    moods fade; where the system says that nobody listens, that is told, and sending goes on, so
    that a program that comes back moves at once.
    """

    id: AvatarId = "vmc"
    capabilities = frozenset({Capability.FRAMES})

    def __init__(
        self,
        settings: AvatarControllerSettings,
        file: AvatarFile,
        changed: Changed,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target = settings.vmc_target
        self._changed = changed
        self._now = now
        self._began_at = now()
        parts = urlsplit(f"udp://{self._target}")
        self._sender = OscSender(parts.hostname or "", parts.port or 0, settings.vmc_bundles, now)
        self._thinned = None if settings.vmc_bundles else Thinned()
        self._own = _own_shapes(file)
        self._own_names = beyond_ours(self._own.values())
        self._wanted = Mood.NEUTRAL
        self._mood = _Fade(now)
        self._mouth, self._pose = SHUT, STRAIGHT
        self._panic = False
        self._told: tuple[AvatarLink, str] | None = None

    # Life -------------------------------------------------------------------------------------

    async def run(self) -> None:
        while True:
            if not self._sender.open and await self._sender.connect() and self._panic:
                await self._rest()  # whoever was killed before left her as she was
            self._sender.listen()
            if (now_told := self._link()) != self._told:
                self._told = now_told
                self._changed()
            await asyncio.sleep(LOOK_SECONDS if self._sender.open else LOOK_UP_SECONDS)

    def take_file(self, file: AvatarFile) -> None:
        self._own = _own_shapes(file)
        # A name that is told no more would stay as it was told last.
        self._own_names |= beyond_ours(self._own.values())
        self.set_mood(self._wanted, file.moods.fade_seconds)
        self._changed()

    async def close(self) -> None:
        await self.panic(True)
        self._sender.close()

    async def panic(self, engaged: bool) -> None:
        was, self._panic = self._panic, engaged
        if engaged and not was:
            await self._rest()

    async def _rest(self) -> None:
        """Mouth shut, face neutral, eyes open, head straight; from the first datagram on."""
        self._mouth, self._pose, self._wanted = SHUT, STRAIGHT, Mood.NEUTRAL
        self._mood.to({}, 0.0)
        for number in range(LAST_FRAMES):
            if number:
                await asyncio.sleep(LAST_FRAME_SECONDS)
            if not self._panic:
                return  # released meanwhile: she moves again
            self._send(Face(), whole=True)

    # What she does ----------------------------------------------------------------------------

    def set_mouth(self, mouth: Mouth) -> None:
        self._mouth = mouth

    def look(self, pose: Pose) -> None:
        self._pose = pose

    def send_frame(self) -> None:
        if not self._panic:
            self._send(Face(self._mouth, self._pose, self._mood.shown()))

    def set_mood(self, mood: Mood, fade_seconds: float) -> None:
        if not self._panic:
            self._wanted = mood
            self._mood.to(shapes_of_mood(mood, self._own), fade_seconds)

    def bear(self, bearing: Bearing) -> None:
        """Shown by head and eyes, which are told by `look`."""

    def _send(self, face: Face, whole: bool = False) -> None:
        seconds = self._now() - self._began_at
        messages = face.messages(seconds, self._own_names)
        if self._thinned is not None and not whole:
            messages = list(self._thinned.of(messages, seconds))
        self._sender.send(messages)

    # What means nothing here ------------------------------------------------------------------

    async def gesture(self, name: str) -> None:
        raise AvatarRefused(
            AvatarRefusal.NOT_POSSIBLE, "VMC has no animations: start it in your avatar app."
        )

    async def show_expression(self, name: str, hold_seconds: float) -> None:
        raise AvatarRefused(
            AvatarRefusal.NOT_POSSIBLE, "VMC tells no expressions: set a mood instead."
        )

    async def map_mood(self, mood: Mood, expression: str | None) -> None:
        step = f"Write it under models: {MODEL}: in configs/avatar.yaml."
        raise AvatarRefused(AvatarRefusal.NOT_POSSIBLE, f"VMC tells no expressions. {step}")

    async def show_item(self, name: str) -> None:
        raise AvatarRefused(
            AvatarRefusal.NOT_POSSIBLE, "VMC has no items: use VTube Studio or items.yaml."
        )

    async def sign_in(self) -> None:
        raise AvatarRefused(AvatarRefusal.NOT_POSSIBLE, "VMC needs no permission.")

    # How it is --------------------------------------------------------------------------------

    def counts(self) -> Mapping[str, int]:
        return {
            "datagrams_sent": self._sender.sent,
            "datagrams_refused": self._sender.refused,
            "datagrams_failed": self._sender.failed,
        }

    def status(self) -> AvatarStatus:
        link, detail = self._link()
        told = link is AvatarLink.UNSEEN
        return AvatarStatus(
            id=self.id,
            title="VMC (VSeeFace, Warudo, VNyan)",
            link=link,
            detail=detail,
            moods=self._moods() if told else (),
            gestures=tuple(BUILT_IN) if told else (),
            mouth=("A", "I", "U", "E", "O") if told else (),
        )

    def _link(self) -> tuple[AvatarLink, str]:
        if not self._sender.open:
            why = self._sender.trouble or "not tried yet"
            return AvatarLink.WAITING, f"{self._target} cannot be reached ({why}): see VMC_TARGET."
        if self._sender.nobody_listens:
            step = "Start your avatar app and switch its VMC receiver on."
            return AvatarLink.WAITING, f"Nothing receives VMC at {self._target}. {step}"
        if self._sender.trouble:
            why = f"Sending to {self._target} fails ({self._sender.trouble})"
            return AvatarLink.WAITING, f"{why}: check the network and VMC_TARGET."
        return (
            AvatarLink.UNSEEN,
            f"Sends to {self._target}; VMC gives no answer, look at your avatar.",
        )

    def _moods(self) -> tuple[MoodShown, ...]:
        return tuple(
            MoodShown(
                mood=mood,
                expression=" + ".join(shapes_of_mood(mood, self._own)),
                chosen_by="file" if mood in self._own else "name",
            )
            for mood in MOOD_SHAPES
            if mood is not Mood.NEUTRAL
        )


class _Fade:
    """From what is shown to what is meant, evenly."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._from: Mapping[str, float] = {}
        self._to: Mapping[str, float] = {}
        self._began_at, self._seconds = 0.0, 0.0

    def to(self, shapes: Mapping[str, float], seconds: float) -> None:
        if shapes != self._to or seconds <= 0:
            self._from, self._to = self.shown(), shapes
            self._began_at, self._seconds = self._now(), seconds

    def shown(self) -> Mapping[str, float]:
        passed = self._now() - self._began_at
        if passed >= self._seconds:
            return self._to
        part = max(0.0, passed / self._seconds)
        return {
            name: self._from.get(name, 0.0) * (1 - part) + self._to.get(name, 0.0) * part
            for name in {*self._from, *self._to}
        }


def _own_shapes(file: AvatarFile) -> dict[Mood, str]:
    return {mood: sayable(name) for mood, name in file.models.get(MODEL, {}).items()}
