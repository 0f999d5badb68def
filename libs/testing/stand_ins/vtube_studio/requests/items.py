"""Items: listing, loading, unloading, moving.

Source: github.com/DenchiSoft/VTubeStudio, README.md, "Requesting list of available items or items
in scene", "Loading item into the scene", "Removing item from the scene", "Moving items in the
scene". Approximations: a move is over at once; of own pictures only their first bytes are looked
at, and popups about them never time out.
"""

import base64
import binascii
import re

from libs.testing.stand_ins.vtube_studio.error_ids import ErrorId
from libs.testing.stand_ins.vtube_studio.items import MAXIMUM_ITEMS, ORDERS, Item, kind_of
from libs.testing.stand_ins.vtube_studio.requests.call import Call, Handler, SlowHandler
from libs.testing.stand_ins.vtube_studio.wire import Data, Refusal, flag, number, text, texts

USUAL_SIZE = 0.32
MAXIMUM_MOVES = 64
FADE_MODES = ("linear", "easeIn", "easeOut", "easeBoth", "overshoot", "zip")
#: A value so low, or lower, means: leave it as it is.
AS_IT_IS = -1000.0

_PLACE_LIMITS = {
    "positionX": (-1000.0, 1000.0, 0.0),
    "positionY": (-1000.0, 1000.0, 0.0),
    "size": (0.0, 1.0, USUAL_SIZE),
    "rotation": (-360.0, 360.0, 0.0),
    "fadeTime": (0.0, 2.0, 0.0),
    "smoothing": (0.0, 1.0, 0.0),
}
_PICTURES = (b"\x89PNG", b"\xff\xd8", b"GIF8")


def _list(call: Call) -> Data:
    scene, data = call.studio.scene, call.data
    only_id, only_file = text(data, "onlyItemsWithInstanceID"), text(data, "onlyItemsWithFileName")
    items = [
        item.described()
        for item in scene.items.values()
        if only_id in ("", item.id) and only_file in ("", item.file)
    ]
    files = [
        {"fileName": file, "type": kind_of(file), "loadedCount": scene.loaded_count(file)}
        for file in scene.files
        if only_file in ("", file)
    ]
    return {
        "itemsInSceneCount": len(scene.items),
        "totalItemsAllowedCount": MAXIMUM_ITEMS,
        "canLoadItemsRightNow": not call.studio.windows_open,
        "availableSpots": scene.free_orders() if flag(data, "includeAvailableSpots") else [],
        "itemInstancesInScene": items if flag(data, "includeItemInstancesInScene") else [],
        "availableItemFiles": files if flag(data, "includeAvailableItemFiles") else [],
    }


async def _load(call: Call) -> Data:
    scene, data = call.studio.scene, call.data
    file, picture = text(data, "fileName"), text(data, "customDataBase64")
    if not file:
        raise Refusal(ErrorId.ITEM_NAME_MISSING, "fileName is missing.")
    if call.studio.windows_open:
        raise Refusal(ErrorId.ITEM_CANNOT_LOAD_NOW, "Items cannot be loaded right now.")
    if picture:
        file = await _own_picture(call, file, picture)
    elif file not in scene.files:
        raise Refusal(ErrorId.ITEM_NOT_FOUND, "There is no such item file.")
    place = _place(data)
    wanted = number(data, "order", 1.0)
    order = scene.order_for(
        int(wanted) if wanted is not None else 0, exactly=flag(data, "failIfOrderTaken")
    )
    item = Item(file, order, call.plugin, place, flag(data, "unloadWhenPluginDisconnects"))
    scene.add(item)
    return {"instanceID": item.id, "fileName": file}


def _place(data: Data) -> Data:
    place: Data = {"flipped": flag(data, "flipped")}
    for key, (low, high, usual) in _PLACE_LIMITS.items():
        value = number(data, key, usual)
        if value is None or not low <= value <= high:
            raise Refusal(ErrorId.ITEM_VALUES_INVALID, f"{key} is invalid.")
        place[key] = value
    return place


async def _own_picture(call: Call, file: str, picture: str) -> str:
    """The file name that the app gives it."""
    if "LoadCustomImagesAsItems" not in call.studio.rights.permissions.get(call.plugin, ()):
        said = "This request needs the permission LoadCustomImagesAsItems."
        raise Refusal(ErrorId.PERMISSION_MISSING, said)
    if not 8 <= len(file) <= 32 or not re.fullmatch(r"[A-Za-z0-9-]+\.(jpg|png|gif)", file):
        raise Refusal(ErrorId.ITEM_PICTURE_INVALID, "The file name is invalid.")
    try:
        raw = base64.b64decode(picture, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not raw.startswith(_PICTURES):
        raise Refusal(ErrorId.ITEM_PICTURE_INVALID, "The data is no PNG, JPG or GIF.")
    if flag(call.data, "customDataAskUserFirst"):
        if call.studio.popup.is_open:
            raise Refusal(ErrorId.ITEM_CANNOT_ASK_NOW, "Too many popups are open.")
        if not await call.studio.popup.ask(f"{file} of {call.plugin.name}"):
            raise Refusal(ErrorId.ITEM_REFUSED_BY_USER, "The user does not want it.")
    made = f"custom_{len(call.studio.scene.files)}_{file}"
    call.studio.scene.files.append(made)
    return made


def _unload(call: Call) -> Data:
    data, scene = call.data, call.studio.scene
    if call.studio.windows_open:
        raise Refusal(ErrorId.ITEM_CANNOT_UNLOAD_NOW, "Items cannot be unloaded right now.")
    ids, files = texts(data, "instanceIDs"), texts(data, "fileNames")
    everything, own = flag(data, "unloadAllInScene"), flag(data, "unloadAllLoadedByThisPlugin")
    foreign_too = data.get("allowUnloadingItemsLoadedByUserOrOtherPlugins") is not False

    def meant(item: Item) -> bool:
        mine = item.owner == call.plugin
        named = item.id in ids or item.file in files
        return everything or (own and mine) or (named and (mine or foreign_too))

    gone = [item for item in scene.items.values() if meant(item)]
    scene.remove(gone)
    return {"unloadedItems": [{"instanceID": one.id, "fileName": one.file} for one in gone]}


def _move(call: Call) -> Data:
    listed = call.data.get("itemsToMove")
    moves = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    told = []
    for move in moves[:MAXIMUM_MOVES]:
        error_id = _moved(call, move)
        told.append(
            {
                "itemInstanceID": text(move, "itemInstanceID"),
                "success": error_id is None,
                "errorID": -1 if error_id is None else int(error_id),
            }
        )
    return {"movedItems": told}


def _moved(call: Call, move: Data) -> ErrorId | None:
    """None: it was moved."""
    scene = call.studio.scene
    item = scene.items.get(text(move, "itemInstanceID"))
    if item is None:
        return ErrorId.ITEM_MOVE_NOT_FOUND
    if (text(move, "fadeMode") or "linear") not in FADE_MODES:
        return ErrorId.ITEM_MOVE_FADE_INVALID
    order = number(move, "order", AS_IT_IS)
    if order is not None and order > AS_IT_IS and order != item.order:
        if call.studio.windows_open:
            return ErrorId.ITEM_MOVE_ORDER_NOT_NOW
        if order not in ORDERS or order not in scene.free_orders():
            return ErrorId.ITEM_MOVE_ORDER_INVALID
        item.order = int(order)
    for key in ("positionX", "positionY", "size", "rotation"):
        value = number(move, key, AS_IT_IS)
        if value is not None and value > AS_IT_IS:
            item.place[key] = value
    if flag(move, "setFlip"):
        item.place["flipped"] = flag(move, "flip")
    return None


HANDLERS: dict[str, Handler] = {
    "ItemListRequest": _list,
    "ItemUnloadRequest": _unload,
    "ItemMoveRequest": _move,
}
SLOW_HANDLERS: dict[str, SlowHandler] = {"ItemLoadRequest": _load}
