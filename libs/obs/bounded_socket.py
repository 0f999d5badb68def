"""A TCP connection to a program that is not trusted to be what it should be."""

import queue
import socket
import threading
import time
from typing import Any

#: Most bytes that are read from one connection: many times what obs-websocket says to a probe.
LONGEST_TALK_BYTES = 256 * 1024

Addresses = list[tuple[Any, ...]]


class TooMuchSaid(ValueError):
    """The other side sends more than anybody has to say here."""


class BoundedSocket(socket.socket):
    """Reads and writes until a moment that the owner sets, however slowly bytes trickle in, and
    never more than `LONGEST_TALK_BYTES`."""

    _ends_at = 0.0
    received_bytes = 0

    def end_at(self, moment: float) -> None:
        """From this moment of `time.monotonic()` on, all calls raise `TimeoutError`."""
        self._ends_at = moment

    def connect(self, address: Any, /) -> None:
        self._begin()
        super().connect(address)

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        self._begin()
        data = super().recv(bufsize, flags)
        self.received_bytes += len(data)
        if self.received_bytes > LONGEST_TALK_BYTES:
            raise TooMuchSaid(f"more than {LONGEST_TALK_BYTES} bytes")
        return data

    def send(self, data: Any, flags: int = 0, /) -> int:
        self._begin()
        return super().send(data, flags)

    def _begin(self) -> None:
        left_seconds = self._ends_at - time.monotonic()
        if left_seconds <= 0:
            raise TimeoutError("timed out")
        self.settimeout(left_seconds)


def connect(host: str, port: int, ends_at: float) -> BoundedSocket:
    """Tries the host's addresses in turn. Raises `OSError`, the last address's own if it can."""
    failure: OSError = TimeoutError("timed out")
    for family, kind, protocol, _, address in _look_up(host, port, ends_at):
        connection = BoundedSocket(family, kind, protocol)
        connection.end_at(ends_at)
        try:
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


def _look_up(host: str, port: int, ends_at: float) -> Addresses:
    """In a thread of its own: nothing else can put a bound on the system's look-up of names."""
    answer: queue.SimpleQueue[Addresses | OSError] = queue.SimpleQueue()

    def look() -> None:
        try:
            answer.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except OSError as error:
            answer.put(error)
        except (ValueError, OverflowError) as error:  # no host name, or no port, of this world
            answer.put(OSError(str(error)))

    threading.Thread(target=look, name=f"look up {host!r:.40}", daemon=True).start()
    try:
        found = answer.get(timeout=max(0.0, ends_at - time.monotonic()))
    except queue.Empty:
        raise TimeoutError("the look-up of the name timed out") from None
    if isinstance(found, OSError):
        raise found
    return found
