"""Twitch chat without an account: read-only, for demonstrations.

Form: dev.twitch.tv, "IRC Concepts" and "Tags" (PRIVMSG, CLEARMSG, CLEARCHAT); a visitor without an
account is called justinfan and a number, which Twitch does not document. Nothing vouches for what
is heard here but Twitch's tags: nobody has rights because of it.
"""

import asyncio
import logging
import random
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from apps.twitch_ingest.engines.base import (
    Banned,
    Capabilities,
    Cleared,
    Deleted,
    Message,
    PlatformEvent,
    PlatformHealth,
    SendRefused,
    Tell,
)
from apps.twitch_ingest.engines.irc_lines import IrcLine, parse
from apps.twitch_ingest.engines.twitch.backoff import Backoff
from apps.twitch_ingest.engines.twitch.ear import Ear
from apps.twitch_ingest.engines.twitch.errors import LinkLost, MalformedEvent
from apps.twitch_ingest.engines.twitch.link_report import link_document
from apps.twitch_ingest.engines.twitch.options import TwitchOptions
from apps.twitch_ingest.engines.twitch.people import author_of, known_id
from apps.twitch_ingest.seen_ids import SeenIds
from libs.contracts.health import ModuleState
from libs.safety import clean_chat

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger("kitsu.twitch_ingest")

CAPABILITIES = Capabilities(can_send=False, has_roles=False, has_deletions=True)

#: Twitch pings every five minutes or so; we ask earlier whether it is still there.
QUIET_SECONDS = 60.0
ANSWER_SECONDS = 10.0
#: Visitors are let in within a second; into a channel that does not exist never, without a word.
JOIN_SECONDS = 10.0
LONGEST_MESSAGE_BYTES = 64_000
LONGEST_LINE = 500

READ_ONLY = "Demo: chat is read without an account; nothing can be sent and no command is taken."


@dataclass(frozen=True)
class Silence:
    """How long nothing may come before we ask, and then before the connection is given up."""

    quiet_seconds: float = QUIET_SECONDS
    answer_seconds: float = ANSWER_SECONDS
    join_seconds: float = JOIN_SECONDS


class AnonymousChat:
    """A `ChatPlatform` of one public channel."""

    name = "twitch-anonymous"

    def __init__(self, options: TwitchOptions, silence: Silence | None = None) -> None:
        """Raises `ValueError` without a channel."""
        if not options.channel:
            raise ValueError("TWITCH_CHANNEL must name the channel whose chat is to be read")
        self._options = options
        self._silence = silence or Silence()
        self._ear = Ear()
        self._seen = SeenIds()
        self._up = False
        self._trouble = ""
        self.malformed = 0

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    @property
    def is_moderator(self) -> bool:
        return False

    def health(self) -> PlatformHealth:
        if self._up:
            detail = f"Listening to {self._options.channel}. {READ_ONLY}"
            return PlatformHealth(ModuleState.DEGRADED, detail, self.name)
        if self._trouble:
            trouble = self._trouble.rstrip("?") + ("?" if self._trouble.endswith("?") else ".")
            detail = f"Chat cannot be heard: {trouble} Tried again all the time."
            return PlatformHealth(ModuleState.DEGRADED, detail, self.name)
        return PlatformHealth(ModuleState.STARTING, "Connecting to Twitch chat.", self.name)

    def link_state(self) -> dict[str, Any]:
        """The document of `GET /link`."""
        return link_document(
            mode="anonymous",
            state="ready" if self._up else "reconnecting",
            detail=self.health().detail,
            channel=self._options.channel,
            gaps=[asdict(gap) for gap in self._ear.gaps],
        )

    async def send(self, text: str, reply_to: str = "") -> None:
        raise SendRefused("no_permission", f"{READ_ONLY} Sign in with: kitsu twitch login")

    async def run(self, tell: Tell) -> None:
        import aiohttp

        backoff = Backoff(self._options.pauses)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            while True:
                began = time.monotonic()
                try:
                    await self._live(http, tell)
                except LinkLost as lost:
                    self._lost(str(lost))
                except (aiohttp.ClientError, TimeoutError, OSError) as error:
                    self._lost(f"no connection ({type(error).__name__})")
                finally:
                    self._up = False
                await asyncio.sleep(backoff.next_seconds(time.monotonic() - began))

    def _lost(self, reason: str) -> None:
        self._trouble = reason
        self._ear.lost(reason)
        log.warning("the link to anonymous Twitch chat is down: %s", reason)

    async def _live(self, http: "aiohttp.ClientSession", tell: Tell) -> None:
        """From connecting to the loss, which it raises."""
        async with asyncio.timeout(self._options.pauses.welcome):
            socket = await http.ws_connect(
                self._options.irc_url, max_msg_size=LONGEST_MESSAGE_BYTES
            )
        try:
            await socket.send_str("CAP REQ :twitch.tv/tags twitch.tv/commands\r\n")
            await socket.send_str(f"NICK justinfan{random.randint(10_000, 99_999)}\r\n")
            await socket.send_str(f"JOIN #{self._options.channel}\r\n")
            await self._be_let_in(socket, tell)
            while True:
                for line in await self._receive(socket):
                    await self._take(socket, line, tell)
        finally:
            await socket.close()

    async def _be_let_in(self, socket: "aiohttp.ClientWebSocketResponse", tell: Tell) -> None:
        try:
            async with asyncio.timeout(self._silence.join_seconds):
                while not self._up:
                    for line in await self._receive(socket):
                        await self._take(socket, line, tell)
        except TimeoutError:
            where = self._options.channel
            said = f"Twitch does not let us in: is there a channel '{where}' (TWITCH_CHANNEL)?"
            raise LinkLost(said) from None

    async def _receive(self, socket: "aiohttp.ClientWebSocketResponse") -> list[str]:
        import aiohttp

        try:
            message = await socket.receive(timeout=self._silence.quiet_seconds)
        except TimeoutError:
            await socket.send_str("PING :kitsu\r\n")
            try:
                message = await socket.receive(timeout=self._silence.answer_seconds)
            except TimeoutError:
                raise LinkLost("Twitch fell silent") from None
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise LinkLost("the connection was cut")
        self._ear.heard()
        return str(message.data).split("\r\n")

    async def _take(self, socket: "aiohttp.ClientWebSocketResponse", raw: str, tell: Tell) -> None:
        line = parse(raw)
        if line.command == "PING":
            await socket.send_str(f"PONG :{line.text}\r\n")
        elif line.command == "RECONNECT":
            raise LinkLost("Twitch asked to connect again")
        elif line.command == "JOIN" and not self._up:
            await self._joined(tell)
        elif line.command == "NOTICE" and not self._up:
            raise LinkLost("Twitch refused to let us read chat")
        else:
            await self._hear(line, tell)

    async def _joined(self, tell: Tell) -> None:
        gap = self._ear.back()
        self._up, self._trouble = True, ""
        if gap is not None:
            await tell(gap)

    async def _hear(self, line: IrcLine, tell: Tell) -> None:
        try:
            event = self._event(line)
        except (MalformedEvent, ValueError):
            self.malformed += 1
            log.warning("a line of Twitch chat is not as documented")
            return
        if event is not None:
            await tell(event)

    def _event(self, line: IrcLine) -> PlatformEvent | None:
        tags = line.tags
        if line.command == "PRIVMSG":
            return self._message(line)
        if line.command == "CLEARMSG":
            return Deleted(known_id(tags.get("target-msg-id"), "the message id"))
        if line.command != "CLEARCHAT":
            return None
        if not line.text:
            return Cleared()
        seconds = tags.get("ban-duration", "")
        viewer_id = f"twitch:{known_id(tags.get('target-user-id'), 'the user id')}"
        return Banned(viewer_id, float(seconds) if seconds else None)

    def _message(self, line: IrcLine) -> Message | None:
        tags, login = line.tags, line.login
        message_id = known_id(tags.get("id"), "the message id")
        if not self._seen.is_new(message_id):
            return None
        text = line.text.removeprefix("\x01ACTION ").removesuffix("\x01")
        room, source = tags.get("room-id", ""), tags.get("source-room-id", "")
        return Message(
            message_id=message_id,
            author=author_of(tags.get("user-id"), login, tags.get("display-name") or login),
            text=clean_chat(text, LONGEST_LINE),
            written_at=float(tags["tmi-sent-ts"]) / 1000 if tags.get("tmi-sent-ts") else None,
            reply_to=clean_chat(tags.get("reply-parent-display-name", ""), 64),
            first_time=tags.get("first-msg") == "1",
            partner_channel=clean_chat(source, 64) if source and source != room else "",
            paid_amount=max(0, int(tags.get("bits") or 0)),
        )
