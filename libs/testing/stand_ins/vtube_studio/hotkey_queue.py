"""Hotkeys are pressed one after another.

Source: github.com/DenchiSoft/VTubeStudio, README.md, "Requesting execution of hotkeys": one every 5
frames, 32 may wait, the same one again after 5 frames. (Files/ErrorID.cs says 5 seconds for the
latter: `cooldown_seconds`.)
"""

import asyncio
from collections import deque
from collections.abc import Callable

from libs.testing.stand_ins.vtube_studio.error_ids import ErrorId
from libs.testing.stand_ins.vtube_studio.models import Hotkey
from libs.testing.stand_ins.vtube_studio.wire import Refusal

CAPACITY = 32
FRAMES_APART = 5


class HotkeyQueue:
    """`press` is called for each when its turn comes. `cooldown_seconds`: None for 5 frames."""

    def __init__(
        self,
        now: Callable[[], float],
        frame_seconds: Callable[[], float],
        press: Callable[[Hotkey], None],
    ) -> None:
        self.cooldown_seconds: float | None = None
        self._now = now
        self._frame_seconds = frame_seconds
        self._press = press
        self._waiting: deque[Hotkey] = deque()
        self._asked_at: dict[str, float] = {}
        self._free_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def put(self, hotkey: Hotkey) -> None:
        """Raises `Refusal`."""
        now, cooldown = self._now(), self.cooldown_seconds
        if cooldown is None:
            cooldown = FRAMES_APART * self._frame_seconds()
        if now - self._asked_at.get(hotkey.id, float("-inf")) < cooldown:
            raise Refusal(ErrorId.HOTKEY_COOLDOWN, "The cooldown of this hotkey is not over.")
        if len(self._waiting) >= CAPACITY:
            raise Refusal(ErrorId.HOTKEY_QUEUE_FULL, "The hotkey queue is full.")
        self._asked_at[hotkey.id] = now
        self._waiting.append(hotkey)
        self._arm()

    def clear(self) -> None:
        self._waiting.clear()
        self._asked_at.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._timer is None and self._waiting:
            wait = max(0.0, self._free_at - self._now())
            self._timer = asyncio.get_running_loop().call_later(wait, self._press_one)

    def _press_one(self) -> None:
        self._timer = None
        self._free_at = self._now() + FRAMES_APART * self._frame_seconds()
        self._press(self._waiting.popleft())
        self._arm()
