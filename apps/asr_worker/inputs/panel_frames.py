"""The frames a page sends: what is in them, and when it was heard."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from apps.asr_worker.inputs.base import RATE_HZ

_HEAD = struct.Struct("<I")
_TURN = 1 << 32

#: Longest frame: a quarter of a second.
FRAME_BYTES = _HEAD.size + 2 * (RATE_HZ // 4)
#: A page that leaves more out at once is not one of ours.
LEFT_OUT_SECONDS = 600.0
#: Sound may come in a rush after a stall, but not much more of it than time went by.
RUSH_SECONDS = 10.0
#: A browser's sound clock and ours drift apart; so much of it a second is followed.
DRIFT = 0.001


class NotSound(Exception):
    """What came is no frame of sound; the message says why not."""


@dataclass(frozen=True, slots=True)
class Sound:
    """`left_out`: samples that the page could not send before these. `at`: when the first one was
    heard (show's clock)."""

    pcm: bytes
    at: float
    left_out: int


class Frames:
    """Reads the frames of one page in order.

    A network delays sound but never hurries it: the least delay seen tells when a page's sample 0
    was heard, and all others follow by counting. Drift of the two clocks is followed slowly.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._began_at = now()
        self._first: int | None = None
        self._next = 0
        """The next position, counted from the first one."""
        self._origin: float | None = None

    def take(self, frame: bytes) -> Sound:
        """Raises `NotSound`."""
        if not _HEAD.size <= len(frame) <= FRAME_BYTES or len(frame) % 2:
            raise NotSound(f"a frame of {len(frame)} bytes")
        told = _HEAD.unpack_from(frame)[0]
        if self._first is None:
            self._first = told
        left_out = (told - self._first - self._next) % _TURN
        if left_out > LEFT_OUT_SECONDS * RATE_HZ:
            raise NotSound("positions that do not go on")
        position, pcm = self._next + left_out, frame[_HEAD.size :]
        self._next = position + len(pcm) // 2
        return Sound(pcm, self._heard_at(position, len(pcm) // 2), left_out)

    def _heard_at(self, position: int, samples: int) -> float:
        now, length = self._now(), samples / RATE_HZ
        if self._next / RATE_HZ > now - self._began_at + RUSH_SECONDS:
            raise NotSound("more sound than time")
        seen = now - self._next / RATE_HZ
        drifted = seen if self._origin is None else self._origin + DRIFT * length
        self._origin = min(seen, drifted)
        return self._origin + position / RATE_HZ
