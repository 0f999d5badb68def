"""What a model makes her do, in a whole show: with the sentence it belongs to, and once."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest

from libs.bus.base import Bus
from libs.bus.embedded import find_binary
from libs.bus.opening import connect
from libs.contracts.conversation import ActionChosen, PollFinished, RememberFact, ReplyFinished
from libs.contracts.envelope import Event
from libs.contracts.speaking import PlaybackFinished, PlaybackOutcome, PlaybackStarted
from libs.contracts.stage import ShowItem, ShowPoll
from libs.testing.running_show import RunningShow, running_show
from libs.testing.stand_ins.openai import OpenAIStandIn
from tests.conftest import need

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

Found = TypeVar("Found")
Some = TypeVar("Some", bound=Event)

#: Four sentences, each of about two seconds, each with one action.
REPLY = (
    "<mood>happy</mood><speech>"
    "<actions>item: heart</actions>First I have a very small heart for you. "
    "<actions>item: tea cup</actions>Then I have a warm cup of tea here. "
    '<actions>remember("Luna came back on a rainy day")</actions>'
    "And I keep in mind this rainy day. "
    "<actions>item: sparkles</actions>Last of all there are some sparkles in it.</speech>"
)


@asynccontextmanager
async def a_show(
    folder: Path, script: tuple[str, ...], seconds_per_token: float = 0.002
) -> AsyncIterator[tuple[RunningShow, Bus]]:
    """A show that is answered by a model which says this."""
    need(find_binary(), "a Redis-compatible server")
    async with OpenAIStandIn(script=script, seconds_per_token=seconds_per_token) as model:
        settings = {
            "TTS_ENGINE": "captions",
            "STAGE_OUTPUT": "silent",
            "POLICY_FORCE_MOCK": "0",
            "CHAT_PROVIDER": "openai",
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_MODEL": "gpt-fox",
            "OPENAI_API_KEY": "sk-fox",
            "POLL_SECONDS": "3",
        }
        async with running_show(folder, settings) as show:
            bus = connect(show.settings, "test@here#0")
            await bus.open()
            try:
                yield show, bus
            finally:
                await bus.close()


async def all_of(bus: Bus, kind: type[Some]) -> list[Some]:
    """Each once: what is told again has its old id."""
    stored = await bus.recent(kind.topic, "main", 1_000)
    return list({d.event.event_id: d.event for d in stored if isinstance(d.event, kind)}.values())


async def until(look: Callable[[], Awaitable[Found]], seconds: float = 30.0) -> Found:
    async with asyncio.timeout(seconds):
        while not (found := await look()):  # noqa: ASYNC110
            await asyncio.sleep(0.03)
    return found


async def items(bus: Bus) -> list[str]:
    return [event.item for event in await all_of(bus, ShowItem)]


async def notes(show: RunningShow) -> list[str]:
    return [fact["text"] for fact in (await show.get("/memory"))["facts"]]


async def test_each_action_is_done_when_its_sentence_begins_to_be_heard(tmp_path: Path) -> None:
    async with a_show(tmp_path, (REPLY,)) as (show, bus):
        await show.chat("hello there", "luna")
        [end] = await until(lambda: all_of(bus, PlaybackFinished))
        assert end.outcome is PlaybackOutcome.COMPLETED
        assert await items(bus) == ["heart", "tea cup", "sparkles"]
        [started] = await all_of(bus, PlaybackStarted)
        [noted] = await all_of(bus, RememberFact)
        heart, cup, sparkles = await all_of(bus, ShowItem)
        moments = [event.emitted_at for event in (heart, cup, noted, sparkles)]
        assert 0 <= moments[0] - started.started_at < 0.3
        pauses = [later - earlier for earlier, later in pairwise(moments)]
        assert all(1.5 < pause < 5 for pause in pauses), pauses
        chosen = [event.emitted_at for event in await all_of(bus, ActionChosen)]
        assert max(chosen) < moments[1]  # known long before it was done
        await until(lambda: notes(show))
        [fact] = (await show.get("/memory"))["facts"]
        assert (fact["viewer_id"], fact["topic"]) == ("local:luna", "noted")


async def test_after_a_stop_nothing_more_of_the_reply_is_done(tmp_path: Path) -> None:
    async with a_show(tmp_path, (REPLY,)) as (show, bus):
        await show.chat("hello there", "luna")
        await until(lambda: all_of(bus, ReplyFinished))
        await until(lambda: all_of(bus, ShowItem))
        await show.post("/stop")
        await until(lambda: all_of(bus, PlaybackFinished))
        await asyncio.sleep(9)  # as long as the rest would have taken
        assert await items(bus) == ["heart"]
        assert await notes(show) == []
        assert len(await all_of(bus, ActionChosen)) == 4


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
@pytest.mark.parametrize("module", ["stage", "policy_worker", "tts_worker", "orchestrator"])
async def test_a_kill_in_mid_reply_does_nothing_twice_and_nothing_unheard(
    tmp_path: Path, module: str
) -> None:
    """The model writes its second sentence when the first begins to be heard; asked again, it
    begins anew."""
    async with a_show(tmp_path, (REPLY, REPLY), seconds_per_token=0.05) as (show, bus):
        await show.chat("hello there", "luna")
        await until(lambda: all_of(bus, ShowItem))
        await show.kill(module)
        [end] = await until(lambda: all_of(bus, PlaybackFinished))
        await show.wait_ready()
        if module == "stage":
            assert end.reason == "stage_restarted"
            await asyncio.sleep(1)
            assert await items(bus) == ["heart"]
            assert await notes(show) == []
        else:
            assert end.outcome is PlaybackOutcome.COMPLETED
            assert await items(bus) == ["heart", "tea cup", "sparkles"]
            assert await until(lambda: notes(show)) == ["Luna came back on a rainy day"]


async def test_a_poll_runs_from_her_sentence_to_her_comment(tmp_path: Path) -> None:
    asks = (
        '<speech><actions>poll("Which game? / Tetris / Snake")</actions>You choose, chat!</speech>'
    )
    says = "<speech>So it is Snake, how lovely.</speech>"
    async with a_show(tmp_path, (asks, says)) as (show, bus):
        await show.chat("what do we play?", "luna")
        await until(lambda: all_of(bus, ShowPoll))
        for viewer, line in (("ana", "1"), ("ben", "2"), ("cyd", "snake"), ("ana", "2")):
            await show.chat(line, viewer)
        [finished] = await until(lambda: all_of(bus, PollFinished))
        assert [(o.text, o.votes) for o in finished.options] == [("Tetris", 0), ("Snake", 3)]
        ends = await until(lambda: _at_least(bus, 2))
        assert ends[-1].heard_text == "So it is Snake, how lovely."
        turns = await show.turns()
        assert [turn["source"] for turn in turns] == ["idle", "chat"]
        assert "Snake won" in turns[0]["input"]


async def _at_least(bus: Bus, count: int) -> list[PlaybackFinished]:
    ends = await all_of(bus, PlaybackFinished)
    return ends if len(ends) >= count else []
