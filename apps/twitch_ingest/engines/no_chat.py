"""No chat: nothing is heard, and why."""

import asyncio

from apps.twitch_ingest.engines.base import Capabilities, PlatformHealth, SendRefused, Tell
from libs.contracts.health import ModuleState


class NoChat:
    """Stands where a platform would. `detail` says in one line how to have one."""

    name = "none"

    def __init__(self, detail: str) -> None:
        self._detail = detail

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(can_send=False, has_roles=False, has_deletions=False)

    @property
    def is_moderator(self) -> bool:
        return False

    async def run(self, tell: Tell) -> None:
        await asyncio.Event().wait()

    async def send(self, text: str, reply_to: str = "") -> None:
        raise SendRefused("cannot_send", self._detail)

    def health(self) -> PlatformHealth:
        return PlatformHealth(ModuleState.NOT_CONFIGURED, self._detail)
