"""`kitsu status` of a show with OBS."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from apps.cli.__main__ import kitsu
from libs.contracts.modules import MODULES
from libs.testing.running_show import port_name
from tests.cli.module_port import module_port

OBS = {"state": "ready", "detail": "OBS 29.0.2, scene collection 'Show'", "engine": "OBS 29.0.2"}
STUDIO = {"link": "ready", "scene": "Live", "recording": "off", "streaming": False}


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ExitStack]:
    monkeypatch.setenv("KITSU_DATA_DIR", str(tmp_path))
    for module in MODULES:
        monkeypatch.setenv(port_name(module.id).upper(), "1")
    with ExitStack() as stack:
        yield stack


def lines(stack: ExitStack, **more: Any) -> list[str]:
    document = {"show": "main", "modules": {"obs_controller": OBS}, "studio": STUDIO, **more}
    port = stack.enter_context(module_port({"GET /status": (200, document)}))
    result = CliRunner().invoke(kitsu, ["status"], env={"ORCH_PORT": str(port.number)})
    assert result.exit_code == 0
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def test_the_line_of_obs_and_its_scene_are_shown(stack: ExitStack) -> None:
    assert lines(stack) == [
        "show main",
        "obs_controller ready OBS 29.0.2, scene collection 'Show'",
        "OBS: scene Live",
    ]


def test_what_a_module_works_with_and_what_it_says_are_told_apart(stack: ExitStack) -> None:
    about = {"state": "ready", "engine": "Drawn character", "detail": "Start VTube Studio."}
    shown = lines(stack, modules={"avatar_controller": about})
    assert "avatar_controller ready Drawn character; Start VTube Studio." in shown


def test_what_obs_sends_out_is_shown(stack: ExitStack) -> None:
    studio = {**STUDIO, "streaming": True, "recording": "paused", "replay": True}
    expected = "OBS: scene Live, streaming, recording paused, replay buffer on"
    assert expected in lines(stack, studio=studio)


def test_an_obs_that_is_not_connected_has_its_line_only(stack: ExitStack) -> None:
    waiting = {"link": "waiting", "detail": "Start OBS."}
    assert not any(line.startswith("OBS:") for line in lines(stack, studio=waiting))


def test_in_a_panic_what_it_does_in_obs_is_shown(stack: ExitStack) -> None:
    steps = [{"what": "mute", "target": "Mic", "ok": True}]
    panic = {"engaged": True, "obs": {"state": "applied", "steps": steps}}
    shown = lines(stack, panic=panic)
    assert "OBS: Mic muted" in shown
    panic = {"engaged": True, "obs": {"state": "pending", "steps": []}}
    assert "OBS does not answer: applied as soon as it does" in lines(stack, panic=panic)


@pytest.mark.parametrize(
    "studio", [None, {}, {"link": 5}, {"link": "ready"}, {"link": "ready", "scene": "\x1b[2J"}]
)
def test_a_status_without_obs_or_with_an_odd_one_is_shown(stack: ExitStack, studio: Any) -> None:
    shown = lines(stack, studio=studio, panic={"engaged": True, "obs": studio})
    assert "show main" in shown
    assert not any("\x1b" in line for line in shown)
