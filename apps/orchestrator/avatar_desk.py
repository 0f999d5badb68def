"""The desk for avatars: how they are, and orders to them with what became of them."""

import difflib
from collections.abc import Callable, Collection, Iterable

from apps.orchestrator import avatar_orders as orders
from apps.orchestrator.avatar_news import AvatarNews
from apps.orchestrator.avatar_orders import AnyAvatarOrder, event_of
from apps.orchestrator.order_desk import OrderDesk, OrderWords, Publish
from apps.orchestrator.panel.avatar_messages import AvatarsState, AvatarsStatus, AvatarState
from libs.bus.base import Delivery
from libs.contracts.avatar import (
    MAXIMUM_NAMES,
    AvatarId,
    AvatarLink,
    AvatarRefusal,
    AvatarStatus,
)
from libs.contracts.stage import StageCommandDone
from libs.settings.items import followed_items
from libs.telemetry import clock
from libs.worker.problems import Problem

#: What only the overlay shows is not shown when it comes later than this.
ITEM_SECONDS = 10.0
#: So many names are told to somebody whose own is not known.
TOLD_NAMES = 12

NOT_THERE = (
    "No avatar_controller is running in this show. `kitsu doctor` says why, and `kitsu restart "
    "avatar_controller` starts it again. The drawn character goes on without it."
)
NOT_TOLD = "The avatar_controller has not told yet how the avatars are; try again in a moment."
STILL_IN_PANIC = "Panic is engaged: every avatar is neutral and still until it is released."
STILL_OFF = "The module Avatar is off: only the drawn character moves. Switch it on under Modules."
NO_PAGE = "No overlay page is open: add it to OBS, or open it (panel: Copy overlay URL)."
#: Endings of files that need not be written.
FILE_ENDINGS = (".exp3.json", ".exp.json")

WORDS = OrderWords(
    unanswered="The avatar did not answer in time",
    look="It may or may not have been done. Look at the avatar before you try again.",
    failed="The avatar could not do it",
    failed_code="avatar_failed",
    refusals={
        AvatarRefusal.NOT_CONFIGURED: (503, "That avatar is not set up"),
        AvatarRefusal.NOT_READY: (503, "The avatar is not ready"),
        AvatarRefusal.OFF: (409, "The avatars are switched off"),
        AvatarRefusal.NOT_FOUND: (404, "The avatar does not have that"),
        AvatarRefusal.NOT_POSSIBLE: (422, "Not for this avatar"),
        AvatarRefusal.NOT_NOW: (429, "Not now"),
        AvatarRefusal.REFUSED: (502, "The avatar's program refused"),
        AvatarRefusal.PANIC: (409, "Panic is engaged"),
        AvatarRefusal.STALE: (409, "Too late"),
    },
)


class AvatarDesk:
    """Promises: what it says of avatars is what the avatar_controller said last, and nothing when
    there is none; an order is answered once, in bounded time, and then forgotten."""

    def __init__(
        self,
        show: str,
        publish: Publish,
        is_there: Callable[[], bool],
        items: Callable[[], Collection[str]] = tuple,
        in_panic: Callable[[], bool] = lambda: False,
        is_off: Callable[[], bool] = lambda: False,
        pages: Callable[[], int | None] = lambda: None,
    ) -> None:
        """`items`: names of `configs/avatar.yaml` as it is now; `is_off`: whether the module is
        switched off; `pages`: how many overlay pages are open, None: that is not known."""
        self._show = show
        self._publish = publish
        self._is_there = is_there
        self._orders = OrderDesk(show, publish, WORDS)
        self.news = AvatarNews()
        self._items_file = followed_items()
        self._avatar_items = items
        self._in_panic = in_panic
        self._is_off = is_off
        self._pages = pages

    def __len__(self) -> int:
        """Orders that wait for their answer."""
        return len(self._orders)

    @property
    def _drawn_items(self) -> tuple[str, ...]:
        return tuple(self._items_file.now)

    # How they are -----------------------------------------------------------------------------

    def status(self) -> AvatarsStatus:
        """How they are, and all they have."""
        news, drawn = self.news, self._drawn_items
        there = self._is_there()
        if not there or news.avatars is None:
            detail = NOT_TOLD if there else NOT_THERE
            names = news.names((), drawn)
            return AvatarsStatus(there=there, detail=detail, items=drawn, names=names)
        shown = {name: None for avatar in news.avatars for name in avatar.items}
        items = tuple(shown | dict.fromkeys(drawn))
        return AvatarsStatus(
            there=True,
            detail=self._held() or news.file_trouble,
            avatars=self._as_seen(news.avatars),
            mood=news.mood,
            bearing=news.bearing,
            items=items,
            names=news.names(news.avatars, items),
        )

    def _as_seen(self, avatars: tuple[AvatarStatus, ...]) -> tuple[AvatarStatus, ...]:
        """The avatar_controller does not know whether anybody shows the drawn character."""
        if self._pages() != 0:
            return avatars
        unseen = {"link": AvatarLink.WAITING, "detail": NO_PAGE}
        return tuple(a.model_copy(update=unseen) if a.id == "overlay" else a for a in avatars)

    def state(self) -> AvatarsState:
        """The same without what they have."""
        whole = self.status()
        avatars = [
            AvatarState(**{name: getattr(avatar, name) for name in AvatarState.model_fields})
            for avatar in whole.avatars
        ]
        return AvatarsState(
            there=whole.there,
            detail=whole.detail,
            avatars=tuple(avatars),
            mood=whole.mood,
            bearing=whole.bearing,
            names=whole.names,
        )

    def _held(self) -> str:
        """Why they are still."""
        return STILL_IN_PANIC if self._in_panic() else STILL_OFF if self._is_off() else ""

    @property
    def _avatars(self) -> tuple[AvatarStatus, ...]:
        return self.status().avatars

    # Orders -----------------------------------------------------------------------------------

    async def order(self, order: AnyAvatarOrder, by: str) -> StageCommandDone:
        """Raises `Problem` when it cannot be done, will not be, or nobody says."""
        if isinstance(order, orders.ItemOrder):
            return await self._show_item(order, by)
        self._refuse_unless_there()
        meant = self._meant(order)
        asked = next((one for one in self._avatars if one.id == meant), None)
        if isinstance(order, orders.SignInOrder) and asked and _is_signed_in(asked):
            said = f"{asked.title} lets Kitsu in already."
            return StageCommandDone(command="avatar.sign_in_avatar", message=said)
        return await self._orders.order(event_of(self._exact(order, meant), meant, by))

    def answered(self, delivery: Delivery) -> None:
        """Some order was answered, ours perhaps."""
        self._orders.answered(delivery)

    async def show_named(self, name: str, seconds: float, by: str, moods: Iterable[str]) -> str:
        """Shows an expression of whichever model has one of this name; gives its name there.

        `moods`: what else could have been meant. Raises `Problem` like `order`.
        """
        found = self.expression_named(name)
        if found is None:
            raise _unknown(name, [*moods, *(e for a in self._avatars for e in a.expressions)])
        avatar, expression = found
        order = orders.TryOrder(avatar=avatar, expression=expression, seconds=seconds)
        await self.order(order, by)
        return expression

    def expression_named(self, name: str) -> tuple[AvatarId, str] | None:
        """Which avatar has an expression of this name; capitals and file endings do not count."""
        found = _alike(name, self._avatars)
        if found is not None:
            return found
        full = [a.id for a in self._avatars if len(a.expressions) >= MAXIMUM_NAMES]
        return (full[0], name) if full else None  # it may have more than are told

    def _meant(self, order: AnyAvatarOrder) -> AvatarId:
        """The avatar an order goes to where it does not say: the first one it makes sense for."""
        named = getattr(order, "avatar", None)
        if named is not None:
            return named  # type: ignore[no-any-return]
        signs_in = isinstance(order, orders.SignInOrder)
        able = [a.id for a in self._avatars if (a.can_sign_in if signs_in else a.expressions)]
        return able[0] if able else "vtube_studio"

    def _exact(self, order: AnyAvatarOrder, meant: AvatarId) -> AnyAvatarOrder:
        """The same with an expression's whole name; one that is not known is the avatar's to
        refuse."""
        if not isinstance(order, orders.TryOrder | orders.MapMoodOrder) or not order.expression:
            return order
        found = _alike(order.expression, (a for a in self._avatars if a.id == meant))
        return order if found is None else order.model_copy(update={"expression": found[1]})

    async def _show_item(self, order: orders.ItemOrder, by: str) -> StageCommandDone:
        """The stage draws its own and never answers; the avatar_controller answers for its own."""
        name, items = order.item, self._avatar_items()
        drawn, elsewhere = name in self._drawn_items, name in items
        if not drawn and not elsewhere:
            trouble = self.news.file_trouble if self._is_there() else ""
            raise _unknown(name, [*self._drawn_items, *items], trouble)
        if self._in_panic():  # the stage would show nothing, and say nothing of it
            raise Problem(409, "Panic is engaged", "Release it first.", "panic")
        event = event_of(order, "vtube_studio", by)
        if not elsewhere or (drawn and not self._is_there()):
            expires_at = clock.now() + ITEM_SECONDS
            update = {"show": self._show, "expires_at": expires_at}
            await self._publish(event.model_copy(update=update))
            return StageCommandDone(command=event.type, message=self._drawn(name, ""))
        self._refuse_unless_there()
        try:
            return await self._orders.order(event)
        except Problem as problem:
            if not drawn:
                raise
            also = f"{self._drawn(name, ' only')} {problem.detail}"
            return StageCommandDone(command=event.type, message=also)

    def _drawn(self, name: str, only: str) -> str:
        if self._pages() == 0:
            return f"'{name}' is not seen. {NO_PAGE}"
        return f"'{name}' is shown in the overlay{only}."

    def _refuse_unless_there(self) -> None:
        if not self._is_there():
            raise Problem(503, "No avatar_controller", NOT_THERE, AvatarRefusal.NOT_READY)


def _is_signed_in(avatar: AvatarStatus) -> bool:
    return avatar.can_sign_in and avatar.link is AvatarLink.READY


def _alike(name: str, avatars: Iterable[AvatarStatus]) -> tuple[AvatarId, str] | None:
    """The expression of exactly this name, or else one that differs in capitals or ending."""
    told = [(avatar.id, one) for avatar in avatars for one in avatar.expressions]
    exact = [one for one in told if one[1] == name]
    return next(iter(exact or [one for one in told if _bare(one[1]) == _bare(name)]), None)


def _bare(name: str) -> str:
    folded = name.strip().casefold()
    for ending in FILE_ENDINGS:
        folded = folded.removesuffix(ending)
    return folded


def _unknown(name: str, known: Iterable[str], trouble: str = "") -> Problem:
    """404 with the name that is nearest, or the first few there are. `trouble`: why it may be
    missing."""
    names = list(dict.fromkeys(known))
    near = difflib.get_close_matches(_bare(name), [_bare(one) for one in names], n=1)
    if near:
        step = f"Did you mean '{next(one for one in names if _bare(one) == near[0])}'?"
    else:
        more = f" and {len(names) - TOLD_NAMES} more" if len(names) > TOLD_NAMES else ""
        told = ", ".join(names[:TOLD_NAMES])
        step = f"There are: {told}{more}." if names else "There are none now."
    detail = " ".join(part for part in (step, trouble) if part)
    return Problem(404, f"No '{name[:60]}'", detail[:500], AvatarRefusal.NOT_FOUND)
