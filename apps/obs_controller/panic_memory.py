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


def _key(item: Remembered) -> tuple[str, str, str]:
    return item.what, item.target, item.source


class PanicMemory:
    """Promises: the first value of a thing counts until `forget`, over restarts of this process and
    of OBS. A file that cannot be read counts as empty: then nothing is put back by itself."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._presumed: set[tuple[str, str, str]] = set()
        self.items: list[Remembered] = self._read()

    def __bool__(self) -> bool:
        return bool(self.items)

    def presume(self, likely: list[Remembered]) -> None:
        """What is probably so before the panic. It counts if OBS does the panic but its answer,
        which says what was so, is lost: asked again it would tell of the panic itself."""
        self._presumed = {_key(item) for item in likely} - {_key(item) for item in self.items}
        self.items += [item for item in likely if _key(item) in self._presumed]

    def remember(self, fresh: list[Remembered]) -> None:
        """What was so by OBS's own word."""
        said = {_key(item) for item in fresh}
        kept = [item for item in self.items if _key(item) not in self._presumed & said]
        known = {_key(item) for item in kept}
        self.items = [*kept, *(item for item in fresh if _key(item) not in known)]
        self._presumed = set()
        self._write()

    def save(self) -> None:
        """What was presumed must do."""
        self._presumed = set()
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
