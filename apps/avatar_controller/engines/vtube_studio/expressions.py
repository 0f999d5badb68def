"""Switches expressions of the model on and off, so that one of Kitsu's own is on, or none."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from apps.avatar_controller.engines.vtube_studio.errors import VtsAway, VtsRefused
from apps.avatar_controller.engines.vtube_studio.model import Ask, Expression, rows_of
from apps.avatar_controller.engines.vtube_studio.switched_on import SwitchedOn

log = logging.getLogger("kitsu.avatar_controller.vtube_studio")

NEVER = float("inf")

#: What the app takes (`fadeTime`).
LONGEST_FADE_SECONDS = 2.0

#: Asked again so long after something was refused that should have been done.
AGAIN_SECONDS = 1.0

#: Errors of `ExpressionActivationRequest` that say that the list of expressions is an old one.
NO_SUCH_EXPRESSION = frozenset({650, 651})


class Expressions:
    """Promises: only what Kitsu switched on is switched off, also after a restart of Kitsu or of
    the app; activations are absolute, so whatever is repeated does no harm; of several wishes the
    newest counts.

    `want` and `try_out` only note the wish; `settle` carries it out.
    """

    def __init__(self, ask: Ask, own: SwitchedOn, list_is_old: Callable[[], None]) -> None:
        self._ask = ask
        self._own = own
        self._list_is_old = list_is_old
        self._model = ""
        self._wanted: str | None = None
        self._tried: str | None = None
        self._on_anyway: str | None = None
        """What is wanted, and was on before: somebody else's."""
        self._fade_seconds = 0.3
        self._try_ends: asyncio.TimerHandle | None = None
        self._switched_at: dict[str, float] = {}
        """When the app said that it did; never: it has not yet."""
        self._said = ""
        """The refusal that stands in the log, while it is repeated."""
        self._changed = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()

    def want(self, file: str | None, fade_seconds: float) -> None:
        """From now on this one is on; None: none."""
        self._wanted = file
        self._fade_seconds = min(max(fade_seconds, 0.0), LONGEST_FADE_SECONDS)
        self._changed.set()

    def try_out(self, file: str, hold_seconds: float) -> None:
        """This one is on for a moment, whatever is wanted."""
        self._end_trial()
        self._tried = file
        self._try_ends = asyncio.get_running_loop().call_later(hold_seconds, self._end_trial)
        self._changed.set()

    def _end_trial(self) -> None:
        if self._try_ends is not None:
            self._try_ends.cancel()
        self._try_ends = self._tried = None
        self._changed.set()

    def forget_trial(self) -> None:
        self._end_trial()

    def begin(
        self, model: str, expressions: tuple[Expression, ...], asked_at: float = NEVER
    ) -> None:
        """A model as the app told of it when it was asked (`time.monotonic`). What was no longer on
        is not Kitsu's any more, unless Kitsu has switched it on since."""
        if model != self._model:
            self._end_trial()
            self._switched_at.clear()
        self._model, self._on_anyway = model, None
        since = {file for file, at in self._switched_at.items() if at >= asked_at}
        self._own.keep(model, since | {each.file for each in expressions if each.active})
        self._changed.set()

    async def run(self) -> None:
        """Carries out what is wanted, for ever."""
        while True:
            await self._changed.wait()
            if not await self.settle():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), AGAIN_SECONDS)
                self._changed.set()

    async def settle(self) -> bool:
        """What is on is what is wanted; or False: it should be tried again."""
        async with self._one_at_a_time:
            self._changed.clear()
            if not self._model:
                return True
            target = self._tried or self._wanted
            if target != self._on_anyway:
                self._on_anyway = None
            done = True
            for file in self._own.of(self._model) - {target}:
                done &= await self._switch(file, on=False)
            is_on = target in (self._on_anyway, *self._own.of(self._model))
            if target is not None and not is_on:
                done &= await self._switch_on(target)
            return done

    async def _switch_on(self, file: str) -> bool:
        try:
            state = await self._ask("ExpressionStateRequest", {"expressionFile": file})
        except VtsRefused:
            state = {}  # It will be told why when it is switched.
        except VtsAway:
            return False
        if any(row.get("active") is True for row in rows_of(state, "expressions")):
            self._on_anyway = file
            return True
        return await self._switch(file, on=True)

    async def _switch(self, file: str, *, on: bool) -> bool:
        model = self._model
        self._switched_at.pop(file, None)
        if on:
            # Noted before it is asked: whoever is killed in between leaves nothing on.
            self._switched_at[file] = NEVER
            await asyncio.to_thread(self._own.add, model, file)
        try:
            await self._ask(
                "ExpressionActivationRequest",
                {"expressionFile": file, "fadeTime": self._fade_seconds, "active": on},
            )
        except VtsRefused as refused:
            self._switched_at.pop(file, None)
            self._log_once(refused)
            gone = refused.error_id in NO_SUCH_EXPRESSION
            if gone:
                self._list_is_old()
            if not on and not gone:
                return False  # It may still be on, and it is Kitsu's.
            await asyncio.to_thread(self._own.remove, model, file)
            return True
        except VtsAway:
            # Once it is back, what is on there is read, and this is settled again.
            self._switched_at.pop(file, None)
            return False
        self._said = ""
        if on:
            self._switched_at[file] = time.monotonic()
        else:
            await asyncio.to_thread(self._own.remove, model, file)
        return True

    def _log_once(self, refused: VtsRefused) -> None:
        if self._said != str(refused):
            self._said = str(refused)
            log.warning("VTube Studio did not switch an expression: %s", refused)
