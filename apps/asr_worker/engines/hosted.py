"""A recogniser whose engine runs in a child process of its own (see `apps/asr_worker/host`)."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from apps.asr_worker.engines.answers import capabilities_of, transcript_of
from apps.asr_worker.engines.base import (
    Capabilities,
    Hints,
    RecogniserDied,
    RecogniserError,
    RecogniserMissing,
    SoundRefused,
    Transcript,
)
from apps.asr_worker.inputs.base import RATE_HZ
from libs.engine_host.process import EngineHost, HostDied, HostFailed

MODULE = "apps.asr_worker.host"

#: Between two signs of life while a model is loaded: a large one comes from a slow disk.
LOAD_SECONDS = 180.0
#: A pass may take this, and so many times its sound; then the host hangs.
PASS_SECONDS, PASS_TIMES = 15.0, 4.0
#: Who wants a pass while the host is started again waits so long.
PATIENCE_SECONDS = 8.0
#: Between two starts of a host that dies again and again.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 60.0
#: A host that lived for so long begins again with the first pause.
GOOD_LIFE_SECONDS = 120.0
LONGEST_SOUND_SECONDS = 1_200

#: Engines ask no model hub by themselves; `kitsu ears get` does.
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


@dataclass(frozen=True)
class HostPlan:
    """`engine`: a module of the host; `python`: the program that runs it; `load`: what to load."""

    engine: str
    python: str
    load: dict[str, Any] = field(default_factory=dict)
    mend: str = ""
    """What to do when its package is missing there."""
    environment: dict[str, str] = field(default_factory=dict)


class HostedRecogniser:
    """Keeps the promises of `Recogniser` over a child process that may die.

    A pass during which it dies is tried once more with a new process; a process that dies in
    between is started again at once, with the model and device that worked, then after longer and
    longer pauses.
    """

    def __init__(
        self,
        name: str,
        plan: Callable[[], HostPlan],
        started: Callable[[dict[str, Any]], None] = lambda about: None,
    ) -> None:
        self._name = name
        self._plan = plan
        self._started = started
        self._capabilities = Capabilities(name)
        self._host: EngineHost | None = None
        self._watch: asyncio.Task[None] | None = None
        self._worked: HostPlan | None = None
        self._up = asyncio.Event()
        self._starting = asyncio.Lock()
        self._passing = asyncio.Lock()
        self._pause_seconds = 0.0
        self._log = logging.getLogger("kitsu.asr_worker")

    @property
    def name(self) -> str:
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @property
    def pid(self) -> int | None:
        """Of the child process, while there is one."""
        return self._host.pid if self._host is not None and self._host.alive else None

    async def start(self) -> None:
        await self._start_host()
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._keep_alive(), name=f"{self._name} watch")

    async def stop(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        async with self._starting:
            await self._end_host()

    async def transcribe(self, pcm: bytes, hints: Hints, final: bool) -> Transcript:
        _check(pcm)
        data = {"language": hints.language, "words": list(hints.words), "final": final}
        async with self._passing:
            try:
                return await self._pass(pcm, data)
            except RecogniserDied as error:
                self._log.warning("%s: %s; the pass is tried again", self._name, error)
            return await self._pass(pcm, data)

    async def _pass(self, pcm: bytes, data: dict[str, Any]) -> Transcript:
        host = await self._ready()
        seconds = PASS_SECONDS + PASS_TIMES * len(pcm) / (2 * RATE_HZ)
        try:
            answer = await host.ask("transcribe", data, pcm, timeout_seconds=seconds)
        except HostDied as error:
            raise RecogniserDied(f"its process ended ({error}); it is started again") from None
        except HostFailed as error:
            raise RecogniserError(f"{error}; see the log of the ears") from None
        return transcript_of(answer, self._name)

    async def _ready(self) -> EngineHost:
        """The living host; waits a little for one that is being started again."""
        if self._watch is None or self._watch.done():
            raise RecogniserDied("it is not started")
        if self._host is None or not self._host.alive:
            if self._pause_seconds > PATIENCE_SECONDS:
                raise RecogniserDied("its process ended again and again")
            self._up.clear()  # the watch may not have seen it yet
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._up.wait()
            except TimeoutError:
                raise RecogniserDied("its process ended and is still being started") from None
        assert self._host is not None
        return self._host

    async def _keep_alive(self) -> None:
        """Starts the host again whenever it has died."""
        while True:
            if self._host is not None:
                born = time.monotonic()
                await self._host.died.wait()
                self._up.clear()
                if time.monotonic() - born > GOOD_LIFE_SECONDS:
                    self._pause_seconds = 0.0
            await asyncio.sleep(self._pause_seconds)
            longer = max(FIRST_PAUSE_SECONDS, 2 * self._pause_seconds)
            self._pause_seconds = min(longer, LONGEST_PAUSE_SECONDS)
            try:
                await self._start_host(self._worked)
            except RecogniserDied as error:
                self._log.warning("%s: %s", self._name, error)
            except RecogniserError as error:  # nothing that another start would mend
                self._log.warning("%s cannot start again: %s", self._name, error)
                return

    async def _start_host(self, plan: HostPlan | None = None) -> None:
        async with self._starting:
            if self._host is not None and self._host.alive:
                return
            await self._end_host()
            self._host = await self._launched(plan or self._plan())
            self._up.set()

    async def _launched(self, plan: HostPlan) -> EngineHost:
        """A host with its model. A device that brings the process down is left out then."""
        try:
            return await self._loaded(plan)
        except HostDied as error:
            device = error.last_told.get("trying")
            if device in (None, "cpu") or "avoid" in plan.load:
                raise RecogniserDied(f"its process ended while loading ({error})") from None
            self._log.warning("%s: %s ends the process (%s); the processor is taken",
                              self._name, device, error)  # fmt: skip
        try:
            return await self._loaded(replace(plan, load={**plan.load, "avoid": ["cuda"]}))
        except HostDied as error:
            raise RecogniserDied(f"its process ended while loading ({error})") from None

    async def _loaded(self, plan: HostPlan) -> EngineHost:
        try:
            host = await EngineHost.launch(
                f"asr_worker.{self._name}",
                plan.python,
                MODULE,
                plan.engine,
                **{**plan.environment, **OFFLINE},
            )
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise RecogniserMissing(f"{plan.python} cannot be run ({why}): {plan.mend}") from None
        try:
            about = await host.ask("load", plan.load, timeout_seconds=LOAD_SECONDS)
        except HostFailed as error:
            await host.end()
            if error.code == "missing":
                raise RecogniserMissing(f"{error}: {plan.mend}") from None
            if error.code == "model":
                raise RecogniserMissing(f"{error}: get the model again") from None
            raise RecogniserError(str(error)) from None
        except BaseException:
            await host.end()
            raise
        again = {"model": about.get("model"), "seconds_per_pass": about.get("seconds_per_pass")}
        self._worked = replace(plan, load={**plan.load, "again": again})
        self._capabilities = capabilities_of(about, self._name)
        self._started(about)
        self._log.info("%s listens in process %d", self._capabilities.label, host.pid)
        return host

    async def _end_host(self) -> None:
        host, self._host = self._host, None
        self._up.clear()
        if host is not None:
            await host.end()


def _check(pcm: bytes) -> None:
    if not pcm or len(pcm) % 2:
        raise SoundRefused(f"{len(pcm)} bytes are no 16-bit sound")
    if len(pcm) > 2 * RATE_HZ * LONGEST_SOUND_SECONDS:
        raise SoundRefused(f"longer than {LONGEST_SOUND_SECONDS // 60} minutes: cut it into parts")
