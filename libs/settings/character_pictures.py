"""Pictures of a character: which files can be shown, by their content."""

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

#: A picture of 2,000 by 2,000 pixels has a few megabytes.
MAXIMUM_PICTURE_BYTES = 8 << 20
#: A browser unpacks a picture to four bytes a pixel.
MAXIMUM_PIXELS_PER_SIDE = 8_192

_SVG_NAMESPACE = "http://www.w3.org/2000/svg"
#: How the parts of the kinds of pictures end that can be cut off by half a copy.
_ENDS = {"image/png": b"IEND", "image/jpeg": b"\xff\xd9"}

_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*|<!DOCTYPE[^>\[]*>\s*)*<svg[\s>]",
    re.DOTALL,
)

#: SOF0 to SOF15, without DHT, JPG and DAC.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class PictureRefused(Exception):
    """This is no picture that can be shown; the message says why."""


@dataclass(frozen=True)
class PictureFile:
    """A picture and what it is by its content, whatever its name says."""

    content: bytes
    media_type: str


def read_picture(path: Path) -> PictureFile:
    """A picture that lies in its folder itself. Raises `PictureRefused`."""
    try:
        if path.exists() and not path.is_file():
            raise PictureRefused("is no file")
        if not path.resolve().is_relative_to(path.parent.resolve()):
            raise PictureRefused("is a link to another folder")
        if path.stat().st_size > MAXIMUM_PICTURE_BYTES:
            raise PictureRefused(f"is larger than {MAXIMUM_PICTURE_BYTES >> 20} MB")
        content = path.read_bytes()
    except FileNotFoundError:
        raise PictureRefused("is not there") from None
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        why = error.strerror if isinstance(error, OSError) else "links in a circle"
        raise PictureRefused(f"cannot be read: {why}") from None
    return PictureFile(content, _media_type(content))


def _media_type(content: bytes) -> str:
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) > 24:
        _check_sides(*struct.unpack(">II", content[16:24]))
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        _check_sides(*_jpeg_sides(content))
        return "image/jpeg"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        _check_sides(*_webp_sides(content[12:30]))
        return "image/webp"
    if _SVG.match(content[:4_096]):
        return "image/svg+xml"
    raise PictureRefused("is neither PNG, JPEG, WebP nor SVG")


def _check_sides(*pixels: int) -> None:
    if max(pixels) > MAXIMUM_PIXELS_PER_SIDE:
        raise PictureRefused(f"is more than {MAXIMUM_PIXELS_PER_SIDE} pixels wide or high")


def _jpeg_sides(content: bytes) -> tuple[int, int]:
    """Of the frame header (ITU-T T.81, B.2.2); a file without one is shown by nobody."""
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 1 if marker == 0xFF else 2 + max(2, length)
    raise PictureRefused("is a broken JPEG")


def _webp_sides(header: bytes) -> tuple[int, int]:
    """Of the first chunk (RFC 9649, 2.4 to 2.7)."""
    kind, body = header[:4], header[8:].ljust(10, b"\0")
    if kind == b"VP8X":
        return (
            int.from_bytes(body[4:7], "little") + 1,
            int.from_bytes(body[7:10], "little") + 1,
        )
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return (
        int.from_bytes(body[6:8], "little") & 0x3FFF,
        int.from_bytes(body[8:10], "little") & 0x3FFF,
    )


def check_whole(picture: PictureFile) -> None:
    """Raises `PictureRefused` for what browsers show in part, or not at all."""
    content, end = picture.content, _ENDS.get(picture.media_type, b"")
    if picture.media_type == "image/svg+xml":
        _check_svg(content)
    elif picture.media_type == "image/webp":
        if int.from_bytes(content[4:8], "little") + 8 > len(content) + 1:  # the last byte only pads
            raise PictureRefused("is cut off")
    elif end not in content:
        raise PictureRefused("is cut off")


def _check_svg(content: bytes) -> None:
    """An SVG that is not XML to its end, or that is of no namespace, is an empty picture."""
    names: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda name, _: names.extend([] if names else [name])
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as problem:  # or an unknown encoding
        at = f" in line {problem.lineno}" if isinstance(problem, expat.ExpatError) else ""
        raise PictureRefused(f"is a broken SVG{at}") from None
    if names[:1] != [f"{_SVG_NAMESPACE} svg"]:
        raise PictureRefused(f'is an SVG without xmlns="{_SVG_NAMESPACE}"')


def refused_pictures(folder: Path, files: Iterable[str]) -> list[str]:
    """For people, which of these cannot be shown, or not as they were drawn, and why."""
    found = []
    for file in files:
        try:
            check_whole(read_picture(folder / file))
        except PictureRefused as problem:
            found.append(f"{folder.name}/{file} {problem}")
    return found
