"""The server: Helix, id.twitch.tv, EventSub and IRC on one loopback port.

Not covered: conduits, webhooks, sending over IRC, any other call of Helix.
"""

import asyncio
import contextlib
from typing import Any, Self

from aiohttp import web

from libs.testing.stand_ins.twitch.answers import Fault, Faults
from libs.testing.stand_ins.twitch.channel import Channel
from libs.testing.stand_ins.twitch.control import Control
from libs.testing.stand_ins.twitch.flood import Flood
from libs.testing.stand_ins.twitch.helix import Helix
from libs.testing.stand_ins.twitch.irc import IrcSockets
from libs.testing.stand_ins.twitch.oauth import OAuth
from libs.testing.stand_ins.twitch.sessions import EventSubSockets
from libs.testing.stand_ins.twitch.world import User, World


class TwitchStandIn:
    """`async with TwitchStandIn() as twitch` listens on loopback at `helix_url`, `id_url`,
    `eventsub_url` and `irc_url`.

    `world` is who there is, `channel` what happens, `sockets`, `faults` and `helix` what goes
    wrong.
    """

    def __init__(
        self, port: int = 0, *, subscribe_seconds: float = 10.0, move_seconds: float = 30.0
    ) -> None:
        self.port = port
        self.world = World()
        self.oauth = OAuth(self.world)
        self.sockets = EventSubSockets(subscribe_seconds, move_seconds)
        self.irc = IrcSockets()
        self.channel = Channel(self.world, self.sockets, self.irc)
        self.helix = Helix(self.world, self.sockets, self._echo)
        self.flood = Flood(self.world, self.sockets, self.channel)
        self.faults = Faults()
        self.echo = True
        """Whether lines that are sent come back as lines of chat, as Twitch does it."""
        self._runner: web.AppRunner | None = None

    @property
    def base(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def helix_url(self) -> str:
        return f"http://{self.base}/helix"

    @property
    def id_url(self) -> str:
        return f"http://{self.base}"

    @property
    def eventsub_url(self) -> str:
        return f"ws://{self.base}/ws"

    @property
    def irc_url(self) -> str:
        return f"ws://{self.base}/irc"

    @property
    def urls(self) -> dict[str, str]:
        return {
            "helix": self.helix_url,
            "id": self.id_url,
            "eventsub": self.eventsub_url,
            "irc": self.irc_url,
        }

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self.faults.middleware()])
        for part in (self.oauth, self.helix, self.sockets, self.irc, Control(self)):
            app.add_routes(part.routes())
        self._runner = web.AppRunner(app, shutdown_timeout=0.2, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        self.sockets.url = self.eventsub_url
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self.sockets.stop()
        self.irc.drop()
        await self._runner.cleanup()

    def fail(self, method: str, path: str, **what: Any) -> None:
        """The next requests to this path meet a fault: the fields of `Fault`."""
        self.faults.add(Fault(method, path, **what))

    async def wait_for(self, kind: str, count: int = 1, seconds: float = 10.0) -> None:
        """Until so many live subscriptions of this kind are there. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while len(self.sockets.listening(kind)) < count:  # noqa: ASYNC110 - many causes
                await asyncio.sleep(0.005)

    async def _echo(self, channel_id: str, sender_id: str, text: str, message_id: str) -> None:
        if self.echo:
            channel, sender = self.world.users[channel_id], self.world.users[sender_id]
            with contextlib.suppress(ConnectionError):
                await self.channel.say(channel, sender, text, message_id=message_id)

    def user(self, login: str, name: str = "") -> User:
        return self.world.user(login, name)
