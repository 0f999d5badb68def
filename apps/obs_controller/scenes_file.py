"""`configs/scenes.yaml`: what moods and models may ask for. They name an action, never a source."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from libs.contracts.speaking import Mood
from libs.contracts.studio import NAME_CHARACTERS
from libs.settings import ROOT
from libs.settings.strict_yaml import FileError, SettingsFile, Strict

SCENES_FILE = ROOT / "configs" / "scenes.yaml"

ACTION_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")

Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS)]


class ScenesError(FileError):
    """The file cannot be used; the message says where and what is allowed."""


class SourceSwitch(Strict):
    scene: str = Field(default="", max_length=NAME_CHARACTERS)
    """Empty: the scene on air."""
    name: Name
    visible: bool = True


class FilterSwitch(Strict):
    source: Name
    name: Name
    enabled: bool = True


class TextChange(Strict):
    source: Name
    text: str = Field(max_length=500)


class Action(Strict):
    """One thing that may be done in OBS; `for_seconds` undoes it after a while."""

    scene: Name | None = None
    source: SourceSwitch | None = None
    filter: FilterSwitch | None = None
    media: Name | None = None
    """A media source that is played from its beginning."""
    text: TextChange | None = None
    for_seconds: float | None = Field(default=None, gt=0, le=600)

    @model_validator(mode="after")
    def _does_one_thing(self) -> "Action":
        given = [n for n in ("scene", "source", "filter", "media", "text") if getattr(self, n)]
        if len(given) != 1:
            raise ValueError("an action has exactly one of scene, source, filter, media, text")
        if self.for_seconds is not None and self.media:
            raise ValueError("for_seconds cannot undo media")
        return self


class Scenes(Strict):
    actions: dict[str, Action] = Field(default={})
    """By the name that a model or a mood may use."""
    moods: dict[Mood, str] = Field(default={})
    """The action that a mood asks for."""

    @model_validator(mode="after")
    def _is_consistent(self) -> "Scenes":
        for name in self.actions:
            if not ACTION_NAME.fullmatch(name):
                raise ValueError(f"actions.{name}: a name has a-z, 0-9, - and _, 32 at most")
        for mood, action in self.moods.items():
            if action not in self.actions:
                raise ValueError(f"moods.{mood.value}: there is no action '{action}'")
        return self


def load_scenes(path: Path = SCENES_FILE) -> Scenes:
    """The file's contents; without a file nothing may be asked for. Raises `ScenesError`."""
    try:
        return SettingsFile(path, ScenesError).check(Scenes)
    except FileNotFoundError:
        return Scenes()
