"""VTube Studio's broadcast: which port its plugin API has, and whether it is on.

Form: github.com/DenchiSoft/VTubeStudio, README ("API Server Discovery (UDP)"): every two seconds,
also while the API is off. Nothing is ever answered.
"""

import asyncio
import socket
import sys
from dataclasses import dataclass

from libs.vtube_studio.wire import read_message

BROADCAST_PORT = 47779
#: One of its broadcasts comes in any span of this length.
SPAN_SECONDS = 2.2

_KIND = "VTubeStudioAPIStateBroadcast"
_MOST_INSTANCES = 32


@dataclass(frozen=True, slots=True)
class Broadcast:
    """One VTube Studio in this network."""

    instance: str
    host: str
    port: int
    active: bool
    """Whether its plugin API is on."""

    @property
    def here(self) -> bool:
        """Whether it runs on this machine: only an address of its own can be bound."""
        return _is_own_address(self.host)


async def listen(
    seconds: float = SPAN_SECONDS, port: int = BROADCAST_PORT, until_first: bool = False
) -> list[Broadcast]:
    """What every VTube Studio said last within that time; empty as well where another program
    keeps the port for itself."""
    try:
        ear = _bound(port)
    except OSError:
        return []
    heard: dict[str, Broadcast] = {}
    first = asyncio.Event()

    class Ear(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
            found = _read(data, address[0])
            if found and (found.instance in heard or len(heard) < _MOST_INSTANCES):
                heard[found.instance] = found
                first.set()

    try:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Ear, sock=ear)
    except OSError:
        ear.close()
        return []
    try:
        async with asyncio.timeout(seconds):
            await first.wait()
            if not until_first:
                await asyncio.Event().wait()
    except TimeoutError:
        pass
    finally:
        transport.close()
    return list(heard.values())


def _bound(port: int) -> socket.socket:
    """Beside other plugins that listen there. On all addresses: broadcasts reach no other."""
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        ear.setblocking(False)
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "darwin":
            ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        ear.bind(("", port))
    except BaseException:
        ear.close()
        raise
    return ear


def _read(data: bytes, host: str) -> Broadcast | None:
    message = read_message(data)
    if message is None or message.kind != _KIND:
        return None
    port, instance = message.data.get("port"), message.data.get("instanceID")
    if type(port) is not int or not 0 < port < 65536 or not isinstance(instance, str):
        return None
    return Broadcast(instance[:64], host, port, message.data.get("active") is True)


def _is_own_address(host: str) -> bool:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True
