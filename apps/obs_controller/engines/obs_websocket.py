"""OBS Studio over obs-websocket 5.

Connecting and identifying is obsws-python's; requests, batches and events are read here, because
its clients match answers by order only, know no batches, and leave a dead event thread unnoticed.
Protocol: obs-websocket, "obs-websocket 5.x.x Protocol" (docs/generated/protocol.md).
"""

import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from obsws_python.baseclient import ObsClient
from obsws_python.error import OBSSDKError
from obsws_python.subs import Subs
from websocket import WebSocketException, WebSocketTimeoutException

from apps.obs_controller.engines.base import CannotConnect, ConnectionLost, Hear, Request, Result
from libs.contracts.studio import StudioLink
from libs.obs.probe import Answer, probe

CONNECT_SECONDS = 2.0
REQUEST_SECONDS = 2.0

_REQUEST, _BATCH = 6, 8
_SERIAL_REALTIME = 0

#: Everything that goes wrong below a request. (JSON that is none is a ValueError.)
_BROKEN = (OSError, WebSocketException, ValueError, KeyError, TypeError)

_LINK_OF = {
    Answer.NOTHING: StudioLink.WAITING,
    Answer.SILENT: StudioLink.HANGING,
    Answer.NOT_OBS: StudioLink.WRONG_PROGRAM,
    Answer.TOO_OLD: StudioLink.WRONG_PROGRAM,
    Answer.WRONG_PASSWORD: StudioLink.WRONG_PASSWORD,
    Answer.NEEDS_PASSWORD: StudioLink.WRONG_PASSWORD,
    Answer.OBS: StudioLink.WAITING,
}

# It logs the password at INFO, and a traceback for every request that OBS refuses.
logging.getLogger("obsws_python").setLevel(logging.CRITICAL + 1)


class _TidyClient(ObsClient):  # type: ignore[misc]
    """Closes its socket when nobody says hello; the library leaves it open."""

    def __init__(self, **where: Any) -> None:
        try:
            super().__init__(**where)
        except BaseException:
            self.ws.shutdown()
            raise


class ObsWebSocketConnection:
    """Two sockets: requests on one, events on the other. (On one socket a scene switch takes five
    times as long: an event in between holds the answer back until it is acknowledged.)"""

    def __init__(self, host: str, port: int, password: str) -> None:
        self._host, self._port = host, port
        self._password = password
        self._requests: ObsClient | None = None
        self._events: ObsClient | None = None
        self._reader: threading.Thread | None = None
        self._closed = False

    def open(self, hear: Hear) -> None:
        try:
            self._requests = self._identified(0)
            self._events = self._identified(Subs.LOW_VOLUME.value)
        except (*_BROKEN, OBSSDKError):
            self.close()
            found = probe(self._host, self._port, self._password, CONNECT_SECONDS)
            raise CannotConnect(_LINK_OF[found.answer], found.message) from None
        self._requests.ws.settimeout(REQUEST_SECONDS)
        self._events.ws.settimeout(None)
        self._reader = threading.Thread(
            target=self._read_events, args=(self._events.ws, hear), name="obs events", daemon=True
        )
        self._reader.start()

    def _identified(self, subscriptions: int) -> ObsClient:
        host = f"[{self._host}]" if ":" in self._host else self._host
        client = _TidyClient(
            host=host,
            port=self._port,
            password=self._password,
            subs=subscriptions,
            timeout=CONNECT_SECONDS,
        )
        try:
            client.authenticate()
        except BaseException:
            client.ws.shutdown()
            raise
        return client

    def send(self, requests: Sequence[Request]) -> list[Result]:
        if self._requests is None or self._closed:
            raise ConnectionLost("The connection to OBS ended")
        try:
            if len(requests) == 1:
                answer = self._ask(_REQUEST, _body(requests[0]))
                return [_result(answer)]
            body = {
                "haltOnFailure": False,
                "executionType": _SERIAL_REALTIME,
                "requests": [_body(request) for request in requests],
            }
            return [_result(answer) for answer in self._ask(_BATCH, body)["results"]]
        except (TimeoutError, WebSocketTimeoutException):
            raise ConnectionLost("OBS does not answer", hanging=True) from None
        except _BROKEN as error:
            raise ConnectionLost(f"The connection to OBS broke ({type(error).__name__})") from None

    def _ask(self, operation: int, body: dict[str, Any]) -> dict[str, Any]:
        """The answer with our id; others (to requests that were given up) are passed over."""
        assert self._requests is not None
        own_id = uuid4().hex
        message = {"op": operation, "d": {**body, "requestId": own_id}}
        self._requests.ws.send(json.dumps(message))
        limit = time.monotonic() + REQUEST_SECONDS
        while time.monotonic() < limit:
            raw = self._requests.ws.recv()
            if not raw:
                raise OSError("closed by OBS")
            answer = json.loads(raw)
            found: dict[str, Any] = answer["d"]
            if answer["op"] == operation + 1 and found.get("requestId") == own_id:
                return found
        raise TimeoutError

    @property
    def alive(self) -> bool:
        return self._reader is not None and self._reader.is_alive() and not self._closed

    def close(self) -> None:
        """Abruptly: a polite goodbye waits for an OBS that may hang, and an open socket keeps a
        closing OBS from ending."""
        self._closed = True
        for client in (self._requests, self._events):
            if client is not None and client.ws.sock is not None:
                with contextlib.suppress(OSError):
                    client.ws.sock.shutdown(socket.SHUT_RDWR)
                with contextlib.suppress(OSError, WebSocketException):
                    client.ws.shutdown()

    def _read_events(self, source: Any, hear: Hear) -> None:
        """Ends with the connection; whatever is no event is passed over."""
        with contextlib.suppress(OSError, WebSocketException, AttributeError):
            while not self._closed:
                raw = source.recv()
                if not raw:
                    return
                try:
                    event = json.loads(raw)["d"]
                    hear(str(event["eventType"]), event.get("eventData") or {})
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                    continue


def _body(request: Request) -> dict[str, Any]:
    return {"requestType": request.kind, "requestData": dict(request.data)}


def _result(answer: Mapping[str, Any]) -> Result:
    status = answer["requestStatus"]
    return Result(
        kind=str(answer["requestType"]),
        ok=bool(status["result"]),
        code=int(status["code"]),
        comment=str(status.get("comment") or ""),
        data=answer.get("responseData") or {},
    )
