"""The envelope of every message, and how fields are read out of it.

Source: github.com/DenchiSoft/VTubeStudio, README.md, "API Details". Which check comes first is not
documented; an empty request id counts as none, as it does after reading into a C# string.
"""

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from libs.testing.stand_ins.vtube_studio.error_ids import ErrorId

API_NAME = "VTubeStudioPublicAPI"
API_VERSION = "1.0"
#: Longest request id.
REQUEST_ID_CHARACTERS = 64

Data = dict[str, Any]


class Refusal(Exception):
    """A request that is answered with `APIError`."""

    def __init__(self, error_id: int, message: str) -> None:
        super().__init__(message)
        self.error_id = int(error_id)


@dataclass(frozen=True, slots=True)
class Request:
    """One message of a plugin. `problem`: what is wrong with its envelope."""

    kind: str
    request_id: str
    data: Data = field(default_factory=dict)
    problem: Refusal | None = None


def parsed(raw: str | bytes) -> Request:
    """Text, or bytes of UTF-8. Never raises."""
    try:
        message = json.loads(raw if isinstance(raw, str) else raw.decode())
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        problem = Refusal(ErrorId.JSON_INVALID, "JSON could not be parsed.")
        return Request("", uuid.uuid4().hex, {}, problem)
    kind, data = message.get("messageType"), message.get("data")
    wanted_id = message.get("requestID") or ""
    good_id = _is_request_id(wanted_id)
    return Request(
        kind if isinstance(kind, str) else "",
        wanted_id if wanted_id and good_id else uuid.uuid4().hex,
        data if isinstance(data, dict) else {},
        _problem(message, good_id),
    )


def _is_request_id(wanted: object) -> bool:
    return isinstance(wanted, str) and wanted.isascii() and len(wanted) <= REQUEST_ID_CHARACTERS


def _problem(message: Data, good_id: bool) -> Refusal | None:
    if message.get("apiName") != API_NAME:
        return Refusal(ErrorId.API_NAME_INVALID, "API name is invalid.")
    if message.get("apiVersion") != API_VERSION:
        return Refusal(ErrorId.API_VERSION_INVALID, "API version is invalid.")
    if not good_id:
        said = "Request ID is invalid: 1 to 64 ASCII characters."
        return Refusal(ErrorId.REQUEST_ID_INVALID, said)
    kind = message.get("messageType")
    if not kind or not isinstance(kind, str):
        return Refusal(ErrorId.REQUEST_TYPE_MISSING, "Message type is missing or empty.")
    return None


def message(kind: str, request_id: str, data: Data) -> str:
    """What the app sends: an answer, an error, an event or a broadcast."""
    return json.dumps(
        {
            "apiName": API_NAME,
            "apiVersion": API_VERSION,
            "timestamp": int(time.time() * 1000),
            "messageType": kind,
            "requestID": request_id,
            "data": data,
        }
    )


def answer_kind(request_kind: str) -> str:
    return request_kind.removesuffix("Request") + "Response"


def text(data: Data, key: str) -> str:
    """Empty where it is missing, null or no text."""
    value = data.get(key)
    return value if isinstance(value, str) else ""


def texts(data: Data, key: str) -> list[str]:
    value = data.get(key)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def flag(data: Data, key: str) -> bool:
    return data.get(key) is True


def number(data: Data, key: str, usual: float) -> float | None:
    """What is missing or null is as usual; None for what is no finite number."""
    value = data.get(key)
    if value is None:
        return usual
    return float(value) if is_number(value) else None


def is_number(value: object) -> TypeGuard[float]:
    """Finite, and no truth value."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return value == value and abs(value) != float("inf")
