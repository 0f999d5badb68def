"""VTube Studio's stand-in, and the avatar that moves a model in it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps.avatar_controller.engines.vtube_studio.avatar import VTubeStudioAvatar
from apps.avatar_controller.mood_choices import MoodChoices, choices_file
from apps.avatar_controller.settings import AvatarControllerSettings
from libs.contracts.avatar import AvatarStatus
from libs.settings.avatar import AvatarFile
from libs.testing.stand_ins.vtube_studio import VTubeStudioStandIn

KITSU = "Kitsu"


async def until(true: Callable[[], object], seconds: float = 5.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not true():
        assert asyncio.get_running_loop().time() < deadline, "it did not come to be in time"
        await asyncio.sleep(0.005)


@dataclass
class Stand:
    """An avatar that runs against the stand-in, with somebody who sends frames."""

    vts: VTubeStudioStandIn
    data_dir: Path
    avatar: VTubeStudioAvatar
    told: list[AvatarStatus] = field(default_factory=list)

    @property
    def status(self) -> AvatarStatus:
        return self.avatar.status()

    def active(self) -> list[str]:
        """Expressions that are on."""
        assert self.vts.studio.model is not None
        return self.vts.studio.model.active()

    def frames(self) -> list[dict[str, Any]]:
        return [frame.values() for frame in self.vts.recording.frames_of(KITSU)]

    async def until_ready(self) -> None:
        await until(lambda: self.status.model)

    async def some_frames(self, count: int = 3) -> dict[str, Any]:
        """The newest one after so many more."""
        before = len(self.frames())
        await until(lambda: len(self.frames()) >= before + count)
        return self.frames()[-1]


def avatar_file(**sections: Any) -> AvatarFile:
    usual = {
        "moods": {"words": {"happy": ["happy", "joy"], "sad": ["sad"], "angry": ["rage"]}},
        "gestures": {"wave": ["wave", "hello"]},
        "hotkey_pause_seconds": 0.6,
        "idle": {"blink": "off"},
    }
    return AvatarFile.model_validate({**usual, **sections})


@contextlib.asynccontextmanager
async def standing(
    vts: VTubeStudioStandIn, data_dir: Path, file: AvatarFile | None = None, hz: float = 60
) -> AsyncIterator[Stand]:
    settings = AvatarControllerSettings(
        vts_url=vts.url, vts_plugin_name=KITSU, kitsu_data_dir=data_dir
    )
    choices = MoodChoices(choices_file(data_dir, "main"))
    told: list[AvatarStatus] = []
    avatar = VTubeStudioAvatar(
        settings, file or avatar_file(), choices, lambda: told.append(avatar.status())
    )

    async def keep_sending() -> None:
        while True:
            avatar.send_frame()
            await asyncio.sleep(1 / hz)

    tasks = [asyncio.create_task(avatar.run()), asyncio.create_task(keep_sending())]
    try:
        yield Stand(vts, data_dir, avatar, told)
        assert not tasks[0].done(), "the avatar ended"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def as_text(status: AvatarStatus) -> str:
    return json.dumps(status.model_dump(mode="json"), ensure_ascii=False)
