"""Who answers where VTube Studio should be, for whoever only wants to know."""

import asyncio
import ipaddress
from dataclasses import dataclass

from libs.vtube_studio.discovery import BROADCAST_PORT, SPAN_SECONDS, Broadcast, listen
from libs.vtube_studio.meeting import Answer, NotMet, host_and_port, meet, not_met, where


@dataclass(frozen=True)
class Probe:
    """What was found, and the step that mends it (empty where all is well); for people."""

    answer: Answer
    found: str
    step: str = ""
    version: str = ""

    @property
    def message(self) -> str:
        """Both in one sentence."""
        return f"{self.found}: {self.step}." if self.step else f"{self.found}."


def probe(
    url: str,
    timeout_seconds: float = 2.0,
    listen_seconds: float = SPAN_SECONDS,
    broadcast_port: int = BROADCAST_PORT,
) -> Probe:
    """Asks VTube Studio whether it is there, without signing in: nobody sees a question for it.

    Blocks for `timeout_seconds`, and where nobody (or another program) answers for
    `listen_seconds` more, to hear whether VTube Studio runs elsewhere on that machine. Raises
    `ValueError` for an address that is none. Not for use in an event loop.
    """
    return asyncio.run(_probe(url, timeout_seconds, listen_seconds, broadcast_port))


async def _probe(
    url: str, timeout_seconds: float, listen_seconds: float, broadcast_port: int
) -> Probe:
    host, port = host_and_port(url)
    try:
        socket, version = await meet(url, timeout_seconds)
    except NotMet as problem:
        met = problem
    else:
        await socket.close()
        found = f"VTube Studio {version}".strip() + f" answers at {where(host, port)}"
        return Probe(Answer.VTUBE_STUDIO, found, version=version)
    if met.answer in (Answer.NOTHING, Answer.WRONG_PROGRAM) and listen_seconds:
        for heard in await listen(listen_seconds, broadcast_port):
            met = what_it_tells(heard, host, port) or met
    return Probe(met.answer, met.found, met.step)


def what_it_tells(heard: Broadcast, host: str, port: int) -> NotMet | None:
    """What a broadcast says of why nobody answers at that address; None: nothing."""
    if not concerns(heard, host):
        return None
    if not heard.active:
        return not_met(Answer.API_OFF, where(host, port))
    if heard.port != port:
        return not_met(Answer.OTHER_PORT, where(host, heard.port))
    return None


def concerns(heard: Broadcast, host: str) -> bool:
    """Whether that VTube Studio runs where the address points."""
    if heard.host == host:
        return True
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
    return loopback and heard.here
