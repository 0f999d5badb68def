"""The drawn character: its description and its pictures, for the overlay pages."""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from libs.settings.characters import CHARACTERS_FOLDER, FILE_NAME, find_character, load_character

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
        if max(struct.unpack(">II", content[16:24])) > MAXIMUM_PIXELS_PER_SIDE:
            raise PictureRefused(f"is more than {MAXIMUM_PIXELS_PER_SIDE} pixels wide or high")
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if _SVG.match(content[:4_096]):
        return "image/svg+xml"
    raise PictureRefused("is neither PNG, JPEG, WebP nor SVG")


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
