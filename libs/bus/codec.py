"""The form events have on the wire: fields of a stream entry, or one frame of a pub/sub message."""

from libs.contracts.envelope import Event, UnknownEvent
from libs.contracts.registry import decode, encode
from libs.telemetry import clock

TAG = b"t"
VERSION = b"v"
JSON = b"j"
#: Milliseconds the entry is good for, counted from its own id; absent: for ever.
LIFETIME = b"l"
#: Raw bytes beside the event; absent when there are none.
DATA = b"d"

Fields = dict[bytes, bytes]

#: A version or lifetime with more digits than this was not written by us.
_MAXIMUM_DIGITS = 15


def fields_of(event: Event, data: bytes = b"") -> Fields:
    """The stored form of an event, without its lifetime (see `lifetime_ms`)."""
    fields = {
        TAG: event.type.encode(),
        VERSION: b"%d" % event.version,
        JSON: encode(event),
    }
    if data:
        fields[DATA] = data
    return fields


def lifetime_ms(expires_at: float | None) -> int | None:
    """Milliseconds from now until then, by the show's clock; None: for ever; <= 0: over."""
    return None if expires_at is None else int((expires_at - clock.now()) * 1_000)


def event_of(fields: Fields) -> Event:
    """The event in a stored entry; an `UnknownEvent` where that cannot be."""
    raw = fields.get(JSON)
    tag = fields.get(TAG, b"").decode("utf-8", "replace")
    version = _number(fields.get(VERSION, b""))
    if raw is None or not tag or version is None:
        return UnknownEvent(type=tag[:100] or "unknown", raw=raw or b"", reason="malformed")
    if LIFETIME in fields and _number(fields[LIFETIME]) is None:
        return UnknownEvent(type=tag[:100], version=version, raw=raw, reason="malformed")
    return decode(tag, version, raw)


def ttl_seconds_of(fields: Fields) -> float | None:
    milliseconds = _number(fields.get(LIFETIME, b""))
    return None if milliseconds is None else milliseconds / 1_000


def frame_of(event: Event, data: bytes = b"") -> bytes:
    """One pub/sub message: a line of tag, version and JSON length, then the JSON, then the data."""
    body = encode(event)
    return b"%s %d %d\n%s%s" % (event.type.encode(), event.version, len(body), body, data)


def tag_of_frame(frame: bytes) -> str:
    """The wire tag of a pub/sub message, without decoding the rest."""
    return frame[:100].partition(b" ")[0].decode("utf-8", "replace")


def event_of_frame(frame: bytes) -> tuple[Event, bytes]:
    """The event and the data of a pub/sub message; an `UnknownEvent` where that cannot be."""
    head, _, rest = frame[:200].partition(b"\n")
    parts = head.split(b" ")
    length = _number(parts[2]) if len(parts) == 3 else None
    if length is None or not rest:
        return UnknownEvent(raw=frame, reason="malformed"), b""
    start = len(head) + 1
    body = frame[start : start + length]
    event = event_of({TAG: parts[0], VERSION: parts[1], JSON: body})
    return event, frame[start + length :]


def _number(text: bytes) -> int | None:
    return int(text) if text.isdigit() and len(text) <= _MAXIMUM_DIGITS else None
