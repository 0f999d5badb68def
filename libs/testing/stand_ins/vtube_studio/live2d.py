"""What the model's own parameters are, as the app draws it.

Source: github.com/DenchiSoft/VTubeStudio, README.md, "Get the value for all Live2D parameters in
the current model". Approximations: expressions do not change them; a blink multiplies what the
input says; breath moves `ParamBreath` alone; while no face is found and nobody injects, eyes stay
open (the app plays an animation for lost tracking then).
"""

import math

from libs.testing.stand_ins.vtube_studio.models import Model
from libs.testing.stand_ins.vtube_studio.parameters import Parameters
from libs.testing.stand_ins.vtube_studio.wire import Data

#: Seconds of a blink: going down, shut, going up.
LID_DOWN, LID_SHUT, LID_UP = 0.08, 0.04, 0.12
BREATH_SECONDS = 3.5

_LIDS = ("ParamEyeLOpen", "ParamEyeROpen")


def lids(now: float, every_seconds: float) -> float:
    """How far they are open, 0 to 1; 0 seconds: no blinks."""
    if every_seconds <= 0:
        return 1.0
    since = now % every_seconds
    if since < LID_DOWN:
        return 1.0 - since / LID_DOWN
    if since < LID_DOWN + LID_SHUT:
        return 0.0
    return min(1.0, (since - LID_DOWN - LID_SHUT) / LID_UP)


def live2d_values(
    model: Model, parameters: Parameters, now: float, face_found: bool
) -> dict[str, float]:
    values = {}
    for driven in model.driven:
        by = driven.by
        if driven.neutral is not None and not face_found and not parameters.injected(by):
            value = driven.neutral
        else:
            value = driven.output(parameters.value(by) if parameters.has(by) else 0.0)
        if driven.name in _LIDS:
            value *= lids(now, model.blinks_every_seconds)
        values[driven.name] = value
    if model.driven:
        breath = 0.5 + 0.5 * math.sin(2 * math.pi * now / BREATH_SECONDS)
        values["ParamBreath"] = breath if model.breathes else 0.0
    return values


def live2d_listed(model: Model, parameters: Parameters, now: float, face_found: bool) -> list[Data]:
    ranges = {driven.name: driven for driven in model.driven}
    listed = []
    for name, value in live2d_values(model, parameters, now, face_found).items():
        driven = ranges.get(name)
        low, high = driven.writes if driven else (0.0, 1.0)
        rest = driven.neutral if driven and driven.neutral is not None else max(0.0, low)
        listed.append({"name": name, "value": value, "min": low, "max": high, "defaultValue": rest})
    return listed
