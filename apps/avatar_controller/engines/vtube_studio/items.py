"""Shows pictures of VTube Studio's Items folder: only those of `configs/avatar.yaml`."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from apps.avatar_controller.engines.base import AvatarRefused
from apps.avatar_controller.engines.vtube_studio.errors import VtsAway, VtsRefused, VtsSilent
from apps.avatar_controller.engines.vtube_studio.model import Ask, rows_of, text_of
from apps.avatar_controller.names import shown_name
from libs.contracts.avatar import AvatarRefusal
from libs.settings.avatar import AvatarItem

log = logging.getLogger("kitsu.avatar_controller.vtube_studio")

#: Shown at once; more would hide her.
AT_ONCE = 6

FADE_SECONDS = 0.3

#: A throw: from beyond the edge to her face, and down out of the picture.
FLIGHT_SECONDS = 0.45
FALL_SECONDS = 0.7
BEYOND_THE_EDGE = 1.3

#: Items cannot be taken away while its user has a window open; asked again so long after.
CANNOT_UNLOAD = 800
AGAIN_SECONDS = 2.0

#: `ItemMoveRequest` leaves what has this value as it is.
AS_IT_IS = -1000

_REFUSALS = {
    9: "VTube Studio does not allow it: allow it under Settings, Plugins, Kitsu",
    751: "the file is not in VTube Studio's Items folder: put it there",
    753: "a window is open in VTube Studio: close it, then items can be shown",
    754: "VTube Studio has too many items: remove some there",
}


class Items:
    """Promises: nothing but what the file allows is shown, a handful at once, and all of it goes:
    after its time, at `clear`, or with the connection."""

    def __init__(
        self, ask: Ask, allowed: Mapping[str, AvatarItem], changed: Callable[[], None]
    ) -> None:
        """`changed`: another set of items can be shown, or is missing."""
        self._ask = ask
        self._allowed = allowed
        self._changed = changed
        self._is_old = asyncio.Event()
        self._shown: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self._clearings = 0
        self._in_folder: frozenset[str] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What can be shown."""
        return tuple(name for name, item in self._allowed.items() if self._has(item))

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(
            f"{item.file} in VTube Studio's Items folder (item “{name}”)"
            for name, item in self._allowed.items()
            if not self._has(item)
        )

    def _has(self, item: AvatarItem) -> bool:
        return self._in_folder is None or item.file in self._in_folder

    def take(self, allowed: Mapping[str, AvatarItem]) -> None:
        """From now on these may be shown. One that was not in the folder may be there now."""
        self._allowed = allowed
        if self._in_folder is None or self.missing:
            self._is_old.set()

    async def run(self) -> None:
        """Looks into the folder again where that is old, for ever."""
        while True:
            await self._is_old.wait()
            self._is_old.clear()
            with contextlib.suppress(VtsAway):  # who comes back is asked anyway
                await self.read_folder()
                self._changed()

    async def read_folder(self) -> None:
        """Once for a connection, and where another picture is wanted; not more often, for it makes
        the app pause for a moment. Raises `VtsAway`."""
        if not self._allowed:
            return
        self._in_folder = None
        with contextlib.suppress(VtsRefused):
            wish = {"includeAvailableItemFiles": True}
            rows = rows_of(await self._ask("ItemListRequest", wish), "availableItemFiles")
            self._in_folder = frozenset(text_of(row, "fileName") for row in rows)

    async def show(self, name: str) -> None:
        """Returns when it is there. Raises `AvatarRefused`."""
        item = self._allowed.get(name)
        if item is None:
            raise AvatarRefused(
                AvatarRefusal.NOT_FOUND,
                f"“{shown_name(name)}” is no item of VTube Studio: write it under items in"
                " configs/avatar.yaml.",
            )
        if len(self._shown) + self._waiting >= AT_ONCE:
            raise AvatarRefused(
                AvatarRefusal.NOT_NOW, f"{AT_ONCE} items are shown already: “{name}” is not."
            )
        clearings = self._clearings
        self._waiting += 1
        try:
            instance = await self._load(name, item)
        finally:
            self._waiting -= 1
        if clearings != self._clearings:
            self._keep(self._go(instance, item))
            raise AvatarRefused(
                AvatarRefusal.PANIC, f"“{name}” came too late: all items were taken away."
            )
        self._keep(self._stay(instance, item))

    async def clear(self) -> None:
        """All of Kitsu's go, also those of a Kitsu before, and those that the app is loading; waits
        for as long as the app cannot. Raises `VtsRefused`, `VtsAway`."""
        self._clearings += 1
        self.forget()
        await self._take_away(unloadAllLoadedByThisPlugin=True)

    def forget(self) -> None:
        """They went with the connection."""
        for task in self._shown:
            task.cancel()
        self._shown.clear()

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._shown.add(task)
        task.add_done_callback(self._shown.discard)

    async def _load(self, name: str, item: AvatarItem) -> str:
        side = -1 if item.x < 0 else 1
        try:
            answer = await self._ask(
                "ItemLoadRequest",
                {
                    "fileName": item.file,
                    "positionX": side * BEYOND_THE_EDGE if item.throw else item.x,
                    "positionY": item.y,
                    "size": item.size,
                    "rotation": 0,
                    "fadeTime": 0 if item.throw else FADE_SECONDS,
                    "order": 10,
                    "failIfOrderTaken": False,
                    "smoothing": 0,
                    "censored": False,
                    "flipped": False,
                    "locked": False,
                    "unloadWhenPluginDisconnects": True,
                },
            )
        except VtsRefused as refused:
            why = _REFUSALS.get(refused.error_id, f"VTube Studio refuses it: {refused}")
            raise AvatarRefused(AvatarRefusal.REFUSED, f"“{name}”: {why}.") from refused
        except VtsAway as away:
            if isinstance(away, VtsSilent):
                self._keep(self._go("", item))  # it may come yet
            raise AvatarRefused(
                AvatarRefusal.NOT_READY, f"“{name}”: VTube Studio is away."
            ) from away
        return text_of(answer, "instanceID")

    async def _stay(self, instance: str, item: AvatarItem) -> None:
        with contextlib.suppress(VtsRefused, VtsAway):
            if item.throw:
                await self._fly(instance, item)
            else:
                await asyncio.sleep(item.seconds)
        await self._go(instance, item)

    async def _go(self, instance: str, item: AvatarItem) -> None:
        """`instance` empty: the app did not say which; all of Kitsu's of that file go."""
        try:
            if instance:
                await self._take_away(instanceIDs=[instance])
            else:
                await self._take_away(fileNames=[item.file])
        except VtsRefused as refused:
            log.warning("an item stays until Kitsu leaves VTube Studio: %s", refused)
        except VtsAway:
            pass  # What Kitsu loaded goes with its connection.

    async def _take_away(self, **which: bool | list[str]) -> None:
        nothing = {
            "unloadAllInScene": False,
            "unloadAllLoadedByThisPlugin": False,
            "allowUnloadingItemsLoadedByUserOrOtherPlugins": False,
            "instanceIDs": [],
            "fileNames": [],
        }
        while True:
            try:
                await self._ask("ItemUnloadRequest", {**nothing, **which})
            except VtsSilent:
                await asyncio.sleep(AGAIN_SECONDS)
            except VtsRefused as refused:
                if refused.error_id != CANNOT_UNLOAD:
                    raise
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return

    async def _fly(self, instance: str, item: AvatarItem) -> None:
        side = -1 if item.x < 0 else 1
        await self._move(instance, FLIGHT_SECONDS, "linear", 0.0, item.y, -side * 180)
        await self._move(instance, FALL_SECONDS, "easeIn", -side * 0.3, -BEYOND_THE_EDGE, AS_IT_IS)

    async def _move(
        self, instance: str, seconds: float, fade: str, x: float, y: float, rotation: float
    ) -> None:
        move: dict[str, Any] = {
            "itemInstanceID": instance,
            "timeInSeconds": seconds,
            "fadeMode": fade,
            "positionX": x,
            "positionY": y,
            "size": AS_IT_IS,
            "rotation": rotation,
            "order": AS_IT_IS,
            "setFlip": False,
            "flip": False,
            "userCanStop": False,
        }
        await self._ask("ItemMoveRequest", {"itemsToMove": [move]})
        await asyncio.sleep(seconds)
