"""One JSON document in a private file, with words for people where that does not go well."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from libs.worker.private_file import PrivateFile

log = logging.getLogger("kitsu.private_json")

Content = TypeVar("Content")


class PrivateJson:
    """Promises: nothing raises; whoever is killed while it is written finds the old or the new
    document; a file that cannot be used is set aside beside it, never thrown away; what went wrong
    is said and logged, and nothing of what stands in the file is."""

    def __init__(self, path: Path, what: str) -> None:
        """`what`: as people know it, such as "permission of VTube Studio"."""
        self.path = path
        self._what = what
        self._file = PrivateFile(path)

    def read(self, taken: Callable[[Any], Content]) -> tuple[Content | None, str]:
        """What was written last, as `taken` makes it of the document (it raises ValueError,
        KeyError or TypeError for one that is none); None: nothing was, or nothing that can be used.
        And what is wrong; empty: nothing."""
        try:
            raw = self._file.read()
        except OSError as error:
            why = f"{self.path} cannot be read ({error.strerror})"
            return None, self._said(f"{why}: make it yours, or delete it.")
        if raw is None:
            return None, ""
        try:
            return taken(json.loads(raw)), ""
        except (ValueError, KeyError, TypeError, RecursionError):
            return None, self.set_aside()

    def set_aside(self) -> str:
        """Keeps a file that cannot be used under another name; says so."""
        try:
            aside = self._file.set_aside()
        except OSError as error:
            why = f"{self.path} is broken and cannot be moved ({error.strerror})"
            return self._said(f"{why}: delete it.")
        return self._said(f"The stored {self._what} was broken (kept as {aside}).")

    def write(self, document: object) -> str:
        """What went wrong; empty: nothing, and the document is on the disk itself."""
        try:
            self._file.write(_as_text(document))
        except OSError as error:
            why = f"The {self._what} cannot be written to {self.path} ({error.strerror})"
            return self._said(f"{why}: make room, or make the folder yours.")
        return ""

    @staticmethod
    def _said(trouble: str) -> str:
        log.warning("%s", trouble)
        return trouble


def _as_text(document: object) -> str:
    """In the letters that people wrote; half a letter, as a broken program may say it, cannot be
    written so."""
    text = json.dumps(document, ensure_ascii=False, indent=1)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(document, indent=1)
    return text
