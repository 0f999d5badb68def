"""A whole show as processes of its own: free ports, its own data folder, stopped at the end."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil

from libs.contracts.modules import MODULES
from libs.settings import ROOT, ShowSettings
from libs.testing.ports import free_ports
from libs.worker.access import Access, Scope

#: A show that is not ready after this long has failed to start.
READY_SECONDS = 40.0
STOP_SECONDS = 15.0


class ShowFailed(Exception):
    """The show did not start; the message ends with its last lines."""


def port_name(module: str) -> str:
    """The setting (in lower case) that says on which port a module listens."""
    return "orch_port" if module == "orchestrator" else f"{module}_port"


def free_module_ports() -> dict[str, int]:
    """A free port for every module, by the name of its setting."""
    ports = free_ports(len(MODULES))
    return {port_name(m.id): port for m, port in zip(MODULES, ports, strict=True)}


class RunningShow:
    """`kitsu up` in a folder of its own, and the ways to talk to it.

    Settings given here win over `.env` and the environment. Everything listens on loopback.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        ports = free_module_ports()
        self.folder = folder
        self.environment = {
            **{name.upper(): str(port) for name, port in ports.items()},
            "KITSU_DATA_DIR": str(folder / "data"),
            "KITSU_LOG_ROOT": str(folder / "logs"),
            "POLICY_FORCE_MOCK": "1",
            "OBS_WS_URL": "",  # never the OBS of whoever runs this
            "VTS_URL": "",  # nor their avatar
            "VEADOTUBE_URL": "",
            "CHAT_PLATFORM": "off",  # nor their chat
            "ASR_INPUT_DEVICE": "none",  # nor their microphone
            "ASR_ENGINE": "off",
            **(settings or {}),
        }
        self.ports = {m.id: ports[port_name(m.id)] for m in MODULES}
        self.url = f"http://127.0.0.1:{self.ports['orchestrator']}"
        self.log_path = folder / "up.log"
        self.ready_seconds = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._client: httpx.AsyncClient | None = None

    @property
    def settings(self) -> ShowSettings:
        """The settings of this show, for a bus connection of one's own."""
        fields = {name.lower(): value for name, value in self.environment.items()}
        return ShowSettings(_env_file=None, **fields)  # type: ignore[arg-type]

    @property
    def access(self) -> Access:
        return Access(self.folder / "data")

    @property
    def client(self) -> httpx.AsyncClient:
        """Signed in as the operator."""
        if self._client is None:
            token = self.access.token(Scope.OPERATOR)
            headers = {"Authorization": f"Bearer {token}"}
            self._client = httpx.AsyncClient(headers=headers, timeout=10, trust_env=False)
        return self._client

    async def start(self, *arguments: str) -> None:
        """Raises `ShowFailed` when it is not ready in time."""
        self.folder.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
                [sys.executable, "-m", "apps.cli", "up", "--no-open", *arguments],
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        await self.wait_ready()
        self.ready_seconds = time.monotonic() - started

    async def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        for module in MODULES:
            while not await self.is_ready(module.id):
                gone = self._process is None or self._process.poll() is not None
                if gone or time.monotonic() > deadline:
                    tail = self.log_path.read_text("utf-8", "replace")[-2_000:]
                    raise ShowFailed(f"{module.id} is not ready:\n{tail}")
                await asyncio.sleep(0.03)

    async def is_ready(self, module: str) -> bool:
        answer = await self._get(module, "/ready")
        return answer is not None and answer.status_code == 200

    async def pid(self, module: str) -> int | None:
        """The process that answers on a module's port."""
        answer = await self._get(module, "/live")
        return int(answer.json()["pid"]) if answer is not None else None

    async def kill(self, module: str) -> int:
        """Ends a worker the hard way (SIGKILL). Returns the pid it had."""
        pid = await self.pid(module)
        assert pid is not None, f"{module} is not running"
        psutil.Process(pid).kill()
        return pid

    async def post(self, path: str, body: Any = None, module: str = "orchestrator") -> Any:
        url = f"http://127.0.0.1:{self.ports[module]}{path}"
        answer = await self.client.post(url, json={} if body is None else body)
        answer.raise_for_status()
        return answer.json()

    async def get(self, path: str, module: str = "orchestrator") -> Any:
        url = f"http://127.0.0.1:{self.ports[module]}{path}"
        answer = await self.client.get(url)
        answer.raise_for_status()
        return answer.json()

    async def chat(self, text: str, author: str = "viewer1") -> str:
        """Returns the line's event id."""
        found = await self.post("/ingest/chat", {"text": text, "author": author})
        return str(found["event_id"])

    async def turns(self, limit: int = 100) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.get(f"/telemetry/turns?limit={limit}"))["turns"]
        return found

    def processes(self) -> list[psutil.Process]:
        """The supervisor and everything it started."""
        if self._process is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            supervisor = psutil.Process(self._process.pid)
            return [supervisor, *supervisor.children(recursive=True)]
        return []

    async def stop(self) -> None:
        if self._client is not None:
            await self._client.aclose()
        everyone = self.processes()
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._process.wait, STOP_SECONDS)
        for process in everyone:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    async def _get(self, module: str, path: str) -> httpx.Response | None:
        try:
            return await self.client.get(f"http://127.0.0.1:{self.ports[module]}{path}")
        except httpx.HTTPError:
            return None


@contextlib.asynccontextmanager
async def running_show(
    folder: Path, settings: Mapping[str, str] | None = None, *arguments: str
) -> AsyncIterator[RunningShow]:
    """A show that is ready when entered and gone when left."""
    show = RunningShow(folder, settings)
    try:
        await show.start(*arguments)
        yield show
    finally:
        await show.stop()
