"""Says in chat what the show wants said there: paced, gated, and silent in a panic."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from apps.twitch_ingest.engines.base import ChatPlatform, SendRefused
from apps.twitch_ingest.own_words import OwnWords
from apps.twitch_ingest.pacing import SendingPace, SendingQueue, Waiting, per_window
from apps.twitch_ingest.pieces import LONGEST_PIECE, pieces
from libs.bus.base import BusError
from libs.contracts.chat import ChatMessageSent, SendChatMessage
from libs.contracts.envelope import Event
from libs.contracts.safety import GateAction, TextBlocked, Verdict
from libs.safety import Gate
from libs.telemetry import clock

#: A platform that takes longer over one line has not taken it.
SEND_SECONDS = 10.0
#: Waiting for the pace is looked at again after this long: limits may have changed.
LOOK_SECONDS = 1.0

#: Why nothing is sent; empty: it is.
Silence = Literal["", "panic", "off"]
Publish = Callable[[Event], Awaitable[None]]


class Sender:
    """Promises: every message ends in one `ChatMessageSent`; a text that this process's own gate
    has not let pass is not sent; no line begins with the prefix or like an order to the platform;
    in a panic, and while the module is off, nothing leaves and nothing is kept.
    """

    def __init__(self, platform: ChatPlatform, prefix: str, gate: Gate, publish: Publish) -> None:
        self._platform = platform
        self._prefix = prefix
        self._gate = gate
        self._publish = publish
        self._queue = SendingQueue()
        self._pace = SendingPace(platform.capabilities.window_seconds)
        self._changed = asyncio.Event()
        self._held_until = 0.0
        self._sending: asyncio.Task[None] | None = None
        self._silence: Silence = ""
        self._log = logging.getLogger("kitsu.twitch_ingest")
        self.own_words = OwnWords()
        self.sent = 0
        self.dropped: Counter[str] = Counter()

    @property
    def queued(self) -> int:
        return len(self._queue)

    def document(self) -> dict[str, Any]:
        """For people: `{"queued", "sent", "dropped": {reason: n}, "per_window"}`."""
        return {
            "queued": self.queued,
            "sent": self.sent,
            "dropped": dict(self.dropped),
            "per_window": self._per_window,
        }

    async def offer(self, event: SendChatMessage) -> None:
        """Takes a message for later. What is not to be sent is told at once."""
        verdict = event.verdict if self._silence else await self._judged(event)
        if self._silence:  # perhaps only since what the gate said was told
            await self._drop(event, self._silence)
            return
        if verdict.action is GateAction.BLOCK or not verdict.text.strip():
            await self._drop(event, "blocked")
            return
        capabilities = self._platform.capabilities
        if not capabilities.can_send:
            self._log.info("%s would say: %s", self._platform.name, verdict.text)
            await self._drop(event, "refused")
            return
        longest = min(LONGEST_PIECE, capabilities.longest_line)
        message = Waiting(event, deque(pieces(verdict.text, longest, self._prefix)))
        dropped = self._queue.put(message)
        self._changed.set()
        if dropped is not None:
            await self._drop(dropped.event, "full")

    def silence(self, why: Silence) -> list[SendChatMessage]:
        """From now on nothing is sent, for this reason ("": it is sent again); what is being sent
        is broken off. Returns what was dropped for it: to be told by `tell_dropped`."""
        self._silence = why
        if not why:
            return []
        if self._sending is not None:
            self._sending.cancel()
        return [message.event for message in self._queue.clear()]

    async def tell_dropped(self, events: list[SendChatMessage], why: str) -> None:
        for event in events:
            await self._drop(event, why)

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            self._changed.clear()
            now = clock.now()
            moderator = self._platform.is_moderator
            for message, reason in list(self._queue.dropped(now, moderator)):
                await self._drop(message.event, reason)
            first = self._queue.first()
            if first is None:
                await self._changed.wait()
                continue
            wait = self._wait_seconds()
            if wait > 0:
                await self._rest(wait)
            else:
                await self._send_piece(first)

    # One line ---------------------------------------------------------------------------------

    async def _send_piece(self, message: Waiting) -> None:
        event, text = message.event, message.pieces[0]
        reply_to = "" if message.begun else event.reply_to or ""
        message.in_hand = True
        self._pace.take(_steady())
        self._sending = asyncio.create_task(self._send(text, reply_to), name="send a line")
        try:
            await self._sending
        except SendRefused as refused:
            await self._was_refused(message, refused)
            return
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return  # `silence` broke it off, and told of it with the others
        finally:
            self._sending = None
        message.begun = True
        message.pieces.popleft()
        self._queue.sent(message, clock.now())
        if not message.pieces and self._queue.done(message):
            self.sent += 1
            await self._tell(
                ChatMessageSent.caused_by(event, platform=event.platform, outcome="sent")
            )

    async def _send(self, text: str, reply_to: str) -> None:
        """Raises `SendRefused`, whatever goes wrong."""
        self.own_words.said(text, clock.now())
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._platform.send(text, reply_to)
        except (SendRefused, asyncio.CancelledError):
            raise
        except TimeoutError:
            raise SendRefused("timeout", "the platform did not answer") from None
        except Exception as error:  # noqa: BLE001 - a platform is supervised here
            raise SendRefused("failed", type(error).__name__) from None  # its text may hold secrets

    async def _was_refused(self, message: Waiting, refused: SendRefused) -> None:
        name = self._platform.name
        self._log.warning("%s did not take a line (%s): %s", name, refused.code, refused)
        again = refused.retry_after_seconds
        if again is not None and not message.tried_again:
            message.tried_again = True
            self._held_until = _steady() + max(0.0, again)
            return
        if self._queue.done(message):
            await self._drop(message.event, "refused")

    # Waiting ----------------------------------------------------------------------------------

    @property
    def _per_window(self) -> int:
        return per_window(self._platform.capabilities, self._platform.is_moderator)

    def _wait_seconds(self) -> float:
        now = _steady()
        return max(self._pace.wait_seconds(now, self._per_window), self._held_until - now)

    async def _rest(self, seconds: float) -> None:
        """Until it is time, or something else is to be sent."""
        try:
            async with asyncio.timeout(min(seconds, LOOK_SECONDS)):
                await self._changed.wait()
        except TimeoutError:
            pass

    # Gate and ends ----------------------------------------------------------------------------

    async def _judged(self, event: SendChatMessage) -> Verdict:
        """This process's own word on what another one let pass. What an operator answers for
        passes here too, unless nobody can lift the rule."""
        said, operator = event.verdict, event.verdict.overridden_by
        if said.action is GateAction.BLOCK:
            return said
        if operator is not None:
            verdict = self._gate.override(said.text, operator)
        else:
            verdict = self._gate.check(said.text, "chat_out")
        if verdict.rule and verdict.overridden_by is None:
            await self._tell(
                TextBlocked.caused_by(
                    event,
                    place="chat_out",
                    action=verdict.action,
                    rule=verdict.rule,
                    category=verdict.category,
                )
            )
        return verdict

    async def _drop(self, event: SendChatMessage, reason: str) -> None:
        self.dropped[reason] += 1
        await self._tell(
            ChatMessageSent.caused_by(
                event, platform=event.platform, outcome="dropped", reason=reason
            )
        )

    async def _tell(self, fact: Event) -> None:
        """A bus that refuses a fact is no reason to stop sending."""
        try:
            await self._publish(fact)
        except BusError as problem:
            self._log.warning("%s could not be told (%s)", fact.type, type(problem).__name__)


def _steady() -> float:
    """Seconds that no correction of a clock moves."""
    return asyncio.get_running_loop().time()
