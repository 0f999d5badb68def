"""The drawn character: its description and its pictures, for the overlay pages."""

from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from libs.settings.character_pictures import PictureRefused, read_picture, refused_pictures
from libs.settings.characters import (
    CHARACTERS_FOLDER,
    FILE_NAME,
    FOX,
    CharacterError,
    find_character,
    load_character,
)

#: An SVG that is opened by itself runs nothing and loads nothing.
PICTURE_HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}

_MENDING = f"put a good one there or take it out of {FILE_NAME}, then: kitsu restart stage"


def character_of(name: str, own_folder: Path) -> tuple["ShownCharacter", str]:
    """The character of that name, those in `own_folder` first. Where it cannot be shown, the fox
    as she comes with Kitsu, and why: a wrong colour must not cost the voice.

    Raises `CharacterError` where she is broken too.
    """
    try:
        return ShownCharacter(name, (own_folder, CHARACTERS_FOLDER)), ""
    except CharacterError as problem:
        first, *_ = str(problem).splitlines()
        fox = ShownCharacter(FOX)
        return fox, f"{first}. The usual fox is drawn; after a change: kitsu restart stage."


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
        refused = refused_pictures(self._folder, character.files)
        self.troubles = tuple(f"{one}: {_MENDING}" for one in refused)

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
