"""Pictures that came with a line, until its turn is sent."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from libs.contracts.conversation import TurnCommitted
from libs.contracts.envelope import Event

#: Largest picture that is taken with a line. Committed turns stay on the bus for a while, and their
#: pictures with them.
PICTURE_BYTES = 1_000_000
#: Of more pictures than these the oldest is dropped: its words are answered without it.
KEPT_PICTURES = 8


@dataclass(frozen=True)
class _Picture:
    viewer_id: str
    data: bytes


class PictureShelf:
    """In memory only: a kill loses a picture that waits, and the model is told that it cannot see
    one."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Picture] = OrderedDict()

    def keep(self, input_id: str, viewer_id: str, data: bytes) -> None:
        self._kept[input_id] = _Picture(viewer_id, data)
        if len(self._kept) > KEPT_PICTURES:
            self._kept.popitem(last=False)

    def going_with(self, event: Event) -> bytes:
        """The raw data of an event that is to be published: a committed turn's picture."""
        if not isinstance(event, TurnCommitted) or not event.input.picture:
            return b""
        kept = self._kept.get(event.cause_id or "")
        return kept.data if kept is not None else b""

    def forget(self, viewer_id: str) -> None:
        theirs = [one for one, picture in self._kept.items() if picture.viewer_id == viewer_id]
        self.drop(theirs)

    def drop(self, input_ids: Iterable[str]) -> None:
        for input_id in input_ids:
            self._kept.pop(input_id, None)
