"""A file with secrets: its owner's only, whole at any moment, never thrown away."""

import contextlib
import errno
import os
import stat
import time
from pathlib import Path

#: What is kept so is short; a larger file is none of ours.
MAXIMUM_BYTES = 16 * 2**20

#: On Windows a virus scanner may hold the file for a moment.
_REPLACE_PAUSES_SECONDS = (0.0, 0.02, 0.1, 0.3)


class PrivateFile:
    """When `write` returns, the new text is on the disk itself; until then the old one is whole.
    Every method raises `OSError` when the disk refuses."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> bytes | None:
        """None: it is not there. Others lose the right to read it. What is no file, or has no end,
        is refused unread."""
        try:
            found = self.path.stat()
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, "it is no file")
            if found.st_size > MAXIMUM_BYTES:
                raise OSError(errno.EFBIG, "it is too large")
            raw = self.path.read_bytes()
        except FileNotFoundError:
            return None
        if os.name == "posix" and found.st_mode & 0o077:
            with contextlib.suppress(
                PermissionError
            ):  # another's file: it was readable, that is all
                self.path.chmod(0o600)
        return raw

    def set_aside(self) -> str:
        """Keeps a file that cannot be used under another name, which is given back."""
        aside = self.path.with_name(f"{self.path.stem}.broken-{time.time_ns()}{self.path.suffix}")
        self.path.replace(aside)
        if os.name == "posix":
            aside.chmod(0o600)
        return aside.name

    def write(self, text: str) -> None:
        fresh = self.path.with_name(f"{self.path.stem}.{os.getpid()}.new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write_private(fresh, text)
            _replace(fresh, self.path)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink()
            raise


def _write_private(path: Path, text: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _replace(fresh: Path, path: Path) -> None:
    for last, pause in enumerate(_REPLACE_PAUSES_SECONDS, 1):
        time.sleep(pause)
        try:
            fresh.replace(path)
        except PermissionError:
            if last == len(_REPLACE_PAUSES_SECONDS):
                raise
        else:
            break
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
