"""Twitch as a chat platform."""

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from apps.twitch_ingest.engines.base import (
    Capabilities,
    PlatformHealth,
    SendRefused,
    Tell,
)
from apps.twitch_ingest.engines.twitch.accounts import Account, Accounts, Role, expires_at
from apps.twitch_ingest.engines.twitch.backoff import Backoff
from apps.twitch_ingest.engines.twitch.errors import TwitchError
from apps.twitch_ingest.engines.twitch.heard_note import HeardNote
from apps.twitch_ingest.engines.twitch.link_report import LinkReport
from apps.twitch_ingest.engines.twitch.loading import load_twitchio
from apps.twitch_ingest.engines.twitch.memory import Memory
from apps.twitch_ingest.engines.twitch.options import TwitchOptions
from apps.twitch_ingest.engines.twitch.sign_in import SignIn
from apps.twitch_ingest.engines.twitch.token_store import TokenStore
from apps.twitch_ingest.engines.twitch.topics import WRITE_CHAT
from libs.contracts.people import Role as ChatRole
from libs.worker.problems import CannotRun

if TYPE_CHECKING:
    from apps.twitch_ingest.engines.twitch.client import TwitchClient
    from apps.twitch_ingest.engines.twitch.helix import Helix
    from apps.twitch_ingest.engines.twitch.listening import Listening

log = logging.getLogger("kitsu.twitch_ingest")

#: In the data folder.
HEARD_FILE = "twitch_heard_at"

CAPABILITIES = Capabilities(can_send=True, has_roles=True, has_deletions=True)


class TwitchPlatform:
    """A `ChatPlatform`. Loads twitchio when there is an account to use or a sign-in begins."""

    name = "twitch"

    def __init__(self, options: TwitchOptions) -> None:
        self.options = options
        self.accounts = Accounts(TokenStore(options.data_dir))
        self.accounts.load()
        self.sign_in = SignIn(options, self.accounts, self._helix)
        self.counters: Counter[str] = Counter()
        """`heard`, `duplicates`, `malformed`: events since the start."""
        self._memory = Memory(self.counters)
        self._heard_note = HeardNote(options.data_dir / HEARD_FILE, self._memory.chat_ear)
        self._client: TwitchClient | None = None
        self._listening: Listening | None = None
        self._bare_refused = ""
        self._trouble = ""

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    @property
    def is_moderator(self) -> bool:
        """By the badges of our own lines in the channel; until one was seen, only for the
        channel's own account."""
        listening = self._listening
        if listening is None or listening.place is None or listening.decoder is None:
            return False
        own_role = listening.decoder.own_role
        owner = listening.place.own_id == listening.place.channel_id
        return owner or own_role in (ChatRole.BROADCASTER, ChatRole.MODERATOR)

    # Listening --------------------------------------------------------------------------------

    async def run(self, tell: Tell) -> None:
        self._heard_note.take_up()
        notes = asyncio.create_task(self._heard_note.run(), name="Twitch was heard")
        try:
            while True:
                self.accounts.changed.clear()
                await self._until_changed(tell)
        finally:
            notes.cancel()
            await asyncio.gather(notes, return_exceptions=True)
            self._memory.chat_ear.forget()
            self._memory.other_ear.forget()
            await self.sign_in.cancel()
            client, self._client = self._client, None
            if client is not None:
                await client.close()

    async def _until_changed(self, tell: Tell) -> None:
        changed = asyncio.create_task(self.accounts.changed.wait(), name="Twitch accounts")
        listening = asyncio.create_task(self._keep_listening(tell), name="Twitch")
        try:
            await asyncio.wait({changed, listening}, return_when=asyncio.FIRST_COMPLETED)
            if listening.done():
                listening.result()
        finally:
            for task in (changed, listening):
                task.cancel()
            await asyncio.gather(changed, listening, return_exceptions=True)
            self._memory.board.clear()

    async def _keep_listening(self, tell: Tell) -> None:
        """Until it is cancelled; also while there is nobody to listen with."""
        backoff = Backoff(self.options.pauses)
        while True:
            if not await self._has_account():
                await asyncio.Event().wait()
            try:
                await self._listen(tell)
            except TwitchError as error:
                self._trouble = f"Twitch cannot be used now: {error}"
                log.warning("Twitch cannot be used now: %s", error)
            except CannotRun as problem:
                self._trouble = str(problem)
                await asyncio.Event().wait()
            except Exception:  # the link is supervised here: it is begun anew
                self._trouble = "The link to Twitch failed; it is begun anew. See the log."
                log.exception("the link to Twitch failed; it is begun anew")
            finally:
                self._listening = None
            await asyncio.sleep(backoff.next_seconds())

    async def _listen(self, tell: Tell) -> None:
        client = self._made_client()
        from apps.twitch_ingest.engines.twitch.listening import ChannelMissing, Listening

        listening = Listening(self.options, client, self.accounts, self._memory, tell)
        try:
            await listening.start()
        except ChannelMissing as problem:
            self._trouble = str(problem)
            await asyncio.sleep(self.options.pauses.refused_topics)
            return
        if self.accounts.reader is None:
            return
        self._listening, self._trouble = listening, ""
        ear = self._memory.chat_ear
        try:
            await listening.run()
        except asyncio.CancelledError:
            ear.lost("the sign-in changed")
            raise
        except BaseException:
            ear.lost("the link failed and was begun anew")
            raise

    async def _has_account(self) -> bool:
        """Whether anybody is signed in; a token out of the settings is looked at once."""
        if self.accounts.reader is not None:
            return True
        token = self.options.oauth_token
        if token and not self._bare_refused and not self.accounts.all():
            await self._adopt(token)
        return self.accounts.reader is not None

    async def _adopt(self, token: str) -> None:
        backoff = Backoff(self.options.pauses)
        while True:
            try:
                who = await (await self._helix()).validate(token)
                break
            except TwitchError as error:
                if not error.passing:
                    self._bare_refused = str(error)
                    return
                self._trouble = f"Twitch cannot be used now: {error}"
                await asyncio.sleep(backoff.next_seconds())
        if not who.user_id:
            self._bare_refused = "it is not the token of an account"
            return
        own_channel = self.options.channel in ("", who.login)
        self.accounts.put(
            Account(
                role="streamer" if own_channel else "bot",
                user_id=who.user_id,
                login=who.login,
                client_id=who.client_id,
                scopes=who.scopes,
                access_token=token,
                expires_at=expires_at(who.expires_in_seconds),
                kept=False,
            )
        )

    # Sending ----------------------------------------------------------------------------------

    async def send(self, text: str, reply_to: str = "") -> None:
        listening, sender = self._listening, self.accounts.reader
        if sender is None:
            raise SendRefused("no_permission", "Nobody is signed in to Twitch: kitsu twitch login")
        if listening is None or listening.place is None:
            raise SendRefused("unreachable", "Twitch is not connected", 5.0)
        if not sender.may(WRITE_CHAT):
            said = f"the sign-in lacks the scope {WRITE_CHAT}: kitsu twitch login"
            raise SendRefused("no_permission", said)
        from apps.twitch_ingest.engines.twitch.sending import send

        place = listening.place
        await send(self._made_client().helix, place.channel_id, sender.user_id, text, reply_to)

    async def sign_out(self, role: Role) -> bool:
        """Takes the account out and its tokens back at Twitch. False: it was not signed in."""
        account = self.accounts.remove(role)
        if account is None:
            return False
        if not account.ended:
            try:
                helix = await self._helix()
                await helix.revoke(account.access_token, account.client_id)
            except TwitchError as error:
                log.warning("a Twitch token was deleted here, but not revoked: %s", error)
        return True

    # Seeing -----------------------------------------------------------------------------------

    def health(self) -> PlatformHealth:
        return self._report().health()

    def link_state(self) -> dict[str, Any]:
        """The document of `GET /link`."""
        return self._report().document()

    def _report(self) -> LinkReport:
        listening = self._listening
        link = listening.chat_link if listening else None
        return LinkReport(
            options=self.options,
            accounts=self.accounts,
            board=self._memory.board,
            gaps=(*self._memory.chat_ear.gaps, *self._memory.other_ear.gaps),
            sign_in=self.sign_in.view,
            channel=listening.place.channel_login if listening and listening.place else "",
            up=bool(link and link.up),
            trouble=(link.trouble if link else "") or self._trouble,
            bare_refused=self._bare_refused,
        )

    def _made_client(self) -> "TwitchClient":
        if self._client is None:
            load_twitchio()
            from apps.twitch_ingest.engines.twitch.client import TwitchClient

            self._client = TwitchClient.make(self.options, self.accounts)
        return self._client

    async def _helix(self) -> "Helix":
        return self._made_client().helix
