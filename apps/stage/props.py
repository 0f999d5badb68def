"""What stands beside the character for a while: an item she shows, a poll."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from apps.stage.pages import Page, Pages
from libs.contracts.stage import ShowItem, ShowPoll
from libs.settings.items import Item, Shape

#: A result stays so long; also a poll whose orchestrator died goes after that.
RESULT_SECONDS = 8.0
#: Longer polls are not shown longer than this.
LONGEST_POLL_SECONDS = 3_600.0


class Props:
    """Promises: pages get absolute states, those that come late too; what has had its time goes;
    after `clear` nothing is there.
    """

    def __init__(
        self,
        pages: Pages,
        items: Callable[[], Mapping[str, Item]],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`items`: those that can be shown now."""
        self._pages = pages
        self._items = items
        self._now = now
        self._item: ShowItem | None = None
        self._shapes: tuple[Shape, ...] = ()
        self._item_until = 0.0
        self._poll: ShowPoll | None = None
        self._poll_ends = 0.0

    def show_item(self, event: ShowItem) -> bool:
        """False for a name that `configs/items.yaml` does not have: avatars may have it."""
        item = self._items().get(event.item)
        if item is None:
            return False
        self._item, self._shapes = event, item.shapes
        self._item_until = self._now() + item.hold_seconds
        self._pages.send_all("item", **self._item_message())
        return True

    def show_poll(self, event: ShowPoll, left_seconds: float) -> None:
        """`left_seconds`: until no vote counts any more; negative when it has ended."""
        left = min(left_seconds, LONGEST_POLL_SECONDS)
        there = bool(event.question) and left > -RESULT_SECONDS
        self._poll, self._poll_ends = (event if there else None), self._now() + left
        self._pages.send_all("poll", **self._poll_message())

    def take_item_away(self, turn_id: str | None = None) -> None:
        """Any item, or the one that was shown in this turn."""
        if self._item is not None and turn_id in (None, self._item.turn_id):
            self._item = None
            self._pages.send_all("item", **self._item_message())

    def clear(self) -> None:
        """At once, before anything that waits to be sent."""
        self._item = self._poll = None
        self._pages.send_all_first("item", **self._item_message())
        self._pages.send_all_first("poll", **self._poll_message())

    def refresh(self) -> None:
        if self._item is not None and self._now() >= self._item_until:
            self.take_item_away()
        if self._poll is not None and self._now() >= self._poll_ends + RESULT_SECONDS:
            self._poll = None
            self._pages.send_all("poll", **self._poll_message())

    def welcome(self, page: Page) -> None:
        if self._item is not None:
            page.send("item", **self._item_message())
        if self._poll is not None:
            page.send("poll", **self._poll_message())

    def _item_message(self) -> dict[str, Any]:
        if self._item is None:
            return {"name": "", "shapes": []}
        told = [shape.model_dump(exclude_none=True) for shape in self._shapes]
        return {"name": self._item.item, "shapes": told}

    def _poll_message(self) -> dict[str, Any]:
        if self._poll is None:
            return {"question": "", "options": [], "left_ms": 0}
        return {
            "question": self._poll.question,
            "options": [[option.text, option.votes] for option in self._poll.options],
            "left_ms": max(0, round((self._poll_ends - self._now()) * 1_000)),
        }
