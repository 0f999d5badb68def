"""What panic did in OBS, as one line for the incident log."""

from typing import Literal

from libs.contracts.studio import PanicStep, StudioPanic, StudioPanicReported

PENDING = "OBS does not answer: panic is applied there as soon as it does."


def severity(event: StudioPanicReported) -> Literal["info", "warning", "error"]:
    if all(step.ok for step in event.steps) and event.state is not StudioPanic.PENDING:
        return "info"
    return "error" if event.engaged else "warning"


def panic_line(event: StudioPanicReported) -> str:
    """ "OBS: Mic muted, BRB on air; filter 'Panic': no source has it"."""
    if event.state is StudioPanic.PENDING:
        return PENDING
    done = [step for step in event.steps if step.ok]
    failed = [step for step in event.steps if not step.ok]
    if event.engaged:
        begin = "OBS, once more:" if event.again else "OBS:"
        said = _in_force(done) or ["nothing was changed"]
    else:
        begin, said = "OBS after the panic:", [_put_back(step) for step in done]
        said = said or ["nothing had to be put back"]
    return "; ".join([f"{begin} {', '.join(said)}", *map(_failed, failed)])


def _in_force(steps: list[PanicStep]) -> list[str]:
    muted = [step.target for step in steps if step.what == "mute"]
    others = {
        "scene": "{} on air",
        "transition": "transition {}",
        "filter": "filter '{}' on",
    }
    said = [others[step.what].format(step.target) for step in steps if step.what in others]
    return [f"{' and '.join(muted)} muted", *said] if muted else said


def _put_back(step: PanicStep) -> str:
    name = {"mute": step.target, "filter": f"filter '{step.target}'"}.get(step.what, step.what)
    return f"{name} {step.message or 'as before'}"


def _failed(step: PanicStep) -> str:
    name = {"mute": "mute of", "scene": "scene", "transition": "transition", "filter": "filter"}
    return f"{name[step.what]} '{step.target}': {step.message or 'failed'}"
