"""The envelope of VTube Studio's plugin API.

Form: github.com/DenchiSoft/VTubeStudio, README ("API Details") and Files/ErrorID.cs, API 1.0.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from libs.safety.ingest import clean_chat

API_NAME = "VTubeStudioPublicAPI"
API_VERSION = "1.0"
ERROR = "APIError"

#: Longer messages end the connection; the lists of very big models are far shorter.
LONGEST_MESSAGE_BYTES = 4 * 2**20
_LONGEST_ERROR_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Message:
    """One answer or event, as far as it is as documented: `data` is an object, if an empty one."""

    kind: str
    request_id: str
    data: dict[str, Any]

    @property
    def is_error(self) -> bool:
        return self.kind == ERROR

    @property
    def is_event(self) -> bool:
        """Events carry the id of the request that subscribed them, and are no answer to it."""
        return self.kind.endswith("Event")

    @property
    def error_id(self) -> int:
        """Of an error; -1 if it has none that is a number."""
        found = self.data.get("errorID")
        return found if type(found) is int else -1

    @property
    def error_message(self) -> str:
        """Of an error, as it may be shown and logged."""
        found = self.data.get("message")
        return clean_chat(found, _LONGEST_ERROR_CHARACTERS) if isinstance(found, str) else ""


def envelope(kind: str, data: Mapping[str, Any] | None, request_id: str) -> str:
    """A request as text. `request_id`: 1 to 64 ASCII characters."""
    message = {
        "apiName": API_NAME,
        "apiVersion": API_VERSION,
        "requestID": request_id,
        "messageType": kind,
        "data": dict(data or {}),
    }
    return json.dumps(message, allow_nan=False, separators=(",", ":"))


def read_message(raw: str | bytes) -> Message | None:
    """None: that is no message of this API."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("apiName") != API_NAME:
        return None
    kind, request_id, data = found.get("messageType"), found.get("requestID"), found.get("data")
    if not isinstance(kind, str) or not kind:
        return None
    return Message(
        kind,
        request_id if isinstance(request_id, str) else "",
        data if isinstance(data, dict) else {},
    )
