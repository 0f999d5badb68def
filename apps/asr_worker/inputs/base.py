"""Where sound comes from: the one contract of all inputs."""

from dataclasses import dataclass
from typing import Literal, Protocol

#: All sound inside this worker is mono signed 16-bit little-endian PCM at this rate.
RATE_HZ = 16_000

Source = Literal["device", "panel", "file", "none"]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of sound. `position` counts samples since the input was opened, also those that were
    lost; `at` is when its first sample was heard (show's clock)."""

    position: int
    pcm: bytes
    at: float

    @property
    def samples(self) -> int:
        return len(self.pcm) // 2

    @property
    def end(self) -> int:
        return self.position + self.samples


class SoundInput(Protocol):
    """Gives sound in order.

    Promises: what is not taken in time is lost oldest first, and counted; a device that goes away
    is waited for, and `problem` says so; nothing here blocks the event loop.
    """

    @property
    def source(self) -> Source: ...

    @property
    def device(self) -> str:
        """For people: which device, page or file."""
        ...

    @property
    def present(self) -> bool:
        """Whether sound comes, or could."""
        ...

    @property
    def problem(self) -> str:
        """Why none comes, with the step that mends it; empty while all is well."""
        ...

    @property
    def lost_samples(self) -> int: ...

    async def open(self) -> None:
        """Begins to capture. Returns although the device is missing: it is then waited for."""
        ...

    async def close(self) -> None: ...

    async def take(self) -> list[Block]:
        """What was heard since the last time, oldest first; waits until there is something."""
        ...
