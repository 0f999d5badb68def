"""`configs/items.yaml`: what can be shown beside her, drawn as path strings."""

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from libs.settings.base import ROOT
from libs.settings.yaml_lines import first_duplicate, line_of

ITEMS_FILE = ROOT / "configs" / "items.yaml"

#: Some dozens of drawings; a larger file is a mistake.
MAXIMUM_FILE_BYTES = 256 * 1024
#: More names than this are not told to a model.
MAXIMUM_ITEMS = 40

ItemName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9 _-]{0,31}$")]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
#: Path data of SVG (https://www.w3.org/TR/SVG2/paths.html#PathData): letters and numbers only.
PathData = Annotated[
    str, Field(min_length=1, max_length=2_000, pattern=r"^[Mm][MmLlHhVvCcSsQqTtAaZz0-9eE ,.+-]*$")
]


class ItemsError(ValueError):
    """The file cannot be used; the message says where and what is allowed."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Shape(_Strict):
    """One path, filled or drawn or both, in a box from -100 to 100; y grows downwards."""

    d: PathData
    fill: Colour | None = None
    stroke: Colour | None = None
    width: float = Field(default=5.0, gt=0, le=40)
    alpha: float = Field(default=1.0, gt=0, le=1)


class Item(_Strict):
    hold_seconds: float = Field(default=6.0, ge=0.5, le=60)
    """So long it is shown."""
    shapes: tuple[Shape, ...] = Field(min_length=1, max_length=30)
    """Back to front."""


class Items(_Strict):
    items: dict[ItemName, Item] = Field(default={}, max_length=MAXIMUM_ITEMS)


def load_items(path: Path = ITEMS_FILE) -> dict[str, Item]:
    """The items by name; without a file there are none. Raises `ItemsError`."""
    try:
        if path.stat().st_size > MAXIMUM_FILE_BYTES:
            raise ItemsError(f"{path.name} is too large: {MAXIMUM_FILE_BYTES} bytes at most")
        text = path.read_text("utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if (twice := first_duplicate(root)) is not None:
            raise ItemsError(f"{path.name}, line {twice.line}: {twice.key}: stands here twice")
        document: Any = yaml.safe_load(text)
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise ItemsError(f"{path.name} is not valid YAML in UTF-8") from None
    except OSError as error:
        raise ItemsError(f"{path.name} cannot be read: {error.strerror}") from None
    try:
        return Items.model_validate(document or {}).items
    except ValidationError as error:
        lines = [
            f"{path.name}, line {line_of(root, item['loc'])}: "
            f"{'.'.join(map(str, item['loc'])) or 'the file'}: {item['msg']}"
            for item in error.errors()
        ]
        raise ItemsError("\n".join(lines[:10])) from None
