"""OSC over UDP: sends and never waits.

Form: Open Sound Control 1.0 (opensoundcontrol.org), messages and bundles.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from apps.avatar_controller.engines.vmc.frame import Argument, Message

#: A datagram of this size crosses any network in one piece.
LONGEST_BYTES = 1_400
#: What a message costs in a bundle beside its own bytes, and the bundle itself.
_SIZE_BYTES, _BUNDLE_BYTES = 4, 16
#: Answers that are thrown away at a time; nobody should send any.
MAXIMUM_ANSWERS = 16
#: The system's word that nobody listens counts so long: it comes with every second datagram.
REFUSED_SECONDS = 0.6


class OscSender:
    """One UDP socket to one place.

    Promises: `send` returns at once and never raises; what could not be sent is counted.
    """

    def __init__(self, host: str, port: int, bundles: bool, now: Callable[[], float]) -> None:
        self._place = host, port
        self._bundles = bundles
        self._now = now
        self._socket: socket.socket | None = None
        self._refused_at = float("-inf")
        self.trouble = ""
        """Why nothing can be sent at all, in the system's words."""
        self.sent = 0
        self.refused = 0
        """Datagrams that the system says nobody took."""
        self.failed = 0

    @property
    def open(self) -> bool:
        return self._socket is not None

    @property
    def nobody_listens(self) -> bool:
        return self._now() - self._refused_at < REFUSED_SECONDS

    async def connect(self) -> bool:
        """Looks the name up; no datagram is sent. Says why not in `trouble`."""
        host, port = self._place
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
            family, kind, protocol, _, address = found[0]
            made = socket.socket(family, kind, protocol)
        except (OSError, UnicodeError) as error:
            self.trouble = getattr(error, "strerror", None) or str(error)
            return False
        made.setblocking(False)
        try:
            made.connect(address)
        except OSError as error:
            made.close()
            self.trouble = error.strerror or str(error)
            return False
        self.trouble = ""
        self._socket = made
        return True

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def send(self, messages: Sequence[Message]) -> None:
        if self._socket is None:
            return
        for datagram in self._datagrams([as_osc(*message) for message in messages]):
            self._send(self._socket, datagram)

    def listen(self) -> None:
        """Windows says on receiving that nobody listens, other systems on sending too."""
        if self._socket is None:
            return
        for _ in range(MAXIMUM_ANSWERS):
            try:
                self._socket.recv(LONGEST_BYTES)
            except ConnectionError:
                self._was_refused()
            except OSError:  # nothing there
                return

    def _send(self, to: socket.socket, datagram: bytes) -> None:
        try:
            to.send(datagram)
        except ConnectionError:
            self._was_refused()
        except OSError as error:  # no route, a full buffer, too large for the network
            self.failed += 1
            self.trouble = error.strerror or str(error)
        else:
            self.sent += 1
            self.trouble = ""

    def _was_refused(self) -> None:
        self.refused += 1
        self._refused_at = self._now()

    def _datagrams(self, messages: Sequence[OscMessage]) -> Iterator[bytes]:
        if not self._bundles:
            yield from (message.dgram for message in messages)
            return
        bundle, size = OscBundleBuilder(IMMEDIATELY), _BUNDLE_BYTES
        for message in messages:
            cost = message.size + _SIZE_BYTES
            if size > _BUNDLE_BYTES and size + cost > LONGEST_BYTES:
                yield bundle.build().dgram
                bundle, size = OscBundleBuilder(IMMEDIATELY), _BUNDLE_BYTES
            bundle.add_content(message)
            size += cost
        yield bundle.build().dgram


@lru_cache(maxsize=1_024)
def as_osc(address: str, arguments: tuple[Argument, ...]) -> OscMessage:
    """Names are sent in UTF-8; what would end a string before its end is left out."""
    message = OscMessageBuilder(address)
    for argument in arguments:
        if isinstance(argument, str):
            message.add_arg(sayable(argument), OscMessageBuilder.ARG_TYPE_STRING)
        elif isinstance(argument, int):
            message.add_arg(argument, OscMessageBuilder.ARG_TYPE_INT)
        else:
            message.add_arg(argument, OscMessageBuilder.ARG_TYPE_FLOAT)
    return message.build()


def sayable(name: str) -> str:
    return "".join(character for character in name if character.isprintable())
