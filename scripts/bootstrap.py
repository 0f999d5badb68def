"""Makes the virtual environment of a checkout, and hands over to the `kitsu` command in it.

Each step is recorded in the environment when it is done: a second start skips all of them, an
interrupted one goes on where it stopped. Standard library only.
"""

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WINDOWS = sys.platform == "win32"

#: Written into the environment: which steps are done, for which files.
STATE_NAME = "kitsu-install.json"


class InstallFailed(Exception):
    """Ends the start; the message says what happened and the step that mends it."""


def main(arguments: Sequence[str]) -> int:
    """The exit code of the command; on POSIX this does not return when all is well."""
    try:
        environment = Environment(venv_folder())
        wanted = "dev" if arguments[:1] == ["test"] else "base"
        if not environment.is_current(wanted):
            with only_one(environment.folder):
                environment.install(wanted)
        return hand_over(environment.python, arguments)
    except InstallFailed as error:
        print(f"\n{error}", file=sys.stderr)
    except OSError as error:
        print(f"\n{error}\nMend that, then run the same command again.", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
    return 1


def venv_folder() -> Path:
    given = os.environ.get("KITSU_VENV", "")
    return Path(given).expanduser().absolute() if given else ROOT / ".venv"


def digest(*paths: Path) -> str:
    """One hash over the contents of the files."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


class Environment:
    """The virtual environment and what is recorded about it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / ("Scripts/python.exe" if WINDOWS else "bin/python")

    def is_current(self, wanted: str) -> bool:
        """Whether nothing is left to be installed for the `base` or the `dev` lock."""
        state = self._state()
        return (
            state.get("root") == str(ROOT)
            and state.get(wanted) == self._lock_digest(wanted)
            and state.get("project") == self._project_digest()
            and self.python.exists()
        )

    def install(self, wanted: str) -> None:
        """Does the steps that are left."""
        from installing import Pip, make_venv

        state = self._state()
        if state.get("root") != str(ROOT) or not self.python.exists():
            make_venv(self.folder, self.python)
            state = {"root": str(ROOT)}
            self._write(state)
        pip = Pip(self.folder, self.python)
        if state.get(wanted) != self._lock_digest(wanted):
            pip.install_lock(ROOT / "requirements" / f"{wanted}.lock")
            # The dev lock holds everything that the base lock holds.
            state |= {name: self._lock_digest(name) for name in {"base", wanted}}
            self._write(state)
        if state.get("project") != self._project_digest():
            pip.install_project(ROOT)
            self._write(state | {"project": self._project_digest()})
        pip.done()

    def _lock_digest(self, name: str) -> str:
        return digest(ROOT / "requirements" / f"{name}.lock")

    def _project_digest(self) -> str:
        return digest(ROOT / "pyproject.toml")

    def _state(self) -> dict[str, str]:
        try:
            state = json.loads((self.folder / STATE_NAME).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def _write(self, state: dict[str, str]) -> None:
        fresh = self.folder / f"{STATE_NAME}.new"
        fresh.write_text(json.dumps(state, indent=1), "utf-8")
        fresh.replace(self.folder / STATE_NAME)


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Two starts at the same time: the second waits until the first has installed."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("a+b") as file:
        if WINDOWS:
            import msvcrt

            file.seek(0)
            while True:
                with contextlib.suppress(OSError):  # it gives up after ten seconds
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined]
                    break
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def hand_over(python: Path, arguments: Sequence[str]) -> int:
    """Becomes the `kitsu` command of the environment. `-P`: the folder we are in is no package."""
    command = [str(python), "-P", "-m", "apps.cli", *arguments]
    sys.stdout.flush()
    if not WINDOWS:
        os.execv(command[0], command)
    import subprocess

    child = subprocess.Popen(command)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # the console gave Ctrl+C to the command too; its end is ours
