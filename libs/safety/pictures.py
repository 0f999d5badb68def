"""Pictures that come in from outside: bounded, and only of kinds that models can read."""

import base64
import binascii
from typing import Literal

MediaType = Literal["image/jpeg", "image/png", "image/webp"]

#: Largest picture that is shown to a model.
MAXIMUM_BYTES = 4_000_000


class NoPicture(ValueError):
    """It cannot be used as a picture; the message says why."""


def media_type_of(data: bytes, maximum_bytes: int = MAXIMUM_BYTES) -> MediaType:
    """What sort of picture these bytes are, seen from the bytes alone. Raises `NoPicture`."""
    if len(data) > maximum_bytes:
        raise NoPicture(f"a picture has {maximum_bytes / 1_000_000:g} MB at most")
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    raise NoPicture("must be a JPEG, PNG or WebP picture")


def bytes_of_base64(text: str) -> bytes:
    """From base64, with or without `data:...;base64,` before it. Raises `NoPicture`."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoPicture("must be a picture in base64") from None
