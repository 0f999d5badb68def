"""What the worker and its espeak-ng child process say to each other, over two pipes.

Each message is one letter, the length of its body (32 bits) and the body. Numbers are
little-endian. Only the standard library is used: the child imports this and nothing else of ours.

    worker → child   S  JSON: id, text, voice, rate, pitch, pitch_range, maximum_samples
                     X  id: stop this one
    child → worker   R  JSON: sample_rate_hz, version, voices [[name, language, title]]
                     P  id, number of events, the events, PCM
                     E  id, 1 when all of the text was spoken, 0 when it was ended early
                     F  JSON: id (absent: the engine cannot start), code, message
"""

import json
import struct
from dataclasses import dataclass
from typing import Any

HEADER = struct.Struct("<cI")
NUMBER = struct.Struct("<I")
PIECE = struct.Struct("<II")
EVENT = struct.Struct("<BIII8s")
ENDED = struct.Struct("<IB")

SPEAK, STOP = b"S", b"X"
READY, SOUND, END, FAILURE = b"R", b"P", b"E", b"F"

#: No message is longer: a piece of sound has some thousand bytes, a text at most ten thousand.
MAXIMUM_BODY_BYTES = 1 << 20

#: Event types of espeak-ng's speak_lib.h (espeak_EVENT_TYPE) that we use.
WORD_EVENT = 1
PHONE_EVENT = 7


class WireError(ValueError):
    """Bytes that are no message."""


@dataclass(frozen=True)
class EngineEvent:
    """A word or phone begins at `sample`. Text positions count characters from 1."""

    kind: int
    sample: int
    text_position: int = 0
    length: int = 0
    symbol: str = ""


@dataclass(frozen=True)
class SoundMessage:
    request_id: int
    events: tuple[EngineEvent, ...]
    pcm: bytes


def message(kind: bytes, body: bytes) -> bytes:
    return HEADER.pack(kind, len(body)) + body


def json_message(kind: bytes, content: dict[str, Any]) -> bytes:
    return message(kind, json.dumps(content).encode())


def read_header(raw: bytes) -> tuple[bytes, int]:
    """Kind and body length. Raises `WireError` for a length that no message has."""
    kind, length = HEADER.unpack(raw)
    if length > MAXIMUM_BODY_BYTES:
        raise WireError(f"a message of {length} bytes")
    return kind, length


def read_json(body: bytes) -> dict[str, Any]:
    """Raises `WireError` when the body is not a JSON object."""
    try:
        content = json.loads(body)
    except ValueError as error:
        raise WireError(f"not JSON: {error}") from None
    if not isinstance(content, dict):
        raise WireError("not a JSON object")
    return content


def sound_message(sound: SoundMessage) -> bytes:
    events = b"".join(
        EVENT.pack(e.kind, e.sample, e.text_position, e.length, e.symbol.encode()[:8])
        for e in sound.events
    )
    return message(SOUND, PIECE.pack(sound.request_id, len(sound.events)) + events + sound.pcm)


def read_sound(body: bytes) -> SoundMessage:
    """Raises `WireError` when the body is too short for what it announces."""
    try:
        request_id, count = PIECE.unpack_from(body)
        sound_at = PIECE.size + count * EVENT.size
        if sound_at > len(body):
            raise WireError(f"{count} events in {len(body)} bytes")
        events = tuple(
            EngineEvent(kind, sample, position, length, symbol_text(symbol))
            for kind, sample, position, length, symbol in EVENT.iter_unpack(
                body[PIECE.size : sound_at]
            )
        )
    except struct.error as error:
        raise WireError(str(error)) from None
    return SoundMessage(request_id, events, body[sound_at:])


def symbol_text(raw: bytes) -> str:
    """An IPA string of at most eight bytes: all of them may be used, with no zero at the end."""
    return raw.split(b"\0")[0].decode("utf-8", "replace").replace("\ufffd", "")
