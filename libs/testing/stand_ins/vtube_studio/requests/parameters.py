"""Parameters: lists, single values, own ones, and injection.

Source: github.com/DenchiSoft/VTubeStudio, README.md, from "Checking if face is currently found by
tracker" to "Feeding in data for default or custom parameters".
"""

from libs.testing.stand_ins.vtube_studio.error_ids import ErrorId
from libs.testing.stand_ins.vtube_studio.live2d import live2d_listed
from libs.testing.stand_ins.vtube_studio.requests.call import Call, Handler
from libs.testing.stand_ins.vtube_studio.wire import Data, Refusal, text


def _face_found(call: Call) -> Data:
    return {"found": call.studio.face_found()}


def _inputs(call: Call) -> Data:
    parameters = call.studio.parameters
    return {
        **call.about_model(),
        "customParameters": [parameters.described(name) for name in parameters.custom],
        "defaultParameters": [parameters.described(name) for name in parameters.defaults],
    }


def _value(call: Call) -> Data:
    name = text(call.data, "name")
    if not call.studio.parameters.has(name):
        raise Refusal(ErrorId.VALUE_NOT_FOUND, "There is no such parameter.")
    return call.studio.parameters.described(name)


def _live2d(call: Call) -> Data:
    studio, listed = call.studio, []
    if call.model is not None:
        found = studio.face_found()
        listed = live2d_listed(call.model, studio.parameters, studio.now(), found)
    return {**call.about_model(), "parameters": listed}


def _create(call: Call) -> Data:
    return {"parameterName": call.studio.parameters.create(call.plugin, call.data)}


def _delete(call: Call) -> Data:
    name = text(call.data, "parameterName")
    call.studio.parameters.delete(call.plugin, name)
    return {"parameterName": name}


def _inject(call: Call) -> Data:
    call.studio.parameters.inject(call.plugin, call.data)
    call.studio.tell_face()
    return {}


HANDLERS: dict[str, Handler] = {
    "FaceFoundRequest": _face_found,
    "InputParameterListRequest": _inputs,
    "ParameterValueRequest": _value,
    "Live2DParameterListRequest": _live2d,
    "ParameterCreationRequest": _create,
    "ParameterDeletionRequest": _delete,
    "InjectParameterDataRequest": _inject,
}
