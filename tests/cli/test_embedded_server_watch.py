"""What becomes of the embedded server when it dies."""

import asyncio
from collections.abc import Callable

from apps.cli.supervisor.server import keep_running
from libs.bus.base import BusError


class ScriptedServer:
    """Dies when told; each start gives the next address, or fails when that is an error."""

    description = "scripted"

    def __init__(self, *starts: str | BusError) -> None:
        self._starts = list(starts)
        self.running = True

    def start(self) -> str:
        found = self._starts.pop(0)
        if isinstance(found, BusError):
            raise found
        self.running = True
        return found

    def stop(self) -> None:
        self.running = False

    def poll(self) -> int | None:
        return None if self.running else -9


async def watched(server: ScriptedServer, until: Callable[[], bool]) -> tuple[list[str], int]:
    """What was told, and how often the modules had to move, when `until` has become true."""
    told: list[str] = []
    moves: list[str] = []
    task = asyncio.create_task(
        keep_running(
            server, "here", lambda text, level: told.append(text), lambda: moves.append("")
        )
    )
    server.running = False
    async with asyncio.timeout(20):
        while not until():  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return told, len(moves)


async def test_a_server_that_died_is_started_again_and_nobody_has_to_move() -> None:
    server = ScriptedServer("here")
    told, moves = await watched(server, lambda: server.running)
    assert told == ["the embedded server ended with code -9; started again"]
    assert moves == 0


async def test_when_its_address_is_another_one_the_modules_read_it_anew() -> None:
    server = ScriptedServer("there")
    _, moves = await watched(server, lambda: server.running)
    assert moves == 1


async def test_a_start_that_fails_is_told_and_tried_again() -> None:
    server = ScriptedServer(BusError("the disk is full"), "here")
    told, _ = await watched(server, lambda: server.running)
    assert any("the disk is full" in text for text in told)
    assert server.running
