"""Keeps up with the model that is loaded: what it has, and which of it shows which mood."""

import asyncio
import logging
import time
from collections.abc import Callable

from apps.avatar_controller.engines.vtube_studio.errors import VtsAway, VtsRefused
from apps.avatar_controller.engines.vtube_studio.model import Ask, Expression, Model, read_model
from apps.avatar_controller.engines.vtube_studio.moods import mood_map
from apps.avatar_controller.engines.vtube_studio.own_parameter import make_own_parameter
from apps.avatar_controller.mood_choices import MoodChoices
from apps.avatar_controller.mood_map import MoodMap
from libs.contracts.avatar import AvatarId
from libs.contracts.speaking import Mood
from libs.settings.avatar import AvatarFile

log = logging.getLogger("kitsu.avatar_controller.vtube_studio")

AVATAR: AvatarId = "vtube_studio"

#: Read again so long after the app did not answer.
AGAIN_SECONDS = 1.0

#: An app that says all the time that something changed is asked this often.
PAUSE_SECONDS = 0.3


class LoadedModel:
    """Promises: soon after the app says that something changed, `taken_up` is called with the model
    as it is now; what is read meanwhile is read again."""

    def __init__(
        self,
        ask: Ask,
        file: AvatarFile,
        choices: MoodChoices,
        taken_up: Callable[[Model | None], None],
    ) -> None:
        self._ask = ask
        self.file = file
        self._choices = choices
        self._taken_up = taken_up
        self._is_old = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self.model: Model | None = None
        self.moods: MoodMap[Expression] | None = None
        self.is_read = False
        """Whether it is known at all what is loaded."""
        self.asked_at = 0.0
        """When the app was asked for it (`time.monotonic`)."""
        self.own_parameter_trouble = ""

    def is_old(self) -> None:
        """Something changed there."""
        self._is_old.set()

    def forget(self) -> None:
        """The connection is gone."""
        self.is_read = False

    async def run(self) -> None:
        """Reads again what is old, for ever."""
        while True:
            await self._is_old.wait()
            is_read = await self.read()
            await asyncio.sleep(PAUSE_SECONDS if is_read else AGAIN_SECONDS)

    async def read(self) -> bool:
        """Whether it is known now what is loaded; otherwise it stays old."""
        async with self._one_at_a_time:
            self._is_old.clear()
            asked_at = time.monotonic()
            try:
                if self.file.mouth.own_parameter:
                    self.own_parameter_trouble = await make_own_parameter(self._ask)
                model = await read_model(self._ask)
            except (VtsRefused, VtsAway) as problem:
                log.info("the model of VTube Studio is not known yet: %s", problem)
                self._is_old.set()
                return False
            self.model, self.is_read, self.asked_at = model, True, asked_at
            self._map_moods()
            self._taken_up(model)
            return True

    async def choose(self, mood: Mood, expression: str | None) -> None:
        """Kept on disk when this returns."""
        assert self.model is not None
        key = self.model.key
        await asyncio.to_thread(self._choices.choose, AVATAR, key, mood, expression)
        self._map_moods()

    def _map_moods(self) -> None:
        chosen = self._choices.of(AVATAR, self.model.key) if self.model else {}
        self.moods = mood_map(self.model, self.file, chosen) if self.model else None
