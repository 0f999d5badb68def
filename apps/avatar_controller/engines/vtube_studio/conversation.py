"""One open connection to VTube Studio: every request gets its own answer."""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from apps.avatar_controller.engines.vtube_studio.errors import (
    API_DEACTIVATED,
    ENDED,
    RIGHTS_LOST,
    VtsAway,
    VtsRefused,
    VtsRightsLost,
    VtsSilent,
)
from libs.vtube_studio.meeting import Answer, not_met
from libs.vtube_studio.wire import ERROR, Message, envelope, read_message

#: Told of every message that is no answer to `ask`: events, answers to frames, strays.
Hear = Callable[[Message], None]


class Conversation:
    """`read` must run. What is no message, answers nothing or answers twice is counted in `odd`
    and changes nothing. `hide` takes secrets out of what VTube Studio says."""

    def __init__(
        self, socket: ClientConnection, hear: Hear, hide: Callable[[str], str] = str
    ) -> None:
        self._socket = socket
        self._hear = hear
        self._hide = hide
        self._asked: dict[str, asyncio.Future[Message]] = {}
        self.signed_in = False
        """From then on an error that says otherwise ends the connection."""
        self.answered_at = time.monotonic()
        """When the last answer came; events are none."""
        self.odd = 0

    async def ask(
        self, kind: str, data: Mapping[str, Any] | None = None, timeout_seconds: float = 3.0
    ) -> dict[str, Any]:
        """The answer's data. Raises `VtsRefused`, `VtsSilent` and `VtsAway`."""
        request_id = uuid.uuid4().hex
        text = envelope(kind, data, request_id)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._asked[request_id] = answer
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._socket.send(text)
                message = await answer
        except TimeoutError:
            raise VtsSilent(f"VTube Studio did not answer in time ({kind}).") from None
        except ConnectionClosed:
            raise VtsAway(ENDED) from None
        finally:
            del self._asked[request_id]
            answer.cancel()
        if message.is_error:
            raise VtsRefused(message.error_id, self._hide(message.error_message))
        return message.data

    async def read(self) -> None:
        """Until the connection ends, which is always an error: `VtsAway`."""
        try:
            async for raw in self._socket:
                message = read_message(raw)
                if message is None:
                    self.odd += 1
                else:
                    self._take(message)
        except ConnectionClosed:
            pass
        raise VtsAway(ENDED)

    def end(self) -> None:
        """Nobody waits any longer for an answer."""
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(VtsAway(ENDED))
                answer.exception()  # whoever asked may be gone: not an error of its own

    def _take(self, message: Message) -> None:
        answer = self._asked.get(message.request_id)
        if not message.is_event:
            self.answered_at = time.monotonic()
        if message.is_event or answer is None:
            self._hear(message)
        elif answer.done():
            self.odd += 1
        else:
            answer.set_result(message)
        if self.signed_in and message.kind == ERROR:
            _check_rights(message.error_id)


def _check_rights(error_id: int) -> None:
    """Raises `VtsAway` for an error that every later request would get too."""
    if error_id in RIGHTS_LOST:
        raise VtsRightsLost
    if error_id == API_DEACTIVATED:
        raise VtsAway(str(not_met(Answer.API_OFF, "")))
