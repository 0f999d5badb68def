"""Pictures that come with a turn, as engines take them."""

from apps.policy_worker.engines.base import Picture
from libs.safety.pictures import MAXIMUM_BYTES, NoPicture, bytes_of_base64, media_type_of

__all__ = ["MAXIMUM_BYTES", "NoPicture", "picture_of", "picture_of_base64"]


def picture_of(data: bytes) -> Picture:
    """The picture in these bytes; what it is, is seen from them. Raises `NoPicture`."""
    return Picture(media_type_of(data), data)


def picture_of_base64(text: str) -> Picture:
    """From base64, with or without `data:...;base64,` before it. Raises `NoPicture`."""
    return picture_of(bytes_of_base64(text))
