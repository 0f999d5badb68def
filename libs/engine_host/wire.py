"""What a process and its engine host say to each other, over two pipes.

A message is one line of JSON and, behind it, as many raw bytes as the line says: the framing of the
Wyoming protocol (https://github.com/OHF-Voice/wyoming), with `data` inside the line.

    {"type": "transcribe", "data": {"id": 7, "final": true}, "payload_length": 64000}\\n<bytes>

Only the standard library is used, of Python 3.10 too: a host may run in an environment of its own.
"""

import json
from dataclasses import dataclass, field
from typing import Any

#: A line is an order or an answer, never sound: a long transcript with word times has some 100 kB.
LONGEST_LINE_BYTES = 4 << 20
#: Half an hour of 16 kHz sound.
LONGEST_PAYLOAD_BYTES = 64 << 20

#: From the host: an order was begun; how it ended.
BEGUN, DONE, FAILED, DROPPED = "begun", "done", "failed", "dropped"
#: From the host: something that is told while an order is worked off.
TOLD = "told"
#: To the host: the order with that id is not wanted any more.
CANCEL = "cancel"


class WireError(ValueError):
    """Bytes that are no message."""


@dataclass(frozen=True)
class Message:
    type: str
    data: dict[str, Any] = field(default_factory=dict)
    payload: bytes = b""

    @property
    def id(self) -> int:
        """Which order it belongs to; -1 where it says none."""
        number = self.data.get("id")
        return number if isinstance(number, int) else -1


def encoded(message: Message) -> bytes:
    head: dict[str, Any] = {"type": message.type, "data": message.data}
    if message.payload:
        head["payload_length"] = len(message.payload)
    return json.dumps(head).encode() + b"\n" + message.payload


def read_head(line: bytes) -> tuple[Message, int]:
    """The message without its payload, and the payload's length. Raises `WireError`."""
    try:
        head = json.loads(line)
    except (ValueError, RecursionError):
        raise WireError(f"not JSON: {line[:60]!r}") from None
    if not isinstance(head, dict) or not isinstance(head.get("type"), str):
        raise WireError(f"no message: {line[:60]!r}")
    data, length = head.get("data", {}), head.get("payload_length", 0)
    if not isinstance(data, dict):
        raise WireError("data that is no object")
    if not isinstance(length, int) or not 0 <= length <= LONGEST_PAYLOAD_BYTES:
        raise WireError(f"a payload of {length!r} bytes")
    return Message(head["type"], data), length
