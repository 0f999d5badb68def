"""One log file per service and day, old ones removed."""

import datetime
import os
import re
from pathlib import Path

KEPT_DAYS = 14

_NAME = re.compile(r"^(?P<service>[\w-]+?)-(?P<day>\d{4}-\d{2}-\d{2})\.(jsonl|out)$")


def today() -> datetime.date:
    """Days are UTC, like the times inside the files."""
    return datetime.datetime.now(datetime.UTC).date()


def path_of(folder: Path, service: str, day: datetime.date, ending: str = "jsonl") -> Path:
    return folder / f"{service}-{day.isoformat()}.{ending}"


def remove_old(folder: Path, service: str, day: datetime.date) -> None:
    """Removes this service's files that are older than `KEPT_DAYS` on `day`."""
    oldest = day - datetime.timedelta(days=KEPT_DAYS - 1)
    for path in folder.glob(f"{service}-*"):
        match = _NAME.match(path.name)
        if match and match["service"] == service and match["day"] < oldest.isoformat():
            path.unlink(missing_ok=True)


class DailyFile:
    """Appends lines to today's file of a service. Opens the next file at the first line of a day.

    Each line is one write in append mode, so several processes may share a file. Raises `OSError`
    when the folder cannot be written.
    """

    def __init__(self, folder: Path, service: str) -> None:
        self._folder = folder
        self._service = service
        self._day: datetime.date | None = None
        self._descriptor = -1

    def append(self, line: str) -> None:
        day = today()
        if day != self._day:
            self._open(day)
        os.write(self._descriptor, line.encode("utf-8", "backslashreplace") + b"\n")

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._day = -1, None

    def _open(self, day: datetime.date) -> None:
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        path = path_of(self._folder, self._service, day)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._day = day
        remove_old(self._folder, self._service, day)
