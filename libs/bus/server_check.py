"""Is this server fit to carry a show?"""

from typing import Any

from libs.bus.base import ServerUnsuitable
from libs.bus.redis_connection import CommandRefused, RedisConnection

#: The newest commands we need; a server that knows them is at least at the level of Redis 6.2.
NEEDED_COMMANDS = ("XADD", "XREADGROUP", "XAUTOCLAIM")


async def check_server(connection: RedisConnection, place: str) -> str:
    """The server's product and version, for people.

    Raises `ServerUnsuitable`, with the mending step, for one that would lose events.
    """
    replies = await connection.exchange(
        [
            ("INFO", "server"),
            ("INFO", "memory"),
            ("INFO", "replication"),
            ("COMMAND", "INFO", *NEEDED_COMMANDS),
        ]
    )
    for reply in replies:
        if isinstance(reply, CommandRefused):
            raise ServerUnsuitable(
                f"the server at {place} does not let us look at it ({reply.code}): "
                "give the user of KITSU_REDIS_URL the rights +@all ~kitsu:* &kitsu:*"
            )
    facts = {**_facts(replies[0]), **_facts(replies[1]), **_facts(replies[2])}
    if len(replies[3]) < len(NEEDED_COMMANDS) or not all(replies[3]):
        raise ServerUnsuitable(
            f"the server at {place} has no usable streams: use Redis 6.2 or newer, or Valkey"
        )
    if facts.get("role") in ("slave", "replica"):
        raise ServerUnsuitable(
            f"the server at {place} is a read-only replica: "
            "set KITSU_REDIS_URL to the address of its primary"
        )
    policy = facts.get("maxmemory_policy", "noeviction")
    if facts.get("maxmemory", "0") != "0" and policy != "noeviction":
        raise ServerUnsuitable(
            f"the server at {place} throws keys away when its memory is full "
            f"(maxmemory-policy {policy}): set maxmemory-policy to noeviction there"
        )
    if "valkey_version" in facts:
        return f"Valkey {facts['valkey_version']}"
    return f"Redis {facts.get('redis_version', '(version unknown)')}"


def _facts(info: Any) -> dict[str, str]:
    text = info.decode("utf-8", "replace") if isinstance(info, bytes) else ""
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {name: value.strip() for name, _, value in pairs}
