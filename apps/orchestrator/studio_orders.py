"""What people can order from OBS: the same fields over HTTP and over the panel's stream."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from apps.orchestrator.orders import Order
from libs.contracts.envelope import Event
from libs.contracts.stage import SwitchScene
from libs.contracts.studio import (
    NAME_CHARACTERS,
    ControlMedia,
    ControlRecording,
    ControlReplay,
    RequestStageAction,
    SetFilterEnabled,
    SetInputMute,
    SetInputVolume,
    SetSourceText,
    SetSourceVisible,
    SetTransition,
)

Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS)]
NameOrNone = Annotated[str, Field(max_length=NAME_CHARACTERS)]
Decibels = Annotated[float, Field(ge=-100, le=0, allow_inf_nan=False)]


class StudioOrder(Order):
    pass


class SceneOrder(StudioOrder):
    scene: NameOrNone
    """Empty: the default scene."""


class MuteOrder(StudioOrder):
    input: Name
    muted: bool


class VolumeOrder(StudioOrder):
    input: Name
    volume_db: Decibels


class SourceOrder(StudioOrder):
    scene: NameOrNone = ""
    """Empty: the scene on air."""
    source: Name
    visible: bool


class FilterOrder(StudioOrder):
    source: Name
    filter: Name
    enabled: bool


class TextOrder(StudioOrder):
    source: Name
    text: str = Field(max_length=1_000)


class MediaOrder(StudioOrder):
    source: Name
    action: Literal["play", "pause", "restart", "stop"]


class RecordOrder(StudioOrder):
    action: Literal["start", "stop", "pause", "resume"]


class ReplayOrder(StudioOrder):
    action: Literal["start", "stop", "save"]


class TransitionOrder(StudioOrder):
    transition: Name
    duration_ms: int | None = Field(default=None, ge=50, le=20_000)


class ActionOrder(StudioOrder):
    """One name of `configs/scenes.yaml`."""

    action: str = Field(min_length=1, max_length=64)


AnyOrder: TypeAlias = (
    SceneOrder
    | MuteOrder
    | VolumeOrder
    | SourceOrder
    | FilterOrder
    | TextOrder
    | MediaOrder
    | RecordOrder
    | ReplayOrder
    | TransitionOrder
    | ActionOrder
)

_EVENTS: dict[type[StudioOrder], type[Event]] = {
    SceneOrder: SwitchScene,
    MuteOrder: SetInputMute,
    VolumeOrder: SetInputVolume,
    SourceOrder: SetSourceVisible,
    FilterOrder: SetFilterEnabled,
    TextOrder: SetSourceText,
    MediaOrder: ControlMedia,
    RecordOrder: ControlRecording,
    ReplayOrder: ControlReplay,
    TransitionOrder: SetTransition,
    ActionOrder: RequestStageAction,
}


def event_of(order: AnyOrder, by: str) -> Event:
    """The event that asks the obs_controller for it."""
    kind = next(kind for kind in _EVENTS if isinstance(order, kind))
    fields = {name: getattr(order, name) for name in kind.model_fields}
    return _EVENTS[kind](by=by, **fields)
