"""Carries out orders to avatars."""

from collections.abc import Awaitable, Callable, Collection, Sequence

from apps.avatar_controller.engines.base import Avatar, AvatarRefused, Capability
from apps.avatar_controller.gestures import BUILT_IN
from libs.contracts.avatar import (
    AvatarId,
    AvatarLink,
    AvatarRefusal,
    AvatarStatus,
    MapMood,
    ShowExpression,
    SignInAvatar,
)
from libs.contracts.stage import ShowItem, TriggerHotkey
from libs.safety.ingest import clean_chat

Order = TriggerHotkey | ShowItem | SignInAvatar | ShowExpression | MapMood

#: Longer names are cut where they are repeated to people.
LONGEST_NAME = 80

_CONFIGURED = {
    "vtube_studio": "set VTS_URL (in .env) and restart Kitsu",
    "vmc": "set VMC_TARGET (in .env) and restart Kitsu",
    "veadotube": "set VEADOTUBE_URL (in .env) and restart Kitsu",
}


class AvatarOrders:
    """Each order gives one line of what was done, or raises `AvatarRefused`."""

    def __init__(
        self,
        avatars: Sequence[Avatar],
        items: Collection[str],
        drawn_items: Callable[[], Collection[str]],
        nod: Callable[[str], bool],
    ) -> None:
        """`items`: names that avatars may show; `drawn_items`: those of the overlay; `nod`: makes a
        built-in gesture with every head that is moved here, and says whether there is one."""
        self._avatars = avatars
        self.items = items
        self._drawn_items = drawn_items
        self._nod = nod

    def concerns(self, order: Order) -> bool:
        """An item that only the overlay has is its own to show."""
        if not isinstance(order, ShowItem) or order.item in self.items:
            return True
        return order.item not in self._drawn_items()

    async def carry_out(self, order: Order) -> str:
        match order:
            case TriggerHotkey():
                return await self._gesture(order.hotkey)
            case ShowItem():
                return await self._show_item(order.item)
            case SignInAvatar():
                return await self._sign_in(order.avatar)
            case ShowExpression():
                avatar = self._one(order.avatar)
                await avatar.show_expression(order.expression, order.hold_seconds)
                return f"'{_said(order.expression)}' is shown for {order.hold_seconds:g} s."
            case MapMood():
                await self._one(order.avatar).map_mood(order.mood, order.expression)
                return _mapped(order)

    async def _sign_in(self, avatar_id: AvatarId) -> str:
        avatar = self._one(avatar_id)
        await avatar.sign_in()
        status = avatar.status()
        if status.link is AvatarLink.WAITING:
            return f"{status.title} does not run: start it, it asks as soon as it is there."
        return f"{status.title} asks: click Allow there."

    async def _show_item(self, name: str) -> str:
        if name not in self.items:
            where = "items stand in configs/avatar.yaml and configs/items.yaml"
            raise AvatarRefused(
                AvatarRefusal.NOT_FOUND, f"No item has the name '{_said(name)}': {where}."
            )
        showing = self._able(Capability.ITEMS, "Items")
        await self._first(showing, lambda avatar: avatar.show_item(name))
        return f"'{_said(name)}' is shown."

    async def _gesture(self, name: str) -> str:
        """The built-in ones with the head, wherever there is one that is moved here."""
        gesture = name.strip().lower()
        nodded = gesture in BUILT_IN and self._nod(gesture)
        able = [
            avatar
            for avatar in self._avatars
            if Capability.GESTURES in avatar.capabilities
            and not (gesture in BUILT_IN and Capability.FRAMES in avatar.capabilities)
        ]
        if able or not nodded:
            if not able:
                able = self._able(Capability.GESTURES, "Gestures")
            try:
                wanted = gesture if gesture in BUILT_IN else name.strip()
                await self._first(able, lambda avatar: avatar.gesture(wanted), all_of_them=True)
            except AvatarRefused:
                if not nodded:
                    raise
        return f"'{_said(name)}' is done."

    def _able(self, capability: Capability, what: str) -> list[Avatar]:
        able = [avatar for avatar in self._avatars if capability in avatar.capabilities]
        if able:
            return able
        waiting = [avatar.status() for avatar in self._avatars if avatar.id != "overlay"]
        reason = next((one for one in map(_why_not, waiting) if one), "no avatar has them")
        raise AvatarRefused(AvatarRefusal.NOT_READY, f"{what} cannot be shown: {reason}")

    def _one(self, avatar_id: AvatarId) -> Avatar:
        avatar = next((one for one in self._avatars if one.id == avatar_id), None)
        if avatar is None:
            step = _CONFIGURED.get(avatar_id, "see kitsu doctor")
            raise AvatarRefused(AvatarRefusal.NOT_CONFIGURED, f"This avatar is not used: {step}.")
        return avatar

    async def _first(
        self,
        avatars: Sequence[Avatar],
        ask: Callable[[Avatar], Awaitable[None]],
        all_of_them: bool = False,
    ) -> None:
        """Done when one of them did it; else the last one's refusal, whose program has more to
        say than the drawn character."""
        refusal: AvatarRefused | None = None
        done = False
        for avatar in sorted(avatars, key=lambda one: one.id != "overlay"):
            try:
                await ask(avatar)
                done = True
            except AvatarRefused as problem:
                refusal = problem
            if done and not all_of_them:
                return
        if refusal is not None and not done:
            raise refusal


def _said(name: str) -> str:
    """A name out of an order, as it may be shown to people."""
    return clean_chat(name, LONGEST_NAME) or "?"


def _mapped(order: MapMood) -> str:
    mood = order.mood.value
    if order.expression is None:
        return f"'{mood}' is shown as it is found by name, or as configs/avatar.yaml says."
    if not order.expression:
        return f"Nothing shows '{mood}' from now on: the face stays."
    return f"'{mood}' is shown by '{_said(order.expression)}' from now on."


def _why_not(status: AvatarStatus) -> str:
    """Why an avatar that is configured does nothing now; empty: it is there."""
    if status.link in (AvatarLink.READY, AvatarLink.UNSEEN, AvatarLink.NOT_CONFIGURED):
        return ""
    return status.detail or f"{status.title} is not connected."
