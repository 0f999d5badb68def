"""What the obs_controller needs of a connection to a studio program."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from libs.contracts.studio import StudioLink

#: Status codes of obs-websocket 5 ("RequestStatus") that are told apart here.
SUCCESS = 100
NOT_READY = 207
NOT_FOUND = 600


class StudioError(Exception):
    """Something about OBS went wrong."""


class CannotConnect(StudioError):
    """There is no usable OBS at the address; `link` says in which way, the message what to do."""

    def __init__(self, link: StudioLink, message: str) -> None:
        super().__init__(message)
        self.link = link


class ConnectionLost(StudioError):
    """The connection broke or OBS hangs: nothing is known about what was under way.

    `hanging`: OBS is still there but did not answer in time. `closing`: it said that it ends.
    """

    def __init__(self, message: str, hanging: bool = False, closing: bool = False) -> None:
        super().__init__(message)
        self.hanging = hanging
        self.closing = closing


@dataclass(frozen=True)
class Request:
    """One obs-websocket request: its `requestType` and `requestData`."""

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """OBS's answer to one request: a RequestStatus code, and OBS's own words in English."""

    kind: str
    ok: bool
    code: int
    comment: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


#: Is told each event: its `eventType` and `eventData`. Called in a thread of the connection.
Hear = Callable[[str, Mapping[str, Any]], None]


class Connection(Protocol):
    """One connection; never used again after an error. `open` and `send` block: call them from
    one thread. `close` may be called from any thread and wakes a blocked one."""

    def open(self, hear: Hear) -> None:
        """Raises `CannotConnect`."""
        ...

    def send(self, requests: Sequence[Request]) -> list[Result]:
        """All requests in order, whatever the earlier ones' results. Raises `ConnectionLost`."""
        ...

    @property
    def alive(self) -> bool:
        """False as soon as the events' side has noticed a loss."""
        ...

    def close(self) -> None: ...
