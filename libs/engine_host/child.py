"""The host's side: works off orders one after the other, and ends with its parent.

Only the standard library is used, of Python 3.10 too.
"""

import contextlib
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

from libs.engine_host.wire import (
    BEGUN,
    CANCEL,
    DONE,
    DROPPED,
    FAILED,
    TOLD,
    Message,
    WireError,
    encoded,
    read_head,
)

#: Of an error's own words so much goes to the parent.
LONGEST_COMPLAINT = 400


class HostError(Exception):
    """What an engine cannot do: a code for programs, a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Order:
    """One order as an engine sees it."""

    def __init__(self, message: Message, pipe: "ParentPipe") -> None:
        self.type = message.type
        self.data = message.data
        self.payload = message.payload
        self._id = message.id
        self._pipe = pipe

    @property
    def wanted(self) -> bool:
        """False once the parent has lost interest; ask it between the parts of long work."""
        return self._pipe.wanted(self._id)

    def tell(self, **data: Any) -> None:
        """Something to know meanwhile. The parent keeps the last of it, also when this process
        ends without a word: what is dangerous is told before it is tried."""
        self._pipe.send(Message(TOLD, {**data, "id": self._id}))


Worker = Callable[[Order], "dict[str, Any]"]


class ParentPipe:
    """Standard input and output, for the two of us alone: one thread reads orders."""

    def __init__(self) -> None:
        self._source: BinaryIO = os.fdopen(os.dup(0), "rb")
        self._target: BinaryIO = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)  # what a library prints goes to standard error
        self._waiting: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._unwanted: set[int] = set()
        self._writing = threading.Lock()

    def listen(self) -> None:
        threading.Thread(target=self._read_for_ever, name="orders", daemon=True).start()

    def next(self) -> Message:
        return self._waiting.get()

    def wanted(self, order_id: int) -> bool:
        return order_id not in self._unwanted

    def done(self, order_id: int) -> None:
        self._unwanted.discard(order_id)

    def send(self, message: Message) -> None:
        """Raises `OSError` when the parent is gone."""
        with self._writing:
            self._target.write(encoded(message))
            self._target.flush()

    def _read_for_ever(self) -> None:
        """A closed pipe or a broken message: the parent is gone, or is not our parent."""
        with contextlib.suppress(OSError, WireError):
            while line := self._source.readline():
                message, length = read_head(line)
                payload = self._source.read(length) if length else b""
                if len(payload) < length:
                    break
                if message.type == CANCEL:
                    self._unwanted.add(message.id)
                else:
                    self._waiting.put(Message(message.type, message.data, payload))
        os._exit(0)


def serve(work: Worker) -> int:
    """Works off orders until the parent is gone. `work` answers one, or raises `HostError`; any
    other error is told too, and the next order is taken."""
    _leave_signals_to_the_parent()
    pipe = ParentPipe()
    pipe.listen()
    while True:
        message = pipe.next()
        try:
            pipe.send(_answer(work, message, pipe))
        except OSError:  # the parent closed its end
            return 0
        pipe.done(message.id)


def _answer(work: Worker, message: Message, pipe: ParentPipe) -> Message:
    number = {"id": message.id}
    if not pipe.wanted(message.id):
        return Message(DROPPED, number)
    pipe.send(Message(BEGUN, number))
    try:
        return Message(DONE, {**work(Order(message, pipe)), **number})
    except HostError as error:
        return Message(FAILED, {**number, "code": error.code, "message": str(error)})
    except Exception as error:  # noqa: BLE001 - an engine is supervised here
        traceback.print_exc(file=sys.stderr)
        told = f"{type(error).__name__}: {error}"[:LONGEST_COMPLAINT]
        return Message(FAILED, {**number, "code": "failed", "message": told})


def _leave_signals_to_the_parent() -> None:
    """Ctrl+C reaches the whole group; the worker drains first, and closing its pipe ends us."""
    for name in ("SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
