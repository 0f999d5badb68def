"""What OBS has written down about its WebSocket server."""

import json
import os
import sys
from pathlib import Path

import pytest

from apps.cli import obs_config
from apps.cli.obs_config import ObsConfig, Unreadable, config_folders, obs_configs, read_config

INI = """[General]
FirstRun=true
ServerPassword=of another section

[OBSWebSocket]
FirstLoad=false
ServerEnabled=true
ServerPort=4460
AuthRequired=true
ServerPassword=p%w=#;d\\\\n"'
AlertsEnabled=false

[Basic]
ServerPort=1
"""
PASSWORD = "p%w=#;d\\n\"'"


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def json_file(folder: Path, **entries: object) -> Path:
    return write(folder / obs_config.JSON_FILE, json.dumps(entries))


@pytest.mark.parametrize("name", ["global.ini", "user.ini"])
def test_an_older_obs_keeps_it_in_its_ini_file(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, INI)
    assert read_config(tmp_path) == ObsConfig(path, True, 4460, PASSWORD)


@pytest.mark.parametrize(
    "raw",
    [
        INI.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + INI.encode(),
        INI.encode("utf-16"),
        INI.replace("ServerPort=4460", "serverport = 4460").encode(),
    ],
    ids=["windows lines", "byte order mark", "utf-16", "other case"],
)
def test_an_ini_file_may_be_written_in_other_ways(tmp_path: Path, raw: bytes) -> None:
    path = write(tmp_path / "global.ini", raw)
    assert read_config(tmp_path) == ObsConfig(path, True, 4460, PASSWORD)


def test_a_newer_obs_keeps_it_in_json_and_that_one_counts(tmp_path: Path) -> None:
    write(tmp_path / "global.ini", INI)
    path = json_file(
        tmp_path,
        server_enabled=True,
        server_port=4470,
        auth_required=True,
        server_password="päß",
    )
    assert read_config(tmp_path) == ObsConfig(path, True, 4470, "päß")


def test_where_no_password_is_asked_for_none_is_told(tmp_path: Path) -> None:
    write(tmp_path / "global.ini", INI.replace("AuthRequired=true", "AuthRequired=false"))
    found = read_config(tmp_path)
    assert found is not None
    assert found.password == ""
    json_file(tmp_path, server_enabled=True, auth_required=False, server_password="x")
    found = read_config(tmp_path)
    assert found is not None
    assert (found.password, found.port) == ("", 4455)


@pytest.mark.parametrize("ini", ["", "[General]\nFirstRun=true\n", "[OBSWebSocket]\n", "=\n[\n]"])
def test_a_server_that_was_never_switched_on_is_off(tmp_path: Path, ini: str) -> None:
    path = write(tmp_path / "global.ini", ini)
    assert read_config(tmp_path) == ObsConfig(path, False, 4455, "")


def test_a_server_that_was_switched_off_is_off(tmp_path: Path) -> None:
    write(tmp_path / "global.ini", INI.replace("ServerEnabled=true", "ServerEnabled=false"))
    found = read_config(tmp_path)
    assert found is not None
    assert not found.enabled
    json_file(tmp_path, server_port=4455)
    found = read_config(tmp_path)
    assert found is not None
    assert not found.enabled


def test_where_obs_never_ran_nothing_is_found(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert obs_configs((tmp_path / "empty", tmp_path / "nowhere")) == obs_config.ObsConfigs()


@pytest.mark.parametrize(
    ("name", "raw", "says"),
    [
        ("global.ini", b"\x80\x81\x82\x00" * 100, "is not text"),
        ("global.ini", b"[OBSWebSocket]\nServerPort=\0\n", "is not text"),
        ("global.ini", b"[OBSWebSocket]\nServerPort=1\xff\n", "is not text"),
        ("global.ini", b"\xff\xfe\x00", "is not text"),
        ("global.ini", b"x" * 1_000_001, "too large"),
        ("global.ini", b"[OBSWebSocket]\nServerPort=four\n", "the port 'four' is none"),
        ("global.ini", b"[OBSWebSocket]\nServerPort=70000\n", "the port '70000' is none"),
        ("global.ini", b"[OBSWebSocket]\nServerPort=\xc2\xb2\n", "is none"),
        ("user.ini", b"[OBSWebSocket]\nServerPort=" + b"9" * 5_000, "is none"),
        (str(obs_config.JSON_FILE), b"", "is not JSON"),
        (str(obs_config.JSON_FILE), b"[]", "is not JSON"),
        (str(obs_config.JSON_FILE), b"{", "is not JSON"),
        (str(obs_config.JSON_FILE), b"[" * 100_000, "is not JSON"),
        (str(obs_config.JSON_FILE), b'{"server_port": "a"}', "the port 'a' is none"),
        (str(obs_config.JSON_FILE), b'{"server_port": -1}', "the port '-1' is none"),
        (str(obs_config.JSON_FILE), b'{"server_port": true}', "the port 'True' is none"),
        (str(obs_config.JSON_FILE), b'{"server_password": 5}', "is not a text"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(
    tmp_path: Path, name: str, raw: bytes, says: str
) -> None:
    path = write(tmp_path / name, raw)
    with pytest.raises(Unreadable, match=says) as problem:
        read_config(tmp_path)
    assert str(path) in str(problem.value)
    assert obs_configs((tmp_path,)).problems == (str(problem.value),)


@pytest.mark.parametrize("flag", ["0", "2", "yes", "9" * 5_000])
def test_odd_switches_are_read_as_obs_does(tmp_path: Path, flag: str) -> None:
    write(tmp_path / "global.ini", f"[OBSWebSocket]\nServerEnabled={flag}\n")
    found = read_config(tmp_path)
    assert found is not None
    assert found.enabled == (flag[0] in "29")


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes in folders")
def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "global.ini")
    (tmp_path / "user.ini").mkdir()
    assert read_config(tmp_path) is None


def test_the_password_is_not_shown(tmp_path: Path) -> None:
    write(tmp_path / "global.ini", INI)
    assert PASSWORD not in repr(obs_configs((tmp_path,)))


@pytest.mark.parametrize(
    ("platform", "environment", "first"),
    [
        ("win32", {"HOME": "/h", "APPDATA": "/h/Roaming"}, "/h/Roaming/obs-studio"),
        ("darwin", {"HOME": "/h"}, "/h/Library/Application Support/obs-studio"),
        ("linux", {"HOME": "/h"}, "/h/.config/obs-studio"),
        ("linux", {"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "/x/obs-studio"),
    ],
)
def test_each_system_has_its_folder(
    monkeypatch: pytest.MonkeyPatch, platform: str, environment: dict[str, str], first: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert config_folders(environment)[0] == Path(first)


def test_a_flatpak_is_found_too(tmp_path: Path) -> None:
    folders = config_folders({"HOME": str(tmp_path)})
    if len(folders) == 1:
        pytest.skip("this system has one folder")
    path = write(folders[1] / "global.ini", INI)
    assert [found.path for found in obs_configs(folders).found] == [path]
