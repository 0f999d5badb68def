"""Colours of the model's ArtMeshes, and effects over the whole picture.

Source: github.com/DenchiSoft/VTubeStudio, README.md, "Requesting list of ArtMeshes in current
model", "Tint ArtMeshes with color", "Get list of post-processing effects and state", "Set
post-processing effects". Approximations: ArtMeshes have no tags; there is one preset, and effects
are kept by name without being known.
"""

from libs.testing.stand_ins.vtube_studio.error_ids import ErrorId
from libs.testing.stand_ins.vtube_studio.requests.call import Call, Handler
from libs.testing.stand_ins.vtube_studio.wire import (
    Data,
    Refusal,
    flag,
    is_number,
    number,
    text,
    texts,
)

PRESETS = ("calm",)


def _meshes(call: Call) -> Data:
    names = list(call.model.art_meshes) if call.model else []
    return {
        "modelLoaded": call.model is not None,
        "numberOfArtMeshNames": len(names),
        "numberOfArtMeshTags": 0,
        "artMeshNames": names,
        "artMeshTags": [],
    }


def _tint(call: Call) -> Data:
    if call.model is None:
        raise Refusal(ErrorId.TINT_NO_MODEL, "No model is loaded.")
    tint, matcher = call.data.get("colorTint"), call.data.get("artMeshMatcher")
    if not isinstance(tint, dict) or not isinstance(matcher, dict):
        raise Refusal(ErrorId.TINT_INCOMPLETE, "colorTint or artMeshMatcher is missing.")
    given = (tint.get(key) for key in ("colorR", "colorG", "colorB", "colorA"))
    colour = tuple(part for part in given if is_number(part) and 0 <= part <= 255)
    if len(colour) != 4:
        raise Refusal(ErrorId.TINT_COLOUR_INVALID, "Colours are numbers of 0 to 255.")
    matched = _matched(call.model.art_meshes, matcher)
    for mesh in matched:
        call.studio.tints[mesh] = colour
    call.session.tints.update(matched)
    return {"matchedArtMeshes": len(matched)}


def _matched(meshes: tuple[str, ...], matcher: Data) -> list[str]:
    """Whatever the case."""
    if flag(matcher, "tintAll"):
        return list(meshes)
    numbers = matcher.get("artMeshNumber") or []
    exact = [name.lower() for name in texts(matcher, "nameExact")]
    parts = [name.lower() for name in texts(matcher, "nameContains")]
    return [
        mesh
        for at, mesh in enumerate(meshes)
        if at in numbers or mesh.lower() in exact or any(part in mesh.lower() for part in parts)
    ]


def _effects(call: Call) -> Data:
    effects = call.studio.effects
    return {
        "postProcessingSupported": True,
        "postProcessingActive": effects["on"],
        "canSendPostProcessingUpdateRequestRightNow": not call.studio.windows_open,
        "restrictedEffectsAllowed": False,
        "presetIsActive": bool(effects["preset"]),
        "activePreset": effects["preset"],
        "presetCount": len(PRESETS),
        "activeEffectCount": len(effects["values"]),
        "effectCountBeforeFilter": 0,
        "configCountBeforeFilter": 0,
        "effectCountAfterFilter": 0,
        "configCountAfterFilter": 0,
        "postProcessingEffects": [],
        "postProcessingPresets": list(PRESETS),
    }


def _set_effects(call: Call) -> Data:
    data, effects = call.data, call.studio.effects
    fade = number(data, "postProcessingFadeTime", 0.0)
    preset, values = flag(data, "setPostProcessingPreset"), flag(data, "setPostProcessingValues")
    if call.studio.windows_open:
        raise Refusal(ErrorId.EFFECTS_NOT_NOW, "Effects cannot be changed right now.")
    if fade is None or not 0 <= fade <= 2:
        raise Refusal(ErrorId.EFFECTS_FADE_INVALID, "The fade time is invalid.")
    if preset and values:
        raise Refusal(ErrorId.EFFECTS_PRESET_AND_VALUES, "A preset or values, not both.")
    if preset and text(data, "presetToSet") not in PRESETS:
        raise Refusal(ErrorId.EFFECTS_PRESET_NOT_FOUND, "There is no such preset.")
    listed = data.get("postProcessingValues") if values else []
    given = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    if len({text(one, "configID") for one in given}) != len(given):
        raise Refusal(ErrorId.EFFECTS_TWICE, "A value is given twice.")
    effects["on"] = flag(data, "postProcessingOn")
    effects["preset"] = text(data, "presetToSet") if preset else ""
    if values:
        effects["values"] = {text(one, "configID"): one.get("configValue") for one in given}
    call.studio.tell(
        "PostProcessingEvent", {"currentOnState": effects["on"], "currentPreset": effects["preset"]}
    )
    return {
        "postProcessingActive": effects["on"],
        "presetIsActive": bool(effects["preset"]),
        "activePreset": effects["preset"],
        "activeEffectCount": len(effects["values"]),
    }


HANDLERS: dict[str, Handler] = {
    "ArtMeshListRequest": _meshes,
    "ColorTintRequest": _tint,
    "PostProcessingListRequest": _effects,
    "PostProcessingUpdateRequest": _set_effects,
}
