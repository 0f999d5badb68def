"""The supervisor with real child processes."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from apps.cli.settings import CliSettings
from apps.cli.supervisor.control_client import SupervisorClient
from libs.settings import ROOT
from libs.testing.ports import free_port

SUPERVISED = Path(__file__).with_name("supervised.py")
PATIENCE_SECONDS = 20.0

posix_only = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")


def eventually(what: Callable[[], Any]) -> Any:
    """The first true value of `what`; fails the test when there is none for a long time."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := what()):
        assert time.monotonic() < until, f"did not happen: {what}"
        time.sleep(0.02)
    return found


class Running:
    """A supervisor as a process, and what it tells."""

    def __init__(self, folder: Path, *children: str) -> None:
        self.settings = CliSettings(kitsu_data_dir=folder, kitsu_log_root=folder / "logs")
        self.output = folder / "output.txt"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(SUPERVISED), str(folder), *children],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )

    def status(self) -> dict[str, Any]:
        client = SupervisorClient(self.settings)
        if client.state is None or not client.state.control_port:
            return {"modules": {}}
        return client.call("GET", "/status")

    def all_ready(self) -> dict[str, Any]:
        """The modules of its status, once all of them are ready."""

        def modules() -> dict[str, Any]:
            found: dict[str, Any] = self.status()["modules"]
            return found if {m["state"] for m in found.values()} == {"ready"} else {}

        return dict(eventually(modules))

    def said(self) -> str:
        return self.output.read_text("utf-8")

    def down(self) -> int:
        SupervisorClient(self.settings).call("POST", "/down")
        return self.process.wait(PATIENCE_SECONDS)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    begun: list[Running] = []

    def begin(*children: str) -> Running:
        begun.append(Running(tmp_path, *children))
        return begun[-1]

    yield begin
    for running in begun:
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(running.process.pid).children(recursive=True):
                child.kill()
        running.process.kill()
        running.process.wait()


def test_a_killed_child_is_started_again_while_the_others_go_on(
    start: Callable[..., Running],
) -> None:
    running = start(f"stage:{free_port()}", f"tts_worker:{free_port()}")
    before = running.all_ready()

    psutil.Process(before["stage"]["pid"]).kill()

    eventually(lambda: running.status()["modules"]["stage"]["restarts"] == 1)
    after = running.all_ready()
    assert after["stage"]["pid"] != before["stage"]["pid"]
    assert after["tts_worker"]["pid"] == before["tts_worker"]["pid"]
    assert "started again" in running.said()


@posix_only
def test_no_child_outlives_a_supervisor_that_is_killed(start: Callable[..., Running]) -> None:
    running = start(f"stage:{free_port()}", "demo:0")
    children = [psutil.Process(m["pid"]) for m in running.all_ready().values()]

    running.process.send_signal(signal.SIGKILL)
    running.process.wait()

    _, alive = psutil.wait_procs(children, PATIENCE_SECONDS)
    assert not alive


def test_down_ends_the_children_and_exits_with_0(start: Callable[..., Running]) -> None:
    running = start(f"stage:{free_port()}", f"tts_worker:{free_port()}")
    children = [psutil.Process(m["pid"]) for m in running.all_ready().values()]

    assert running.down() == 0

    assert not any(child.is_running() for child in children)
    assert SupervisorClient(running.settings).state is None
    assert "all stopped" in running.said()


@posix_only
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_each_way_of_asking_for_the_end_leaves_nothing_behind(
    start: Callable[..., Running], name: str
) -> None:
    running = start(f"stage:{free_port()}")
    children = [psutil.Process(m["pid"]) for m in running.all_ready().values()]
    running.process.send_signal(getattr(signal, name))
    assert running.process.wait(PATIENCE_SECONDS) == 0
    assert not any(child.is_running() for child in children)


@posix_only
def test_a_second_ctrl_c_does_not_wait_for_a_child_that_will_not_leave(
    start: Callable[..., Running],
) -> None:
    running = start(f"stage:{free_port()}:--deaf")
    [module] = running.all_ready().values()
    child = psutil.Process(module["pid"])

    running.process.send_signal(signal.SIGINT)
    eventually(lambda: "stopping" in running.said())
    running.process.send_signal(signal.SIGINT)

    assert running.process.wait(PATIENCE_SECONDS) == 0
    assert not child.is_running()
    assert "had to be killed: stage" in running.said()


def test_a_crash_loop_is_told_loudly_with_the_last_words(start: Callable[..., Running]) -> None:
    running = start("stage:0:--die-after:0:--say:the cable is out", f"tts_worker:{free_port()}")
    eventually(lambda: "keeps dying" in running.said())
    assert "the cable is out" in running.said()
    assert eventually(lambda: running.status()["modules"].get("tts_worker"))["restarts"] == 0


def test_wrong_settings_of_a_module_end_the_start_with_code_2_and_its_message(
    start: Callable[..., Running],
) -> None:
    running = start(
        f"stage:{free_port()}",
        f"tts_worker:{free_port()}:--die-after:0:--exit-code:2:--say:TTS_RATE = 'x'",
    )
    assert running.process.wait(PATIENCE_SECONDS) == 2
    assert "TTS_RATE = 'x'" in running.said()


def test_restart_gives_a_module_a_fresh_process(start: Callable[..., Running]) -> None:
    running = start(f"stage:{free_port()}")
    before = running.all_ready()["stage"]["pid"]

    answer = SupervisorClient(running.settings).call(
        "POST", "/restart", {"module": "stage"}, timeout_seconds=PATIENCE_SECONDS
    )

    assert answer["pid"] not in (None, before)
    assert running.all_ready()["stage"]["pid"] == answer["pid"]


def test_what_a_child_prints_is_in_the_log_folder(start: Callable[..., Running]) -> None:
    running = start(f"stage:{free_port()}:--say:a warning of some library")
    running.all_ready()
    [output] = running.settings.kitsu_log_root.glob("stage-*.out")
    assert output.read_text("utf-8") == "a warning of some library\n"


def test_the_control_port_refuses_whoever_has_no_token(start: Callable[..., Running]) -> None:
    import http.client

    running = start(f"stage:{free_port()}")
    running.all_ready()
    state = SupervisorClient(running.settings).state
    assert state is not None
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Origin": "https://evil.example"}):
        connection = http.client.HTTPConnection("127.0.0.1", state.control_port, timeout=5)
        connection.request("POST", "/down", headers=headers)
        answer = connection.getresponse()
        assert answer.status in (401, 403)
        assert json.loads(answer.read())["status"] == answer.status
        connection.close()
    assert running.process.poll() is None
