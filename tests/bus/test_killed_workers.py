"""A worker process that is killed again and again, over a real server."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from libs.bus.base import Subscription
from libs.contracts.streams import CONVERSATION
from libs.settings import ROOT
from tests.bus.sample_events import turn
from tests.bus.stand import RedisStand, reader, until

pytestmark = pytest.mark.redis

TURNS_PUBLISHED = 250
KILLS = 4

WORKER = """
import asyncio, sys
from libs.bus.base import Subscription
from libs.bus.redis_streams import RedisBus
from libs.contracts.conversation import IdleReached
from libs.contracts.streams import TURNS

async def work(url, consumer, life):
    bus = RedisBus(url, life)
    await bus.open()
    print("up", flush=True)
    async for turn in bus.subscribe(Subscription((TURNS,), "main", "policy", consumer)):
        await asyncio.sleep(0.01)
        await bus.publish(IdleReached.caused_by(turn.event, silent_seconds=0.0))
        await bus.acknowledge(turn)

asyncio.run(work(*sys.argv[1:]))
"""


@pytest.fixture
def workers(redis_url: str) -> Iterator["Workers"]:
    pool = Workers(redis_url)
    yield pool
    for process in list(pool.processes):
        pool.kill(process)


class Workers:
    def __init__(self, url: str) -> None:
        self.url = url
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, consumer: str, life: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", WORKER, self.url, consumer, life]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        self.processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.communicate()
        self.processes.remove(process)


async def test_no_work_is_lost_when_its_worker_is_killed_again_and_again(workers: Workers) -> None:
    stand = RedisStand("main", workers.url)
    await stand.empty()
    bus = await stand.bus()
    turns = [turn("main", str(number)) for number in range(TURNS_PUBLISHED)]
    done: Counter[str | None] = Counter()
    for event in turns:
        await bus.publish(event)

    lives_with_effect: set[str] = set()

    async def count_effects() -> None:
        effects = reader(bus, Subscription((CONVERSATION,), "main", "counter", "c@h#0", 16))
        async for effect in effects:
            done[effect.event.cause_id] += 1
            lives_with_effect.add(effect.event.source)
            await bus.acknowledge(effect)
            if len(done) == TURNS_PUBLISHED:
                break
        await effects.aclose()

    counting = asyncio.create_task(count_effects())
    await asyncio.to_thread(workers.start, "steady@host#1", "steady")
    for number in range(KILLS):
        life = f"life {number}"
        victim = await asyncio.to_thread(workers.start, "victim@host#0", life)
        # Three deaths over the same turn would rightly make it a dead letter.
        await until(lambda life=life: life in lives_with_effect or counting.done())
        await asyncio.to_thread(workers.kill, victim)
    await counting
    dead = await bus.dead_letters()
    await stand.close()

    assert set(done) == {event.event_id for event in turns}
    # An effect is seen twice only when the kill fell between it and its acknowledgement.
    assert done.total() - TURNS_PUBLISHED <= KILLS
    assert dead == []
