"""Which messages came already."""

#: Twitch delivers "at least once", and the second time may come minutes later. At a thousand lines
#: a second this is still longer than any command counts.
MAXIMUM_IDS = 20_000


class SeenIds:
    """Promises: bounded; the newest `maximum` ids are known. An empty id was never seen."""

    def __init__(self, maximum: int = MAXIMUM_IDS) -> None:
        self._ids: dict[str, None] = {}
        self._maximum = maximum

    def __len__(self) -> int:
        return len(self._ids)

    def is_new(self, message_id: str) -> bool:
        """True the first time, and remembers it."""
        if not message_id:
            return True
        if message_id in self._ids:
            return False
        self._ids[message_id] = None
        if len(self._ids) > self._maximum:
            del self._ids[next(iter(self._ids))]
        return True
