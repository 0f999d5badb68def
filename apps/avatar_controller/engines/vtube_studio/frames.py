"""Values for the model's parameters, many times a second, that never wait for anything."""

import asyncio
import itertools
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from apps.avatar_controller.engines.vtube_studio.errors import ENDED, VtsAway
from libs.vtube_studio.wire import Message, envelope

#: More unanswered ones: the app is behind, and the next frame is left out.
MOST_UNANSWERED = 30
#: An answer later than this is not waited for; below the second after which values fall back.
FORGOTTEN_AFTER_SECONDS = 0.5
_MOST_ERROR_IDS = 32
#: No other request's id begins so.
_ID = "frame"

#: Beyond this VTube Studio refuses a whole frame.
_LARGEST_VALUE = 1_000_000.0

#: Name of a parameter, value, weight.
Value = tuple[str, float, float]


@dataclass
class FrameCounters:
    """Since the worker began. Every frame offered was sent or skipped (or is the next)."""

    sent: int = 0
    skipped: int = 0
    """The app was behind, or a newer one came before it could be written."""
    answered: int = 0
    forgotten: int = 0
    errors: dict[int, int] = field(default_factory=dict)
    """Refused frames by error id."""


class Frames:
    """At most one frame waits to be written, and the newest wins; a slow socket or a slow app makes
    frames fewer, never later."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.counters = FrameCounters()
        self._now = now
        self._numbers = itertools.count()
        self._next: Sequence[Value] | None = None
        self._wake = asyncio.Event()
        self._unanswered: dict[str, float] = {}

    def offer(self, values: Sequence[Value]) -> bool:
        """Whether it will be written, unless a newer one comes first."""
        self._forget()
        if len(self._unanswered) >= MOST_UNANSWERED:
            self.counters.skipped += 1
            return False
        if self._next is not None:
            self.counters.skipped += 1
        self._next = values
        self._wake.set()
        return True

    async def write_to(self, socket: ClientConnection) -> None:
        """Until the connection ends: raises `VtsAway`."""
        self.clear()
        while True:
            await self._wake.wait()
            self._wake.clear()
            while (values := self._next) is not None:
                self._next = None
                request_id = f"{_ID}{next(self._numbers)}"
                text = envelope("InjectParameterDataRequest", injection(values), request_id)
                self._unanswered[request_id] = self._now()
                self.counters.sent += 1
                try:
                    await socket.send(text)
                except ConnectionClosed:
                    raise VtsAway(ENDED) from None

    def take(self, answer: Message) -> bool:
        """Whether that is the answer to a frame."""
        if not answer.request_id.startswith(_ID):
            return False
        if self._unanswered.pop(answer.request_id, None) is not None:
            self.counters.answered += 1
        if answer.is_error:
            errors = self.counters.errors
            known = answer.error_id in errors or len(errors) < _MOST_ERROR_IDS
            error_id = answer.error_id if known else -1
            errors[error_id] = errors.get(error_id, 0) + 1
        return True

    def clear(self) -> None:
        """Nothing of an older connection is sent or waited for."""
        self._next = None
        self._unanswered.clear()

    def _forget(self) -> None:
        """Sent in order: the oldest come first."""
        gone = self._now() - FORGOTTEN_AFTER_SECONDS
        while self._unanswered:
            oldest = next(iter(self._unanswered))
            if self._unanswered[oldest] > gone:
                break
            del self._unanswered[oldest]
            self.counters.forgotten += 1


def injection(values: Sequence[Value]) -> dict[str, Any]:
    """What `InjectParameterDataRequest` takes; what would spoil a whole frame is mended or left
    out."""
    return {
        "faceFound": True,
        "mode": "set",
        "parameterValues": [
            {
                "id": name,
                "value": max(-_LARGEST_VALUE, min(_LARGEST_VALUE, value)),
                "weight": max(0.0, min(1.0, weight)),
            }
            for name, value, weight in values
            if math.isfinite(value) and math.isfinite(weight)
        ],
    }
