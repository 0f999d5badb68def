"""A link to VTube Studio with all that it tells."""

import asyncio
from pathlib import Path
from typing import Any, Self

from apps.avatar_controller.engines.vtube_studio.link import VtsLink
from apps.avatar_controller.engines.vtube_studio.token_store import TokenStore
from apps.avatar_controller.settings import AvatarControllerSettings
from libs.contracts.avatar import AvatarLink
from tests.avatar_controller.vtube_studio.scripted_vts import until

#: A parameter that every model has, as one frame sends it.
FRAME = [("MouthOpen", 0.5, 1.0)]


class LinkStand:
    """`async with` it: the link runs. `told` holds every state and detail in their order."""

    def __init__(self, url: str, data_dir: Path, **settings: Any) -> None:
        self.settings = AvatarControllerSettings(
            vts_url=url, kitsu_data_dir=data_dir, **{"vts_auth_token": "", **settings}
        )
        self.store = TokenStore(self.settings.kitsu_data_dir, self.settings.kitsu_show)
        self.told: list[tuple[AvatarLink, str]] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.frame_errors: list[tuple[int, str]] = []
        self.times_ready = 0
        self.frames_offered = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def on_ready(self) -> None:
        """Tests put their own in its place."""

    async def __aenter__(self) -> Self:
        async def ready() -> None:
            self.times_ready += 1
            await self.on_ready()

        self.link = VtsLink(
            self.settings,
            on_ready=ready,
            on_event=lambda kind, data: self.events.append((kind, data)),
            on_changed=lambda: self.told.append((self.link.link, self.link.detail)),
            on_frame_error=lambda error_id, said: self.frame_errors.append((error_id, said)),
        )
        self._tasks = [asyncio.create_task(self.link.run())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            assert isinstance(result, asyncio.CancelledError), result

    def links(self) -> list[AvatarLink]:
        return [link for link, _ in self.told]

    def send_frames(self) -> None:
        """From now on, 60 times a second."""

        async def frames() -> None:
            due = asyncio.get_running_loop().time()
            while True:
                self.frames_offered += 1
                self.link.send_values(FRAME)
                due += 1 / 60
                await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))

        self._tasks.append(asyncio.create_task(frames()))

    async def reach(self, link: AvatarLink, saying: str = "", seconds: float = 15.0) -> str:
        """The detail, as soon as the link is so and says that."""
        await until(lambda: self.link.link is link and saying in self.link.detail, seconds)
        return self.link.detail

    async def ready(self, times: int = 1) -> None:
        await until(lambda: self.times_ready >= times and self.link.ready, 15.0)
