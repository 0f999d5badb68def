"""An event whose handling was finished is not handled again by the same worker."""

from collections import OrderedDict

from libs.bus.base import Delivery

#: Event ids remembered: ten seconds at 1,000 events/s; a redelivery is one or two seconds old.
REMEMBERED_EVENTS = 10_000


class Dedupe:
    def __init__(self, remembered: int = REMEMBERED_EVENTS) -> None:
        self._remembered = remembered
        self._done: OrderedDict[str, None] = OrderedDict()

    def refuse(self, delivery: Delivery) -> str | None:
        return "duplicate" if delivery.event.event_id in self._done else None

    def done(self, delivery: Delivery) -> None:
        self._done[delivery.event.event_id] = None
        if len(self._done) > self._remembered:
            self._done.popitem(last=False)
