"""A Twitch channel on the stand-in, and the platform that listens to it."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from apps.twitch_ingest.engines.base import Gap, Message, PlatformEvent
from apps.twitch_ingest.engines.twitch import Pauses, TwitchOptions, TwitchPlatform
from apps.twitch_ingest.engines.twitch.accounts import Account, Accounts, Role
from apps.twitch_ingest.engines.twitch.token_store import TokenStore
from apps.twitch_ingest.engines.twitch.topics import CHAT, NOT_ASKED, scopes_for
from libs.testing.stand_ins.twitch import TwitchStandIn, User
from libs.worker.problems import Problem

Kind = TypeVar("Kind", bound=PlatformEvent)

#: Everything short, in the proportions of the real ones.
SHORT = Pauses(
    first_retry=0.05,
    longest_retry=0.2,
    welcome=0.4,
    keepalive_grace=0.2,
    old_connection_quiet=0.1,
    old_connection_longest=0.5,
    subscribe_retry=0.05,
    refused_topics=0.3,
    request=2.0,
    validate_retry=0.1,
)


class ChannelStand:
    """`host` owns the channel; whoever was signed in is in the store before the platform reads it.

    `told` is everything that the platform told.
    """

    def __init__(self, twitch: TwitchStandIn, folder: Path, **options: Any) -> None:
        self.twitch = twitch
        self.host = twitch.user("kitsu_live", "Kitsu_Live")
        self.ann = twitch.user("ann", "Ann")
        self.options = replace(
            TwitchOptions(
                data_dir=folder,
                channel="kitsu_live",
                client_id=twitch.world.client_id,
                helix_url=twitch.helix_url,
                id_url=twitch.id_url,
                eventsub_url=twitch.eventsub_url,
                irc_url=twitch.irc_url,
                pauses=SHORT,
            ),
            **options,
        )
        self.told: list[PlatformEvent] = []
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._platform: TwitchPlatform | None = None

    @property
    def platform(self) -> TwitchPlatform:
        """Made when it is first asked for: after the accounts were signed in."""
        if self._platform is None:
            self._platform = TwitchPlatform(self.options)
        return self._platform

    def sign_in(
        self,
        user: User | None = None,
        role: Role = "streamer",
        scopes: tuple[str, ...] | None = None,
        **token: Any,
    ) -> Account:
        """As if it had been done before the start."""
        user = user or self.host
        found = scopes_for(role, has_bot=False) if scopes is None else scopes
        made = self.twitch.world.make_token(user, list(found), **token)
        account = Account(
            role=role,
            user_id=user.id,
            login=user.login,
            client_id=made.client_id,
            scopes=tuple(made.scopes),
            access_token=made.access,
            refresh_token=made.refresh or "",
            expires_at=made.expires_at,
        )
        accounts = Accounts(TokenStore(self.options.data_dir))
        accounts.load()
        accounts.put(account)
        return account

    async def __aenter__(self) -> "ChannelStand":
        self._task = asyncio.create_task(self.platform.run(self._tell))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _tell(self, event: PlatformEvent) -> None:
        self.told.append(event)
        self._news.set()

    # What was told ----------------------------------------------------------------------------

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.told if isinstance(event, kind)]

    @property
    def lines(self) -> list[str]:
        return [line.text for line in self.of(Message)]

    async def ready(self, links: int = 1) -> None:
        """Chat is heard, and every other topic was asked for."""
        await self.twitch.wait_for(CHAT)
        await until(lambda: self.platform.link_state()["state"] == "ready")
        await until(lambda: all(row["reason"] != NOT_ASKED for row in self.topics))

    @property
    def topics(self) -> list[dict[str, str]]:
        rows: list[dict[str, str]] = self.platform.link_state()["topics"]
        return rows

    async def say(self, text: str, user: User | None = None, **more: Any) -> str:
        return await self.twitch.channel.say(self.host, user or self.ann, text, **more)

    async def heard(self, text: str, seconds: float = 10.0) -> Message:
        """The line with this text; says it again until it is heard, as viewers would."""
        await until(lambda: text in self.lines, seconds)
        return next(line for line in self.of(Message) if line.text == text)

    async def heard_again(self, since: float, seconds: float = 10.0) -> float:
        """How long after `since` a line is heard; one is said all 20 ms until then."""
        number = 0
        while not any(text.startswith("still there") for text in self.lines):
            if time.monotonic() - since > seconds:
                raise TimeoutError("chat is not heard again")
            await self.say(f"still there {number}")
            number += 1
            await asyncio.sleep(0.02)
        return time.monotonic() - since

    async def gap(self) -> Gap:
        await until(lambda: bool(self.of(Gap)))
        return self.of(Gap)[-1]

    async def lacking(self) -> dict[str, Any]:
        """The link, when it works and says that something is not allowed."""
        await until(lambda: self.platform.link_state()["lacking"])
        return self.platform.link_state()

    async def state(self, state: str, saying: str = "") -> dict[str, Any]:
        """The link, when it is in this state and its detail says this."""

        def there() -> bool:
            told = self.platform.link_state()
            return told["state"] == state and saying in told["detail"]

        await until(there)
        return self.platform.link_state()


async def answer_problem(request: Request, problem: Exception) -> Response:
    """As the worker's own application answers."""
    assert isinstance(problem, Problem)
    return problem.response()


async def until(true: Any, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - many causes
            await asyncio.sleep(0.005)
