"""The floor of a turn: the same hops, the same server, nothing but redis-py.

Four relay processes in a row, each of which reads one entry from a group, adds it to the next
stream and acknowledges, as plainly as redis-py's asyncio client can. Run as
`python -m apps.cli.bench.floor` it is one relay; its Redis address comes in on standard input, so
that it is in no process list.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import redis
from redis import asyncio as asyncio_redis

#: Hops of a typed line on its way to the first sound: chat, turn, sentence, audio.
HOPS = 4
#: Bytes of an entry, about what a committed turn or a sentence has.
PAYLOAD = "x" * 600
GROUP = "floor"


def _key(hop: int) -> str:
    return f"kitsu:bench:floor:{hop}"


class Floor:
    """The chain of relays on one server."""

    def __init__(self, url: str) -> None:
        self._redis: Any = redis.Redis.from_url(url)  # its replies have a dozen shapes
        self._last = "0"

    def sample(self) -> float:
        """Milliseconds from the first XADD to the last relay's reading."""
        self._redis.xadd(_key(0), {"j": PAYLOAD, "at": repr(time.time())}, maxlen=100)
        found = self._redis.xread({_key(HOPS): self._last}, count=1, block=2_000)
        if not found:
            raise TimeoutError("the floor's relays do not answer")
        entry_id, fields = found[0][1][0]
        self._last = entry_id
        return float(fields[b"ms"])

    def clear(self) -> None:
        self._redis.delete(*(_key(hop) for hop in range(HOPS + 1)))
        self._redis.close()


@contextlib.contextmanager
def floor_chain(url: str) -> Iterator[Floor]:
    """The relays as processes, ready when entered."""
    relays = [
        subprocess.Popen(
            [sys.executable, "-m", "apps.cli.bench.floor"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(HOPS)
    ]
    floor = Floor(url)
    try:
        for hop, relay in enumerate(relays):
            assert relay.stdin is not None
            assert relay.stdout is not None
            relay.stdin.write(json.dumps({"url": url, "hop": hop}) + "\n")
            relay.stdin.flush()
            relay.stdout.readline()
        yield floor
    finally:
        for relay in relays:
            relay.kill()
            relay.wait()
        floor.clear()


async def _relay(url: str, hop: int) -> None:
    """One hop, the way a worker does it: asyncio, a reading and a writing connection."""
    reader: Any = asyncio_redis.Redis.from_url(url)
    writer: Any = asyncio_redis.Redis.from_url(url)
    with contextlib.suppress(redis.ResponseError):
        await writer.xgroup_create(_key(hop), GROUP, "0", mkstream=True)
    print("ready", flush=True)
    while True:
        found = await reader.xreadgroup(GROUP, "relay", {_key(hop): ">"}, 1, 1_000)
        for _, entries in found or ():
            for entry_id, fields in entries:
                values = {"j": fields[b"j"], "at": fields[b"at"]}
                if hop == HOPS - 1:
                    values["ms"] = repr((time.time() - float(fields[b"at"])) * 1000)
                await writer.xadd(_key(hop + 1), values, maxlen=100)
                await writer.xack(_key(hop), GROUP, entry_id)


if __name__ == "__main__":
    asked = json.loads(sys.stdin.readline())
    with contextlib.suppress(KeyboardInterrupt, redis.ConnectionError):
        asyncio.run(_relay(asked["url"], asked["hop"]))
