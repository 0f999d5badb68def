"""What OBS was like before panic touched it, kept on disk until the release has put it back."""

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

log = logging.getLogger("kitsu.obs_controller.panic")

What = Literal["mute", "transition", "override", "scene", "filter"]


@dataclass(frozen=True)
class Remembered:
    """`before`: a mute or filter's bool, a scene's or transition's name, an override's settings."""

    what: What
    target: str
    source: str
    """The source a filter sits on; else empty."""
    before: Any


class PanicMemory:
    """Promises: the first value of a thing counts until `forget`, over restarts of this process and
    of OBS. A file that cannot be read counts as empty: then nothing is put back by itself."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.items: list[Remembered] = self._read()

    def __bool__(self) -> bool:
        return bool(self.items)

    def remember(self, fresh: list[Remembered]) -> None:
        known = {(item.what, item.target, item.source) for item in self.items}
        new = [item for item in fresh if (item.what, item.target, item.source) not in known]
        if new:
            self.items += new
            self._write()

    def keep(self, items: list[Remembered]) -> None:
        """Only these are still to be put back."""
        if not items:
            self.forget()
            return
        self.items = items
        self._write()

    def forget(self) -> None:
        self.items = []
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            log.exception("what panic remembered could not be deleted")

    def _read(self) -> list[Remembered]:
        try:
            return [Remembered(**item) for item in json.loads(self._path.read_text("utf-8"))]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError):
            log.warning("what panic remembered cannot be read: nothing will be put back by itself")
            return []

    def _write(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_suffix(".new")
            fresh.write_text(json.dumps([asdict(item) for item in self.items]), "utf-8")
            fresh.replace(self._path)
        except OSError:
            log.exception("what OBS was before the panic could not be written down")
