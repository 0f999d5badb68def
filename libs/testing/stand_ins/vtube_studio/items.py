"""Items in the scene: pictures and animations beside the model.

Source: github.com/DenchiSoft/VTubeStudio, README.md, "Requesting list of available items",
"Loading item into the scene", "Removing item from the scene" and "Moving items in the scene".
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from libs.testing.stand_ins.vtube_studio.error_ids import ErrorId
from libs.testing.stand_ins.vtube_studio.parameters import Plugin
from libs.testing.stand_ins.vtube_studio.wire import Data, Refusal

MAXIMUM_ITEMS = 60
#: Where items may stand, from behind to before the model, which is at 0.
ORDERS = tuple(order for order in range(-30, 31) if order != 0)

_TYPES = {".png": "PNG", ".jpg": "JPG", ".jpeg": "JPG", ".gif": "GIF"}


@dataclass
class Item:
    """`owner`: the plugin that loaded it; None: the user."""

    file: str
    order: int
    owner: Plugin | None
    place: Data
    leaves_with_plugin: bool = False
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def described(self) -> Data:
        animated = kind_of(self.file) in ("GIF", "AnimationFolder")
        return {
            "fileName": self.file,
            "instanceID": self.id,
            "order": self.order,
            "type": kind_of(self.file),
            "censored": False,
            "flipped": bool(self.place.get("flipped")),
            "locked": False,
            "smoothing": 0.0,
            "framerate": 15.0 if animated else 0.0,
            "frameCount": 7 if animated else -1,
            "currentFrame": 0 if animated else -1,
            "pinnedToModel": False,
            "pinnedModelID": "",
            "pinnedArtMeshID": "",
            "groupName": "",
            "sceneName": "",
            "fromWorkshop": False,
        }


def kind_of(file: str) -> str:
    suffix = file[file.rfind(".") :].lower() if "." in file else ""
    return _TYPES.get(suffix, "AnimationFolder")


class Scene:
    """Everything that was loaded into it; `files` is the user's Items folder.

    `tell` hears of every item that comes or goes.
    """

    def __init__(self, tell: Callable[[str, Item], None]) -> None:
        self.files = ["heart.png", "cookie.png", "confetti.gif", "star (@kitsu).png"]
        self.items: dict[str, Item] = {}
        self._tell = tell

    def free_orders(self) -> list[int]:
        taken = {item.order for item in self.items.values()}
        return [order for order in ORDERS if order not in taken]

    def order_for(self, wanted: int, *, exactly: bool) -> int:
        """That one, else the next above it, else the next below. Raises `Refusal`."""
        free = self.free_orders()
        if len(self.items) >= MAXIMUM_ITEMS or not free:
            raise Refusal(ErrorId.ITEM_SCENE_FULL, "The scene is full.")
        if wanted not in ORDERS:
            raise Refusal(ErrorId.ITEM_ORDER_INVALID, "The order is invalid.")
        if wanted in free:
            return wanted
        if exactly:
            raise Refusal(ErrorId.ITEM_ORDER_TAKEN, "The order is already taken.")
        above = [order for order in free if order > wanted]
        return above[0] if above else free[-1]

    def add(self, item: Item) -> None:
        self.items[item.id] = item
        self._tell("Added", item)

    def remove(self, items: list[Item]) -> None:
        for item in items:
            self.items.pop(item.id)
            self._tell("Removed", item)

    def plugin_left(self, plugin: Plugin) -> None:
        self.remove([i for i in self.items.values() if i.owner == plugin and i.leaves_with_plugin])

    def loaded_count(self, file: str) -> int:
        return sum(item.file == file for item in self.items.values())
