"""The child process that holds espeak-ng: `python -m apps.tts_worker.engines.espeak_process
LIBRARY DATA_FOLDER`. Speaks `espeak_wire` on its standard input and output.

It ends when its standard input closes, so it never outlives its parent.
"""

import contextlib
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

from apps.tts_worker.engines.espeak_driver import DriverError, EspeakDriver
from apps.tts_worker.engines.espeak_wire import (
    END,
    ENDED,
    FAILURE,
    HEADER,
    NUMBER,
    PHONE_EVENT,
    READY,
    SPEAK,
    STOP,
    WORD_EVENT,
    EngineEvent,
    SoundMessage,
    json_message,
    message,
    read_header,
    read_json,
    sound_message,
)

#: About a quarter of a second: fewer messages, and still made in less than a millisecond.
MESSAGE_BYTES = 11_000


class Orders:
    """What the parent asked for: read by one thread, worked off by the main one."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._unwanted: set[int] = set()
        threading.Thread(target=self._read_for_ever, name="orders", daemon=True).start()

    def next(self) -> dict[str, Any]:
        """The next sentence. One that was stopped before its turn is still given."""
        return self._waiting.get()

    def wanted(self, request_id: int) -> bool:
        return request_id not in self._unwanted

    def done(self, request_id: int) -> None:
        self._unwanted.discard(request_id)

    def _read_for_ever(self) -> None:
        """A closed pipe or a broken message: the parent is gone or is not our parent."""
        with contextlib.suppress(OSError, ValueError):
            while header := self._read(HEADER.size):
                kind, length = read_header(header)
                body = self._read(length)
                if kind == STOP:
                    self._unwanted.add(NUMBER.unpack(body)[0])
                elif kind == SPEAK:
                    self._waiting.put(read_json(body))
        os._exit(0)

    def _read(self, length: int) -> bytes:
        """Exactly so many bytes, or none at the end of the stream."""
        read = b""
        while len(read) < length:
            part = self._source.read(length - len(read))
            if not part:
                return b""
            read += part
        return read


class Parcel:
    """Sound of one request on its way out: the first piece at once, then a few in one message."""

    def __init__(self, request_id: int, maximum_samples: int) -> None:
        self.whole = True
        self._request_id = request_id
        self._room_samples = maximum_samples
        self._pcm = b""
        self._events: tuple[EngineEvent, ...] = ()
        self._wanted_bytes = 0

    def add(self, pcm: bytes, events: tuple[EngineEvent, ...]) -> None:
        self._pcm += pcm
        self._events += tuple(e for e in events if e.kind in (WORD_EVENT, PHONE_EVENT))
        self._room_samples -= len(pcm) // 2

    @property
    def full(self) -> bool:
        return self._room_samples <= 0

    def due(self) -> bytes:
        """A message, when there is enough for one."""
        return self.rest() if len(self._pcm) > self._wanted_bytes else b""

    def rest(self) -> bytes:
        if not self._pcm and not self._events:
            return b""
        raw = sound_message(SoundMessage(self._request_id, self._events, self._pcm))
        self._pcm, self._events = b"", ()
        self._wanted_bytes = MESSAGE_BYTES
        return raw


class Speaker:
    """Says one sentence after the other and writes the sound as it is made."""

    def __init__(self, driver: EspeakDriver, orders: Orders, target: BinaryIO) -> None:
        self._driver = driver
        self._orders = orders
        self._target = target
        self._voice = ""

    def say(self, order: dict[str, Any]) -> None:
        request_id = int(order["id"])
        parcel = Parcel(request_id, int(order["maximum_samples"]))

        def sink(pcm: bytes, events: tuple[EngineEvent, ...]) -> bool:
            parcel.whole = not parcel.full
            if parcel.full or not self._orders.wanted(request_id):
                return False
            parcel.add(pcm, events)
            self.send(parcel.due())
            return True

        try:
            self._prepare(order)
            self._driver.speak(str(order["text"]), sink)
        except DriverError as error:
            failure = {"id": request_id, "code": "engine_failed", "message": str(error)}
            self.send(json_message(FAILURE, failure))
        else:
            self.send(parcel.rest() + message(END, ENDED.pack(request_id, parcel.whole)))
        self._orders.done(request_id)

    def send(self, raw: bytes) -> None:
        if raw:
            self._target.write(raw)
            self._target.flush()

    def _prepare(self, order: dict[str, Any]) -> None:
        voice = str(order["voice"])
        if voice != self._voice:
            self._driver.set_voice(voice)
            self._voice = voice
        self._driver.set_prosody(int(order["rate"]), int(order["pitch"]), int(order["pitch_range"]))


def main(library_path: str, data_path: str) -> int:
    _leave_signals_to_the_parent()
    target = _take_standard_output()
    try:
        driver = EspeakDriver(Path(library_path), Path(data_path))
    except DriverError as error:
        target.write(json_message(FAILURE, {"code": "engine_missing", "message": str(error)}))
        target.flush()
        return 1
    orders = Orders(os.fdopen(os.dup(0), "rb", buffering=0))
    speaker = Speaker(driver, orders, target)
    about = {
        "sample_rate_hz": driver.sample_rate_hz,
        "version": driver.version,
        "voices": list(driver.voices()),
    }
    speaker.send(json_message(READY, about))
    while True:
        try:
            speaker.say(orders.next())
        except OSError:  # the parent closed its end
            return 0


def _leave_signals_to_the_parent() -> None:
    """Ctrl+C reaches the whole group; the worker drains first, and closing its pipe ends us."""
    for name in ("SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _take_standard_output() -> BinaryIO:
    """The pipe to the parent, for us alone: what the library prints goes to standard error."""
    target = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return target


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
