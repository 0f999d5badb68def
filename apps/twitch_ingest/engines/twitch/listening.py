"""Listening to one channel with the accounts that are signed in, until something changes."""

import asyncio
from collections.abc import Sequence

from apps.twitch_ingest.engines.base import Gap, Tell
from apps.twitch_ingest.engines.twitch.accounts import Account, Accounts
from apps.twitch_ingest.engines.twitch.client import TwitchClient
from apps.twitch_ingest.engines.twitch.decoding import Decoder, Place
from apps.twitch_ingest.engines.twitch.ear import Ear
from apps.twitch_ingest.engines.twitch.eventsub_link import Ears, EventSubLink
from apps.twitch_ingest.engines.twitch.hearing import Hearing
from apps.twitch_ingest.engines.twitch.keeper import TokenKeeper
from apps.twitch_ingest.engines.twitch.memory import Memory
from apps.twitch_ingest.engines.twitch.options import TwitchOptions
from apps.twitch_ingest.engines.twitch.subscribing import Subscriber
from apps.twitch_ingest.engines.twitch.topics import REDEMPTIONS, TOPICS, Topic


class ChannelMissing(Exception):
    """There is no channel of this name; the message is for people."""


class Listening:
    """`start` finds out whom to listen to; `run` listens until it is cancelled."""

    def __init__(
        self,
        options: TwitchOptions,
        client: TwitchClient,
        accounts: Accounts,
        memory: Memory,
        tell: Tell,
    ) -> None:
        self._options = options
        self._client = client
        self._accounts = accounts
        self._memory = memory
        self._tell = tell
        self._keeper = TokenKeeper(client, accounts, options.pauses)
        self.place: Place | None = None
        self.decoder: Decoder | None = None
        self.links: list[EventSubLink] = []

    @property
    def chat_link(self) -> EventSubLink | None:
        return self.links[0] if self.links else None

    async def start(self) -> None:
        """Raises `TwitchError`, `ChannelMissing`."""
        await self._keeper.check()
        reader = self._accounts.reader
        if reader is None:
            return
        streamer = self._accounts.get("streamer")
        login = self._options.channel or (streamer.login if streamer else reader.login)
        person = await self._client.helix.person(login, reader.user_id)
        if person is None:
            raise ChannelMissing(
                f"There is no Twitch channel '{login}': correct TWITCH_CHANNEL in .env, "
                "then run: kitsu restart twitch_ingest"
            )
        self.place = Place(person.user_id, person.login, reader.user_id)
        self.decoder = Decoder(self.place, lambda: self._memory.board.is_on(REDEMPTIONS))
        self.links = self._make_links(reader, self.place, self.decoder)

    async def run(self) -> None:
        """Raises an `ExceptionGroup` for a fault of ours; then nothing of it runs on."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keeper.run(), name="Twitch tokens")
            for link in self.links:
                tasks.create_task(link.run(), name="Twitch link")

    def _make_links(self, reader: Account, place: Place, decoder: Decoder) -> list[EventSubLink]:
        memory = self._memory
        hearing = Hearing(decoder, memory.seen, self._tell, memory.counters)
        topics = [topic for topic in TOPICS if topic.whose == "reader"]
        others = [topic for topic in TOPICS if topic.whose == "streamer"]
        owner = self._owner(place)
        if owner is None:
            reason = "needs the streamer's own sign-in: kitsu twitch login"
            for topic in others:
                memory.board.set(topic.name, "off", reason)
        elif owner.user_id == reader.user_id:
            topics += others
        links = [
            self._link(
                reader, topics, Ears(hearing.take, self._tell, hearing.malformed), memory.chat_ear
            )
        ]
        if owner is not None and owner.user_id != reader.user_id:
            links.append(
                self._link(
                    owner, others, Ears(hearing.take, _untold, hearing.malformed), memory.other_ear
                )
            )
        return links

    def _owner(self, place: Place) -> Account | None:
        """The account whose channel it is, if it is signed in."""
        account = self._accounts.of_user(place.channel_id)
        return account if account is not None and not account.ended else None

    def _link(
        self, account: Account, topics: Sequence[Topic], ears: Ears, ear: Ear
    ) -> EventSubLink:
        assert self.place is not None
        subscriber = Subscriber(
            self._client.helix,
            self._accounts,
            account,
            self.place.channel_id,
            topics,
            self._memory.board,
            self._options.pauses,
        )
        return EventSubLink(self._client.http, subscriber, ear, ears, self._options)


async def _untold(gap: Gap) -> None:
    """Chat was heard all the while: the gap is only listed."""
