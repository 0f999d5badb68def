"""Which expressions Kitsu has switched on, by model: kept over restarts."""

from pathlib import Path
from typing import Any

from libs.worker.private_json import PrivateJson

#: Models of which something is left on; more are forgotten.
MAXIMUM_MODELS = 50


class SwitchedOn:
    """Promises: what is in here was switched on by Kitsu and may be switched off by Kitsu."""

    def __init__(self, path: Path) -> None:
        self._file = PrivateJson(path, "note of expressions that Kitsu switched on")
        files, _ = self._file.read(_files_by_model)
        self._files: dict[str, set[str]] = files or {}

    def of(self, model: str) -> frozenset[str]:
        return frozenset(self._files.get(model, ()))

    def add(self, model: str, file: str) -> None:
        self._set(model, self.of(model) | {file})

    def remove(self, model: str, file: str) -> None:
        self._set(model, self.of(model) - {file})

    def keep(self, model: str, active: set[str]) -> None:
        """Of this model only those are on."""
        self._set(model, self.of(model) & active)

    def _set(self, model: str, files: frozenset[str]) -> None:
        if files == self.of(model):
            return
        others = {each: kept for each, kept in self._files.items() if each != model}
        if files:
            others[model] = set(files)
        newest = list(others.items())[-MAXIMUM_MODELS:]
        self._files = dict(newest)  # at once: it is read while a thread writes
        self._file.write({each: sorted(kept) for each, kept in self._files.items()})


def _files_by_model(document: Any) -> dict[str, set[str]]:
    if not isinstance(document, dict):
        raise TypeError("no note")
    return {
        str(model): {file for file in files if isinstance(file, str)}
        for model, files in list(document.items())[:MAXIMUM_MODELS]
        if isinstance(files, list)
    }
