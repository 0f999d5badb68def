"""What an overlay page may say to the stage, parsed as hostile input."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

#: No report of a page is longer.
LONGEST_REPORT = 500

Samples = Annotated[int, Field(ge=0, le=2**31)]
Number = Annotated[int, Field(ge=0, le=2**32 - 1)]
AudioState = Literal["running", "blocked"]


class _Report(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Hello(_Report):
    """First word of a page: whether it may sound at all, and whether the browser lets it."""

    type: Literal["hello"]
    mute: bool
    audio: AudioState


class AudioChanged(_Report):
    """The browser has let it sound (someone clicked), or no longer does."""

    type: Literal["audio"]
    audio: AudioState


class Alive(_Report):
    """The answer to a beat."""

    type: Literal["alive"]


class Audible(_Report):
    """The first sample it was given is heard in `lead_ms` from now."""

    type: Literal["audible"]
    playing: Number
    lead_ms: float = Field(ge=-1_000, le=1_000, allow_inf_nan=False)


class Position(_Report):
    """So many samples of the utterance were heard."""

    type: Literal["position"]
    playing: Number
    samples: Samples


class Stopped(_Report):
    """It fell silent on request, `took_ms` after the request came."""

    type: Literal["stopped"]
    playing: Number
    samples: Samples
    took_ms: float = Field(ge=0, le=60_000, allow_inf_nan=False)


class Ended(_Report):
    """The last sample was heard."""

    type: Literal["ended"]
    playing: Number
    samples: Samples


Report = Hello | AudioChanged | Alive | Audible | Position | Stopped | Ended
_REPORT: TypeAdapter[Report] = TypeAdapter(Annotated[Report, Field(discriminator="type")])


def parse(text: str) -> Report | None:
    """The report in a page's message; None for anything else."""
    if len(text) > LONGEST_REPORT:
        return None
    try:
        return _REPORT.validate_json(text)
    except (ValidationError, RecursionError):
        return None
