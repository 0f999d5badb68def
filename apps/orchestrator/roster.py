"""Which modules are there, by their beats."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from apps.orchestrator.panel.protocol import ModuleStatus
from libs.contracts.health import ModuleState, WorkerBeat
from libs.contracts.modules import MODULES, MODULES_BY_ID

#: Beats come every second; without one for this long an instance counts as down.
SILENT_SECONDS = 2.6
#: A module that was never heard of is "starting" for this long after our own start.
STARTING_SECONDS = 10.0
#: Instances that have been silent this long are forgotten.
FORGOTTEN_SECONDS = 60.0

#: From the best to the worst: a pool is as well as its best instance.
_BEST_FIRST = (
    ModuleState.READY,
    ModuleState.DEGRADED,
    ModuleState.STARTING,
    ModuleState.OFF,
    ModuleState.NOT_CONFIGURED,
    ModuleState.DOWN,
)


@dataclass(frozen=True)
class _Heard:
    beat: WorkerBeat
    at: float


class Roster:
    """The latest beat of each instance. Times are monotonic seconds."""

    def __init__(self, port_of: Callable[[str], int]) -> None:
        self._port_of = port_of
        self._started_at = time.monotonic()
        self._heard: dict[str, _Heard] = {}

    def hear(self, beat: WorkerBeat) -> bool:
        """True when this changes what status shows."""
        before = self._heard.get(beat.instance)
        self._heard[beat.instance] = _Heard(beat, time.monotonic())
        if before is None:
            return True
        return _looks(before.beat) != _looks(beat)

    def left(self, instance: str) -> None:
        """An instance said goodbye."""
        self._heard.pop(instance, None)

    def beats(self, module: str) -> list[WorkerBeat]:
        """The latest beats of a module's living instances."""
        now = time.monotonic()
        return [
            heard.beat
            for heard in self._heard.values()
            if heard.beat.module == module and now - heard.at < SILENT_SECONDS
        ]

    def all_beats(self) -> list[WorkerBeat]:
        return [beat for module in MODULES for beat in self.beats(module.id)]

    def ports(self, module: str) -> list[int]:
        """Where its instances answer; first the port it has by the settings, heard of or not."""
        configured = self._port_of(module)
        return [configured, *sorted({beat.port for beat in self.beats(module)} - {configured})]

    def is_up(self, module: str) -> bool:
        return any(beat.state is not ModuleState.DOWN for beat in self.beats(module))

    def is_off(self, module: str) -> bool:
        """Whether the operator has switched it off."""
        return any(beat.state is ModuleState.OFF for beat in self.beats(module))

    def gauge(self, module: str, name: str) -> int | None:
        """A gauge of all its instances together; None: none of them tells it."""
        told = [beat.gauges[name] for beat in self.beats(module) if name in beat.gauges]
        return sum(told) if told else None

    def forget_silent(self) -> None:
        now = time.monotonic()
        silent = [k for k, heard in self._heard.items() if now - heard.at > FORGOTTEN_SECONDS]
        for instance in silent:
            del self._heard[instance]

    def status(self) -> dict[str, ModuleStatus]:
        return {module.id: self._module(module.id) for module in MODULES}

    def _module(self, module_id: str) -> ModuleStatus:
        module = MODULES_BY_ID[module_id]
        beats, ports = self.beats(module_id), self.ports(module_id)
        status = ModuleStatus(
            title=module.title,
            state=ModuleState.STARTING,
            enabled=True,
            output=module.output,
            port=ports[0],
            ports=ports,
        )
        if beats:
            best = min(beats, key=lambda beat: _BEST_FIRST.index(beat.state))
            status.state, status.enabled = best.state, best.enabled
            status.detail, status.engine = best.detail, best.engine
            status.port, status.instances = best.port, len(beats)
        elif time.monotonic() - self._started_at >= STARTING_SECONDS:
            status.state = ModuleState.DOWN
            status.detail = (
                f"not heard of; `kitsu logs {module_id}` says why, "
                f"`kitsu restart {module_id}` starts it again"
            )
        return status


def _looks(beat: WorkerBeat) -> tuple[object, ...]:
    return (beat.state, beat.enabled, beat.detail, beat.engine, beat.panic, beat.gauges)
