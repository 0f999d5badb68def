"""The subscriptions of one account's connection."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from apps.twitch_ingest.engines.twitch.accounts import Account, Accounts, login_step
from apps.twitch_ingest.engines.twitch.errors import LinkLost, ScopeMissing, TwitchError
from apps.twitch_ingest.engines.twitch.helix import Helix
from apps.twitch_ingest.engines.twitch.options import Pauses
from apps.twitch_ingest.engines.twitch.topics import CHAT, NOT_ASKED, Topic, TopicBoard

log = logging.getLogger("kitsu.twitch_ingest")

#: Attempts at one topic before the connection is given up: all within the 10 s that Twitch gives.
ATTEMPTS = 4
ALREADY_THERE = 409


class Subscriber:
    """Asks for chat before anything else: without it that connection is of no use. The other topics
    follow while chat is already heard; one that is refused is asked for again now and then.
    """

    def __init__(
        self,
        helix: Helix,
        accounts: Accounts,
        account: Account,
        channel_id: str,
        topics: Sequence[Topic],
        board: TopicBoard,
        pauses: Pauses,
    ) -> None:
        self._helix = helix
        self._accounts = accounts
        self._user_id = account.user_id
        self._role = account.role
        self._channel_id = channel_id
        self._topics = tuple(topics)
        self._board = board
        self._pauses = pauses
        self._session_id = ""

    @property
    def has_chat(self) -> bool:
        return self._topics[0].name == CHAT

    async def begin(self, session_id: str) -> None:
        """Raises `TwitchError` when chat is refused, or, without chat, everything."""
        self._session_id = session_id
        self._board.switch_off([topic.name for topic in self._topics], NOT_ASKED)
        if self.has_chat:
            await self._subscribe(self._topics[0])
            return
        refused = await asyncio.gather(*(self._try(topic) for topic in self._topics))
        if all(refused):
            raise next(error for error in refused if error is not None)

    async def keep(self) -> None:
        """Asks for the other topics, and again for those that are refused; until cancelled."""
        while True:
            missing = [t for t in self._topics if not self._board.is_on(t.name)]
            await asyncio.gather(*(self._try(topic) for topic in missing))
            await asyncio.sleep(self._pauses.refused_topics)

    def moved(self, session_id: str) -> None:
        """Subscriptions move along; only new ones need the new session."""
        self._session_id = session_id

    def lost(self, reason: str) -> None:
        self._board.switch_off([t.name for t in self._topics], reason)

    def revoked(self, payload: dict[str, Any]) -> None:
        """Raises `LinkLost` when it was chat: a new connection asks for it again."""
        subscription = payload.get("subscription")
        found = subscription if isinstance(subscription, dict) else {}
        name, status = str(found.get("type", "")), str(found.get("status", ""))[:60]
        if name not in [topic.name for topic in self._topics]:
            return
        reason = f"Twitch took it back ({status})"
        log.warning("topic %s: %s", name, reason)
        self._board.set(name, "refused", reason)
        if name == CHAT:
            raise LinkLost(reason)

    async def _try(self, topic: Topic) -> TwitchError | None:
        """Why it is not heard; None: it is."""
        known = self._board.reason(topic.name)
        try:
            await self._subscribe(topic)
        except TwitchError as error:
            if self._board.reason(topic.name) != known:
                log.warning("topic %s is not heard: %s", topic.name, error)
            return error
        return None

    async def _subscribe(self, topic: Topic) -> None:
        """Raises `TwitchError`; the board says the same."""
        account = self._accounts.of_user(self._user_id)
        if account is not None and not account.may(topic.scope):
            missing = ScopeMissing(topic.scope, login_step(self._role))
            self._board.set(topic.name, "refused", missing.message)
            raise missing
        for attempt in range(ATTEMPTS):
            try:
                await self._helix.subscribe(
                    topic, self._channel_id, self._user_id, self._session_id
                )
            except TwitchError as error:
                if error.status == ALREADY_THERE:
                    break
                if error.passing and attempt + 1 < ATTEMPTS:
                    await asyncio.sleep(self._pauses.subscribe_retry * 2.0**attempt)
                    continue
                self._board.set(topic.name, "off" if error.passing else "refused", str(error))
                raise
            break
        self._board.set(topic.name, "on")
