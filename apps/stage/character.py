"""The drawn character: its description and its pictures, for the overlay pages."""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from libs.settings.characters import (
    CHARACTERS_FOLDER,
    FILE_NAME,
    CharacterError,
    find_character,
    load_character,
)

#: A picture of 2,000 by 2,000 pixels has a few megabytes.
MAXIMUM_PICTURE_BYTES = 8 << 20
#: A browser unpacks a picture to four bytes a pixel.
MAXIMUM_PIXELS_PER_SIDE = 8_192

#: An SVG that is opened by itself runs nothing and loads nothing.
PICTURE_HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}

_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*|<!DOCTYPE[^>\[]*>\s*)*<svg[\s>]",
    re.DOTALL,
)


#: SOF0 to SOF15, without DHT, JPG and DAC.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}

_MENDING = f"put it there or take it out of {FILE_NAME}, then: kitsu restart stage"


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


#: Comes with Kitsu, and is drawn where another one cannot be.
FOX = "kitsu"


def character_of(name: str, own_folder: Path) -> tuple["ShownCharacter", str]:
    """The character of that name, those in `own_folder` first. Where it cannot be shown, the fox
    as she comes with Kitsu, and why: a wrong colour must not cost the voice.

    Raises `CharacterError` where she is broken too.
    """
    try:
        return ShownCharacter(name, (own_folder, CHARACTERS_FOLDER)), ""
    except CharacterError as problem:
        first, *_ = str(problem).splitlines()
        return ShownCharacter(
            FOX
        ), f"{first}. The usual fox is drawn; after a change: kitsu restart stage"


class ShownCharacter:
    """The character of a show, as it was when the stage started.

    Raises `CharacterError` where it cannot be shown at all. A picture that is missing or is none
    leaves only its own place empty, and is told in `troubles`. Only files that the description
    names can be had, by their bare names.
    """

    def __init__(self, name: str, folders: Sequence[Path] = (CHARACTERS_FOLDER,)) -> None:
        self._folder = find_character(name, folders)
        character = load_character(self._folder)
        self.title = character.title
        self._description = character.told()
        self._files = character.files
        self.troubles = tuple(self._troubles())

    def _troubles(self) -> list[str]:
        found = []
        for file in self._files:
            try:
                read_picture(self._folder / file)
            except PictureRefused as problem:
                found.append(f"{self._folder.name}/{file} {problem}: {_MENDING}")
        return found

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/overlay/character.json", self._get_description),
            Route("/overlay/character/{file}", self._get_picture),
        ]

    async def _get_description(self, request: Request) -> Response:
        return JSONResponse(self._description, headers={"cache-control": "no-cache"})

    async def _get_picture(self, request: Request) -> Response:
        name = request.path_params["file"]
        if name not in self._files:
            return Response(status_code=404)
        try:
            picture = read_picture(self._folder / name)
        except PictureRefused:
            return Response(status_code=404)
        return Response(picture.content, media_type=picture.media_type, headers=PICTURE_HEADERS)
