"""Live events on the server: each type has its channel."""

import asyncio

import pytest
import redis.asyncio

from libs.bus.base import Subscription
from libs.bus.embedded import EmbeddedServer
from libs.bus.redis_streams import RedisBus
from libs.contracts.streams import LIVE
from tests.bus.stand import reader, until

pytestmark = pytest.mark.redis


async def test_a_listener_is_not_woken_by_types_it_does_not_want(
    own_server: EmbeddedServer,
) -> None:
    url = own_server.start()
    bus, back_door = RedisBus(url), redis.asyncio.Redis.from_url(url)
    await bus.open()
    wanted = Subscription((LIVE,), "main", only=frozenset({"conversation.reply_chunk"}))
    deliveries = reader(bus, wanted)
    waiting = asyncio.create_task(anext(deliveries))
    channels = []
    while not channels:
        await asyncio.sleep(0.01)
        channels = await back_door.pubsub_channels()

    assert channels == [f"{LIVE.key('main')}:conversation.reply_chunk".encode()]
    assert await back_door.pubsub_numpat() == 0
    await bus.stop_reading()
    await until(waiting.done)
    await asyncio.gather(waiting, return_exceptions=True)
    await bus.close()
    await back_door.aclose()
