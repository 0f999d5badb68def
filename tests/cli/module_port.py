"""The HTTP port of a module that answers from a script, and remembers what it was asked."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Status and body (a document, or bytes as they are) by "METHOD /path"; or what makes one.
Answer = tuple[int, Any]
Answers = Mapping[str, Answer | Callable[[Any], Answer]]


@dataclass
class ModulePort:
    """Where it listens, and what came: (method and path, body)."""

    number: int
    heard: list[tuple[str, Any]] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever asked may be gone before the answer."""


@contextlib.contextmanager
def module_port(answers: Answers) -> Iterator[ModulePort]:
    """Listens on loopback. What is not in the script is answered with 404."""

    class Port(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            is_json = self.headers["Content-Type"] == "application/json"
            self._answer(json.loads(raw or b"{}") if is_json or not raw else raw)

        def do_PUT(self) -> None:
            self.do_POST()

        def do_GET(self) -> None:
            self._answer(None)

        def do_DELETE(self) -> None:
            self._answer(None)

        def _answer(self, body: Any) -> None:
            port.heard.append((f"{self.command} {self.path}", body))
            port.tokens.add(self.headers["Authorization"])
            found = answers.get(f"{self.command} {self.path}", (404, {"title": "not found"}))
            status, document = found(body) if callable(found) else found
            raw = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Says nothing."""

    server = _Server(("127.0.0.1", 0), Port)
    port = ModulePort(int(server.server_address[1]))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    try:
        yield port
    finally:
        server.shutdown()
        server.server_close()


def problem(status: int, title: str, detail: str, code: str) -> Answer:
    """A problem document (RFC 9457) as the modules write it."""
    return status, {"status": status, "title": title, "detail": detail, "code": code}
