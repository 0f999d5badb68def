"""The link to EventSub: connects, subscribes, moves over, and never gives up.

Form: dev.twitch.tv, "Getting Events Using WebSockets" (welcome, 10 s to subscribe, keepalive,
reconnect message, revocation).
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from apps.twitch_ingest.engines.base import Gap
from apps.twitch_ingest.engines.twitch.backoff import Backoff
from apps.twitch_ingest.engines.twitch.ear import Ear
from apps.twitch_ingest.engines.twitch.errors import LinkLost, ScopeMissing, TwitchError
from apps.twitch_ingest.engines.twitch.eventsub_socket import EventSubSocket, Frame, welcomed
from apps.twitch_ingest.engines.twitch.options import TwitchOptions
from apps.twitch_ingest.engines.twitch.subscribing import Subscriber

log = logging.getLogger("kitsu.twitch_ingest")

#: While a new connection is being made, how often it is looked whether it is there.
MOVE_POLL_SECONDS = 0.05


@dataclass
class Ears:
    """Where a link tells what it hears."""

    notification: Callable[[Frame], Awaitable[None]]
    gap: Callable[[Gap], Awaitable[None]]
    malformed: Callable[[], None]


class EventSubLink:
    """The connection of one account. `run` goes on until it is cancelled.

    Promises: every message is handed on in order, those on an old connection before those on the
    one that replaces it; after every other loss a `Gap` is told before the first new message.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        subscriber: Subscriber,
        ear: Ear,
        ears: Ears,
        options: TwitchOptions,
    ) -> None:
        self._http = http
        self._subscriber = subscriber
        self._ear = ear
        self._ears = ears
        self._pauses = options.pauses
        self._url = f"{options.eventsub_url}?keepalive_timeout_seconds={options.keepalive_seconds}"
        self._backoff = Backoff(options.pauses)
        self.up = False
        self.trouble = ""
        """Why it is not up; empty: it is, or was never tried."""
        self.connections = 0

    async def run(self) -> None:
        while True:
            began, pause = time.monotonic(), 0.0
            try:
                async with welcomed(self._http, self._url, self._pauses) as socket:
                    await self._live(socket)
            except LinkLost as lost:
                self._lost(str(lost))
            except ScopeMissing as missing:
                self._lost(missing.message)
                pause = self._pauses.refused_topics
            except TwitchError as error:
                self._lost(f"Twitch refused the subscription ({error})")
                pause = 0.0 if self._subscriber.has_chat else self._pauses.refused_topics
            finally:
                self.up = False
            lived = time.monotonic() - began
            await asyncio.sleep(max(pause, self._backoff.next_seconds(lived)))

    def _lost(self, reason: str) -> None:
        if reason != self.trouble:
            log.warning("the link to Twitch chat is down: %s", reason)
        self.trouble = reason
        self._ear.lost(reason)
        self._subscriber.lost(reason)

    async def _live(self, socket: EventSubSocket) -> None:
        """From the welcome to the loss, which it raises."""
        await self._subscriber.begin(socket.session_id)
        gap = self._ear.back()
        self.up, self.trouble = True, ""
        self.connections += 1
        log.info("listening to Twitch")
        if gap is not None:
            await self._ears.gap(gap)
        others = asyncio.create_task(self._subscriber.keep(), name="Twitch topics")
        try:
            await self._serve(socket)
        finally:
            others.cancel()
            [ended] = await asyncio.gather(others, return_exceptions=True)
            if isinstance(ended, Exception):
                log.error("asking for the other topics failed", exc_info=ended)

    async def _serve(self, socket: EventSubSocket) -> None:
        move: asyncio.Task[EventSubSocket] | None = None
        try:
            while True:
                if move is not None and move.done():
                    socket, move = await self._moved(socket, move), None
                try:
                    frame = await socket.frame(MOVE_POLL_SECONDS if move else None)
                except LinkLost as lost:
                    if move is None:
                        raise
                    socket, move = await self._saved(move, lost), None
                    continue
                url = await self._take(frame) if frame is not None else ""
                if url and move is None:
                    opening = EventSubSocket.open(self._http, url, self._pauses)
                    move = asyncio.create_task(opening, name="Twitch: moving over")
        finally:
            await _abandon(move)
            await socket.close()

    async def _take(self, frame: Frame) -> str:
        """Deals with one message. The address to move to, if it says so."""
        self._ear.heard()
        if not frame:
            self._ears.malformed()
            return ""
        kind = frame["metadata"]["message_type"]
        if kind == "notification":
            await self._ears.notification(frame)
        elif kind == "revocation":
            self._subscriber.revoked(frame["payload"])
        elif kind == "session_reconnect":
            return _address(frame)
        return ""

    async def _moved(
        self, old: EventSubSocket, move: asyncio.Task[EventSubSocket]
    ) -> EventSubSocket:
        """The new connection, when all that the old one still held is heard; the old one, where
        there is no new one: Twitch goes on sending there until it closes it."""
        try:
            new = move.result()
        except LinkLost as lost:
            log.warning("could not move over to another connection: %s", lost)
            return old
        try:
            await self._hear_out(old)
        except BaseException:
            await new.close()
            raise
        await old.close()
        self._subscriber.moved(new.session_id)
        return new

    async def _hear_out(self, old: EventSubSocket) -> None:
        """What still stands on a connection that is left: until it is quiet, or ends."""
        deadline = time.monotonic() + self._pauses.old_connection_longest
        while time.monotonic() < deadline:
            try:
                frame = await old.frame(self._pauses.old_connection_quiet)
            except LinkLost:
                return
            if frame is None:
                return
            await self._take(frame)

    async def _saved(self, move: asyncio.Task[EventSubSocket], lost: LinkLost) -> EventSubSocket:
        """The old connection ended before the new one was there: nothing is lost if that comes."""
        try:
            new = await asyncio.shield(move)
        except LinkLost:
            raise lost from None
        self._subscriber.moved(new.session_id)
        return new


def _address(frame: Frame) -> str:
    session = frame["payload"].get("session")
    found = session.get("reconnect_url") if isinstance(session, dict) else None
    return found if isinstance(found, str) else ""


async def _abandon(move: asyncio.Task[EventSubSocket] | None) -> None:
    if move is None:
        return
    move.cancel()
    await asyncio.gather(move, return_exceptions=True)
    if not move.cancelled() and move.exception() is None:
        await move.result().close()
