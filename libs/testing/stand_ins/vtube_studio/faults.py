"""Requests that are refused because a test says so."""

from collections import defaultdict, deque

from libs.testing.stand_ins.vtube_studio.wire import Refusal


class Faults:
    def __init__(self) -> None:
        self._next: defaultdict[str, deque[int]] = defaultdict(deque)
        self._always: dict[str, int] = {}

    def fail_next(self, kind: str, error_id: int, times: int = 1) -> None:
        """The next requests of this kind ("HotkeyTriggerRequest") get this error."""
        self._next[kind].extend([int(error_id)] * times)

    def fail(self, kind: str, error_id: int) -> None:
        """All of them, until `mend`."""
        self._always[kind] = int(error_id)

    def mend(self, kind: str) -> None:
        self._always.pop(kind, None)
        self._next.pop(kind, None)

    def check(self, kind: str) -> None:
        """Raises `Refusal`."""
        if self._next.get(kind):
            raise Refusal(self._next[kind].popleft(), "Refused by the script of the test.")
        if kind in self._always:
            raise Refusal(self._always[kind], "Refused by the script of the test.")
