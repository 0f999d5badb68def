"""`kitsu panic` when things are broken."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from apps.cli.commands.panic import tell_everybody
from apps.cli.settings import CliSettings
from libs.contracts.modules import MODULES
from libs.testing.running_show import port_name
from libs.worker.access import Access, Scope


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever asked may be gone before the answer."""


Heard = list[tuple[str, str, dict[str, Any]]]


@pytest.fixture
def module() -> Iterator[Callable[..., int]]:
    """Starts a module's port that answers, and hears what it is told; gives its number."""
    servers: list[ThreadingHTTPServer] = []

    def begin(heard: Heard, status: int = 200, wait: threading.Event | None = None) -> int:
        class Port(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                heard.append((self.path, self.headers["Authorization"], json.loads(body)))
                if wait is not None:
                    wait.wait(30)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
                """Says nothing."""

        server = QuietServer(("127.0.0.1", 0), Port)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        servers.append(server)
        return int(server.server_address[1])

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


def settings(tmp_path: Path, **ports: int) -> CliSettings:
    dead = {port_name(module.id): 1 for module in MODULES}
    return CliSettings(kitsu_data_dir=tmp_path, **{**dead, **ports})  # type: ignore[arg-type]


def test_every_module_is_told_on_its_own_port_with_the_operators_token(
    tmp_path: Path, module: Callable[..., int]
) -> None:
    heard: Heard = []
    ports = {port_name(known.id): module(heard) for known in MODULES}
    report = tell_everybody(settings(tmp_path, **ports), release=False, reason="test")

    assert set(report["modules"].values()) == {"latched"}
    token = Access(tmp_path).token(Scope.OPERATOR)
    assert {(path, token_) for path, token_, _ in heard} == {("/panic", f"Bearer {token}")}
    assert {body["reason"] for _, _, body in heard} == {"test"}


def test_a_dead_orchestrator_does_not_stand_in_the_way(
    tmp_path: Path, module: Callable[..., int]
) -> None:
    stage = module([])
    report = tell_everybody(settings(tmp_path, stage_port=stage), release=False, reason="")
    assert report["engaged"] is True
    assert report["modules"] == {
        known.id: "latched" if known.id == "stage" else "unreachable" for known in MODULES
    }


def test_a_module_that_hangs_does_not_keep_the_others_from_hearing(
    tmp_path: Path, module: Callable[..., int]
) -> None:
    heard: Heard = []
    hang = threading.Event()
    ports = {"orch_port": module([], wait=hang), "stage_port": module(heard)}
    report = tell_everybody(settings(tmp_path, **ports), release=False, reason="")
    hang.set()
    assert report["modules"]["stage"] == "latched"
    assert report["modules"]["orchestrator"] == "unreachable"
    assert len(heard) == 1


def test_a_refusal_is_not_a_latch(tmp_path: Path, module: Callable[..., int]) -> None:
    report = tell_everybody(
        settings(tmp_path, stage_port=module([], status=401)), release=False, reason=""
    )
    assert report["modules"]["stage"] == "unreachable"


def test_the_release_goes_the_same_way(tmp_path: Path, module: Callable[..., int]) -> None:
    heard: Heard = []
    report = tell_everybody(settings(tmp_path, stage_port=module(heard)), True, "")
    assert heard[0][0] == "/panic/release"
    assert report["modules"]["stage"] == "released"
    assert report["engaged"] is False
