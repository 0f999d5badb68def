"""Orders to avatar, OBS and captions."""

from typing import Literal

from pydantic import Field

from libs.contracts.envelope import Event, Value
from libs.contracts.speaking import Mood
from libs.contracts.streams import STAGE


class SetExpression(Event):
    topic = STAGE
    type: Literal["stage.set_expression"] = "stage.set_expression"
    mood: Mood
    hold_seconds: float | None = None
    """None: until the next one."""


class TriggerHotkey(Event):
    topic = STAGE
    type: Literal["stage.trigger_hotkey"] = "stage.trigger_hotkey"
    hotkey: str


class SwitchScene(Event):
    """Answered by `StageCommandDone` or `StageCommandFailed`. An empty name: the default scene."""

    topic = STAGE
    type: Literal["stage.switch_scene"] = "stage.switch_scene"
    scene: str
    by: str = ""


class ShowCaption(Event):
    topic = STAGE
    type: Literal["stage.show_caption"] = "stage.show_caption"
    text: str
    hold_seconds: float = 5.0


class ShowItem(Event):
    """Something drawn is shown beside her for a while: one name of `configs/items.yaml` (the
    overlay draws it) or of `configs/avatar.yaml` (VTube Studio shows it), or of both."""

    topic = STAGE
    type: Literal["stage.show_item"] = "stage.show_item"
    item: str = Field(max_length=64)


class PollOption(Value):
    """Something that can be voted for, and how many did."""

    text: str = Field(max_length=100)
    votes: int = Field(default=0, ge=0)


class ShowPoll(Event):
    """The poll as screens show it from now on, whole. No question: there is none."""

    topic = STAGE
    type: Literal["stage.show_poll"] = "stage.show_poll"
    question: str = Field(default="", max_length=200)
    options: tuple[PollOption, ...] = Field(default=(), max_length=20)
    ends_at: float = 0.0
    """When no vote counts any more (show's clock)."""


class StageCommandDone(Event):
    """The order named by `cause_id` was carried out."""

    topic = STAGE
    type: Literal["stage.stage_command_done"] = "stage.stage_command_done"
    command: str
    message: str = ""
    result: dict[str, str | int | float | bool | None] = Field(default_factory=dict)


class StageCommandFailed(Event):
    """The order named by `cause_id` was not carried out; nothing was changed."""

    topic = STAGE
    type: Literal["stage.stage_command_failed"] = "stage.stage_command_failed"
    command: str
    code: str
    message: str
    """One sentence for people, with the step that mends it."""
