"""Signing in: with the token that is there, or by asking VTube Studio's user."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from time import monotonic
from typing import Any, Protocol

from apps.avatar_controller.engines.vtube_studio.errors import (
    DENIED,
    QUESTION_OPEN,
    VtsAway,
    VtsRefused,
    VtsSilent,
)
from apps.avatar_controller.engines.vtube_studio.token_store import TokenStore, is_token
from apps.avatar_controller.settings import AvatarControllerSettings
from libs.contracts.avatar import AvatarLink
from libs.telemetry.redaction import HIDDEN

log = logging.getLogger("kitsu.avatar_controller.vtube_studio")

#: The question stays open as long as its user likes. Its answer may be lost, so now and then it is
#: asked again: VTube Studio says when the first one is still open.
LOOK_AGAIN_SECONDS = 30.0
QUESTION_OPEN_PAUSE_SECONDS = 0.5
LONGEST_QUESTION_SECONDS = 24 * 3600.0
TRIES = 3
TRY_SECONDS = 1.5

#: So few characters of a token tell nothing.
LONGEST_HARMLESS_PART = 3

CLICK_ALLOW = "VTube Studio asks whether Kitsu may connect: click Allow there."
EARLIER_QUESTION = (
    "VTube Studio still shows an earlier question about a plugin: click Allow (or Deny) there."
)
DENIED_THERE = (
    "Kitsu was denied in VTube Studio. Press Ask again in the panel (or: kitsu avatar sign-in), "
    "then click Allow there."
)
OWN_TOKEN_REFUSED = (
    "VTube Studio does not accept the token in VTS_AUTH_TOKEN: remove it from .env and restart "
    "Kitsu (VTube Studio then asks), or set a valid one and restart."
)
FRESH_TOKEN_REFUSED = (
    "VTube Studio does not accept the permission it has just given: restart it, then press "
    "Ask again in the panel."
)


class Ask(Protocol):
    def __call__(
        self, kind: str, data: Mapping[str, Any] | None = None, timeout_seconds: float = 3.0
    ) -> Coroutine[Any, Any, dict[str, Any]]: ...


class SignIn:
    """Promises: `VTS_AUTH_TOKEN` wins and is never replaced; a question is asked once, and after a
    denial only when `ask_again` is called; no token is said anywhere."""

    def __init__(
        self,
        settings: AvatarControllerSettings,
        store: TokenStore,
        tell: Callable[[AvatarLink, str], None],
    ) -> None:
        self._own = settings.vts_auth_token.strip()
        self._who = {
            "pluginName": settings.vts_plugin_name,
            "pluginDeveloper": settings.vts_developer,
        }
        self._store = store
        self._tell = tell
        self._again = asyncio.Event()
        self._token = ""
        self._read = False
        self._denied = False
        self.trouble = ""
        """What is wrong with the token's file, for people; the sign-in goes on without it."""

    async def run(self, ask: Ask) -> None:
        """Returns when we are signed in, however long that takes. Raises `VtsAway`."""
        await self._recall()
        fresh = False
        while not await self._knock(ask):
            if self._own:
                await self._wait_for_order(OWN_TOKEN_REFUSED)
            elif self._denied or fresh:
                await self._wait_for_order(DENIED_THERE if self._denied else FRESH_TOKEN_REFUSED)
                self._denied = fresh = False
            else:
                fresh = await self._get_token(ask)

    def ask_again(self) -> None:
        """After a denial; otherwise it means nothing."""
        self._again.set()

    def hide(self, text: str) -> str:
        """The text without tokens; one that is cut off at its end is one too."""
        for secret in {self._own, self._token} - {""}:
            text = text.replace(secret, HIDDEN)
            for length in range(len(secret) - 1, LONGEST_HARMLESS_PART, -1):
                if text.endswith(secret[:length]):
                    text = text[:-length] + HIDDEN
        return text

    async def _recall(self) -> None:
        if self._read or self._own:
            return
        stored = await asyncio.to_thread(self._store.read)
        self._token, self._denied, self.trouble = stored.token, stored.denied, stored.trouble
        self._read = True

    async def _knock(self, ask: Ask) -> bool:
        """Whether VTube Studio knows the token."""
        token = self._own or self._token
        if not token:
            return False
        data = {**self._who, "authenticationToken": token}
        try:
            answer = await _patiently(ask, "AuthenticationRequest", data)
        except VtsRefused as refused:
            raise VtsAway(str(refused) + ".") from None
        return answer.get("authenticated") is True

    async def _wait_for_order(self, detail: str) -> None:
        self._again.clear()
        self._tell(AvatarLink.DENIED, detail)
        await self._again.wait()

    async def _get_token(self, ask: Ask) -> bool:
        """False: denied."""
        self._tell(AvatarLink.ASKING, f"{self.trouble} {CLICK_ALLOW}".strip())
        try:
            token = await self._ask_user(ask)
        except VtsRefused as refused:
            if refused.error_id != DENIED:
                raise VtsAway(str(refused) + ".") from None
            log.info("VTube Studio: denied by its user")
            self._denied = True
            self._token = ""
            self.trouble = await asyncio.to_thread(self._store.write, "", True)
            return False
        self._token = token
        self.trouble = await asyncio.to_thread(self._store.write, token)
        return True

    async def _ask_user(self, ask: Ask) -> str:
        questions: set[asyncio.Task[dict[str, Any]]] = set()
        try:
            while True:
                question = ask("AuthenticationTokenRequest", self._who, LONGEST_QUESTION_SECONDS)
                questions.add(asyncio.create_task(question))
                look_again_at = monotonic() + LOOK_AGAIN_SECONDS
                while questions and (left := look_again_at - monotonic()) > 0:
                    done, questions = await asyncio.wait(
                        questions, timeout=left, return_when=asyncio.FIRST_COMPLETED
                    )
                    for answered in done:
                        if token := self._answer(answered, alone=not questions):
                            return token
                if not questions:
                    await asyncio.sleep(QUESTION_OPEN_PAUSE_SECONDS)
        finally:
            for waiting in questions:
                waiting.cancel()
            await asyncio.gather(*questions, return_exceptions=True)

    def _answer(self, answered: "asyncio.Task[dict[str, Any]]", alone: bool) -> str:
        """The token; empty: a question is open already. Raises `VtsRefused` and `VtsAway`."""
        try:
            token = answered.result().get("authenticationToken")
        except VtsRefused as refused:
            if refused.error_id != QUESTION_OPEN:
                raise
            if alone:
                self._tell(AvatarLink.ASKING, EARLIER_QUESTION)
            return ""
        if not is_token(token):
            raise VtsAway("VTube Studio gave a token that is none: restart it.")
        return str(token)


async def _patiently(ask: Ask, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """An answer may be lost now and then; what is asked here may be asked twice."""
    for _ in range(TRIES - 1):
        try:
            return await ask(kind, data, TRY_SECONDS)
        except VtsSilent:
            continue
    return await ask(kind, data, TRY_SECONDS)
