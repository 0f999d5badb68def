"""`kitsu obs setup`, with an OBS and an obs_controller that are played."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from apps.cli import obs_desk
from apps.cli.__main__ import kitsu
from apps.cli.supervisor.run_state import RunStateFile
from libs.testing.ports import free_ports
from tests.cli.module_port import Answer, Answers, ModulePort, module_port, problem
from tests.obs_probe.partners import ScriptedObs, listening, tcp, web_socket

PASSWORD = "a password nobody may see"

ITEMS = [
    {"id": "brb_scene", "what": "scene 'BRB'", "state": "missing", "detail": ""},
    {"id": "overlay", "what": "browser source", "state": "missing", "detail": ""},
    {"id": "caption", "what": "text source 'Cap'", "state": "there", "detail": ""},
    {"id": "panic_filter", "what": "filter 'Grey'", "state": "differs", "detail": "add it"},
]
READY = {"link": "ready", "detail": "OBS 29 answers.", "items": ITEMS, "dock_url": "http://x/"}
REFUSED = {"link": "wrong_password", "detail": "OBS refuses", "items": [], "dock_url": "http://x/"}


class House:
    """A data folder, a home folder with OBS's configuration, a supervisor and an obs_controller."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, stack: ExitStack) -> None:
        self.plans_before: list[dict[str, Any]] = []
        self.plan: dict[str, Any] = REFUSED
        self.plan_after_restart: dict[str, Any] = READY
        self.made: Answer | None = None
        self.restarts: list[Any] = []
        self.home, self.env_file = folder / "home", folder / ".env"
        self._data, self._monkeypatch, self._stack = folder / "data", monkeypatch, stack
        script: Answers = {"GET /setup": self._tell, "POST /setup": self._make}
        self.controller = stack.enter_context(module_port(script))
        monkeypatch.setenv("KITSU_DATA_DIR", str(self._data))
        monkeypatch.setenv("OBS_CONTROLLER_PORT", str(self.controller.number))
        for name in ("HOME", "APPDATA", "XDG_CONFIG_HOME"):
            monkeypatch.setenv(name, str(self.home))
        monkeypatch.delenv("OBS_WS_PASSWORD", raising=False)
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setattr(obs_desk, "ENV_FILE", self.env_file)

    def supervise(self) -> None:
        port: ModulePort = self._stack.enter_context(module_port({"POST /restart": self._restart}))
        file = RunStateFile(self._data)
        file.announce(replace(file.claim(), control_port=port.number))

    def obs_is_asked_at(self, port: int) -> None:
        """OBS_WS_URL in configs, so that `.env` can overrule it."""
        config = self._data.parent / "kitsu.yaml"
        config.write_text(f"obs_ws_url: ws://127.0.0.1:{port}\n")
        self._monkeypatch.setenv("KITSU_CONFIG", str(config))

    def obs_has_written(self, port: int, password: str = PASSWORD, enabled: bool = True) -> None:
        path = self.home / "obs-studio" / "plugin_config" / "obs-websocket" / "config.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        entries = {
            "server_enabled": enabled,
            "server_port": port,
            "auth_required": bool(password),
            "server_password": password,
        }
        path.write_text(json.dumps(entries))

    def setup(self, *arguments: str, keys: str | None = None) -> Result:
        result = CliRunner().invoke(kitsu, ["obs", "setup", *arguments], input=keys)
        assert "Traceback" not in result.output
        assert PASSWORD not in result.output
        return result

    @property
    def ordered(self) -> list[Any]:
        return [body for what, body in self.controller.heard if what == "POST /setup"]

    def _tell(self, _: Any) -> Answer:
        return 200, self.plans_before.pop(0) if self.plans_before else self.plan

    def _restart(self, body: Any) -> Answer:
        self.restarts.append(body)
        self.plan = self.plan_after_restart
        return 200, {"module": "obs_controller", "pid": 1}

    def _make(self, body: Any) -> Answer:
        done = [{"id": name, "ok": True, "message": "made"} for name in body["items"]]
        return self.made or (200, {"done": done})


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with ExitStack() as stack:
        yield House(tmp_path, monkeypatch, stack)


def test_yes_makes_all_that_is_missing_and_nothing_else(house: House) -> None:
    house.plan = READY
    result = house.setup("--yes")
    assert result.exit_code == 0
    assert house.ordered == [{"items": ["brb_scene", "overlay"]}]
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[:5] == [
        "OBS 29 answers.",
        "missing scene 'BRB'",
        "missing browser source",
        "there text source 'Cap'",
        "differs filter 'Grey' add it",
    ]
    assert "ok scene 'BRB' made" in lines
    assert "Docks > Custom Browser Docks" in result.stdout
    assert "/?code=" in result.stdout
    assert house.restarts == []


def test_each_thing_is_asked_for(house: House) -> None:
    house.plan = READY
    result = house.setup(keys="n\ny\n")
    assert "Make scene 'BRB'? [Y/n]" in result.stdout
    assert house.ordered == [{"items": ["overlay"]}]


def test_without_a_keyboard_nothing_is_made(house: House) -> None:
    house.plan = READY
    result = house.setup(keys="")
    assert result.exit_code == 1
    assert house.ordered == []
    assert "kitsu obs setup --yes" in result.output


def test_json_only_looks_unless_yes_is_said(house: House) -> None:
    house.plan = READY
    document = json.loads(house.setup("--json").stdout)
    assert document["items"] == ITEMS
    assert document["done"] == []
    assert house.ordered == []

    document = json.loads(house.setup("--json", "--yes").stdout)
    assert [one["id"] for one in document["done"]] == ["brb_scene", "overlay"]
    assert document["dock_url"].startswith("http://127.0.0.1:")


def test_json_tells_how_the_link_is_and_mends_nothing(house: House) -> None:
    result = house.setup("--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["link"] == "wrong_password"
    assert house.restarts == []


def test_nothing_missing_is_said_and_nothing_ordered(house: House) -> None:
    house.plan = {**READY, "items": ITEMS[2:]}
    result = house.setup("--yes")
    assert result.exit_code == 0
    assert "Nothing is missing." in result.stdout
    assert house.ordered == []


def test_what_obs_refuses_is_told_and_is_code_1(house: House) -> None:
    house.plan = READY
    failed = {"id": "overlay", "ok": False, "message": "no browser sources in this OBS \x1b[2J"}
    house.made = (200, {"done": [failed]})
    result = house.setup("--yes")
    assert result.exit_code == 1
    assert "no browser sources in this OBS \\u001b[2J" in result.stdout
    assert "browser source" in result.stdout


def test_an_answer_that_makes_no_sense_is_told_as_such(house: House) -> None:
    for plan in ({}, {"link": 5}, {"link": "ready", "items": [{"id": 1}]}):
        house.plan = plan
        result = house.setup("--yes")
        assert (result.exit_code, "another version" in result.output) == (1, True)
    house.plan, house.made = READY, (200, {"done": 5})
    assert "another version" in house.setup("--yes").output
    house.made = problem(503, "OBS is not connected", "Start OBS.", "obs_not_ready")
    assert "OBS is not connected: Start OBS." in house.setup("--yes").output


def test_without_a_running_kitsu_the_one_step_is_named(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBS_CONTROLLER_PORT", str(free_ports(1)[0]))
    result = house.setup("--yes")
    assert result.exit_code == 1
    assert result.output == "Kitsu is not running. Start it with: kitsu up\n"
    house.supervise()
    assert "kitsu restart obs_controller" in house.setup("--yes").output


# The way in -----------------------------------------------------------------------------------


def test_the_password_that_obs_has_written_down_goes_to_env_if_agreed(house: House) -> None:
    house.supervise()
    house.env_file.write_bytes(b"# mine\r\nOBS_WS_PASSWORD=old # it\r\nA=1\r\n")
    with web_socket(ScriptedObs(PASSWORD)) as port:
        house.obs_is_asked_at(port)
        house.obs_has_written(port)
        result = house.setup(keys="y\nn\nn\n")
    assert result.exit_code == 0
    assert "Write OBS_WS_PASSWORD to" in result.stdout
    expected = f"# mine\r\nOBS_WS_PASSWORD='{PASSWORD}' # it\r\nA=1\r\n"
    assert house.env_file.read_bytes() == expected.encode()
    assert house.restarts == [{"module": "obs_controller"}]


def test_yes_writes_password_and_port_and_goes_on(house: House) -> None:
    house.supervise()
    with web_socket(ScriptedObs(PASSWORD)) as port:
        house.obs_is_asked_at(free_ports(1)[0])
        house.obs_has_written(port)
        document = json.loads(house.setup("--yes", "--json").stdout)
    assert document["written"] == ["OBS_WS_URL", "OBS_WS_PASSWORD"]
    assert document["link"] == "ready"
    assert house.ordered == [{"items": ["brb_scene", "overlay"]}]
    assert f"OBS_WS_URL=ws://127.0.0.1:{port}\n" in house.env_file.read_text()


def test_without_consent_nothing_is_written_or_restarted(house: House) -> None:
    house.supervise()
    with web_socket(ScriptedObs(PASSWORD)) as port:
        house.obs_is_asked_at(port)
        house.obs_has_written(port)
        for keys in ("n\n", ""):
            assert house.setup(keys=keys).exit_code == 1
    assert not house.env_file.exists()
    assert house.restarts == []


def test_settings_that_are_right_already_only_need_a_restart(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.supervise()
    monkeypatch.setenv("OBS_WS_PASSWORD", PASSWORD)
    with web_socket(ScriptedObs(PASSWORD)) as port:
        house.obs_is_asked_at(port)
        assert house.setup("--yes").exit_code == 0
    assert house.restarts == [{"module": "obs_controller"}]
    assert not house.env_file.exists()


def test_an_obs_that_just_came_is_waited_for(house: House) -> None:
    house.plans_before = [{**REFUSED, "link": "waiting"}] * 2
    house.plan = READY
    with web_socket(ScriptedObs()) as port:
        house.obs_is_asked_at(port)
        assert house.setup("--yes").exit_code == 0
    assert house.restarts == []


def test_the_environment_wins_over_env_and_is_named(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.supervise()
    monkeypatch.setenv("OBS_WS_PASSWORD", "wrong")
    with web_socket(ScriptedObs(PASSWORD)) as port:
        house.obs_is_asked_at(port)
        house.obs_has_written(port)
        result = house.setup("--yes")
    assert result.exit_code == 1
    assert "OBS_WS_PASSWORD of the environment wins" in result.output
    assert not house.env_file.exists()


def test_a_server_that_is_off_is_switched_on_by_people(house: House) -> None:
    house.plan = {**REFUSED, "link": "waiting"}
    port = free_ports(1)[0]
    house.obs_is_asked_at(port)
    house.obs_has_written(port, enabled=False)
    before = sorted(path.read_bytes() for path in house.home.rglob("*.json"))
    result = house.setup("--yes")
    assert result.exit_code == 1
    assert "Tools > WebSocket Server Settings and tick Enable WebSocket server" in result.output
    assert sorted(path.read_bytes() for path in house.home.rglob("*.json")) == before


def test_an_obs_that_is_not_running_is_told_with_its_own_port(house: House) -> None:
    house.plan = {**REFUSED, "link": "waiting"}
    ours, its = free_ports(2)
    house.obs_is_asked_at(ours)
    house.obs_has_written(its)
    assert f"set to port {its}; start OBS" in house.setup("--yes").output


def test_a_password_that_stands_nowhere_is_asked_of_people(house: House) -> None:
    with web_socket(ScriptedObs(PASSWORD)) as port:
        house.obs_is_asked_at(port)
        house.obs_has_written(port, "another")
        result = house.setup("--yes")
    assert result.exit_code == 1
    assert "Show Connect Info" in result.output
    assert not house.env_file.exists()


def test_a_configuration_that_cannot_be_read_is_named(house: House) -> None:
    path = house.home / "obs-studio" / "global.ini"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\x00\xfe" * 1_000)
    with web_socket(ScriptedObs(PASSWORD)) as port:
        house.obs_is_asked_at(port)
        result = house.setup("--yes")
    assert "Show Connect Info" in result.output
    assert f"{path} is not text" in result.output


def test_another_program_on_the_port_is_named(house: House) -> None:
    house.plan = {**REFUSED, "link": "wrong_program"}
    with tcp(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")) as port:
        house.obs_is_asked_at(port)
        assert "is not OBS" in house.setup("--yes").output
    with tcp(listening) as port:
        house.obs_is_asked_at(port)
        assert "says nothing" in house.setup("--yes").output


def test_an_obs_on_another_machine_is_not_looked_up_here(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with web_socket(ScriptedObs(PASSWORD)) as port:
        house.obs_has_written(port)
        monkeypatch.setenv("OBS_WS_URL", f"ws://127.0.0.2:{port}")
        result = house.setup("--yes")
    assert result.exit_code == 1
    assert not house.env_file.exists()


def test_an_obs_that_is_not_used_is_told_with_the_setting(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.plan = {**REFUSED, "link": "not_configured"}
    monkeypatch.setenv("OBS_WS_URL", "")
    assert "OBS_WS_URL is empty" in house.setup("--yes").output
    monkeypatch.setenv("OBS_WS_URL", "http://127.0.0.1:4455")
    result = house.setup("--yes")
    assert (result.exit_code, "must look like ws://" in result.output) == (2, True)


def test_a_controller_that_nobody_supervises_is_restarted_by_people(house: House) -> None:
    with web_socket(ScriptedObs(PASSWORD)) as port:
        house.obs_is_asked_at(port)
        house.obs_has_written(port)
        result = house.setup("--yes")
    assert result.exit_code == 1
    assert "Restart it where it was started" in result.output
    assert PASSWORD in house.env_file.read_text()
