"""The orchestrator killed at the worst moments for what she remembers: exactly there, for real."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from libs.bus.embedded import find_binary
from libs.testing.running_show import RunningShow, running_show
from libs.testing.stand_ins.ollama import OllamaStandIn
from tests.conftest import need

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there"),
]

#: Loaded by every Python process of the show; where the flag file names a moment, the orchestrator
#: is killed in it, once.
KILLER = """
import importlib.abc, importlib.machinery, os, pathlib, signal, sys

FLAG = pathlib.Path(os.environ["KITSU_TEST_KILL"])

def kill_if(moment):
    if FLAG.exists() and FLAG.read_text() == moment:
        FLAG.unlink()
        os.kill(os.getpid(), signal.SIGKILL)

def patch(module):
    if module.__name__.endswith("memory.memory"):
        refresh = module.Memory.refresh
        async def dying_refresh(self):
            kill_if("between close and refresh")
            await refresh(self)
        module.Memory.refresh = dying_refresh
    else:
        close_turn = module.close_turn
        def dying_close(*arguments):
            done = close_turn(*arguments)
            kill_if("inside the closing transaction")
            return done
        module.close_turn = dying_close

class Finder(importlib.abc.MetaPathFinder):
    NAMES = ("apps.orchestrator.memory.memory", "apps.orchestrator.memory.records")
    def find_spec(self, name, path, target=None):
        if name not in self.NAMES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        load = spec.loader.exec_module
        def exec_module(module):
            load(module)
            patch(module)
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Finder())
"""


#: How many vectors there are, how many rows that should have one, and how many have one.
VECTORS_AND_ROWS = """
    SELECT (SELECT count(*) FROM vector),
    (SELECT count(*) FROM message) + (SELECT count(*) FROM fact),
    (SELECT count(*) FROM vector JOIN message ON kind = 'message' AND row_id = message_id)
    + (SELECT count(*) FROM vector JOIN fact ON kind = 'fact' AND row_id = fact_id)
"""


@pytest.fixture
async def show(tmp_path: Path) -> AsyncIterator[RunningShow]:
    need(find_binary(), "a Redis-compatible server")
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "sitecustomize.py").write_text(KILLER, "utf-8")
    settings = {
        "TTS_ENGINE": "captions",
        "STAGE_OUTPUT": "silent",
        "TURN_THINKING_SECONDS": "4",
        "PYTHONPATH": str(tmp_path / "hooks"),
        "KITSU_TEST_KILL": str(tmp_path / "flag"),
    }
    async with OllamaStandIn(["embed:latest"]) as server:
        settings |= {"OLLAMA_URL": server.url, "EMBEDDING_MODEL_NAME": "embed"}
        async with running_show(tmp_path, settings) as show:
            yield show


async def over(show: RunningShow, text: str) -> dict[str, Any]:
    """The turn of a line, when it has its outcome."""
    async with asyncio.timeout(60):
        while True:
            for turn in await show.turns(20):
                if turn["input"] == text and turn["outcome"]:
                    return turn
            await asyncio.sleep(0.05)


async def killed_in(show: RunningShow, moment: str, text: str, author: str) -> dict[str, Any]:
    """A line whose turn is closed in that moment. Returns the turn as it is afterwards."""
    before = await show.pid("orchestrator")
    flag = show.folder / "flag"
    flag.write_text(moment, "utf-8")
    await show.chat(text, author)
    async with asyncio.timeout(60):
        while flag.exists() or await show.pid("orchestrator") in (None, before):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await wait_for_orchestrator(show)
    return await over(show, text)


async def wait_for_orchestrator(show: RunningShow) -> None:
    async with asyncio.timeout(60):
        while not await show.is_ready("orchestrator"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_nothing_heard_is_lost_and_nothing_unheard_is_learned(show: RunningShow) -> None:
    moments = ("between close and refresh", "inside the closing transaction")
    for number, moment in enumerate(moments):
        turn = await killed_in(show, moment, f"my cat is called Miso{number}", f"viewer{number}")
        assert (turn["outcome"], bool(turn["heard_text"])) == ("completed", True)
        recent = (await show.get("/memory"))["recent"]
        assert recent[-1]["text"] == turn["heard_text"], "what was heard goes with the next turn"
    mind = psutil.Process(await show.pid("policy_worker"))
    mind.suspend()  # nobody answers
    await show.chat("my dog is called Unheard", "viewer9")
    await show.kill("orchestrator")
    await asyncio.sleep(0.5)
    await wait_for_orchestrator(show)
    unheard = await over(show, "my dog is called Unheard")
    mind.resume()
    assert (unheard["outcome"], unheard["heard_text"]) == ("failed", "")

    kept = sqlite3.connect(show.folder / "data" / "memory" / "kitsu.sqlite")
    told = kept.execute("SELECT text, source_turn_id FROM fact ORDER BY fact_id").fetchall()
    assert [text for text, _ in told] == ["my cat is called Miso0", "my cat is called Miso1"]
    for _, turn_id in told:
        lines = kept.execute("SELECT speaker FROM message WHERE turn_id = ?", (turn_id,)).fetchall()
        assert sorted(lines) == [("kitsu",), ("viewer",)], "once each"
    async with asyncio.timeout(30):  # what no life had the time for, the last one does
        while len(set(kept.execute(VECTORS_AND_ROWS).fetchone())) > 1:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    indexed = kept.execute("SELECT count(*) FROM message_words").fetchone()
    assert indexed == kept.execute("SELECT count(*) FROM message").fetchone()
    kept.close()
