"""Pictures that come with a turn: bounded, and only of kinds that models can read."""

import base64
import binascii

from apps.policy_worker.engines.base import MediaType, Picture

MAXIMUM_BYTES = 4_000_000

_SIGNATURES: tuple[tuple[bytes, int, MediaType], ...] = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"WEBP", 8, "image/webp"),
)


class NoPicture(ValueError):
    """It cannot be used as a picture; the message says why."""


def picture_of(data: bytes) -> Picture:
    """The picture in these bytes; what it is, is seen from them. Raises `NoPicture`."""
    if len(data) > MAXIMUM_BYTES:
        raise NoPicture(f"a picture has {MAXIMUM_BYTES // 1_000_000} MB at most")
    for signature, place, media_type in _SIGNATURES:
        if data[place : place + len(signature)] == signature:
            return Picture(media_type, data)
    raise NoPicture("must be a JPEG, PNG or WebP picture")


def picture_of_base64(text: str) -> Picture:
    """From base64, with or without `data:...;base64,` before it. Raises `NoPicture`."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoPicture("must be a picture in base64") from None
    return picture_of(data)
