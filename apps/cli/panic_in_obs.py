"""What became of a panic, or of its release, in OBS."""

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from apps.cli.local_api import request
from apps.cli.settings import CliSettings
from libs.contracts.studio import PanicStep, StudioLink, StudioPanic

#: An OBS that is connected has answered by then.
ANSWER_SECONDS = 0.5
LOOK_SECONDS = 0.05

UNREACHABLE = "unreachable"


class ObsPanic(BaseModel):
    """`state` is one of `StudioPanic`'s words, or `unreachable`: no obs_controller was told."""

    state: str = UNREACHABLE
    steps: tuple[PanicStep, ...] = ()

    def may_change(self, release: bool) -> bool:
        """It was ordered, but this is not what came of it."""
        if release:
            return self.state not in (StudioPanic.OFF, UNREACHABLE)
        return self.state == StudioPanic.PENDING

    @property
    def well(self) -> bool:
        return self.state in (StudioPanic.OFF, StudioPanic.APPLIED) and all(
            step.ok for step in self.steps
        )


class _Studio(BaseModel):
    """`GET /obs`."""

    link: str
    panic: str
    panic_steps: tuple[PanicStep, ...] = ()


def in_obs(
    settings: CliSettings, token: str, told: Mapping[str, bytes | None], release: bool
) -> ObsPanic:
    """From the answers of obs_controller and orchestrator. OBS is told on several routes, and only
    the first of them waits for it; when that was none of ours, the orchestrator is asked."""
    known = ObsPanic()
    for module in ("obs_controller", "orchestrator"):
        known = _better(known, _read(told[module] or b"{}"), release)
    ends_at = time.monotonic() + ANSWER_SECONDS
    while known.may_change(release) and told["orchestrator"] is not None:
        asked, connected = _ask(settings, token)
        known = _better(known, asked, release)
        if not connected or time.monotonic() > ends_at:
            break
        time.sleep(LOOK_SECONDS)
    return known


def line(obs: ObsPanic, release: bool) -> str:
    """For people. Empty where there is nothing to say, as in a show without OBS."""
    if obs.state == UNREACHABLE:
        return "" if release else "OBS was not told: mute the microphone there by hand"
    if obs.may_change(release):
        what = "what was before is put back" if release else "applied"
        return f"OBS does not answer: {what} as soon as it does"
    tell = _restored if release else _applied
    done = [said for step in obs.steps if step.ok and (said := tell(step))]
    failed = [_failed(step) for step in obs.steps if not step.ok]
    parts = [", ".join(done)] if done else []
    parts += [f"NOT done: {', '.join(failed)}"] if failed else []
    return f"OBS: {'; '.join(parts)}" if parts else ""


def _ask(settings: CliSettings, token: str) -> tuple[ObsPanic, bool]:
    """What the orchestrator knows, and whether OBS is connected."""
    host, port = settings.host_of("orchestrator"), settings.port_of("orchestrator")
    try:
        _, raw = request(host, port, "GET", "/obs", token, None, ANSWER_SECONDS)
        studio = _Studio.model_validate_json(raw)
    except (OSError, http.client.HTTPException, ValidationError):
        return ObsPanic(), False
    found = ObsPanic(state=studio.panic, steps=studio.panic_steps)
    return found, studio.link == StudioLink.READY


def read_panic(document: Any) -> ObsPanic:
    """What is no such document counts as none."""
    try:
        return ObsPanic.model_validate(document)
    except ValidationError:
        return ObsPanic()


def _read(answer: bytes) -> ObsPanic:
    """From the obs_controller's, or the orchestrator's, answer to a panic."""
    try:
        document: Any = json.loads(answer)
    except (ValueError, RecursionError):
        return ObsPanic()
    return read_panic(document.get("obs") if isinstance(document, dict) else None)


def _better(one: ObsPanic, other: ObsPanic, release: bool) -> ObsPanic:
    """A result before an order that is under way before nothing; else the first."""

    def certainty(obs: ObsPanic) -> int:
        return 0 if obs.state == UNREACHABLE else 1 if obs.may_change(release) else 2

    return other if certainty(other) > certainty(one) else one


def _applied(step: PanicStep) -> str:
    match step.what:
        case "mute":
            return f"{step.target} muted"
        case "scene":
            return f"{step.target} on air"
        case "filter":
            return f"filter {step.target} on"
        case "transition":
            return ""  # only how the scene came


def _restored(step: PanicStep) -> str:
    match step.what:
        case "mute":
            return f"{step.target} {step.message}"
        case "filter":
            return f"filter {step.target} {step.message}"
        case _:
            return f"{step.what} {step.message}"


def _failed(step: PanicStep) -> str:
    why = f" ({step.message})" if step.message else ""
    return f"{step.what} {step.target}{why}"
