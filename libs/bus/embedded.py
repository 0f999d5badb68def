"""The server that comes with Kitsu: found, started, watched and stopped by `kitsu up`."""

import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil

from libs.bus.base import BusError
from libs.bus.server_binary import ServerBinary, find_binary
from libs.bus.server_record import ServerRecord, read_address, read_record, write_private

__all__ = ["EmbeddedServer", "EmbeddedServerError", "find_binary", "read_address"]

#: Loading 256 MB of log from a slow disk takes this long at most.
START_SECONDS = 30.0
STOP_SECONDS = 10.0
#: The server's log begins anew at a start when it is larger than this.
_LOG_BYTES = 1_000_000
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class EmbeddedServerError(BusError):
    """The embedded server cannot run; the message says what to do."""


class EmbeddedServer:
    """A Redis-compatible server of our own on this machine's loopback address.

    Promises: its data, password and (when it is still free) its port survive restarts, all in
    `<data_dir>/bus`, readable by its owner only; at most one second of events is lost when the
    machine dies. On Linux it ends with the thread that started it, so start it from the main
    thread; elsewhere a server that was left behind is adopted by the next `start`.
    """

    def __init__(self, data_dir: Path, port: int = 0) -> None:
        self._folder = data_dir / "bus"
        self._configured_port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._adopted: psutil.Process | None = None
        self._binary: ServerBinary | None = None
        self._port = 0
        self._password = ""

    @property
    def description(self) -> str:
        """ "Valkey 9.1.2 (embedded, port 40123)", for people."""
        binary = self._binary
        return f"{binary.name} (embedded, port {self._port})" if binary else "no embedded server"

    @property
    def log_path(self) -> Path:
        return self._folder / "server.log"

    @property
    def pid(self) -> int:
        """The server's process id; 0 while none runs."""
        if self._adopted is not None:
            return self._adopted.pid
        return self._process.pid if self._process is not None else 0

    def start(self) -> str:
        """Starts the server, again after a crash too, and returns its URL with the password.

        Raises `EmbeddedServerError`.
        """
        self._binary = self._binary or find_binary()
        if self._binary is None:
            raise EmbeddedServerError(
                "no Valkey or Redis server here: install one (Linux: apt install redis-server; "
                "Windows: inside WSL2 or Docker Desktop) or set KITSU_REDIS_URL"
            )
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        known = read_record(self._folder)
        self._password = self._password or known.password or secrets.token_urlsafe(32)
        if self._adopt(known):
            return self._url()
        self._kill()  # one that runs but does not answer
        self._port = self._choose_port(known.port)
        self._write_config()
        self._spawn(self._binary)
        try:
            self._wait_until_ready()
        except EmbeddedServerError:
            self._kill()
            raise
        self._write_record()
        return self._url()

    def poll(self) -> int | None:
        """None while it runs, else its exit status (-1 where that cannot be known)."""
        if self._adopted is not None:
            return None if self._adopted.is_running() else -1
        return -1 if self._process is None else self._process.poll()

    def stop(self) -> None:
        """Ends the server with all data on disk. Safe to call twice."""
        if self.poll() is None:
            _ask(self._port, self._password, "SHUTDOWN")
            if self._process is not None:
                try:
                    self._process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    self._kill()
            elif self._adopted is not None:
                psutil.wait_procs([self._adopted], STOP_SECONDS)
        ours = self._process is not None or self._adopted is not None
        self._process = self._adopted = None
        known = read_record(self._folder)
        if ours and known.pid:  # port and password stay for the next start
            replace(known, pid=0, owner_pid=0).write(self._folder)

    def _url(self) -> str:
        return ServerRecord(self._port, self._password).url

    def _adopt(self, known: ServerRecord) -> bool:
        """Takes over our own server that still runs, left by a supervisor that is gone."""
        if not known.pid or _ask(known.port, self._password, "PING") != b"+PONG":
            return False
        if known.owner_pid != os.getpid() and psutil.pid_exists(known.owner_pid):
            raise EmbeddedServerError(
                f"the bus of this data folder already runs under process {known.owner_pid}: "
                "stop it with `kitsu down`, or use another KITSU_DATA_DIR"
            )
        self._port = known.port
        if self._process is not None and self._process.pid == known.pid:
            return True
        try:
            self._adopted = psutil.Process(known.pid)
        except psutil.NoSuchProcess:
            return False
        self._write_record()
        return True

    def _choose_port(self, last_port: int) -> int:
        for port in filter(None, (self._configured_port, self._port, last_port)):
            if _is_free(port):
                return port
            if port == self._configured_port:
                raise EmbeddedServerError(
                    f"port {port} for the embedded bus is taken: choose another, or 0 for any"
                )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    def _write_config(self) -> None:
        lines = [
            "bind 127.0.0.1",
            f"port {self._port}",
            f"requirepass {self._password}",
            f"dir {_quoted(self._folder)}",
            "daemonize no",
            "appendonly yes",
            "appendfsync everysec",
            # Valkey's and Redis's binary snapshots differ; the plain log is read by both.
            "aof-use-rdb-preamble no",
            'save ""',
            "maxmemory 256mb",
            "maxmemory-policy noeviction",
        ]
        write_private(self._folder / "server.conf", "\n".join(lines) + "\n")

    def _spawn(self, binary: ServerBinary) -> None:
        begin_anew = self.log_path.exists() and self.log_path.stat().st_size > _LOG_BYTES
        command = [str(binary.path), str(self._folder / "server.conf")]
        flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        with self.log_path.open("wb" if begin_anew else "ab") as log:
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=self._folder,
                    # Ctrl+C in the terminal is for the supervisor, which stops the server last.
                    start_new_session=sys.platform != "win32",
                    creationflags=flags,
                    preexec_fn=_die_with_parent(),
                )
            except OSError as error:
                raise EmbeddedServerError(
                    f"{binary.path} cannot be started ({error.strerror}): "
                    "install redis-server, or set KITSU_REDIS_URL"
                ) from None

    def _wait_until_ready(self) -> None:
        ends_at = time.monotonic() + START_SECONDS
        while time.monotonic() < ends_at:
            if self._process is None or self._process.poll() is not None:
                raise EmbeddedServerError(
                    f"the embedded server ended at once: {self._last_log_line()} "
                    f"(whole log: {self.log_path}; if its data are damaged, move "
                    f"{self._folder / 'appendonlydir'} away)"
                )
            if _ask(self._port, self._password, "PING") == b"+PONG":
                return
            time.sleep(0.01)
        raise EmbeddedServerError(
            f"the embedded server is not ready after {START_SECONDS:.0f} s: {self._last_log_line()}"
        )

    def _last_log_line(self) -> str:
        try:
            lines = self.log_path.read_text("utf-8", "replace").split("\n")
        except OSError:
            return "it left no log"
        said = [line.strip() for line in lines if line.strip()]
        return said[-1][:300].replace(self._password, "…") if said else "it left no log"

    def _kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _write_record(self) -> None:
        ServerRecord(self._port, self._password, self.pid, os.getpid()).write(self._folder)


def _quoted(path: Path) -> str:
    """A path as one argument of the server's configuration file (redis.conf, double quotes)."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        if sys.platform != "win32":  # there it would allow what we want to find out
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _ask(port: int, password: str, command: str) -> bytes:
    """One command's first line of answer; empty when there is no such server."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1.0) as link:
            link.settimeout(1.0)
            link.sendall(f"AUTH {password}\r\n{command}\r\n".encode())
            with link.makefile("rb") as answers:
                if answers.readline().strip() != b"+OK":
                    return b""
                return answers.readline().strip()
    except OSError:
        return b""


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux: what makes a child get SIGTERM when its parent is gone, run in the child."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel
