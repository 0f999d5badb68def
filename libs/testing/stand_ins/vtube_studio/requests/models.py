"""Models: which there are, loading and moving one.

Source: github.com/DenchiSoft/VTubeStudio, README.md, "Getting the currently loaded model", "Getting
a list of available VTS models", "Loading a VTS model by its ID", "Moving the currently loaded VTS
model". Approximation: a move is over at once.
"""

from libs.testing.stand_ins.vtube_studio.error_ids import ErrorId
from libs.testing.stand_ins.vtube_studio.models import Model
from libs.testing.stand_ins.vtube_studio.requests.call import Call, Handler
from libs.testing.stand_ins.vtube_studio.wire import Data, Refusal, flag, is_number, number, text

#: How far each value of a move may be from 0.
MOVE_LIMITS = {"positionX": 1000, "positionY": 1000, "rotation": 360, "size": 100}
MOVE_SECONDS = 2.0


def _current(call: Call) -> Data:
    model, studio = call.model, call.studio
    if model is None:
        numbers = dict.fromkeys(
            (
                "modelLoadTime",
                "timeSinceModelLoaded",
                "numberOfLive2DParameters",
                "numberOfLive2DArtmeshes",
                "numberOfTextures",
                "textureResolution",
            ),
            0,
        )
        files = {"vtsModelName": "", "vtsModelIconName": "", "live2DModelName": ""}
        place = dict.fromkeys(MOVE_LIMITS, 0.0)
        return {
            **call.about_model(),
            **files,
            **numbers,
            "hasPhysicsFile": False,
            "modelPosition": place,
        }
    return {
        **call.about_model(),
        **_files(model),
        "live2DModelName": f"{model.name}.model3.json",
        "modelLoadTime": 900,
        "timeSinceModelLoaded": int((studio.now() - studio.model_loaded_at) * 1000),
        "numberOfLive2DParameters": len(studio.live2d()),
        "numberOfLive2DArtmeshes": len(model.art_meshes),
        "hasPhysicsFile": True,
        "numberOfTextures": 1,
        "textureResolution": 4096,
        "modelPosition": dict(studio.position),
    }


def _files(model: Model) -> Data:
    return {"vtsModelName": f"{model.name}.vtube.json", "vtsModelIconName": "icon.png"}


def _available(call: Call) -> Data:
    models = [
        {
            "modelLoaded": model is call.model,
            "modelName": model.name,
            "modelID": model.id,
            **_files(model),
        }
        for model in call.studio.models
    ]
    return {"numberOfModels": len(models), "availableModels": models}


def _load(call: Call) -> Data:
    if "modelID" not in call.data:
        raise Refusal(ErrorId.MODEL_ID_MISSING, "modelID is missing.")
    model_id = text(call.data, "modelID")
    call.studio.load_for_plugin(model_id)
    return {"modelID": model_id}


def _move(call: Call) -> Data:
    data, studio = call.data, call.studio
    if call.model is None:
        raise Refusal(ErrorId.MOVE_NO_MODEL, "No model is loaded.")
    if not is_number(data.get("timeInSeconds")) or "valuesAreRelativeToModel" not in data:
        said = "timeInSeconds and valuesAreRelativeToModel are needed."
        raise Refusal(ErrorId.MOVE_INCOMPLETE, said)
    wanted = {key: number(data, key, studio.position[key]) for key in MOVE_LIMITS if key in data}
    good = 0 <= data["timeInSeconds"] <= MOVE_SECONDS and all(
        value is not None and abs(value) <= MOVE_LIMITS[key] for key, value in wanted.items()
    )
    if not good:
        raise Refusal(ErrorId.MOVE_OUT_OF_RANGE, "A value is out of range.")
    relative = flag(data, "valuesAreRelativeToModel")
    for key, value in wanted.items():
        if value is not None:
            studio.position[key] = value + (studio.position[key] if relative else 0.0)
    studio.position["rotation"] %= 360
    studio.position["size"] = max(-100.0, min(100.0, studio.position["size"]))
    studio.tell_position()
    return {}


HANDLERS: dict[str, Handler] = {
    "CurrentModelRequest": _current,
    "AvailableModelsRequest": _available,
    "ModelLoadRequest": _load,
    "MoveModelRequest": _move,
}
