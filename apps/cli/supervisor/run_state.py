"""The file that says which supervisor runs a data folder."""

import contextlib
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

#: The start time in the file and the one the system tells may differ by rounding.
_SAME_START_SECONDS = 2.0


@dataclass(frozen=True)
class RunState:
    """`control_port` is 0 while the supervisor is still starting."""

    pid: int
    process_started_at: float
    control_port: int = 0


class AlreadyRunning(Exception):
    """Another supervisor has this data folder."""

    def __init__(self, state: RunState) -> None:
        super().__init__(f"process {state.pid}")
        self.state = state


class RunStateFile:
    """`<data folder>/run/supervisor.json`, readable by its owner only.

    Promises: of two supervisors that claim a folder at the same time one gets it; a file left by a
    dead one is in nobody's way, also when its process number now belongs to somebody else.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "run" / "supervisor.json"

    def claim(self) -> RunState:
        """Raises `AlreadyRunning`, or `OSError` when the folder cannot be written."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        own = RunState(os.getpid(), psutil.Process().create_time())
        claim = self._path.with_name(f"claim.{own.pid}")
        _write_private(claim, own)
        try:
            for _ in range(10):
                if self._take(claim):
                    return own
                if (holder := self.read()) is not None:
                    raise AlreadyRunning(holder)
                self._path.unlink(missing_ok=True)
                time.sleep(0.05)
        finally:
            claim.unlink(missing_ok=True)
        raise OSError(f"{self._path} cannot be taken over: delete it")

    def announce(self, state: RunState) -> None:
        """Replaces the claim by the full state."""
        fresh = self._path.with_name(f"state.{state.pid}")
        _write_private(fresh, state)
        fresh.replace(self._path)

    def read(self) -> RunState | None:
        """The supervisor that runs now; None when there is none."""
        try:
            state = RunState(**json.loads(self._path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return state if is_alive(state) else None

    def release(self) -> None:
        """Removes the file if it is ours."""
        state = self.read()
        if state is not None and state.pid == os.getpid():
            with contextlib.suppress(OSError):
                self._path.unlink()

    def _take(self, claim: Path) -> bool:
        try:
            os.link(claim, self._path)
        except FileExistsError:
            return False
        return True


def is_alive(state: RunState) -> bool:
    try:
        process = psutil.Process(state.pid)
        same = abs(process.create_time() - state.process_started_at) < _SAME_START_SECONDS
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _write_private(path: Path, state: RunState) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(state), file)
