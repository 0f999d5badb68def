"""Meeting who answers where VTube Studio should be."""

import asyncio
import logging
import re
from enum import StrEnum
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, WebSocketException

from libs.vtube_studio.wire import LONGEST_MESSAGE_BYTES, Message, envelope, read_message

DEFAULT_PORT = 8001
API_IS_OFF = 1

#: An answer to the first question that is lost costs so much.
ASK_AGAIN_SECONDS = 1.0
CLOSE_SECONDS = 0.3
PING_SECONDS = 20.0
#: Written and not yet taken by the system; whoever sends more waits.
MOST_WAITING_BYTES = 16 * 1024

SWITCH_ON = 'switch on "Start API (allow plugins)" in its settings'

#: websockets tells all that is sent, the token too, to a logger that wants to hear it.
_quiet = logging.getLogger("kitsu.vtube_studio.socket")
_quiet.setLevel(logging.WARNING)


class _Straight(connect):
    """A connection to the address itself: a web server there sends nobody elsewhere."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class Answer(StrEnum):
    NOTHING = "nothing"
    """Nobody is there."""
    API_OFF = "api_off"
    OTHER_PORT = "other_port"
    """VTube Studio runs, but elsewhere."""
    SILENT = "silent"
    """The connection is taken, but nobody speaks."""
    WRONG_PROGRAM = "wrong_program"
    VTUBE_STUDIO = "vtube_studio"


class NotMet(Exception):
    """Nobody to talk to. `found` and `step` are for people."""

    def __init__(self, answer: Answer, found: str, step: str) -> None:
        super().__init__(f"{found}: {step}.")
        self.answer = answer
        self.found = found
        self.step = step


def host_and_port(url: str) -> tuple[str, int]:
    """Of an address like `ws://127.0.0.1:8001`. Raises `ValueError` for anything else."""
    parts = urlsplit(url.strip())
    if parts.scheme != "ws" or not parts.hostname:
        raise ValueError("must look like ws://127.0.0.1:8001")
    return parts.hostname, parts.port or DEFAULT_PORT


def where(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def not_met(answer: Answer, place: str) -> NotMet:
    """What there is to say of each; not of `VTUBE_STUDIO`."""
    found, step = {
        Answer.NOTHING: (
            f"VTube Studio does not answer at {place}",
            f"start it, and {SWITCH_ON}",
        ),
        Answer.API_OFF: ("VTube Studio runs, but its plugin API is off", SWITCH_ON),
        Answer.OTHER_PORT: (
            f"VTube Studio runs, but its plugin API is at {place}",
            f"set VTS_URL=ws://{place}",
        ),
        Answer.SILENT: (
            f"Who answers at {place} says nothing",
            "restart VTube Studio if it hangs, or set VTS_URL to its port "
            "if that is another program",
        ),
        Answer.WRONG_PROGRAM: (
            f"What answers at {place} is not VTube Studio",
            "set VTS_URL to the port in the plugin settings of VTube Studio",
        ),
    }[answer]
    return NotMet(answer, found, step)


async def meet(url: str, timeout_seconds: float) -> tuple[ClientConnection, str]:
    """A connection to a VTube Studio whose plugin API is on, and its version (may be empty).

    Raises `NotMet` within about `timeout_seconds`, and `ValueError` for an address that is none.
    """
    host, port = host_and_port(url)
    place = where(host, port)
    ends_at = asyncio.get_running_loop().time() + timeout_seconds
    try:
        async with asyncio.timeout_at(ends_at):
            socket = await _Straight(
                f"ws://{place}",
                compression=None,
                proxy=None,
                open_timeout=None,
                close_timeout=CLOSE_SECONDS,
                ping_interval=PING_SECONDS,
                max_size=LONGEST_MESSAGE_BYTES,
                write_limit=MOST_WAITING_BYTES,
                logger=_quiet,
            )
    except WebSocketException as error:
        hung_up = isinstance(error.__cause__, (EOFError, OSError))
        raise not_met(Answer.NOTHING if hung_up else Answer.WRONG_PROGRAM, place) from None
    except TimeoutError:
        raise not_met(Answer.SILENT, place) from None
    except (OSError, EOFError, UnicodeError):
        raise not_met(Answer.NOTHING, place) from None
    try:
        return socket, await _greet(socket, place, ends_at)
    except BaseException:
        await socket.close()
        raise


async def _greet(socket: ClientConnection, place: str, ends_at: float) -> str:
    """The version of VTube Studio. Whoever says anything else first is not VTube Studio."""
    try:
        async with asyncio.timeout_at(ends_at):
            answer = await _first_answer(socket)
    except TimeoutError:
        raise not_met(Answer.SILENT, place) from None
    except ConnectionClosedOK:
        raise not_met(Answer.WRONG_PROGRAM, place) from None
    except ConnectionClosed as error:
        cut = error.sent is None and error.rcvd is None
        raise not_met(Answer.NOTHING if cut else Answer.WRONG_PROGRAM, place) from None
    if answer is None:
        raise not_met(Answer.WRONG_PROGRAM, place)
    if answer.is_error:
        off = answer.error_id == API_IS_OFF
        raise not_met(Answer.API_OFF if off else Answer.WRONG_PROGRAM, place)
    if answer.kind != "APIStateResponse":
        raise not_met(Answer.WRONG_PROGRAM, place)
    if answer.data.get("active") is False:
        raise not_met(Answer.API_OFF, place)
    return _version(answer.data.get("vTubeStudioVersion"))


async def _first_answer(socket: ClientConnection) -> Message | None:
    while True:
        await socket.send(envelope("APIStateRequest", None, "hello"))
        try:
            async with asyncio.timeout(ASK_AGAIN_SECONDS):
                return read_message(await socket.recv())
        except TimeoutError:
            continue


def _version(said: object) -> str:
    """A version as others say it, if that is what it is."""
    return said if isinstance(said, str) and re.fullmatch(r"[\w.+-]{1,32}", said) else ""
