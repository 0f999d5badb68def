"""Programs that answer where OBS should be: some of them on purpose badly."""

import base64
import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

Behaviour = Callable[[socket.socket], None]
Talk = Callable[[ServerConnection], None]

SALT, CHALLENGE = "salt+of=OBS", "challenge+of=OBS"


@contextlib.contextmanager
def tcp(behave: Behaviour) -> Iterator[int]:
    """A port that does this with every connection, each in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=_behave, args=(behave, connection), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)  # wakes the accept


def _behave(behave: Behaviour, connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError):
        connection.settimeout(10)
        behave(connection)


@contextlib.contextmanager
def web_socket(talk: Talk) -> Iterator[int]:
    """A WebSocket server that does this with everybody who comes."""

    def meet(connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            talk(connection)

    with serve(meet, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.socket.getsockname()[1]


def listening(connection: socket.socket) -> None:
    """Takes what is said and says nothing."""
    while connection.recv(4096):
        pass


def wait_for_goodbye(connection: ServerConnection) -> None:
    for _ in connection:
        pass


class ScriptedObs:
    """obs-websocket 5 as far as a probe goes; what differs from it is said at construction."""

    def __init__(self, password: str = "", stops_after: str = "", **hello: Any) -> None:
        self.password = password
        self.stops_after = stops_after
        self.hello = {"obsWebSocketVersion": "5.1.0", "rpcVersion": 1, **hello}
        if password and "authentication" not in hello:
            self.hello["authentication"] = {"challenge": CHALLENGE, "salt": SALT}
        self.heard: list[dict[str, Any]] = []
        self.close_codes: list[int | None] = []

    def __call__(self, connection: ServerConnection) -> None:
        self._send(connection, 0, self.hello)
        if self.stops_after != "hello":
            identify = self._hear(connection)
            if identify["d"]["rpcVersion"] != 1:
                connection.close(4010)
            if self.password and identify["d"].get("authentication") != self._expected():
                connection.close(4009, "Authentication failed.")
            self._send(connection, 2, {"negotiatedRpcVersion": 1})
        if self.stops_after == "":
            about = {"obsVersion": "29.0.2", "obsWebSocketVersion": "5.1.0"}
            request = self._hear(connection)["d"]
            self._send(connection, 5, {"eventType": "Vendor"})
            self._send(connection, 7, {"requestId": request["requestId"], "responseData": about})
        wait_for_goodbye(connection)
        self.close_codes.append(connection.close_code)

    def _send(self, connection: ServerConnection, op: int, body: dict[str, Any]) -> None:
        connection.send(json.dumps({"op": op, "d": body}))

    def _hear(self, connection: ServerConnection) -> dict[str, Any]:
        self.heard.append(json.loads(connection.recv(timeout=5)))
        return self.heard[-1]

    def _expected(self) -> str:
        def hashed(text: str) -> str:
            return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

        return hashed(hashed(self.password + SALT) + CHALLENGE)
