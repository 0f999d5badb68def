"""Whether a model blinks and breathes by itself: seen in its own parameters."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from apps.avatar_controller.engines.vtube_studio.errors import VtsAway, VtsRefused
from apps.avatar_controller.engines.vtube_studio.model import Ask, read_parameters
from apps.avatar_controller.engines.vtube_studio.steering import Steering
from apps.avatar_controller.names import plain
from libs.settings.avatar import IdleLife

#: Seldom does a model leave more than six seconds between two blinks; a blink is seen at least once
#: when it is looked so often.
WATCH_SECONDS = 10.0
LOOK_EVERY_SECONDS = 0.05

#: In a blink eyes are shut for about so long: of a longer way from one look to the next the rest
#: was not watched.
SHUT_SECONDS = 0.08

#: Where answers come late it is watched longer, up to this.
LONGEST_WATCH_SECONDS = 60.0

#: What Kitsu moved last falls back to what the app makes of it within a second.
FALL_BACK_SECONDS = 1.2

#: Breath is seen sooner.
BREATH_SECONDS = 3.0

EYES = ("parameyelopen", "parameyeropen")
BREATH = ("parambreath",)

#: Of the way from shut to open: an eye above is open, one below is shut.
OPEN_PART = 0.6
SHUT_PART = 0.35

#: An eye that is seen shut for longer is no blink, but an expression.
LONGEST_BLINK_SECONDS = 0.7

#: Of the way of the parameter for breath.
BREATH_PART = 0.05


@dataclass(frozen=True, slots=True)
class ModelLife:
    blinks: bool = True
    breathes: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    """Where eyes and breath were at a moment, each from 0 to 1 of its way."""

    at_seconds: float
    eyes: float | None = None
    breath: float | None = None


def blinked(looks: Sequence[Look]) -> bool:
    """Open, shut for a moment and open again."""
    was_open = False
    shut_from = shut_to = float("nan")
    for look in looks:
        if look.eyes is None:
            continue
        if look.eyes >= OPEN_PART:
            if was_open and shut_to - shut_from <= LONGEST_BLINK_SECONDS:
                return True
            was_open, shut_from, shut_to = True, float("nan"), float("nan")
        elif look.eyes <= SHUT_PART:
            shut_to = look.at_seconds
            shut_from = shut_to if math.isnan(shut_from) else shut_from
    return False


def breathed(looks: Sequence[Look]) -> bool:
    breath = [look.breath for look in looks if look.breath is not None]
    return bool(breath) and max(breath) - min(breath) >= BREATH_PART


async def watch(ask: Ask) -> ModelLife | None:
    """Looks at the model until it is certain. Eyes and breath must be held still meanwhile; None:
    they were shut. A model whose eyes have names of their own cannot be watched, nor can one of
    which answers come too seldom; it counts as one that blinks. Raises `VtsRefused`, `VtsAway`."""
    now = asyncio.get_running_loop().time
    started = now()
    looks: list[Look] = []
    watched = 0.0
    while watched < WATCH_SECONDS and (elapsed := now() - started) < LONGEST_WATCH_SECONDS:
        looks.append(await _look(ask, elapsed))
        if looks[-1].eyes is None and elapsed >= BREATH_SECONDS:
            break
        if blinked(looks) and (breathed(looks) or elapsed >= BREATH_SECONDS):
            break
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        watched += min(now() - started - elapsed, SHUT_SECONDS)
    eyes = [look.eyes for look in looks if look.eyes is not None]
    if sum(each >= OPEN_PART for each in eyes) < len(eyes) / 2:
        return None
    has_breath = any(look.breath is not None for look in looks)
    watchable = bool(eyes) and watched >= WATCH_SECONDS
    return ModelLife(
        blinks=blinked(looks) or not watchable, breathes=breathed(looks) or not has_breath
    )


async def _look(ask: Ask, at_seconds: float) -> Look:
    parts: dict[str, float] = {}
    for name, (value, least, most) in (await read_parameters(ask)).items():
        form = plain(name)
        if form in (*EYES, *BREATH) and most > least:
            parts[form] = (value - least) / (most - least)
    return Look(
        at_seconds,
        next((parts[eye] for eye in EYES if eye in parts), None),
        next((parts[name] for name in BREATH if name in parts), None),
    )


class ModelLifeKeeper:
    """Promises: Kitsu blinks and breathes for a model only where the file says so, or where it was
    seen that the model does not; not before that is certain."""

    def __init__(
        self, ask: Ask, steering: Steering, idle: IdleLife, somebody_moves_her: Callable[[], bool]
    ) -> None:
        self._ask = ask
        self._steering = steering
        self.idle = idle
        self._somebody_moves_her = somebody_moves_her
        self._seen: dict[str, ModelLife] = {}
        self._model = ""
        self._news = asyncio.Event()

    @property
    def is_known(self) -> bool:
        return self._model in self._seen

    def begin(self, model: str) -> None:
        """This one is loaded; empty: none."""
        self._model = model
        self._take_up(self._seen.get(model, ModelLife()))
        self._news.set()

    def forget(self) -> None:
        """Its user has set the model up anew."""
        self._seen.pop(self._model, None)
        self.begin(self._model)

    async def run(self) -> None:
        """Watches every model once, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            model = self._model
            if not model or model in self._seen or "auto" not in self._wishes:
                continue
            try:
                await asyncio.sleep(FALL_BACK_SECONDS)
                life = await watch(self._ask)
            except (VtsAway, VtsRefused):
                continue
            if life is None or self._somebody_moves_her():
                await asyncio.sleep(WATCH_SECONDS)
                self._news.set()
            elif model == self._model and not self._news.is_set():
                self._seen[model] = life
                self._take_up(life)

    @property
    def _wishes(self) -> tuple[str, str]:
        return self.idle.blink, self.idle.breath

    def _take_up(self, life: ModelLife) -> None:
        blink, breath = self._wishes
        self._steering.moves_lids = blink == "on" or (blink == "auto" and not life.blinks)
        self._steering.moves_breath = breath == "on" or (breath == "auto" and not life.breathes)
