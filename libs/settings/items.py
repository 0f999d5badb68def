"""`configs/items.yaml`: what can be shown beside her, drawn as path strings."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from libs.settings.base import ROOT
from libs.settings.followed_file import FollowedFile
from libs.settings.strict_yaml import FileError, SettingsFile, Strict

ITEMS_FILE = ROOT / "configs" / "items.yaml"

#: More names than this are not told to a model.
MAXIMUM_ITEMS = 40

ItemName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9 _-]{0,31}$")]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
#: Path data of SVG (https://www.w3.org/TR/SVG2/paths.html#PathData): letters and numbers only.
PathData = Annotated[
    str, Field(min_length=1, max_length=2_000, pattern=r"^[Mm][MmLlHhVvCcSsQqTtAaZz0-9eE ,.+-]*$")
]


class ItemsError(FileError):
    """The file cannot be used; the message says where and what is allowed."""


class Shape(Strict):
    """One path, filled or drawn or both, in a box from -100 to 100; y grows downwards."""

    d: PathData
    fill: Colour | None = None
    stroke: Colour | None = None
    width: float = Field(default=5.0, gt=0, le=40)
    alpha: float = Field(default=1.0, gt=0, le=1)


class Item(Strict):
    hold_seconds: float = Field(default=6.0, ge=0.5, le=60)
    """So long it is shown."""
    shapes: tuple[Shape, ...] = Field(min_length=1, max_length=30)
    """Back to front."""


class Items(Strict):
    items: dict[ItemName, Item] = Field(default={}, max_length=MAXIMUM_ITEMS)


def load_items(path: Path = ITEMS_FILE) -> dict[str, Item]:
    """The items by name; without a file there are none. Raises `ItemsError`."""
    try:
        return SettingsFile(path, ItemsError).check(Items).items
    except FileNotFoundError:
        return {}


def followed_items(path: Path = ITEMS_FILE) -> FollowedFile[dict[str, Item]]:
    """The items by name as they are from now on. What is wrong with the file is the stage's to
    say."""
    return FollowedFile(path, load_items, dict)
