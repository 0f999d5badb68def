"""How the workers are."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from libs.contracts.envelope import Event
from libs.contracts.streams import HEALTH, LIVE


class ModuleState(StrEnum):
    READY = "ready"
    STARTING = "starting"
    DEGRADED = "degraded"
    OFF = "off"
    DOWN = "down"
    NOT_CONFIGURED = "not_configured"


class ErrorCategory(StrEnum):
    """What can be done about an error; the first three never mend themselves."""

    CONFIGURATION = "configuration"
    MISSING = "missing"
    REFUSED = "refused"
    NETWORK = "network"
    TIMEOUT = "timeout"
    OVERLOAD = "overload"
    BAD_INPUT = "bad_input"
    ENGINE = "engine"
    INTERNAL = "internal"


class WorkerDescribed(Event):
    topic = HEALTH
    type: Literal["health.worker_described"] = "health.worker_described"
    module: str
    instance: str
    pid: int
    port: int
    kitsu_version: str
    engines: tuple[str, ...] = ()


class WorkerBeat(Event):
    """Sent every second and at once on any change."""

    topic = LIVE
    type: Literal["health.worker_beat"] = "health.worker_beat"
    module: str
    instance: str
    pid: int
    port: int
    state: ModuleState
    enabled: bool = True
    detail: str = ""
    engine: str = ""
    panic: bool = False
    """Whether this instance holds the panic latch."""
    panic_ordinal: int = 0
    panic_reason: str = ""
    panic_by: str = ""
    """Who put this instance in panic, and why; empty without one."""
    highest_epoch: int = 0
    counters: dict[str, int] = Field(default_factory=dict)
    gauges: dict[str, int] = Field(default_factory=dict)
    """What is so now, by name (open pages, waiting lines); counters only ever grow."""


class WorkerStopped(Event):
    topic = HEALTH
    type: Literal["health.worker_stopped"] = "health.worker_stopped"
    module: str
    instance: str
    reason: str = ""


class ErrorReported(Event):
    topic = HEALTH
    type: Literal["health.error_reported"] = "health.error_reported"
    module: str
    code: str
    message: str
    """One sentence for people, with the step that mends it; never a secret."""
    category: ErrorCategory = ErrorCategory.INTERNAL


class GpuSampled(Event):
    topic = HEALTH
    type: Literal["health.gpu_sampled"] = "health.gpu_sampled"
    index: int
    name: str
    load_percent: float
    memory_used_bytes: int
    memory_total_bytes: int
    temperature_celsius: float | None = None
