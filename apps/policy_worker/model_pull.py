"""Pulling a model: one at a time, watched by whoever asks, stopped only on request."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from apps.policy_worker.engines.errors import EngineError
from apps.policy_worker.engines.ollama_catalogue import OllamaCatalogue


@dataclass(frozen=True)
class PullState:
    """`done` with `ok` or a `reason` code; `message` is for people."""

    model: str
    status: str = "starting"
    completed_bytes: int = 0
    total_bytes: int = 0
    done: bool = False
    ok: bool = False
    reason: str = ""
    message: str = ""

    @property
    def percent(self) -> float:
        return round(100.0 * self.completed_bytes / self.total_bytes, 1) if self.total_bytes else 0


class AnotherPullRuns(Exception):
    """The message names the model."""


class ModelPull:
    """The pull that runs, or the last one that ran. It goes on when nobody watches."""

    def __init__(
        self, catalogue: OllamaCatalogue, when_there: Callable[[], Awaitable[None]]
    ) -> None:
        """`when_there` is called when a model was pulled, before that is told."""
        self._catalogue = catalogue
        self._when_there = when_there
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self.state: PullState | None = None

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(self, model: str) -> None:
        """Begins, or goes on with the one that runs. Raises `AnotherPullRuns`."""
        if self.running and self.state is not None:
            if self.state.model != model:
                raise AnotherPullRuns(self.state.model)
            return
        self._tell(PullState(model))
        self._task = asyncio.create_task(self._pull(model), name="pull model")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def follow(self) -> AsyncIterator[PullState]:
        """The state now and at every change, until the pull is over."""
        while self.state is not None:
            state, changed = self.state, self._changed
            yield state
            if state.done:
                return
            await changed.wait()

    def _tell(self, state: PullState) -> None:
        self.state = state
        told, self._changed = self._changed, asyncio.Event()
        told.set()

    async def _pull(self, model: str) -> None:
        state = PullState(model)
        try:
            async with aclosing(self._catalogue.pull(model)) as steps:
                async for step in steps:
                    state = PullState(model, step.status, step.completed_bytes, step.total_bytes)
                    self._tell(state)
        except EngineError as error:
            message = f"{model} was not pulled ({error.code}): {error.mend}"
            self._tell(replace(state, done=True, reason=error.code, message=message))
        except asyncio.CancelledError:
            self._tell(replace(state, done=True, reason="stopped", message="Stopped."))
            raise
        else:
            await self._when_there()
            self._tell(replace(state, done=True, ok=True, message=f"{model} is there."))
