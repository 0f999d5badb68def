"""Server-sent events as they come over the wire (WHATWG HTML, section 9.2)."""

#: A longer line is no event of a chat API.
MAXIMUM_LINE_BYTES = 1_000_000


class EventTooLong(ValueError):
    """What comes is not a stream of events, or one that nobody should read."""


class EventStream:
    """Takes bytes in pieces of any size and gives the data of whole events, in order.

    Comments (a provider's sign of life) and other fields are left out; all three line endings are
    read. An event at the very end needs no empty line behind it: some servers leave that out.
    """

    def __init__(self) -> None:
        self._begun: list[bytes] = []
        """The pieces of a line that has no end yet."""
        self._begun_bytes = 0
        self._data: list[str] = []
        self._after_return = False

    def feed(self, piece: bytes) -> list[str]:
        """The data of the events that this piece completed. Raises `EventTooLong`."""
        if self._after_return and piece.startswith(b"\n"):
            piece = piece[1:]
        self._after_return = piece.endswith(b"\r") if piece else self._after_return
        *ended, begun = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        events: list[str] = []
        for line in ended:
            event = self._line(b"".join([*self._begun, line]))
            self._begun, self._begun_bytes = [], 0
            if event is not None:
                events.append(event)
        self._begun.append(begun)
        self._begun_bytes += len(begun)
        if self._begun_bytes > MAXIMUM_LINE_BYTES:
            raise EventTooLong
        return events

    def finish(self) -> list[str]:
        """The event that was not closed, if its last line is whole enough to have data."""
        rest = [self._line(b"".join(self._begun)), self._line(b"")]
        self._begun, self._begun_bytes = [], 0
        return [event for event in rest if event is not None]

    def _line(self, line: bytes) -> str | None:
        if not line:
            event = "\n".join(self._data) if self._data else None
            self._data = []
            return event
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" ").decode("utf-8", "replace"))
        return None
