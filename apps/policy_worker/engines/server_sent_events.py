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
        self._begun = b""
        self._data: list[str] = []
        self._after_return = False

    def feed(self, piece: bytes) -> list[str]:
        """The data of the events that this piece completed. Raises `EventTooLong`."""
        if self._after_return and piece.startswith(b"\n"):
            piece = piece[1:]
        self._after_return = piece.endswith(b"\r") if piece else self._after_return
        *lines, self._begun = (
            (self._begun + piece).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        )
        if len(self._begun) > MAXIMUM_LINE_BYTES:
            raise EventTooLong
        return [event for line in lines if (event := self._line(line)) is not None]

    def finish(self) -> list[str]:
        """The event that was not closed, if its last line is whole enough to have data."""
        rest = [self._line(self._begun), self._line(b"")]
        self._begun = b""
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
