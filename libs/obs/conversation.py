"""A few words of obs-websocket, spoken to whatever answers.

The protocol: obs-websocket 5, `docs/generated/protocol.md`, "Connecting to obs-websocket" (Hello,
Identify, Identified), "Creating an authentication string" and "WebSocketCloseCode".
"""

import base64
import hashlib
import json
import time
from http.cookies import CookieError
from typing import Any

import websocket

from libs.obs.bounded_socket import BoundedSocket

#: How long to wait for the other side's goodbye.
GOODBYE_SECONDS = 0.3

WRONG_PASSWORD_CODE = 4009
OTHER_PROTOCOL_CODE = 4010

HELLO, IDENTIFY, IDENTIFIED, REQUEST, RESPONSE = 0, 1, 2, 6, 7


class Silence(Exception):
    """Nothing (more) was said in time."""


class NoSense(Exception):
    """What was said is no WebSocket, or not JSON, or no end of it."""


class HungUp(Exception):
    """The other side closed the connection."""

    def __init__(self, code: int = 0) -> None:
        super().__init__(f"closed ({code})")
        self.code = code


class Conversation:
    """One WebSocket over a connection that is already there. Every wait ends in time."""

    def __init__(self, connection: BoundedSocket, host: str, port: int) -> None:
        """Raises `Silence`, `NoSense` or `HungUp` when no WebSocket comes about."""
        self._connection = connection
        self._link = websocket.WebSocket(skip_utf8_validation=True)
        name = f"[{host}]" if ":" in host else host
        try:
            self._link.connect(  # type: ignore[no-untyped-call]
                f"ws://{name}:{port}", socket=connection, redirect_limit=0, suppress_origin=True
            )
        except websocket.WebSocketTimeoutException:
            raise NoSense if connection.received_bytes else Silence from None
        except websocket.WebSocketConnectionClosedException:
            raise NoSense if connection.received_bytes else HungUp from None
        except ConnectionError:
            raise HungUp from None
        except (websocket.WebSocketException, OSError, ValueError, CookieError):
            raise NoSense from None

    def say(self, document: dict[str, Any], ends_at: float) -> None:
        self._connection.end_at(ends_at)
        try:
            self._link.send(json.dumps(document))
        except websocket.WebSocketTimeoutException:
            raise Silence from None
        except (websocket.WebSocketException, OSError):
            raise HungUp from None

    def hear(self, ends_at: float) -> dict[str, Any]:
        """The next document. May be called again after `Silence`."""
        self._connection.end_at(ends_at)
        try:
            kind, data = self._link.recv_data()
        except websocket.WebSocketTimeoutException:
            raise Silence from None
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            raise HungUp from None
        except (websocket.WebSocketException, OSError, ValueError):
            raise NoSense from None
        if kind == websocket.ABNF.OPCODE_CLOSE:
            raise HungUp(int.from_bytes(data[:2], "big"))
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            raise NoSense from None
        if not isinstance(document, dict):
            raise NoSense
        return document

    def hear_op(self, op: int, ends_at: float) -> dict[str, Any]:
        """The body of the next message of that kind; others are passed over."""
        while True:
            document = self.hear(ends_at)
            body = document.get("d")
            if document.get("op") == op and isinstance(body, dict):
                return body

    def close(self) -> None:
        self._connection.end_at(time.monotonic() + GOODBYE_SECONDS)
        self._link.close(timeout=GOODBYE_SECONDS)
        self._connection.close()


def proof(password: str, salt: str, challenge: str) -> str:
    """What shows that we know the password, without saying it."""
    salted = (password + salt).encode(errors="replace")
    secret = base64.b64encode(hashlib.sha256(salted).digest())
    answer = hashlib.sha256(secret + challenge.encode(errors="replace")).digest()
    return base64.b64encode(answer).decode()
