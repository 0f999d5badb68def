"""Which veadotube runs here: files that are fresh and true, and all that may lie beside them."""

import json
from pathlib import Path
from typing import Any

import pytest

from apps.avatar_controller.engines.veadotube import instances as veadotube_instances
from apps.avatar_controller.engines.veadotube.instances import (
    MAXIMUM_FILE_BYTES,
    instances_folder,
    running_instance,
)

NOW = 1_739_023_320.0
MINI = "mini-08dd3cd72f015bb9-000681a2"


def a_file(folder: Path, instance: str = MINI, **more: Any) -> Path:
    """As the documentation shows it (veado.tube/docs/tech/api, "veadotube instances")."""
    document = {
        "time": 1739023315,
        "name": "veadotube mini",
        "id": instance,
        "version": "2.1",
        "language": "en",
        "server": "127.0.0.1:2424",
        **more,
    }
    path = folder / instance
    path.write_text(json.dumps(document), "utf-8")
    return path


def url(folder: Path) -> str:
    found = running_instance(folder, NOW)
    return found.url if found else ""


def test_the_documented_file_is_a_running_instance(tmp_path: Path) -> None:
    a_file(tmp_path)
    found = running_instance(tmp_path, NOW)
    assert found is not None
    assert (found.id, found.name, found.url) == (MINI, "veadotube mini", "ws://127.0.0.1:2424")


def test_a_long_name_is_cut_where_it_is_read(tmp_path: Path) -> None:
    a_file(tmp_path, name="n" * 5_000 + "\n")
    found = running_instance(tmp_path, NOW)
    assert found is not None
    assert len(found.name) == 200


def test_without_a_folder_none_runs(tmp_path: Path) -> None:
    assert running_instance(tmp_path / "instances", NOW) is None
    assert running_instance(a_file(tmp_path), NOW) is None


def test_the_folder_is_the_same_on_every_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("home") / "somebody")
    assert instances_folder() == Path("home") / "somebody" / ".veadotube" / "instances"


AGES = [(0, True), (10, True), (11, False), (-11, False), (10**400, False)]


@pytest.mark.parametrize(("age_seconds", "runs"), AGES, ids=lambda value: f"{value}"[:5])
def test_an_old_file_was_left_behind(tmp_path: Path, age_seconds: int, runs: bool) -> None:
    a_file(tmp_path, time=int(NOW) - age_seconds)
    assert bool(url(tmp_path)) is runs


def test_the_one_started_last_counts_and_a_mini_before_others(tmp_path: Path) -> None:
    a_file(tmp_path, "mini-08dd3cd72f015bb9-0000ffff", server="127.0.0.1:1111")
    a_file(tmp_path, "mini-08dd3cd72f015bc0-00000001", server="127.0.0.1:2222")
    a_file(tmp_path, "veado-08ddffffffffffff-00000002", server="127.0.0.1:3333")
    assert url(tmp_path) == "ws://127.0.0.1:2222"
    for path in tmp_path.glob("mini-*"):
        path.unlink()
    assert url(tmp_path) == "ws://127.0.0.1:3333"


def test_one_whose_server_is_off_is_passed_over(tmp_path: Path) -> None:
    a_file(tmp_path, "mini-08dd3cd72f015bb9-00000001", server="127.0.0.1:1111")
    a_file(tmp_path, "mini-08ddffffffffffff-00000002", server="")
    assert url(tmp_path) == "ws://127.0.0.1:1111"


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("0.0.0.0:2424", "ws://127.0.0.1:2424"),
        ("[::1]:2424", "ws://[::1]:2424"),
        ("[::]:2424", "ws://[::1]:2424"),
        ("localhost:2424", "ws://localhost:2424"),
        (" 127.0.0.5:2424 ", "ws://127.0.0.5:2424"),
        ("192.0.2.1:2424", ""),
        ("[2001:db8::1]:2424", ""),
        ("8.8.8.8:2424", ""),
        ("somewhere.example:2424", ""),
        ("127.0.0.1.example:2424", ""),
        ("0x7f000001:2424", ""),
        ("127.0.0.1", ""),
        ("127.0.0.1:0", ""),
        ("127.0.0.1:99999", ""),
        ("user:secret@127.0.0.1:2424", ""),
        ("127.0.0.1:2424/../x", ""),
        ("[::1", ""),
        (2424, ""),
        (None, ""),
    ],
)
def test_an_address_is_host_and_port(tmp_path: Path, server: object, expected: str) -> None:
    a_file(tmp_path, server=server)
    assert url(tmp_path) == expected


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe{",
        b"[" * 10_000,
        b'{"time": "now", "server": "127.0.0.1:1"}',
        b'{"time": NaN, "server": "127.0.0.1:1"}',
        b'{"time": true, "server": "127.0.0.1:1"}',
        b'{"time": 1739023315, "server": "192.0.2.1:1", "name": ' + b"[" * 500 + b"]" * 500 + b"}",
        b" " * (MAXIMUM_FILE_BYTES + 1),
    ],
    ids=lambda content: repr(content[:20]),
)
def test_a_broken_file_hides_no_true_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mini-08ddffffffffffff-00000001").write_bytes(content)
    assert url(tmp_path) == ""
    (tmp_path / "mini-08ddfffffffffffe-00000001").mkdir()
    a_file(tmp_path)
    assert url(tmp_path) == "ws://127.0.0.1:2424"


def test_a_name_that_is_none_is_the_usual_one(tmp_path: Path) -> None:
    for name in (None, "", ["x"] * 9, {"a": 1}, 7):
        a_file(tmp_path, name=name)
        found = running_instance(tmp_path, NOW)
        assert found is not None
        assert found.name == "veadotube"


def test_an_address_of_this_machine_in_its_network_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(veadotube_instances, "_is_here", lambda host: host == "192.168.1.5")
    a_file(tmp_path, server="192.168.1.5:2424")
    assert url(tmp_path) == "ws://192.168.1.5:2424"
    a_file(tmp_path, server="192.168.1.6:2424")
    assert url(tmp_path) == ""
