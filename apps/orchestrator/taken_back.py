"""What was taken back a moment ago, for lines that come after their own deletion. Pure rules."""

from collections import OrderedDict

from apps.orchestrator.withdrawal import is_of
from libs.contracts.chat import ChatMessageReceived

#: A line that comes later than this after its deletion is not known any more.
REMEMBERED_SECONDS = 60.0
#: Deletions, bans and clearings that are remembered, of each.
MOST_REMEMBERED = 5_000


class TakenBack:
    """Promises: bounded. Times are seconds on the show's clock."""

    def __init__(self) -> None:
        self._messages: OrderedDict[str, float] = OrderedDict()
        self._viewers: OrderedDict[str, float] = OrderedDict()
        self._platforms: OrderedDict[str, float] = OrderedDict()

    def deleted(self, platform: str, message_id: str, at: float) -> None:
        _remember(self._messages, f"{platform} {message_id}", at)

    def banned(self, viewer_id: str, at: float) -> None:
        """Or asked to be forgotten."""
        _remember(self._viewers, viewer_id, at)

    def cleared(self, platform: str, at: float) -> None:
        _remember(self._platforms, platform, at)

    def covers(self, event: ChatMessageReceived, now: float) -> bool:
        """Whether this line was taken back before it came. What somebody writes after a timeout, or
        after the chat was cleared, was not."""
        if not (self._messages or self._viewers or self._platforms):
            return False
        if _lately(self._messages.get(f"{event.platform} {event.message_id}"), now):
            return True
        written = event.written_at if event.written_at is not None else event.emitted_at
        viewer_id = event.author.viewer_id
        banned = self._viewers.get(viewer_id)
        cleared = self._platforms.get(event.platform) if is_of(event.platform, viewer_id) else None
        return any(
            at is not None and _lately(at, now) and written <= at for at in (banned, cleared)
        )


def _remember(known: OrderedDict[str, float], key: str, at: float) -> None:
    known[key] = at
    known.move_to_end(key)
    if len(known) > MOST_REMEMBERED:
        known.popitem(last=False)


def _lately(at: float | None, now: float) -> bool:
    return at is not None and now - at <= REMEMBERED_SECONDS
