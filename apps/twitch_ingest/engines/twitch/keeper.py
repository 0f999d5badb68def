"""Checks the tokens at start and every hour, as Twitch demands of every app."""

import asyncio
import logging

from apps.twitch_ingest.engines.twitch.accounts import Account, Accounts, expires_at
from apps.twitch_ingest.engines.twitch.client import TwitchClient
from apps.twitch_ingest.engines.twitch.errors import TwitchError
from apps.twitch_ingest.engines.twitch.helix import Validated
from apps.twitch_ingest.engines.twitch.options import Pauses

log = logging.getLogger("kitsu.twitch_ingest")

#: A token that ends before the next check is renewed at this one.
RENEW_WITHIN_CHECKS = 1.25


class TokenKeeper:
    def __init__(self, client: TwitchClient, accounts: Accounts, pauses: Pauses) -> None:
        self._client = client
        self._accounts = accounts
        self._pauses = pauses
        self.checks = 0

    async def run(self) -> None:
        """Goes on until it is cancelled, whatever happens to Twitch or the network."""
        pause = self._pauses.validate
        while True:
            await asyncio.sleep(pause)
            try:
                await self.check()
                pause = self._pauses.validate
            except TwitchError as error:
                log.warning("the Twitch tokens could not be checked: %s", error)
                pause = self._pauses.validate_retry

    async def check(self) -> None:
        """Raises `TwitchError` when Twitch cannot be asked."""
        for account in self._accounts.all():
            if not account.ended:
                await self._check(account)

    async def _check(self, account: Account) -> None:
        self.checks += 1
        try:
            found = await self._client.helix.validate(account.access_token)
        except TwitchError as error:
            if error.status != 401:
                raise
            await self._renew(account)
            return
        if account.refresh_token and found.expires_in_seconds < self._renew_within:
            await self._renew(account)
            return
        self._note(account, found)

    @property
    def _renew_within(self) -> float:
        return RENEW_WITHIN_CHECKS * self._pauses.validate

    async def _renew(self, account: Account) -> None:
        try:
            await self._client.requests.refreshed(account)
        except TwitchError as error:
            if error.passing:
                raise
            log.warning("a Twitch token could not be renewed: %s", error)

    def _note(self, account: Account, found: Validated) -> None:
        current = self._accounts.of_user(account.user_id)
        if current is None or current.access_token != account.access_token:
            return
        if current.scopes != found.scopes or current.login != found.login:
            news = {
                "scopes": found.scopes,
                "login": found.login or current.login,
                "expires_at": expires_at(found.expires_in_seconds),
            }
            self._accounts.put(current.model_copy(update=news))
