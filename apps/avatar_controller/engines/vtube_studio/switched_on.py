"""Which expressions Kitsu has switched on, by model: kept over restarts."""

from pathlib import Path

from apps.avatar_controller.kept_json import KeptJson

#: Models of which something is left on; more are forgotten.
MAXIMUM_MODELS = 50


class SwitchedOn:
    """Promises: what is in here was switched on by Kitsu and may be switched off by Kitsu."""

    def __init__(self, path: Path) -> None:
        self._file = KeptJson(path)
        self._files: dict[str, set[str]] = {}
        read = self._file.read()
        if isinstance(read, dict):
            self._files = {
                str(model): {file for file in files if isinstance(file, str)}
                for model, files in list(read.items())[:MAXIMUM_MODELS]
                if isinstance(files, list)
            }

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
