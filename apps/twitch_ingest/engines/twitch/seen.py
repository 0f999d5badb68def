"""Which messages were heard already."""

from collections import OrderedDict

#: Twitch delivers "at least once", and the second time may come minutes later.
REMEMBERED = 20_000


class SeenIds:
    """The newest ids, so many of them."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._ids: OrderedDict[str, None] = OrderedDict()

    def is_new(self, identity: str) -> bool:
        if identity in self._ids:
            return False
        self._ids[identity] = None
        if len(self._ids) > self._most:
            self._ids.popitem(last=False)
        return True
