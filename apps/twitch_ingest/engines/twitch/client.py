"""Everything that needs twitchio and aiohttp, made when it is first needed."""

from dataclasses import dataclass
from typing import Self

import aiohttp

from apps.twitch_ingest.engines.twitch.accounts import Accounts
from apps.twitch_ingest.engines.twitch.helix import Helix, check_twitchio
from apps.twitch_ingest.engines.twitch.options import TwitchOptions
from apps.twitch_ingest.engines.twitch.requests import TwitchRequests


@dataclass
class TwitchClient:
    http: aiohttp.ClientSession
    requests: TwitchRequests
    helix: Helix

    @classmethod
    def make(cls, options: TwitchOptions, accounts: Accounts) -> Self:
        """Raises `CannotRun` when twitchio is not the one this is written for."""
        check_twitchio()
        http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        requests = TwitchRequests(options, accounts, http)
        return cls(http, requests, Helix(requests))

    async def close(self) -> None:
        await self.requests.settle()
        await self.http.close()
