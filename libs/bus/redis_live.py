"""Reads live topics over pub/sub: what is said while nobody listens is gone, and that is fine."""

from collections.abc import AsyncGenerator

from libs.bus.base import BusUnavailable, Delivery, Subscription
from libs.bus.codec import event_of_frame, tag_of_frame
from libs.bus.keys import live_channel, topics_by_key
from libs.bus.reading import Reading
from libs.bus.redis_connection import RedisConnection
from libs.contracts.envelope import UnknownEvent

#: A quiet connection is tested this often; one that stays silent after that is made anew.
QUIET_SECONDS = 2.0


class LiveReader:
    """One listener on the channels of a subscription; comes back by itself after an outage.

    Each type has a channel of its own, so that nobody is woken by what he does not want.
    """

    def __init__(
        self, connection: RedisConnection, subscription: Subscription, reading: Reading
    ) -> None:
        self._connection = connection
        self._topics = {
            listened: topic
            for key, topic in topics_by_key(subscription.topics, subscription.show).items()
            for listened in (
                [live_channel(key, tag) for tag in sorted(subscription.only)]
                or [key, live_channel(key, "*")]
            )
        }
        self._only = subscription.only
        self._reading = reading
        self._tested = False

    async def wake(self) -> None:
        """Ends the wait for messages: what may be lost needs no careful goodbye."""
        await self._connection.close()

    async def close(self) -> None:
        await self._connection.close()

    async def deliveries(self) -> AsyncGenerator[Delivery, None]:
        failures = 0
        while not self._reading.stopped.is_set():
            try:
                if not self._connection.is_open:
                    await self._connection.reopen()
                    # The answers for further channels come among the messages.
                    listen = "SUBSCRIBE" if self._only else "PSUBSCRIBE"
                    await self._connection.call(listen, *self._topics)
                    self._tested = False
                message = await self._next_message()
                failures = 0
            except BusUnavailable:
                if not self._reading.stopped.is_set():
                    self._reading.counters["reader_reconnects"] += 1
                    await self._reading.pause(failures)
                    failures += 1
                continue
            if message is None:
                continue
            listened, frame = message
            if self._only and tag_of_frame(frame) not in self._only:
                continue
            event, data = event_of_frame(frame)
            if isinstance(event, UnknownEvent):
                self._reading.counters["unknown"] += 1
                continue
            self._reading.counters["delivered"] += 1
            yield Delivery(event, self._topics[listened], data, key=listened)

    async def _next_message(self) -> tuple[str, bytes] | None:
        reply = await self._connection.receive(QUIET_SECONDS)
        if reply is None:
            if self._tested:
                await self._connection.close()
                raise BusUnavailable("the server does not answer a listener")
            self._tested = True
            await self._connection.tell("PING")
            return None
        self._tested = False
        if isinstance(reply, list) and reply[0] in (b"message", b"pmessage"):
            return reply[1].decode(), reply[-1]
        return None
