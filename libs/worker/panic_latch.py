"""The panic latch: engaged by anyone, released only on purpose, kept over restarts."""

import json
import logging
import time
from dataclasses import asdict, dataclass
from pathlib import Path

log = logging.getLogger("kitsu.panic")


@dataclass(frozen=True)
class PanicState:
    """`ordinal` orders engagements and releases; the larger one is the newer one."""

    engaged: bool = False
    ordinal: int = 0
    reason: str = ""
    by: str = ""
    since: float | None = None


class PanicLatch:
    """One worker's own latch, on its own disk: it needs no bus and no other process.

    Promises: an engagement is in force when `engage` returns, whatever the clocks of other
    machines say, also when the disk takes nothing; only a release with a larger ordinal ends it; a
    restart restores it.
    """

    def __init__(self, folder: Path, instance: str) -> None:
        safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in instance)
        self._path = folder / f"{safe}.json"
        self.state = self._read()

    @property
    def engaged(self) -> bool:
        return self.state.engaged

    def next_ordinal(self) -> int:
        """An ordinal newer than everything this latch knows (Unix milliseconds, or one more)."""
        return max(time.time_ns() // 1_000_000, self.state.ordinal + 1)

    def engage(self, reason: str, by: str, ordinal: int | None = None) -> bool:
        """True when this changed something; False for one that a known release has ended."""
        ordinal = self.next_ordinal() if ordinal is None else ordinal
        if ordinal <= self.state.ordinal:
            return False
        already = self.state.engaged
        since = self.state.since if already else time.time()
        self.state = PanicState(
            True, ordinal, reason if not already else self.state.reason, by, since
        )
        self._write()
        return not already

    def release(self, by: str, ordinal: int | None = None) -> bool:
        """True when this ended a panic."""
        ordinal = self.next_ordinal() if ordinal is None else ordinal
        if ordinal <= self.state.ordinal:
            return False
        was_engaged = self.state.engaged
        self.state = PanicState(False, ordinal, "", by, None)
        self._write()
        return was_engaged

    def _read(self) -> PanicState:
        try:
            return PanicState(**json.loads(self._path.read_text("utf-8")))
        except FileNotFoundError:
            return PanicState()
        except (OSError, ValueError, TypeError):
            # A latch that cannot be read is taken as engaged: silence is the safe side.
            return PanicState(
                True, 0, "the panic latch file could not be read", "kitsu", time.time()
            )

    def _write(self) -> None:
        """A full disk must not stop a panic: the latch then holds here and on the bus."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_suffix(".new")
            fresh.write_text(json.dumps(asdict(self.state)), "utf-8")
            fresh.replace(self._path)
        except OSError:
            log.exception("the panic latch could not be written: it is kept in memory only")
