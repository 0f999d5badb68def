"""Which expression shows which mood, as chosen in the panel: kept over restarts."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from libs.contracts.avatar import NAME_CHARACTERS
from libs.contracts.speaking import Mood
from libs.worker.private_json import PrivateJson

#: More models than anybody has; the one that was chosen for longest ago is forgotten.
MAXIMUM_MODELS = 200

_OfModel = dict[Mood, Annotated[str, Field(max_length=NAME_CHARACTERS)]]
_Kept = dict[str, dict[str, _OfModel]]
_KEPT: TypeAdapter[_Kept] = TypeAdapter(_Kept)


def choices_file(data_dir: Path, show: str) -> Path:
    return data_dir / "avatar" / f"moods-{show}.json"


class MoodChoices:
    """Promises: what was chosen is there again after a restart, however the process ended. Where
    the folder cannot be written, it holds until the process ends."""

    def __init__(self, path: Path) -> None:
        self._file = PrivateJson(path, "choice of faces for moods")
        kept, _ = self._file.read(_KEPT.validate_python)
        self._kept: _Kept = kept or {}

    def of(self, avatar: str, model: str) -> dict[Mood, str]:
        """Expressions by mood, by their names there; empty: nothing is to show that mood."""
        return dict(self._kept.get(avatar, {}).get(model, {}))

    def choose(self, avatar: str, model: str, mood: Mood, expression: str | None) -> None:
        """None: what was chosen for this mood is forgotten."""
        models = self._kept.setdefault(avatar, {})
        chosen = models.pop(model, {})
        if expression is None:
            chosen.pop(mood, None)
        else:
            chosen[mood] = expression
        if chosen:
            models[model] = chosen
        while len(models) > MAXIMUM_MODELS:
            del models[next(iter(models))]
        self._file.write(self._kept)
