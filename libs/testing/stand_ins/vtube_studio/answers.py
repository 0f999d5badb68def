"""When requests are worked on, and which answers never come.

Approximation: that the app works on requests once for each frame it draws is likely for a game, and
documented nowhere; so it is a choice here.
"""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable

Work = Callable[[], None]

#: Seconds within which shuffled requests change places.
SHUFFLE_SECONDS = 0.03


class Answers:
    """At once, unless told otherwise. All of it can be changed at any time, and combined.

    `frame_hz`: once for each frame; `late_seconds`: so much later, `late_by_kind` for one kind of
    request alone; `shuffled`: out of order.
    """

    def __init__(self) -> None:
        self.frame_hz: float | None = None
        self.late_seconds = 0.0
        self.late_by_kind: dict[str, float] = {}
        self.shuffled = False
        self._swallowed: Counter[str] = Counter()
        self._hanging = False
        self._held: deque[Work] = deque()
        self._frame: list[Work] = []
        self._dice = random.Random(7)

    @property
    def hanging(self) -> bool:
        return self._hanging

    def hang(self) -> None:
        """From now on nothing is worked on; connections stay open."""
        self._hanging = True

    def resume(self) -> None:
        """What has come meanwhile is worked on now, in order."""
        self._hanging = False
        held, self._held = self._held, deque()
        for work in held:
            work()

    def forget(self) -> None:
        """What waits is never worked on, as when the app ends."""
        self._held.clear()
        self._frame.clear()

    def swallow(self, count: int, kind: str = "") -> None:
        """So many answers (to one kind of request, or to any) are never sent."""
        self._swallowed[kind] += count

    def is_swallowed(self, kind: str) -> bool:
        """Counts it."""
        for of in (kind, ""):
            if self._swallowed[of] > 0:
                self._swallowed[of] -= 1
                return True
        return False

    def schedule(self, kind: str, work: Work) -> None:
        late = self.late_by_kind.get(kind, self.late_seconds)
        if self.shuffled:
            late += self._dice.random() * SHUFFLE_SECONDS
        if late > 0:
            asyncio.get_running_loop().call_later(late, self._due, work)
        else:
            self._due(work)

    def _due(self, work: Work) -> None:
        if self._hanging:
            self._held.append(work)
        elif self.frame_hz:
            self._at_next_frame(work, self.frame_hz)
        else:
            work()

    def _at_next_frame(self, work: Work, frame_hz: float) -> None:
        self._frame.append(work)
        if len(self._frame) == 1:
            loop = asyncio.get_running_loop()
            step = 1 / frame_hz
            loop.call_later(step - loop.time() % step, self._draw_frame)

    def _draw_frame(self) -> None:
        works, self._frame = self._frame, []
        for work in works:
            work()
