"""Signing in to Twitch: by a code that people type in, or by a page that comes back to us.

Form: dev.twitch.tv, "Getting OAuth Access Tokens" (device code grant flow, authorization code grant
flow); RFC 8628 for the answers to a device code.
"""

import asyncio
import hmac
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from apps.twitch_ingest.engines.twitch.accounts import Account, Accounts, Role, expires_at
from apps.twitch_ingest.engines.twitch.errors import TwitchError
from apps.twitch_ingest.engines.twitch.options import TwitchOptions
from apps.twitch_ingest.engines.twitch.sign_in_view import SignInState, SignInView, read_device
from apps.twitch_ingest.engines.twitch.topics import scopes_for
from libs.worker.problems import CannotRun

if TYPE_CHECKING:
    from apps.twitch_ingest.engines.twitch.helix import Helix

log = logging.getLogger("kitsu.twitch_ingest")

#: How long the page that comes back is waited for.
PAGE_SECONDS = 600.0
#: Added to the interval when Twitch is asked too often (RFC 8628, section 3.5).
SLOWER_SECONDS = 5.0

MAKE_CLIENT = (
    "Register an application of your own at https://dev.twitch.tv/console/apps "
    "(client type: Public, redirect URL: http://localhost) and set TWITCH_CLIENT_ID to its "
    "client id in .env, then: kitsu restart twitch_ingest"
)
DECLINED = "It was declined on Twitch's page. Begin again if that was a mistake."


class SignInImpossible(Exception):
    """It cannot even begin; the message says the step that mends it."""


class _WrongAccount(Exception):
    """Somebody else agreed than was to."""


class SignIn:
    """One sign-in at a time; the last one stays to be seen. What it brings is in `Accounts` (and
    on disk) when its state becomes `done`."""

    def __init__(
        self,
        options: TwitchOptions,
        accounts: Accounts,
        helix: Callable[[], Awaitable["Helix"]],
    ) -> None:
        self._options = options
        self._accounts = accounts
        self._helix = helix
        self.view: SignInView | None = None
        self._task: asyncio.Task[None] | None = None
        self._expected_state = ""
        self._one = asyncio.Lock()

    async def begin(self, role: Role) -> SignInView:
        """Raises `SignInImpossible`."""
        if not self._options.client_id:
            raise SignInImpossible(MAKE_CLIENT)
        async with self._one:
            await self._cancel()
            return await self._begin(role)

    async def cancel(self) -> None:
        """Ends one that waits, and puts away how the last one ended."""
        async with self._one:
            await self._cancel()

    async def came_back(self, query: Mapping[str, str]) -> SignInView | None:
        """What Twitch's page sent the browser back with. None: not from a sign-in of ours, so
        nothing was changed."""
        async with self._one:
            return await self._came_back(query)

    async def _begin(self, role: Role) -> SignInView:
        try:
            helix = await self._helix()
        except CannotRun as problem:
            raise SignInImpossible(str(problem)) from None
        if self._options.client_secret:
            self._begin_page(role)
        else:
            await self._begin_code(helix, role)
        assert self.view is not None
        return self.view

    async def _cancel(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._expected_state = ""
        self.view = None

    # By a code --------------------------------------------------------------------------------

    async def _begin_code(self, helix: "Helix", role: Role) -> None:
        scopes = self._scopes(role)
        try:
            answer = await helix.device_code(self._options.client_id, scopes)
            code, view, interval = read_device(answer, role)
        except TwitchError as error:
            if error.status in (400, 401, 403, 404):
                said = f"Twitch does not know TWITCH_CLIENT_ID ({error}). {MAKE_CLIENT}"
                raise SignInImpossible(said) from None
            raise SignInImpossible(f"Twitch cannot be asked now: {error}. Try again.") from None
        self.view = view
        waiting = self._wait_for_code(helix, scopes, code, interval)
        self._task = asyncio.create_task(waiting, name="Twitch sign-in")

    async def _wait_for_code(
        self, helix: "Helix", scopes: tuple[str, ...], code: str, interval_seconds: float
    ) -> None:
        assert self.view is not None
        ends_at = self.view.expires_at or 0.0
        while time.time() < ends_at:
            await asyncio.sleep(interval_seconds)
            try:
                answer = await helix.token_of_device(self._options.client_id, scopes, code)
            except TwitchError as error:
                said = error.message.lower()
                if "slow_down" in said:
                    interval_seconds += SLOWER_SECONDS
                elif not error.passing and "pending" not in said:
                    self._refused(said)
                    return
            else:
                await self._finish(helix, answer)
                return
        self._end(SignInState.EXPIRED, "The code has expired. Begin again for a new one.")

    def _refused(self, said: str) -> None:
        if "denied" in said:
            self._end(SignInState.DENIED, DECLINED)
        elif "invalid device code" in said or "expired" in said:
            self._end(SignInState.EXPIRED, "The code has expired. Begin again for a new one.")
        else:
            self._end(SignInState.FAILED, f"Twitch refused: {said}.")

    # By a page --------------------------------------------------------------------------------

    def _begin_page(self, role: Role) -> None:
        self._expected_state = secrets.token_urlsafe(32)
        asked = {
            "response_type": "code",
            "client_id": self._options.client_id,
            "redirect_uri": self._options.redirect_uri,
            "scope": " ".join(self._scopes(role)),
            "state": self._expected_state,
            "force_verify": "true",
        }
        address = f"{self._options.id_url.rstrip('/')}/oauth2/authorize?{urlencode(asked)}"
        ends_at = time.time() + PAGE_SECONDS
        message = (
            "Open the address, agree, and come back. The redirect URL "
            f"{self._options.redirect_uri} must be registered for the application."
        )
        self.view = SignInView(role, address=address, expires_at=ends_at, message=message)
        self._task = asyncio.create_task(self._wait_for_page(), name="Twitch sign-in")

    async def _wait_for_page(self) -> None:
        await asyncio.sleep(PAGE_SECONDS)
        self._expected_state = ""
        self._end(SignInState.EXPIRED, "Nobody came back from Twitch's page. Begin again.")

    async def _came_back(self, query: Mapping[str, str]) -> SignInView | None:
        expected, given = self._expected_state, query.get("state", "")
        if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
            return None
        self._expected_state = ""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if not query.get("code"):
            self._end(SignInState.DENIED, DECLINED)
            return self.view
        try:
            helix = await self._helix()
            answer = await helix.token_of_code(query["code"], self._options.redirect_uri)
        except TwitchError as error:
            said = f"Twitch refused ({error}). Check TWITCH_CLIENT_SECRET, and begin again."
            self._end(SignInState.FAILED, said)
            return self.view
        await self._finish(helix, answer)
        return self.view

    # Both -------------------------------------------------------------------------------------

    def _scopes(self, role: Role) -> tuple[str, ...]:
        has_bot = self._accounts.get("bot") is not None or bool(self._options.bot_nick)
        return scopes_for(role, has_bot)

    async def _finish(self, helix: "Helix", answer: Mapping[str, Any]) -> None:
        assert self.view is not None
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            said = "Twitch's answer is not as documented. Begin again."
            self._end(SignInState.FAILED, said)
            return
        try:
            account = await self._account_of(helix, self.view.account, token, answer)
        except TwitchError as error:
            said = f"Twitch did not say whose token it gave ({error}). Begin again."
            self._end(SignInState.FAILED, said)
        except ValueError:  # of pydantic, for an account without a name or an id
            await _revoke(helix, token, self._options.client_id)
            said = "Twitch gave a token that belongs to no account. Begin again."
            self._end(SignInState.FAILED, said)
        except _WrongAccount as problem:
            await _revoke(helix, token, self._options.client_id)
            self._end(SignInState.FAILED, str(problem))
        else:
            self._accounts.put(account)
            self._end(SignInState.DONE, account.login)

    async def _account_of(
        self, helix: "Helix", role: Role, token: str, answer: Mapping[str, Any]
    ) -> Account:
        who = await helix.validate(token)
        self._check_login(role, who.login)
        return Account(
            role=role,
            user_id=who.user_id,
            login=who.login,
            client_id=self._options.client_id,
            scopes=who.scopes,
            access_token=token,
            refresh_token=str(answer.get("refresh_token") or ""),
            expires_at=expires_at(who.expires_in_seconds),
        )

    def _check_login(self, role: Role, login: str) -> None:
        """Raises `_WrongAccount`."""
        streamer = self._accounts.get("streamer")
        channel = self._options.channel or (streamer.login if streamer else "")
        if role == "streamer" and self._options.channel not in ("", login):
            raise _WrongAccount(
                f"That was the account {login}, but TWITCH_CHANNEL is {self._options.channel}. "
                "Sign out on Twitch's page and begin again with the right one."
            )
        if role == "bot" and login == channel:
            raise _WrongAccount(
                f"That was the streamer's own account ({login}). Begin again, and open the "
                "address in a private window where the bot is signed in."
            )
        if role == "bot" and self._options.bot_nick not in ("", login):
            raise _WrongAccount(
                f"That was the account {login}, but TWITCH_BOT_NICK is {self._options.bot_nick}."
            )

    def _end(self, state: SignInState, message: str) -> None:
        if self.view is not None:
            self.view = replace(self.view, state=state, user_code="", address="", message=message)
            log.info("sign-in to Twitch (%s): %s", self.view.account, state.value)


async def _revoke(helix: "Helix", token: str, client_id: str) -> None:
    try:
        await helix.revoke(token, client_id)
    except TwitchError as error:
        log.warning("a token that is not wanted could not be revoked: %s", error)
