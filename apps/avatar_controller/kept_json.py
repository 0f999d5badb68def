"""A small JSON file that is whole at any moment."""

import json
import logging
from pathlib import Path

from libs.worker.private_file import PrivateFile

log = logging.getLogger("kitsu.avatar_controller")

#: What is kept here is a few kilobytes; a larger file is none of ours.
MAXIMUM_BYTES = 1024 * 1024


class KeptJson:
    """Promises: whoever is killed while it is written finds the old or the new one. A file that
    cannot be read is set aside beside it, said in the log, and counts as empty. Nothing raises."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = PrivateFile(path)

    def read(self) -> object:
        """What was written last; None when nothing was, or nothing that can be read."""
        try:
            raw = self._file.read()
        except OSError as error:
            log.warning("%s cannot be read: %s", self._path.name, error.strerror)
            return None
        if raw is None:
            return None
        if len(raw) > MAXIMUM_BYTES:
            self.set_aside("too large")
            return None
        try:
            value: object = json.loads(raw)
        except (ValueError, RecursionError):
            self.set_aside("no JSON")
            return None
        return value

    def set_aside(self, why: str) -> None:
        """The file is garbage."""
        try:
            kept = self._file.set_aside()
        except OSError as error:
            log.warning("%s is garbage and cannot be moved: %s", self._path.name, error.strerror)
        else:
            log.warning("%s is garbage (%s) and was kept as %s", self._path.name, why, kept)

    def write(self, value: object) -> None:
        try:
            self._file.write(_as_text(value))
        except OSError as error:
            log.warning("%s cannot be written: %s", self._path.name, error.strerror)


def _as_text(value: object) -> str:
    """In the letters that people wrote; half a letter, as a broken program may say it, cannot be
    written so."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, indent=1)
    return text
