"""Finds out which inputs another plugin holds: the app says only that one of a frame is."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable

from apps.avatar_controller.engines.vtube_studio.errors import VtsAway, VtsRefused
from apps.avatar_controller.engines.vtube_studio.frames import injection
from apps.avatar_controller.engines.vtube_studio.model import Ask, read_inputs
from apps.avatar_controller.engines.vtube_studio.own_parameter import make_own_parameter
from apps.avatar_controller.engines.vtube_studio.steering import Frame, Steering

log = logging.getLogger("kitsu.avatar_controller.vtube_studio")

NOT_FOUND = 453
HELD_BY_ANOTHER = 454

#: What another plugin holds is tried again so long after. A plugin that moves something must say so
#: once a second, and whoever tries while it does is refused, so that nothing is taken from it.
AGAIN_SECONDS = 0.8

#: Answers to frames that were under way are no news.
SETTLE_SECONDS = 1.0


class TakenInputs:
    """Promises: one input that cannot be moved never stops the others for longer than it takes to
    ask for each one alone; what is free again is moved again within a second."""

    def __init__(
        self,
        ask: Ask,
        steering: Steering,
        newest_frame: Callable[[], Frame],
        changed: Callable[[], None],
        own_parameter: bool,
    ) -> None:
        self._ask = ask
        self._steering = steering
        self._newest_frame = newest_frame
        self._changed = changed
        self.own_parameter = own_parameter
        self._refused = asyncio.Event()
        self.quiet = False
        """Nothing may be sent, not even to find out."""

    def frame_refused(self, error_id: int) -> None:
        if error_id in (NOT_FOUND, HELD_BY_ANOTHER):
            self._refused.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._refused.wait(), AGAIN_SECONDS)
            asked_for = self._refused.is_set()
            if (asked_for or self._steering.taken) and not self.quiet:
                with contextlib.suppress(VtsAway, VtsRefused):
                    await self._find_out(all_of_them=asked_for)
            if asked_for:
                await asyncio.sleep(SETTLE_SECONDS)
            self._refused.clear()

    async def _find_out(self, *, all_of_them: bool) -> None:
        before = (self._steering.mouth, self._steering.taken)
        if all_of_them:
            if self.own_parameter:
                await make_own_parameter(self._ask)
            with contextlib.suppress(VtsRefused):
                self._steering.begin(await read_inputs(self._ask))
            if self.quiet:
                return
            frame = self._newest_frame()
        else:
            frame = []
        known = {name for name, _, _ in frame}
        frame += [(name, 0.0, 0.0) for name in self._steering.taken - known]
        answers = await asyncio.gather(*(self._try_alone(*values) for values in frame))
        errors = {name: error for (name, _, _), error in zip(frame, answers, strict=True)}
        self._steering.taken = _those(errors, HELD_BY_ANOTHER)
        self._steering.drop(_those(errors, NOT_FOUND))
        if before != (self._steering.mouth, self._steering.taken):
            held = ", ".join(self._steering.taken_in_words)
            log.info("VTube Studio: another plugin holds %s", held or "nothing")
            self._changed()

    async def _try_alone(self, name: str, value: float, weight: float) -> int:
        """The error's number; 0: it was taken."""
        try:
            await self._ask("InjectParameterDataRequest", injection([(name, value, weight)]))
        except VtsRefused as refused:
            return refused.error_id
        return 0


def _those(errors: dict[str, int], error_id: int) -> frozenset[str]:
    found: Iterable[str] = (name for name, error in errors.items() if error == error_id)
    return frozenset(found)
