"""Whoever hands a line in is told when it is written, whatever becomes of its page."""

import asyncio
from pathlib import Path

from apps.orchestrator import inputs
from apps.orchestrator.input_log import InputLog
from apps.orchestrator.memory.database import Database
from libs.contracts.chat import ChatMessageReceived
from libs.contracts.people import Author


async def test_a_line_that_somebody_else_writes_is_not_waited_for_without_end(
    tmp_path: Path,
) -> None:
    async def tell(*_: object) -> None:
        return None

    database = Database(tmp_path / "kitsu.sqlite")
    await database.open()
    log = InputLog(database, tell)
    ann = Author(viewer_id="twitch:1", name="ann")
    waits = []
    for number in range(2):
        line = ChatMessageReceived(
            message_id=f"m{number}", platform="twitch", author=ann, text="hi"
        )
        candidate = inputs.candidate_of(line.event_id, inputs.from_chat(line))
        log.note(candidate, ())
        waits.append(log.written)
        assert log.strike(candidate.input_id)  # its turn is opened at once, and writes it
    async with asyncio.timeout(2):
        await asyncio.gather(*waits)
    await database.close()
