"""Both servers for one behaviour suite."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from libs.bus.embedded import EmbeddedServer, find_binary
from tests.bus.stand import MemoryStand, RedisStand, Stand


def need_server() -> None:
    """Skips (in CI: fails) where no Redis-compatible server can be had."""
    if find_binary() is not None:
        return
    if os.environ.get("KITSU_REQUIRE_SERVERS") == "1":
        pytest.fail("no valkey-server or redis-server found, and KITSU_REQUIRE_SERVERS=1")
    pytest.skip("no valkey-server or redis-server found")


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One real server for the whole session."""
    need_server()
    server = EmbeddedServer(tmp_path_factory.mktemp("server"))
    yield server.start()
    server.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A real server for one test that kills or stalls it."""
    need_server()
    server = EmbeddedServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def stand(request: pytest.FixtureRequest) -> AsyncIterator[Stand]:
    show = f"show-{uuid.uuid4().hex[:8]}"
    if request.param == "memory":
        memory = MemoryStand(show)
        yield memory
        await memory.close()
        return
    server = RedisStand(show, request.getfixturevalue("redis_url"))
    await server.empty()
    yield server
    await server.close()
