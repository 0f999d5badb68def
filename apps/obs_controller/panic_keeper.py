"""Keeps OBS as the panic latch wants it, through crashes and hangs of OBS and of this process."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from apps.obs_controller.engines.base import ConnectionLost
from apps.obs_controller.link import Held, NotConnected, ObsLink
from apps.obs_controller.panic_macro import PanicMacro
from apps.obs_controller.panic_memory import PanicMemory
from apps.obs_controller.settings import ObsControllerSettings
from apps.obs_controller.studio_state import StudioState
from libs.contracts.studio import PanicStep, StudioPanic, StudioPanicReported
from libs.worker.panic_latch import PanicLatch

log = logging.getLogger("kitsu.obs_controller.panic")

#: A cut is over after this long, also at few frames a second.
SWITCH_SECONDS = 0.5

Tell = Callable[[StudioPanicReported], Coroutine[Any, Any, None]]


class PanicKeeper:
    """Compares what the latch says with what was last done in OBS, and does what is missing.

    Promises: engaged and OBS there: applied, again after every reconnect and when new inputs
    appear; released: what was before is put back once, also if OBS comes back only later. It is
    asked to look (`settle`, `wake`) and never queues: only the latch's present state counts.
    """

    def __init__(
        self,
        settings: ObsControllerSettings,
        link: ObsLink,
        latch: PanicLatch,
        folder: Path,
        state: Callable[[], StudioState],
        expected: Callable[[], bool],
        tell: Tell,
    ) -> None:
        self._link = link
        self._latch = latch
        self._memory = PanicMemory(folder / "before_panic.json")
        self._macro = PanicMacro(settings, link, self._memory)
        self._brb = settings.obs_brb_scene
        self._known_state = state
        self._tell = tell
        self._busy = asyncio.Lock()
        self._due = asyncio.Event()
        self._applied: tuple[Any, ...] | None = None
        self._sure_at: float | None = None
        self._told: set[asyncio.Task[None]] = set()
        self._expected = expected
        self.state = StudioPanic.OFF
        self.steps: tuple[PanicStep, ...] = ()
        """Of the panic that is in force, or of the last release."""

    def wake(self) -> None:
        self._due.set()

    async def run(self) -> None:
        """Looks whenever it is woken; until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            await self.look()

    async def settle(self, seconds: float) -> None:
        """Looks now; returns when OBS has answered, or after so long (it is gone on with)."""
        looking = asyncio.create_task(self.look(), name="panic in OBS")
        self._keep(looking)
        await asyncio.wait({looking}, timeout=seconds)

    async def look(self, resyncing: bool = False) -> None:
        """`resyncing`: the link is not called ready yet, but OBS is known and can be asked."""
        if self._latch.engaged and self.state is StudioPanic.OFF and self._expected():
            self.state, self.steps = StudioPanic.PENDING, ()
        async with self._busy:
            if not resyncing and not self._link.ready:
                self._not_there()
                return
            try:
                if self._latch.engaged:
                    await self._apply()
                else:
                    await self._release()
            except Held:
                self.wake()  # engaged again in the middle of a release
            except (ConnectionLost, NotConnected) as problem:
                log.warning("OBS did not take the panic's state: %s", problem)
                self._not_there()
                if resyncing:
                    raise

    def hear(self, kind: str, data: Mapping[str, Any]) -> None:
        """An event of OBS: somebody may have undone a step by hand."""
        if kind == "CurrentProgramSceneChanged":
            self._mark("scene", self._brb, data.get("sceneName") == self._brb)
        elif kind == "InputMuteStateChanged":
            self._mark("mute", str(data.get("inputName")), data.get("inputMuted") is True)

    def _mark(self, what: str, target: str, ok: bool) -> None:
        def looked_at(step: PanicStep) -> PanicStep:
            if (step.what, step.target) != (what, target) or step.ok == ok:
                return step
            message = "" if ok else "undone by hand in OBS during the panic"
            return step.model_copy(update={"ok": ok, "message": message})

        if self._latch.engaged:
            self.steps = tuple(looked_at(step) for step in self.steps)
            self._judge()

    def _judge(self) -> None:
        if self.steps:
            whole = all(step.ok for step in self.steps)
            self.state = StudioPanic.APPLIED if whole else StudioPanic.PARTLY

    def _not_there(self) -> None:
        self._applied = None
        if self._latch.engaged and self._expected():
            self.state, self.steps = StudioPanic.PENDING, ()
            return
        self.state = StudioPanic.OFF
        if self._memory:
            later = "put back as soon as OBS is there; until then it stays as panic left it"
            self.steps = (PanicStep(what="scene", target=self._brb, ok=False, message=later),)

    async def _apply(self) -> None:
        studio = self._known_state()
        wanted = (self._link.connections, self._macro.targets(studio))
        if self._applied == wanted:
            await self._make_sure(studio)
            return
        again = self._applied is not None or bool(self._memory)
        started = time.perf_counter()
        steps = await self._macro.apply(studio)
        self._applied = wanted
        self._sure_at = asyncio.get_running_loop().time() + SWITCH_SECONDS
        asyncio.get_running_loop().call_later(SWITCH_SECONDS, self.wake)
        self.steps = tuple(steps)
        self._judge()
        if not self._latch.engaged:  # released while OBS was at it
            self.wake()
        await self._report(started, engaged=True, again=again)

    async def _make_sure(self, studio: StudioState) -> None:
        """Once after each panic, when the switch must be over: is BRB really what is seen?"""
        on_brb = all(step.ok for step in self.steps if step.what == "scene")
        if on_brb and self._sure_at is not None:
            if asyncio.get_running_loop().time() < self._sure_at:
                return
            await self._macro.show_brb(studio)
        self._sure_at = None

    async def _release(self) -> None:
        self._applied = None
        if not self._memory:
            self.state = StudioPanic.OFF
            return
        started = time.perf_counter()
        steps = await self._macro.restore(self._known_state())
        self.state, self.steps = StudioPanic.OFF, tuple(steps)
        if self._latch.engaged:
            self.wake()
        await self._report(started, engaged=False, again=False)

    async def _report(self, started: float, engaged: bool, again: bool) -> None:
        report = StudioPanicReported(
            ordinal=self._latch.state.ordinal,
            engaged=engaged,
            state=self.state,
            steps=self.steps,
            took_ms=round((time.perf_counter() - started) * 1000, 2),
            again=again,
        )
        self._keep(asyncio.create_task(self._tell(report), name="tell of panic in OBS"))

    def _keep(self, task: "asyncio.Task[None]") -> None:
        self._told.add(task)
        task.add_done_callback(self._told.discard)
