"""The server that comes with Kitsu, and how the other processes find it."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from libs.bus import embedded, server_binary
from libs.bus.base import BusUnavailable
from libs.bus.embedded import EmbeddedServer, EmbeddedServerError, find_binary, read_address
from libs.bus.opening import connect
from libs.bus.server_binary import ServerBinary
from libs.settings import ROOT, ShowSettings
from tests.bus.conftest import need_server

pytestmark = pytest.mark.redis

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions and signals")


def client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url, decode_responses=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a name that needs quoting."""
    need_server()
    data = tmp_path / 'Kitsu "data" \\ ü'
    data.mkdir()
    return data


def test_data_password_and_port_survive_a_restart(folder: Path) -> None:
    first = EmbeddedServer(folder)
    url = first.start()
    with client(url) as server:
        server.xadd("kitsu:test", {"a": "b"})
    first.stop()
    second = EmbeddedServer(folder)

    assert second.start() == url
    with client(url) as server:
        assert server.xlen("kitsu:test") == 1
        assert server.config_get("appendonly")["appendonly"] == "yes"
        assert server.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
    second.stop()


def test_after_a_crash_it_starts_with_the_same_address_and_data(own_server: EmbeddedServer) -> None:
    url = own_server.start()
    with client(url) as server:
        server.xadd("kitsu:test", {"a": "b"})
        time.sleep(1.2)  # everysec
    crashed = psutil.Process(own_server.pid)
    crashed.kill()
    crashed.wait()
    assert own_server.poll() is not None

    assert own_server.start() == url
    with client(url) as server:
        assert server.xlen("kitsu:test") == 1


def test_it_listens_on_loopback_only_and_wants_its_password(own_server: EmbeddedServer) -> None:
    own_server.start()
    listening = psutil.Process(own_server.pid).net_connections("inet")
    stranger = redis.Redis(port=listening[0].laddr.port, retry=Retry(NoBackoff(), 0))

    assert {entry.laddr.ip for entry in listening} == {"127.0.0.1"}
    with stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


@posix
def test_its_files_are_readable_by_their_owner_only(folder: Path) -> None:
    server = EmbeddedServer(folder)
    server.start()
    try:
        assert stat.S_IMODE((folder / "bus").stat().st_mode) == 0o700
        for name in ("server.conf", "server.json"):
            assert stat.S_IMODE((folder / "bus" / name).stat().st_mode) == 0o600
    finally:
        server.stop()


def test_the_password_is_not_on_the_command_line(own_server: EmbeddedServer) -> None:
    password = own_server.start().split(":")[2].split("@")[0]

    assert password not in " ".join(psutil.Process(own_server.pid).cmdline())
    assert password not in repr(own_server) + own_server.description


def test_other_processes_find_it_by_the_data_folder(folder: Path) -> None:
    settings = ShowSettings(kitsu_data_dir=folder, kitsu_redis_url="")
    assert read_address(folder) is None
    with pytest.raises(BusUnavailable, match="start `kitsu up`, or set KITSU_REDIS_URL"):
        connect(settings, "cli@host#0")

    server = EmbeddedServer(folder)
    url = server.start()
    assert read_address(folder) == url
    connect(settings, "cli@host#0")
    server.stop()
    assert read_address(folder) is None


async def test_a_worker_connects_to_it_and_says_so(folder: Path) -> None:
    server = EmbeddedServer(folder)
    server.start()
    bus = connect(ShowSettings(kitsu_data_dir=folder, kitsu_redis_url=""), "cli@host#0")
    await bus.open()
    assert bus.description.endswith("(embedded)")
    await bus.close()
    server.stop()


async def test_a_url_in_the_settings_goes_first(folder: Path, redis_url: str) -> None:
    bus = connect(ShowSettings(kitsu_data_dir=folder, kitsu_redis_url=redis_url), "cli@host#0")
    await bus.open()
    assert "127.0.0.1" in bus.description
    await bus.close()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"port": "x", "password": 5}', "\x00" * 100])
def test_a_damaged_record_is_as_good_as_none(folder: Path, text: str) -> None:
    (folder / "bus").mkdir()
    (folder / "bus" / "server.json").write_text(text)
    assert read_address(folder) is None

    server = EmbeddedServer(folder)
    assert client(server.start()).ping()
    server.stop()


def test_a_taken_port_is_said_so(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(EmbeddedServerError, match=f"port {port} .* is taken"):
            EmbeddedServer(folder, port=port).start()


def test_a_server_that_will_not_start_shows_its_last_words(folder: Path) -> None:
    server = EmbeddedServer(folder)
    server.start()
    server.stop()
    for part in (folder / "bus" / "appendonlydir").glob("*.manifest"):
        part.write_text("this is no manifest\n")

    with pytest.raises(EmbeddedServerError, match=r"ended at once: .*(manifest|AOF)") as refused:
        server.start()
    assert "move" in str(refused.value)
    server.stop()


def test_without_any_server_program_it_says_how_to_get_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "find_binary", lambda: None)

    with pytest.raises(EmbeddedServerError, match=r"apt install redis-server.*KITSU_REDIS_URL"):
        EmbeddedServer(folder).start()


def test_a_second_system_on_the_same_data_is_refused(folder: Path) -> None:
    script = (
        "import sys, time, pathlib\n"
        "from libs.bus.embedded import EmbeddedServer\n"
        "EmbeddedServer(pathlib.Path(sys.argv[1])).start(); print('up', flush=True); time.sleep(60)"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", script, str(folder)], cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == b"up\n"
        with pytest.raises(EmbeddedServerError, match=f"already runs under process {first.pid}"):
            EmbeddedServer(folder).start()
    finally:
        first.kill()
        first.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_it_ends_with_a_parent_that_is_killed(folder: Path) -> None:
    script = (
        "import sys, os, signal, pathlib\n"
        "from libs.bus.embedded import EmbeddedServer\n"
        "server = EmbeddedServer(pathlib.Path(sys.argv[1])); server.start()\n"
        "print(server.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    parent = subprocess.run(
        [sys.executable, "-c", script, str(folder)], cwd=ROOT, capture_output=True, check=False
    )
    assert parent.returncode == -signal.SIGKILL
    pid = int(parent.stdout)

    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)  # bounded by the test's own time limit
    assert read_address(folder) is None or not client(str(read_address(folder))).connection


@posix
def test_a_server_left_behind_is_adopted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_die_with_parent", lambda: None)
    left = EmbeddedServer(folder)
    url = left.start()
    record = folder / "bus" / "server.json"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    text = record.read_text()
    record.write_text(text.replace(f'"owner_pid": {os.getpid()}', f'"owner_pid": {gone.pid}'))

    heir = EmbeddedServer(folder)
    assert heir.start() == url
    assert heir.pid == left.pid
    heir.stop()
    assert left.poll() is not None


def test_the_packaged_server_comes_first_and_old_ones_are_passed_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_binary()
    assert found is not None
    if server_binary._packaged() is not None:
        assert found.product == "Valkey"
    if sys.platform == "win32":
        return
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho 'Redis server v=6.2.14 sha=0 malloc=libc bits=64'\n")
    broken = tmp_path / "valkey-server"
    broken.write_text("not a program")
    for program in (old, broken):
        program.chmod(0o755)
    monkeypatch.setattr(server_binary, "_packaged", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_binary() is None
    old.write_text("#!/bin/sh\necho 'Redis server v=7.0.15 sha=0 malloc=libc bits=64'\n")
    assert find_binary() == ServerBinary(old, "Redis", "7.0.15")


@pytest.mark.skipif(sys.platform == "win32", reason="no such servers")
def test_the_data_of_one_server_product_can_be_read_by_the_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = find_binary()
    monkeypatch.setattr(server_binary, "_packaged", lambda: None)
    other = find_binary()
    if packaged is None or other is None or packaged.product == other.product:
        pytest.skip("only one server product here")
    for binary in (packaged, other, packaged):
        monkeypatch.setattr(embedded, "find_binary", lambda binary=binary: binary)
        server = EmbeddedServer(folder)
        with client(server.start()) as link:
            link.xadd("kitsu:test", {"by": binary.product})
            if link.xlen("kitsu:test") == 1:
                link.xgroup_create("kitsu:test", "group", "0")
                link.xreadgroup("group", "one", {"kitsu:test": ">"})
            pending = link.xpending("kitsu:test", "group")["pending"]
        server.stop()

    assert pending == 1
