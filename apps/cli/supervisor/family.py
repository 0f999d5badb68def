"""All children of one supervisor, and what is to be seen of them."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from apps.cli.supervisor.child import GRACE_SECONDS, Child, Exit
from apps.cli.supervisor.view import Row
from libs.worker.problems import Problem

#: How long we wait for one child to end before we ask the next.
ONE_BY_ONE_SECONDS = 0.5
#: How long a module may take to be ready again after `kitsu restart`.
RESTART_SECONDS = 20.0


class Family:
    """Promises: children are ended in the opposite order of their start; when `stop` returns none
    of them is running."""

    def __init__(self, children: Sequence[Child]) -> None:
        self.children = list(children)
        self._tasks: list[asyncio.Task[None]] = []

    def adopt(self, task: asyncio.Task[None]) -> None:
        """The task that runs a child, in the order of the children."""
        self._tasks.append(task)

    async def all_ready(self) -> None:
        await asyncio.gather(*(child.health.ready.wait() for child in self.children))

    async def stop(self, hurry: asyncio.Event) -> list[str]:
        """Asks each to end, the last started first; kills what has not ended after the grace, or
        at once when `hurry` is set. The names of those that had to be killed."""
        until = time.monotonic() + GRACE_SECONDS
        for child, task in zip(reversed(self.children), reversed(self._tasks), strict=True):
            child.ask_to_stop()
            await asyncio.wait({task}, timeout=0 if hurry.is_set() else ONE_BY_ONE_SECONDS)
        pending = {task for task in self._tasks if not task.done()}
        while pending and not hurry.is_set() and (left := until - time.monotonic()) > 0:
            _, pending = await asyncio.wait(pending, timeout=min(left, 0.1))
        killed = [
            child.name
            for child, task in zip(self.children, self._tasks, strict=True)
            if not task.done()
        ]
        for child in self.children:
            child.kill()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return killed

    def rows(self) -> list[Row]:
        return [row for child in self.children for row in _rows_of(child)]

    async def restart(self, module: str) -> dict[str, Any]:
        """Replaces the process of a module and waits until it is ready."""
        for child in self.children:
            if module == child.name or module in child.health.modules:
                child.replace()
                try:
                    await asyncio.wait_for(child.health.ready.wait(), RESTART_SECONDS)
                except TimeoutError:
                    detail = f"{module} is not ready yet; see: kitsu logs {module}"
                    raise Problem(504, "Not ready", detail) from None
                return {"module": module, "pid": child.pid, "restarts": child.restarts}
        known = ", ".join(row.module for row in self.rows())
        raise Problem(404, "Not running here", f"{module} is not one of: {known}.")

    def replace_all(self) -> None:
        """Fresh processes for all, which then read their settings anew."""
        for child in self.children:
            child.replace()


def _rows_of(child: Child) -> list[Row]:
    if not child.command.doors:
        state = "ready" if child.pid is not None else _absent(child)
        return [Row(child.name, state, pid=child.pid, restarts=child.restarts)]
    rows = []
    for module, health in child.health.modules.items():
        heard = health.readiness
        if child.pid is None:
            state, detail, engine = _absent(child), "", ""
        elif heard is None:
            state, detail, engine = "starting", "", ""
        elif health.silent:
            state, detail, engine = "degraded", "does not answer on its port", heard.engine
        else:
            state, detail, engine = heard.state, heard.detail, heard.engine
        rows.append(Row(module, state, detail, engine, child.pid, child.restarts))
    return rows


def _absent(child: Child) -> str:
    if child.waiting_until is not None:
        return "waiting"
    return "stopped" if child.stopping else "starting"


def told(child: Child, exit_: Exit) -> tuple[str, str]:
    """A death as a line for people, and its level."""
    line = f"{child.name} {exit_.how} after {exit_.lived_seconds:.0f} s"
    if exit_.looping:
        line += f"; it keeps dying, next try in {exit_.wait_seconds:.0f} s"
    else:
        line += "; started again"
    if exit_.last_words and (exit_.looping or not exit_.was_ready):
        line += f"\n    {exit_.last_words.replace(chr(10), chr(10) + '    ')}"
    return line, "fail" if exit_.looping else "warn"
