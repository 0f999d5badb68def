"""What `kitsu doctor` says of OBS."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from apps.cli import checkup_obs
from apps.cli.check import Check
from apps.cli.settings import CliSettings
from apps.cli.supervisor.run_state import RunStateFile
from libs.testing.ports import free_ports
from tests.cli.module_port import module_port
from tests.obs_probe.partners import ScriptedObs, listening, tcp, web_socket
from tests.obs_probe.test_probe import ObsWebSocket4

PASSWORD = "a password nobody may see"


@pytest.fixture(autouse=True)
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of OBS is here, whatever machine this is."""
    for name in ("HOME", "APPDATA", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(checkup_obs, "obs_processes", lambda: 0)
    monkeypatch.setattr(checkup_obs, "is_installed", lambda: False)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup_obs, "obs_processes", lambda: 1)


def written(folder: Path, port: int, password: str = PASSWORD, enabled: bool = True) -> None:
    path = folder / "obs-studio" / "global.ini"
    path.parent.mkdir()
    entries = f"ServerEnabled={enabled}\nServerPort={port}\nServerPassword={password}\n"
    path.write_text(f"[OBSWebSocket]\n{entries}")


def check(tmp_path: Path, url: str | int, password: str = "") -> Check:
    found = checks(tmp_path, url, password)
    assert len(found) == 1
    return found[0]


def checks(tmp_path: Path, url: str | int, password: str = "", **more: Any) -> list[Check]:
    address = f"ws://127.0.0.1:{url}" if isinstance(url, int) else url
    settings = CliSettings(
        obs_ws_url=address, obs_ws_password=password, kitsu_data_dir=tmp_path / "data", **more
    )
    found = checkup_obs.obs(settings)
    assert PASSWORD not in repr(found)
    assert all((one.state == "ok") == (one.mend == "") for one in found)
    return found


def test_a_machine_without_obs_is_told_that_it_is_optional(tmp_path: Path) -> None:
    found = check(tmp_path, free_ports(1)[0])
    assert (found.state, found.found) == ("warn", "not on this machine")
    assert found.mend.startswith("Optional:")


def test_an_obs_that_is_not_used_is_well(tmp_path: Path) -> None:
    assert check(tmp_path, "").state == "ok"


def test_an_obs_that_lets_us_in_is_well(tmp_path: Path, running: None) -> None:
    with web_socket(ScriptedObs(PASSWORD)) as port:
        found = check(tmp_path, port, PASSWORD)
    assert found == Check(
        "OBS", "ok", f"OBS 29.0.2 (obs-websocket 5.1.0) answers at 127.0.0.1:{port}"
    )


def test_a_second_obs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup_obs, "obs_processes", lambda: 2)
    with web_socket(ScriptedObs(PASSWORD)) as port:
        found = check(tmp_path, port, PASSWORD)
    assert found.state == "warn"
    assert "2 OBS are running" in found.found
    assert f"port {port}" in found.mend


def test_an_obs_that_is_installed_but_not_started_is_to_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkup_obs, "is_installed", lambda: True)
    found = check(tmp_path, free_ports(1)[0])
    assert found.found == "not running"
    assert found.mend.startswith("Start OBS")


def test_a_server_that_is_off_is_told_with_where_to_switch_it_on(
    tmp_path: Path, running: None
) -> None:
    port = free_ports(1)[0]
    written(tmp_path, port, enabled=False)
    found = check(tmp_path, port)
    assert found.found == "running; its WebSocket server is off"
    assert found.mend == (
        "In OBS open Tools > WebSocket Server Settings and tick Enable WebSocket server."
    )


def test_another_port_in_its_settings_is_named(tmp_path: Path, running: None) -> None:
    ours, its = free_ports(2)
    written(tmp_path, its)
    found = check(tmp_path, ours)
    assert found.found == f"running; it is set to port {its}, Kitsu to {ours}"
    assert found.mend == "kitsu obs setup"


def test_an_obs_that_runs_but_does_not_answer_is_told(tmp_path: Path, running: None) -> None:
    port = free_ports(1)[0]
    written(tmp_path, port)
    found = check(tmp_path, port)
    assert found.found == f"running, but nothing answers on port {port}"
    assert "Enable WebSocket server" in found.mend


def test_a_password_that_obs_has_written_down_is_found_by_setup(tmp_path: Path) -> None:
    with web_socket(ScriptedObs(PASSWORD)) as port:
        written(tmp_path, port)
        for password in ("", "wrong"):
            found = check(tmp_path, port, password)
            assert (found.state, found.mend[:15]) == ("warn", "kitsu obs setup")


def test_a_password_that_stands_nowhere_is_to_be_copied(tmp_path: Path) -> None:
    with web_socket(ScriptedObs(PASSWORD)) as port:
        found = check(tmp_path, port, "wrong")
    assert "refuses the password" in found.found
    assert "Show Connect Info" in found.mend


def test_a_broken_configuration_of_obs_does_not_stand_in_the_way(
    tmp_path: Path, running: None
) -> None:
    (tmp_path / "obs-studio").mkdir()
    (tmp_path / "obs-studio" / "global.ini").write_bytes(b"\xff\x00" * 5_000)
    assert check(tmp_path, free_ports(1)[0]).state == "warn"
    with web_socket(ScriptedObs(PASSWORD)) as port:
        assert "is not text" in check(tmp_path, port, "wrong").mend


def test_an_old_protocol_another_program_and_a_hanging_one_are_named(tmp_path: Path) -> None:
    with web_socket(ObsWebSocket4()) as port:
        assert "OBS 28" in check(tmp_path, port).mend
    with tcp(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")) as port:
        assert "is not OBS" in check(tmp_path, port).found
        written(tmp_path, free_ports(1)[0])
        assert check(tmp_path, port).mend.startswith("kitsu obs setup")
    with tcp(listening) as port:
        assert "says nothing" in check(tmp_path, port).found


def test_an_obs_on_another_machine_is_only_probed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden() -> int:
        raise AssertionError("this machine says nothing about that one")

    monkeypatch.setattr(checkup_obs, "obs_processes", forbidden)
    with web_socket(ScriptedObs(PASSWORD)) as port:
        found = check(tmp_path, f"ws://127.0.0.2:{port}", "wrong")
        assert found.found.startswith("Nothing answers at 127.0.0.2")
        assert check(tmp_path, "ws://127.0.0.3:1").mend.startswith("Start OBS")


def test_a_wrong_address_is_left_to_the_check_of_the_settings(tmp_path: Path) -> None:
    assert checks(tmp_path, "http://127.0.0.1") == []
    assert checks(tmp_path, "ws://127.0.0.1:99999") == []


PLANS: list[tuple[Any, str, str]] = [
    ({"link": "ready", "items": []}, "ok", "everything"),
    (
        {"link": "ready", "items": [{"id": "a", "what": "scene 'BRB'", "state": "missing"}]},
        "warn",
        "missing: scene 'BRB'",
    ),
    (
        {
            "link": "ready",
            "items": [{"id": "a", "what": "'Cap'", "state": "differs", "detail": "rename it"}],
        },
        "warn",
        "not as Kitsu needs it: 'Cap'",
    ),
    ({"link": "waiting", "detail": "Start it."}, "warn", "not connected: Start it."),
    ({"link": 5}, "warn", "another version"),
]


@pytest.mark.parametrize(("plan", "state", "says"), PLANS)
def test_while_kitsu_runs_what_it_would_make_is_told(
    tmp_path: Path, plan: Any, state: str, says: str
) -> None:
    file = RunStateFile(tmp_path / "data")
    file.claim()
    script = {"GET /setup": (200, json.loads(json.dumps(plan)))}
    with web_socket(ScriptedObs(PASSWORD)) as port, module_port(script) as controller:
        found = checks(tmp_path, port, PASSWORD, obs_controller_port=controller.number)
    assert [one.name for one in found] == ["OBS", "OBS set-up"]
    assert found[1].state == state
    assert says in found[1].found
