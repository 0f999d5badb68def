"""How many lines may be sent, and which goes next. Pure; time comes in as a number."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from apps.twitch_ingest.engines.base import Capabilities
from libs.contracts.chat import SendChatMessage, SendPriority

#: Of what a platform takes, so much is used: others may write with the same account.
SHARE = 0.9
#: The same text again within this time is dropped by Twitch, except from moderators.
SAME_TEXT_SECONDS = 30.0
#: An answer to something that was said longer ago confuses more than it helps.
MAXIMUM_AGE_SECONDS = 20.0
#: More than this is never sent in time anyway.
MAXIMUM_WAITING = 100

_ORDER = {SendPriority.CONTROL: 0, SendPriority.ANSWER: 1, SendPriority.CHATTER: 2}


class SendingPace:
    """A bucket whose tokens come back a whole window after they were taken.

    Promises: in no stretch of `window_seconds`, wherever it begins, are there more lines than
    `per_window` allows (a bucket that fills up steadily would allow twice as many in one).
    """

    def __init__(self, window_seconds: float) -> None:
        self._window_seconds = window_seconds
        self._taken: deque[float] = deque()

    def wait_seconds(self, at: float, per_window: int) -> float:
        """How long until one more line may be sent; 0: now."""
        self._forget(at)
        if len(self._taken) < per_window:
            return 0.0
        return self._taken[len(self._taken) - per_window] + self._window_seconds - at

    def take(self, at: float) -> None:
        self._forget(at)
        self._taken.append(at)

    def _forget(self, at: float) -> None:
        while self._taken and self._taken[0] + self._window_seconds <= at:
            self._taken.popleft()


def per_window(capabilities: Capabilities, is_moderator: bool) -> int:
    """Lines that are sent within the platform's window: 18 or 90 on Twitch."""
    most = capabilities.lines_per_window
    if is_moderator:
        most = capabilities.lines_per_window_as_moderator
    return max(1, int(most * SHARE))


@dataclass(eq=False)
class Waiting:
    """A message that is to be sent: what is left of it, in pieces."""

    event: SendChatMessage
    pieces: deque[str]
    begun: bool = False
    in_hand: bool = False
    """Some of it was given to the platform: it is too late to drop it for others."""
    tried_again: bool = False
    text_key: str = field(init=False)

    def __post_init__(self) -> None:
        self.text_key = " ".join(" ".join(self.pieces).casefold().split())


class SendingQueue:
    """What waits to be sent, the more important first, then in the order in which it came.

    Promises: bounded, where the least important that waits longest is dropped (`full`); what is too
    old or was just sent is dropped with its reason, and nothing else.
    """

    def __init__(self, maximum: int = MAXIMUM_WAITING) -> None:
        self._waiting: list[Waiting] = []
        self._maximum = maximum
        self._sent_texts: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: Waiting) -> Waiting | None:
        """What had to be dropped for it."""
        self._waiting.append(message)
        if len(self._waiting) <= self._maximum:
            return None
        dropped = max((one for one in self._waiting if not one.in_hand), key=_rank)
        self._waiting.remove(dropped)
        return dropped

    def dropped(self, at: float, same_text_allowed: bool) -> Iterator[tuple[Waiting, str]]:
        """Takes out what is not to be sent any more, with the reason. `at`: the show's clock."""
        for message in list(self._waiting):
            reason = self._against(message, at, same_text_allowed)
            if reason:
                self._waiting.remove(message)
                yield message, reason

    def first(self) -> Waiting | None:
        """What goes next; it stays until it is `done`."""
        return min(self._waiting, key=_rank, default=None)

    def done(self, message: Waiting) -> bool:
        """False: it was taken out before, and told of."""
        there = message in self._waiting
        if there:
            self._waiting.remove(message)
        return there

    def sent(self, message: Waiting, at: float) -> None:
        """A piece of it was sent."""
        for text, sent_at in list(self._sent_texts.items()):
            if at - sent_at >= SAME_TEXT_SECONDS:
                del self._sent_texts[text]
        self._sent_texts[message.text_key] = at

    def clear(self) -> list[Waiting]:
        emptied, self._waiting = self._waiting, []
        return emptied

    def _against(self, message: Waiting, at: float, same_text_allowed: bool) -> str:
        if at - message.event.emitted_at > MAXIMUM_AGE_SECONDS:
            return "too_old"
        if message.begun or same_text_allowed:
            return ""
        sent_at = self._sent_texts.get(message.text_key)
        recent = sent_at is not None and at - sent_at < SAME_TEXT_SECONDS
        return "duplicate" if recent else ""


def _rank(message: Waiting) -> int:
    """`min` and `max` take the first of equals: the one that waits longest."""
    return _ORDER[message.event.priority]
