"""Hotkeys and expressions.

Source: github.com/DenchiSoft/VTubeStudio, README.md, "Requesting list of hotkeys available in
current or other VTS model", "Requesting execution of hotkeys", "Requesting current expression state
list", "Requesting activation or deactivation of expressions". Approximations: no Live2D items; a
hotkey is refused (205) while a window of settings is open.
"""

from libs.testing.stand_ins.vtube_studio.error_ids import ErrorId
from libs.testing.stand_ins.vtube_studio.models import (
    EXPRESSION_SUFFIX,
    USUAL_FADE_SECONDS,
    Expression,
    Hotkey,
    Model,
)
from libs.testing.stand_ins.vtube_studio.requests.call import Call, Handler
from libs.testing.stand_ins.vtube_studio.wire import Data, Refusal, flag, number, text


def _hotkeys(call: Call) -> Data:
    model, model_id = call.model, text(call.data, "modelID")
    if model_id:
        model = call.studio.find(model_id)
        if model is None:
            raise Refusal(ErrorId.MODEL_NOT_FOUND, "There is no model with that ID.")
    return {
        "modelLoaded": model is not None and model is call.model,
        "modelName": model.name if model else "",
        "modelID": model.id if model else "",
        "availableHotkeys": [_described(hotkey) for hotkey in model.hotkeys] if model else [],
    }


def _described(hotkey: Hotkey) -> Data:
    return {
        "name": hotkey.name,
        "type": hotkey.action,
        "description": f"{hotkey.action} {hotkey.file}".strip(),
        "file": hotkey.file,
        "hotkeyID": hotkey.id,
        "keyCombination": [],
        "onScreenButtonID": -1,
    }


def _trigger(call: Call) -> Data:
    if text(call.data, "itemInstanceID"):
        raise Refusal(ErrorId.HOTKEY_ITEM_NOT_FOUND, "There is no Live2D item with that ID.")
    if call.model is None:
        raise Refusal(ErrorId.HOTKEY_NO_MODEL, "No model is loaded.")
    hotkey = call.model.hotkey(text(call.data, "hotkeyID"))
    if hotkey is None:
        raise Refusal(ErrorId.HOTKEY_NOT_FOUND, "The model has no such hotkey.")
    if hotkey.broken:
        raise Refusal(ErrorId.HOTKEY_DATA_INVALID, "The file of the hotkey is missing.")
    if call.studio.windows_open:
        raise Refusal(ErrorId.HOTKEY_BAD_STATE, "Hotkeys cannot be used right now.")
    call.studio.hotkeys.put(hotkey)
    return {"hotkeyID": hotkey.id}


def _expression_states(call: Call) -> Data:
    file, details = text(call.data, "expressionFile"), flag(call.data, "details")
    model = call.model
    found = model.expressions if model else []
    if file:
        if not file.endswith(EXPRESSION_SUFFIX):
            raise Refusal(ErrorId.EXPRESSION_NAME_INVALID, f"Has to end in {EXPRESSION_SUFFIX}.")
        found = [one for one in found if one.file == file]
        if model is not None and not found:
            raise Refusal(ErrorId.EXPRESSION_NOT_FOUND, "The model has no such expression.")
    return {
        **call.about_model(),
        "expressions": [_state(one, model, details) for one in found] if model else [],
    }


def _state(expression: Expression, model: Model, details: bool) -> Data:
    used = [hotkey for hotkey in model.hotkeys if details and hotkey.file == expression.file]
    return {
        "name": expression.name,
        "file": expression.file,
        "active": expression.active,
        "deactivateWhenKeyIsLetGo": False,
        "autoDeactivateAfterSeconds": False,
        "secondsRemaining": 0,
        "usedInHotkeys": [{"name": hotkey.name, "id": hotkey.id} for hotkey in used],
        "parameters": [{"name": "ParamMouthForm", "value": 1.0}] if details else [],
    }


def _activate(call: Call) -> Data:
    file, model = text(call.data, "expressionFile"), call.model
    if not file.endswith(EXPRESSION_SUFFIX):
        raise Refusal(ErrorId.ACTIVATION_NAME_INVALID, f"Has to end in {EXPRESSION_SUFFIX}.")
    if model is None:
        raise Refusal(ErrorId.ACTIVATION_NO_MODEL, "No model is loaded.")
    found = next((one for one in model.expressions if one.file == file), None)
    if found is None:
        raise Refusal(ErrorId.ACTIVATION_NOT_FOUND, "The model has no such expression.")
    fade = number(call.data, "fadeTime", USUAL_FADE_SECONDS)
    found.switch(flag(call.data, "active"), call.studio.now(), fade)
    return {}


HANDLERS: dict[str, Handler] = {
    "HotkeysInCurrentModelRequest": _hotkeys,
    "HotkeyTriggerRequest": _trigger,
    "ExpressionStateRequest": _expression_states,
    "ExpressionActivationRequest": _activate,
}
