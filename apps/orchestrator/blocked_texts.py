"""What the gate stopped lately, for the operator: in memory only, and not for long."""

from collections import OrderedDict, deque
from dataclasses import dataclass

from libs.contracts.safety import BlockedTextShown, GateAction, TextBlocked
from libs.telemetry import clock

#: So many are kept, the newest.
MAXIMUM_TEXTS = 50
KEPT_SECONDS = 900.0
#: Viewers of whom late words are not taken any more.
MAXIMUM_FORGOTTEN = 500

#: So many blocks within so many seconds are something to look after.
ALARMING_BLOCKS = 10
ALARMING_SECONDS = 600.0


@dataclass
class BlockedText:
    """One text that was changed or stopped. The codes and the words come on two ways, in any order;
    words that were lost stay empty."""

    blocked_id: str
    at: float
    codes: TextBlocked | None = None
    text: str = ""
    viewer_id: str = ""
    author: str = ""
    matched: str | None = None
    """The words that made the rule speak; None: nobody has looked yet."""


class BlockedTexts:
    """Promises: no text outlives `KEPT_SECONDS`, or the wish of its author to be forgotten."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, BlockedText] = OrderedDict()
        self._forgotten: OrderedDict[str, float] = OrderedDict()

    def told(self, event: TextBlocked) -> bool:
        """False when it is known already."""
        found = self._of(event.event_id, event.emitted_at)
        if found.codes is not None:
            return False
        found.codes = event
        return True

    def shown(self, event: BlockedTextShown) -> None:
        if event.emitted_at <= self._forgotten.get(event.viewer_id, 0.0):
            return
        found = self._of(event.blocked_id, event.emitted_at)
        found.text = event.text
        found.viewer_id, found.author = event.viewer_id, event.author

    def recent(self) -> list[BlockedText]:
        """Those of which the codes are known, newest first."""
        self.tidy()
        known = [text for text in self._texts.values() if text.codes is not None]
        return sorted(known, key=lambda text: -text.at)

    def find(self, blocked_id: str) -> BlockedText | None:
        self.tidy()
        return self._texts.get(blocked_id)

    def forget(self, viewer_id: str) -> None:
        """Their words go, and those that are still on the way are not taken."""
        self._forgotten[viewer_id] = clock.now()
        self._forgotten.move_to_end(viewer_id)
        if len(self._forgotten) > MAXIMUM_FORGOTTEN:
            self._forgotten.popitem(last=False)
        for text in [one for one in self._texts.values() if one.viewer_id == viewer_id]:
            del self._texts[text.blocked_id]

    def tidy(self) -> None:
        """What is too old goes."""
        oldest = clock.now() - KEPT_SECONDS
        for text in [one for one in self._texts.values() if one.at < oldest]:
            del self._texts[text.blocked_id]

    def _of(self, blocked_id: str, at: float) -> BlockedText:
        if blocked_id not in self._texts:
            self._texts[blocked_id] = BlockedText(blocked_id, at)
            if len(self._texts) > MAXIMUM_TEXTS:
                self._texts.popitem(last=False)
        return self._texts[blocked_id]


class BlockAlarm:
    """Notices when much is blocked in a short time; once in that time."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=ALARMING_BLOCKS)
        self._rung_at = float("-inf")

    def rings(self, event: TextBlocked) -> bool:
        """Whether this is the block at which somebody should look."""
        if event.action is not GateAction.BLOCK:
            return False
        at = event.emitted_at
        self._times.append(at)
        many = len(self._times) == ALARMING_BLOCKS and at - self._times[0] <= ALARMING_SECONDS
        if not many or at - self._rung_at <= ALARMING_SECONDS:
            return False
        self._rung_at = at
        return True
