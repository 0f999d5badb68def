"""twitchio's HTTP client, with our own transport and our own care for tokens."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from typing import Any

import aiohttp
from twitchio.authentication.oauth import OAuth
from twitchio.http import Route

from apps.twitch_ingest.engines.twitch.accounts import Account, Accounts, expires_at
from apps.twitch_ingest.engines.twitch.errors import TwitchError
from apps.twitch_ingest.engines.twitch.options import TwitchOptions

log = logging.getLogger("kitsu.twitch_ingest")

#: More than any answer that is asked for here.
LONGEST_ANSWER_BYTES = 1_000_000

SIGN_IN = "sign in with: kitsu twitch login"


class TwitchRequests(OAuth):
    """Everything that twitchio can ask Twitch, with `token_for` a user id of our accounts.

    Promises: one refresh at a time and per account, whoever needs it; at most one retry after a
    refused token; a new token is on disk before it is used; secrets travel in bodies and headers
    only, never in an address; every failure is a `TwitchError` without secrets. Redirects are not
    followed.
    """

    def __init__(
        self, options: TwitchOptions, accounts: Accounts, session: aiohttp.ClientSession
    ) -> None:
        super().__init__(
            client_id=options.client_id,
            client_secret=options.client_secret or None,
            redirect_uri=options.redirect_uri,
            session=session,
        )
        self._options = options
        self._accounts = accounts
        self._http = session
        self._refreshes: dict[str, asyncio.Task[Account]] = {}
        self._refreshed_at: dict[str, float] = {}
        self.refreshes = 0

    async def request(self, route: Route) -> Any:
        """The decoded answer. Raises `TwitchError`."""
        if route.use_id:
            return await self._ask(route, route.headers)
        account = self._accounts.of_user(route.token_for)
        if account is None or account.ended:
            raise TwitchError(401, f"the account is not signed in: {SIGN_IN}")
        try:
            return await self._ask(route, _signed(account))
        except TwitchError as error:
            if not error.token_refused:
                raise
        return await self._ask(route, _signed(await self.refreshed(account)))

    async def refreshed(self, account: Account) -> Account:
        """The account with a newer token. Raises `TwitchError`.

        A refresh goes on when whoever waits for it is cancelled: its answer holds the only refresh
        token that still works.
        """
        current = self._accounts.of_user(account.user_id)
        if current is None or current.ended:
            raise TwitchError(401, f"the account is not signed in: {SIGN_IN}")
        if current.access_token != account.access_token:
            return current
        task = self._refreshes.get(account.user_id)
        if task is None:
            task = asyncio.create_task(self._refresh(current), name="refresh a Twitch token")
            self._refreshes[account.user_id] = task
            task.add_done_callback(lambda done: self._refresh_ended(account.user_id, done))
        return await asyncio.shield(task)

    async def settle(self) -> None:
        """Waits for refreshes on their way."""
        await asyncio.gather(*self._refreshes.values(), return_exceptions=True)

    def _refresh_ended(self, user_id: str, task: asyncio.Task[Account]) -> None:
        self._refreshes.pop(user_id, None)
        if not task.cancelled():
            task.exception()

    async def _refresh(self, account: Account) -> Account:
        since = time.monotonic() - self._refreshed_at.get(account.user_id, float("-inf"))
        if since < self._options.pauses.refresh:
            raise TwitchError(401, "Twitch refuses a token that it has just given out")
        if not account.refresh_token:
            self._accounts.end(account, "its token has ended, and cannot be renewed")
            raise TwitchError(401, f"the token has ended: {SIGN_IN}")
        try:
            fresh = _with_tokens(account, await self._ask_for_tokens(account))
        except (KeyError, TypeError, ValueError):
            raise TwitchError(502, "the answer to a refresh is not as documented") from None
        except TwitchError as error:
            if error.status in (400, 401, 403):
                self._accounts.end(account, "Twitch no longer accepts it (removed, or too old)")
            raise
        self._refreshed_at[account.user_id] = time.monotonic()
        self.refreshes += 1
        self._accounts.put(fresh)
        return fresh

    async def _ask_for_tokens(self, account: Account) -> Any:
        """As plain as it can be: the old refresh token ends with the answer, whatever is in it."""
        asked: dict[str, Any] = {
            "grant_type": "refresh_token",
            "refresh_token": account.refresh_token,
            "client_id": account.client_id,
        }
        if self._options.client_secret:
            asked["client_secret"] = self._options.client_secret
        return await self.request(
            Route("POST", "/oauth2/token", use_id=True, headers={}, params=asked)
        )

    # Transport --------------------------------------------------------------------------------

    async def _ask(self, route: Route, headers: dict[str, str]) -> Any:
        address, form = self._address(route)
        given: dict[str, Any] = {"json": route.json} if route.json else {}
        headers = {"Accept": "application/json", "User-Agent": self.user_agent, **headers}
        if form is not None:
            given = {"data": form.encode()}
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            async with (
                asyncio.timeout(self._options.pauses.request),
                self._http.request(
                    route.method, address, headers=headers, allow_redirects=False, **given
                ) as answer,
            ):
                raw = await _body(answer)
        except aiohttp.ClientConnectorError:
            raise TwitchError(0, "Twitch cannot be reached") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            said = f"no answer from Twitch ({type(error).__name__})"
            raise TwitchError(0, said, maybe_done=True) from None
        return _decoded(answer, raw)

    def _address(self, route: Route) -> tuple[str, str | None]:
        """Where it goes, and its parameters as a body where they would be secrets in an address."""
        theirs, ours = Route.BASE, self._options.helix_url.rstrip("/") + "/"
        if route.use_id:
            theirs, ours = Route.ID_BASE, self._options.id_url.rstrip("/") + "/"
        address = ours + route.url.removeprefix(theirs)
        if not route.use_id or route.method != "POST":
            return address, None
        address, _, form = address.partition("?")
        return address, form


def _with_tokens(account: Account, answer: Mapping[str, Any]) -> Account:
    """Raises `ValueError`, `KeyError` or `TypeError` for an answer that is none."""
    news = {
        "access_token": answer["access_token"],
        "refresh_token": answer.get("refresh_token") or account.refresh_token,
        "expires_at": expires_at(float(answer["expires_in"])),
    }
    return Account.model_validate(account.model_dump() | news)


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for piece in answer.content.iter_any():
        raw += piece
        if len(raw) > LONGEST_ANSWER_BYTES:
            raise TwitchError(502, "Twitch's answer is too long", maybe_done=True)
    return bytes(raw)


def _decoded(answer: aiohttp.ClientResponse, raw: bytes) -> Any:
    try:
        document = json.loads(raw) if raw else {}
    except (ValueError, RecursionError):
        document = None
    if answer.status < 300 and isinstance(document, dict):
        return document
    said = document.get("message") if isinstance(document, dict) else None
    status = answer.status if answer.status >= 400 else 502
    message = said if isinstance(said, str) and said else f"HTTP {answer.status}"
    raise TwitchError(status, message, retry_after_seconds=_retry_after(answer))


def _retry_after(answer: aiohttp.ClientResponse) -> float | None:
    reset = answer.headers.get("Ratelimit-Reset", "")
    return max(0.0, float(reset) - time.time()) if reset.isdigit() else None


def _signed(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.access_token}", "Client-Id": account.client_id}
