"""Reads control and audio: every reader sees every entry, from a cursor of its own."""

from collections.abc import AsyncGenerator

from libs.bus.base import BusUnavailable, Delivery, Subscription
from libs.bus.codec import event_of
from libs.bus.keys import topics_by_key
from libs.bus.reading import Burial, Reading, delivery_of
from libs.bus.stream_store import StreamStore
from libs.contracts.envelope import UnknownEvent
from libs.contracts.streams import StreamClass
from libs.telemetry import clock

#: How long one read waits; well below the socket timeout.
WAIT_SECONDS = 2.0
#: Our idea of the server's clock is better than this; seeing a little too much does no harm.
CLOCK_ERROR_SECONDS = 0.010
#: Entries taken at a time: two seconds of sound.
COUNT = 20


class CursorReader:
    """Promises: each entry stored after `look_back_seconds` before the subscription, in order."""

    def __init__(self, store: StreamStore, subscription: Subscription, reading: Reading) -> None:
        self._store = store
        self._subscription = subscription
        self._reading = reading
        self._topics = topics_by_key(subscription.topics, subscription.show)
        start_at = clock.now() - subscription.look_back_seconds - CLOCK_ERROR_SECONDS
        self._cursors = dict.fromkeys(self._topics, f"{max(0, int(start_at * 1_000))}-0")

    async def deliveries(self) -> AsyncGenerator[Delivery, None]:
        ready = False
        failures = 0
        while not self._reading.stopped.is_set():
            try:
                if not ready:
                    await self._store.open()
                    ready = True
                entries = await self._store.read_after(self._cursors, COUNT, WAIT_SECONDS)
                failures = 0
            except BusUnavailable:
                ready = False
                self._reading.counters["reader_reconnects"] += 1
                await self._reading.pause(failures)
                failures += 1
                continue
            for entry in entries:
                if self._reading.stopped.is_set():
                    return
                self._cursors[entry.key] = entry.entry_id
                topic, event = self._topics[entry.key], event_of(entry.fields or {})
                if isinstance(event, UnknownEvent):
                    self._reading.counters["unknown"] += 1
                    # Sound is short-lived: strange chunks would only push out what matters.
                    if topic.stream_class is not StreamClass.AUDIO:
                        show = self._subscription.show
                        await self._reading.bury(Burial(entry, topic, show, "", event.reason, 1))
                    continue
                self._reading.counters["delivered"] += 1
                yield delivery_of(entry, event, topic)
