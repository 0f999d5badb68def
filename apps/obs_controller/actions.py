"""What moods and models may ask for: the actions of `configs/scenes.yaml`, undone in time."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from apps.obs_controller.names import nearest
from apps.obs_controller.orders import Done, Order, OrderRefused, Orders
from apps.obs_controller.scenes_file import Action, Scenes
from libs.contracts.speaking import Mood
from libs.contracts.stage import SwitchScene
from libs.contracts.studio import ControlMedia, SetFilterEnabled, SetSourceText, SetSourceVisible

log = logging.getLogger("kitsu.obs_controller.actions")

#: After a release the scene on air is the one from before by then.
RELEASED_SECONDS = 1.5

Spawn = Callable[[str, Coroutine[Any, Any, None]], object]


class StageActions:
    """Promises: only what the file lists is done; what is timed is undone once, also when it was
    asked for again meanwhile (then later), and after a panic when its time passed within it."""

    def __init__(self, scenes: Scenes, orders: Orders, spawn: Spawn) -> None:
        self._scenes = scenes
        self._orders = orders
        self._spawn = spawn
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._undo: dict[str, Order] = {}
        self._overdue: set[str] = set()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._scenes.actions)

    def of_mood(self, mood: Mood) -> str | None:
        return self._scenes.moods.get(mood)

    async def carry_out(self, name: str) -> Done:
        """Raises `OrderRefused`."""
        action = self._scenes.actions.get(name)
        if action is None:
            near = nearest(name[:64], self._scenes.actions)
            step = f"configs/scenes.yaml lists no action '{name[:64]}'.{near}"
            raise OrderRefused("not_allowed", step)
        done = await self._orders.carry_out(_order(action))
        if action.for_seconds is not None:
            self._undo.setdefault(name, _undoing(action, done))
            self._undo_in(name, action.for_seconds)
        return done

    def panic_released(self) -> None:
        """What is overdue is undone when OBS has had time to put back what was before."""
        for name in self._overdue:
            self._undo_in(name, RELEASED_SECONDS)
        self._overdue = set()

    def stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()

    def _undo_in(self, name: str, seconds: float) -> None:
        if earlier := self._timers.pop(name, None):
            earlier.cancel()
        loop = asyncio.get_running_loop()
        self._timers[name] = loop.call_later(seconds, self._start_undoing, name)

    def _start_undoing(self, name: str) -> None:
        self._timers.pop(name, None)
        self._spawn(f"undo {name}", self._undo_now(name))

    async def _undo_now(self, name: str) -> None:
        order = self._undo.get(name)
        if order is None:
            return
        try:
            if not self._changed_meanwhile(name):
                await self._orders.carry_out(order)
        except OrderRefused as problem:
            if problem.code == "panic":
                self._overdue.add(name)
                return
            log.warning("action '%s' could not be undone: %s", name, problem)
        self._undo.pop(name, None)

    def _changed_meanwhile(self, name: str) -> bool:
        """Somebody went on to another scene: they are not dragged back."""
        action = self._scenes.actions[name]
        return action.scene is not None and self._orders.scene != action.scene


def _order(action: Action) -> Order:
    if action.scene is not None:
        return SwitchScene(scene=action.scene)
    if action.source is not None:
        found = action.source
        return SetSourceVisible(scene=found.scene, source=found.name, visible=found.visible)
    if action.filter is not None:
        wanted = action.filter
        return SetFilterEnabled(source=wanted.source, filter=wanted.name, enabled=wanted.enabled)
    if action.media is not None:
        return ControlMedia(source=action.media, action="restart")
    assert action.text is not None
    return SetSourceText(source=action.text.source, text=action.text.text)


def _undoing(action: Action, done: Done) -> Order:
    """The order that makes it as it was before."""
    was = done.result.get("was")
    if action.scene is not None:
        return SwitchScene(scene=str(was) if was and was != action.scene else "")
    if action.source is not None:
        scene, name = str(done.result["scene"]), action.source.name
        visible = bool(was) if was is not None else not action.source.visible
        return SetSourceVisible(scene=scene, source=name, visible=visible)
    if action.filter is not None:
        wanted = action.filter
        enabled = bool(was) if was is not None else not wanted.enabled
        return SetFilterEnabled(source=wanted.source, filter=wanted.name, enabled=enabled)
    assert action.text is not None
    return SetSourceText(source=action.text.source, text=str(was or ""))
