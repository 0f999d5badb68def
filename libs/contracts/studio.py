"""OBS: orders to it, what became of them, and how it is.

Every order is answered by one `StageCommandDone` or `StageCommandFailed` whose `cause_id` is the
order's `event_id`. Orders name what they mean by the names that people gave in OBS.
"""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from libs.contracts.envelope import Event, Value
from libs.contracts.streams import LIVE, SAFETY, STAGE

#: Longest name of a scene, input, source or filter that an order may carry.
NAME_CHARACTERS = 200


class SetInputMute(Event):
    topic = STAGE
    type: Literal["studio.set_input_mute"] = "studio.set_input_mute"
    input: str = Field(max_length=NAME_CHARACTERS)
    muted: bool
    by: str = ""


class SetInputVolume(Event):
    topic = STAGE
    type: Literal["studio.set_input_volume"] = "studio.set_input_volume"
    input: str = Field(max_length=NAME_CHARACTERS)
    volume_db: float = Field(ge=-100, le=0)
    """0 is unchanged, -100 silent; louder than recorded is not offered."""
    by: str = ""


class SetSourceVisible(Event):
    topic = STAGE
    type: Literal["studio.set_source_visible"] = "studio.set_source_visible"
    scene: str = Field(default="", max_length=NAME_CHARACTERS)
    """Empty: the scene on air."""
    source: str = Field(max_length=NAME_CHARACTERS)
    visible: bool
    by: str = ""


class SetFilterEnabled(Event):
    topic = STAGE
    type: Literal["studio.set_filter_enabled"] = "studio.set_filter_enabled"
    source: str = Field(max_length=NAME_CHARACTERS)
    """A scene or an input: both can have filters."""
    filter: str = Field(max_length=NAME_CHARACTERS)
    enabled: bool
    by: str = ""


class SetSourceText(Event):
    topic = STAGE
    type: Literal["studio.set_source_text"] = "studio.set_source_text"
    source: str = Field(max_length=NAME_CHARACTERS)
    text: str = Field(max_length=1_000)
    by: str = ""


class ControlMedia(Event):
    """Plays what the source already has. An order never names a file."""

    topic = STAGE
    type: Literal["studio.control_media"] = "studio.control_media"
    source: str = Field(max_length=NAME_CHARACTERS)
    action: Literal["play", "pause", "restart", "stop"]
    by: str = ""


class ControlRecording(Event):
    topic = STAGE
    type: Literal["studio.control_recording"] = "studio.control_recording"
    action: Literal["start", "stop", "pause", "resume"]
    by: str = ""


class ControlReplay(Event):
    """The replay buffer: running, or its last seconds saved to a file."""

    topic = STAGE
    type: Literal["studio.control_replay"] = "studio.control_replay"
    action: Literal["start", "stop", "save"]
    by: str = ""


class SetTransition(Event):
    topic = STAGE
    type: Literal["studio.set_transition"] = "studio.set_transition"
    transition: str = Field(max_length=NAME_CHARACTERS)
    duration_ms: int | None = Field(default=None, ge=50, le=20_000)
    by: str = ""


class TakeScreenshot(Event):
    """Asks for a picture of the programme: what viewers see."""

    topic = STAGE
    type: Literal["studio.take_screenshot"] = "studio.take_screenshot"
    width: int = Field(default=480, ge=64, le=1_920)
    format: Literal["jpg", "png"] = "jpg"


class ScreenshotTaken(Event):
    """The picture itself is the entry's raw data; `cause_id` names the order."""

    topic = LIVE
    type: Literal["studio.screenshot_taken"] = "studio.screenshot_taken"
    scene: str
    format: Literal["jpg", "png"]


class RequestStageAction(Event):
    """What a model or a mood asks for: one name of `configs/scenes.yaml`, and nothing else.

    Unlike the orders above it cannot name a scene, source or file of OBS.
    """

    topic = STAGE
    type: Literal["studio.request_stage_action"] = "studio.request_stage_action"
    action: str = Field(max_length=64)
    by: str = ""


class StudioLink(StrEnum):
    """How the connection to OBS is."""

    NOT_CONFIGURED = "not_configured"
    WAITING = "waiting"
    """OBS is not there (yet); it is tried again all the time."""
    WRONG_PASSWORD = "wrong_password"
    WRONG_PROGRAM = "wrong_program"
    """Something answers that is not OBS, or an OBS too old."""
    HANGING = "hanging"
    READY = "ready"


class StudioInput(Value):
    """One input of OBS that has sound."""

    name: str
    kind: str = ""
    muted: bool = False
    volume_db: float | None = None
    role: Literal["mic", "voice", "other"] = "other"
    """mic and voice are muted in a panic."""


class PanicStep(Value):
    """One thing that panic does in OBS, or that its release put back."""

    what: Literal["mute", "transition", "scene", "filter"]
    target: str
    ok: bool
    message: str = ""
    """Why it failed, with the step that mends it; or what it was set back to."""


class StudioPanic(StrEnum):
    OFF = "off"
    PENDING = "pending"
    """Panic is engaged, but OBS does not answer: applied as soon as it does."""
    APPLIED = "applied"
    PARTLY = "partly"
    """Some of the steps failed; the others are in force."""


class StudioChanged(Event):
    """OBS as it is now, whole; sent at every change. Lists are empty while `link` is not ready."""

    topic = STAGE
    type: Literal["studio.studio_changed"] = "studio.studio_changed"
    link: StudioLink
    detail: str = ""
    """One line for people, with the step that mends what is wrong."""
    obs_version: str = ""
    scene: str | None = None
    scenes: tuple[str, ...] = ()
    """Those that may be switched to, in OBS's order."""
    inputs: tuple[StudioInput, ...] = ()
    transition: str = ""
    transitions: tuple[str, ...] = ()
    recording: Literal["off", "on", "paused"] = "off"
    replay: bool = False
    streaming: bool = False
    actions: tuple[str, ...] = ()
    """The names of `configs/scenes.yaml`."""
    panic: StudioPanic = StudioPanic.OFF
    panic_steps: tuple[PanicStep, ...] = ()
    missing: tuple[str, ...] = ()
    """What Kitsu would use but OBS does not have; `kitsu obs setup` makes it."""


class StudioPanicReported(Event):
    """What panic, or its release, did in OBS: each step with its result."""

    topic = SAFETY
    type: Literal["studio.studio_panic_reported"] = "studio.studio_panic_reported"
    ordinal: int
    engaged: bool
    state: StudioPanic
    steps: tuple[PanicStep, ...] = ()
    took_ms: float = 0.0
    again: bool = False
    """Applied once more because OBS came back, or because it has sources it had not before."""
