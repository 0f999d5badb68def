""" "Mm?": while a model thinks about what the host said, she says that she has heard it."""

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.policy_worker.acknowledgement import Acknowledging
from apps.policy_worker.engines.base import Capabilities
from apps.policy_worker.engines.errors import NoFirstToken
from apps.policy_worker.engines.prompt import prompt_of
from apps.policy_worker.worker import PolicyWorker
from libs.bus.base import BusUnavailable
from libs.bus.memory import MemoryServer
from libs.contracts.conversation import HistoryLine, ReplyAbandoned, TurnCommitted, TurnSource
from libs.contracts.envelope import Event
from libs.contracts.safety import GateAction
from libs.contracts.speaking import SpeakSentence
from tests.policy_worker.turns import PlaysScript, RecordingBus, answer, turn, use, working
from tests.safety.corpus import DISGUISES

SOON = {"policy_acknowledge_ms": 20}
LINES = ("Hmm?", "Mhm, one second.", "Ooh, let me think.")


def spoken_to(text: str = "what do foxes dream of?", **fields: object) -> TurnCommitted:
    return turn(text, TurnSource.VOICE, author="host", **fields)


def with_lines(worker: PolicyWorker, *lines: str) -> None:
    """Her persona has these and no others."""
    stock = worker.personas.default.stock.model_copy(update={"acknowledgements": lines})
    persona = worker.personas.default.model_copy(update={"stock": stock})
    worker.personas.of = lambda snapshot: persona  # type: ignore[method-assign]


@pytest.fixture
def thinks() -> Iterator[asyncio.Event]:
    return asyncio.Event()


async def test_the_host_hears_that_he_was_heard_and_then_the_answer(
    tmp_path: Path, thinks: asyncio.Event
) -> None:
    engine = PlaysScript(thinks, "<speech>Of biscuits. ", "And of snow.</speech>")
    async with working(tmp_path, **SOON) as (worker, bus):
        await use(worker, engine)
        request = spoken_to()
        task = asyncio.create_task(answer(worker, request))
        await bus.has_sentences(1)
        thinks.set()
        await task
        first, *others = bus.sentences
        assert first.text in LINES
        assert first.verdict.action is GateAction.ALLOW
        assert first.first_token_seconds is None
        assert [(s.index, s.text) for s in others] == [(1, "Of biscuits."), (2, "And of snow.")]
        assert {s.utterance_id for s in bus.sentences} == {request.utterance_id}
        assert bus.finished.outcome == "complete"
        assert bus.finished.text == bus.spoken
        assert bus.finished.first_sentence_seconds is not None
        assert bus.finished.first_sentence_seconds >= others[0].policy_seconds
    assert prompt_of(engine.asked[0]).messages[-1].role == "user"


@pytest.mark.parametrize(
    ("request_", "settings"),
    [
        (turn("hi there"), SOON),
        (turn("hi there", TurnSource.PAID), SOON),
        (turn("Breaking news.", TurnSource.OPERATOR), SOON),
        (spoken_to(), {}),
    ],
    ids=["chat", "paid", "operator", "off by default"],
)
async def test_only_the_host_hears_it_and_only_where_it_is_wanted(
    tmp_path: Path, thinks: asyncio.Event, request_: TurnCommitted, settings: dict[str, int]
) -> None:
    async with working(tmp_path, **settings) as (worker, bus):
        await use(worker, PlaysScript(thinks, "<speech>Breaking news.</speech>"))
        asyncio.get_running_loop().call_later(0.1, thinks.set)
        await answer(worker, request_)
        assert bus.spoken == "Breaking news."


async def test_a_quick_answer_needs_none(tmp_path: Path, thinks: asyncio.Event) -> None:
    async with working(tmp_path, policy_acknowledge_ms=400) as (worker, bus):
        await use(worker, PlaysScript("<speech>Of biscuits. ", thinks, "Yes.</speech>"))
        asyncio.get_running_loop().call_later(0.5, thinks.set)
        await answer(worker, spoken_to())
        assert bus.spoken == "Of biscuits. Yes."


async def test_the_same_one_is_never_said_twice_running(tmp_path: Path) -> None:
    said: list[str] = []
    async with working(tmp_path, **SOON) as (worker, bus):
        for _ in range(12):
            thinks = asyncio.Event()
            await use(worker, PlaysScript(thinks, "<speech>Of biscuits.</speech>"))
            asyncio.get_running_loop().call_later(0.06, thinks.set)
            await answer(worker, spoken_to())
            said.append(next(s.text for s in bus.sentences if s.index == 0))
            bus.published.clear()
        assert all(one != other for one, other in itertools.pairwise(said))
        with_lines(worker, said[-1])
        await use(worker, PlaysScript(asyncio.Event(), "never"))
        task = asyncio.create_task(answer(worker, spoken_to()))
        await asyncio.sleep(0.1)
        assert bus.sentences == []  # it is the only one
        worker.replies.give_up("interrupted", lambda turn: True)
        await task


async def test_another_worker_does_not_repeat_what_was_heard_last(
    tmp_path: Path, thinks: asyncio.Event
) -> None:
    async with working(tmp_path, **SOON) as (worker, bus):
        with_lines(worker, "Hmm?")
        await use(worker, PlaysScript(thinks, "<speech>Of biscuits.</speech>"))
        asyncio.get_running_loop().call_later(0.1, thinks.set)
        heard = HistoryLine(speaker="kitsu", name="", text="Hmm? I am a fox.")
        await answer(worker, spoken_to(history=(heard,)))
        assert bus.spoken == "Of biscuits."


async def test_a_line_that_does_not_pass_the_gate_is_not_said(
    tmp_path: Path, thinks: asyncio.Event
) -> None:
    async with working(tmp_path, **SOON) as (worker, bus):
        with_lines(worker, DISGUISES["plain"])
        await use(worker, PlaysScript(thinks, "<speech>Of biscuits.</speech>"))
        asyncio.get_running_loop().call_later(0.1, thinks.set)
        await answer(worker, spoken_to())
        assert bus.spoken == "Of biscuits."


async def test_a_reply_that_was_cut_is_not_acknowledged(
    tmp_path: Path, thinks: asyncio.Event
) -> None:
    async with working(tmp_path, policy_acknowledge_ms=400) as (worker, bus):
        await use(worker, PlaysScript(thinks))
        task = asyncio.create_task(answer(worker, spoken_to()))
        await asyncio.sleep(0.02)
        worker.replies.give_up("interrupted", lambda turn: True)
        await task
        await asyncio.sleep(0.5)
        assert bus.sentences == []
        assert [event.reason for event in bus.of(ReplyAbandoned)] == ["interrupted"]


async def test_the_next_model_is_asked_although_it_was_acknowledged(
    tmp_path: Path, thinks: asyncio.Event
) -> None:
    async with working(tmp_path, **SOON) as (worker, bus):
        broken = PlaysScript(thinks, NoFirstToken("too slow"))
        second = PlaysScript("<speech>Of biscuits.</speech>")
        await use(worker, broken, second)
        asyncio.get_running_loop().call_later(0.1, thinks.set)
        await answer(worker, spoken_to())
        assert [s.text for s in bus.sentences][1:] == ["Of biscuits."]
        assert bus.finished.outcome == "complete"


async def test_where_no_model_answers_it_is_not_taken_for_an_answer(
    tmp_path: Path, thinks: asyncio.Event
) -> None:
    async with working(tmp_path, **SOON) as (worker, bus):
        await use(worker, PlaysScript(thinks, NoFirstToken("too slow")))
        asyncio.get_running_loop().call_later(0.1, thinks.set)
        await answer(worker, spoken_to())
        assert bus.sentences[-1].text in worker.personas.default.stock.all_failed
        assert (bus.finished.outcome, len(bus.sentences)) == ("failed", 2)


async def test_a_tool_that_takes_long_goes_with_it(tmp_path: Path, thinks: asyncio.Event) -> None:
    """The line to the model is the same with and without an acknowledgement."""
    engine = PlaysScript(thinks, "<speech>Of", " biscuits.</speech>",
                         capabilities=Capabilities(tools=True))  # fmt: skip
    async with working(tmp_path, **SOON) as (worker, bus):
        await use(worker, engine)
        asyncio.get_running_loop().call_later(0.1, thinks.set)
        await answer(worker, spoken_to())
        assert engine.asked[0].already_said == ()
        assert len(bus.sentences) == 2


async def test_after_a_kill_it_is_sent_again_and_not_said_again(
    tmp_path: Path, thinks: asyncio.Event
) -> None:
    server, request = MemoryServer(), spoken_to()
    dying = RecordingBus(server)

    async with working(tmp_path, dying, **SOON) as (worker, _):
        await use(worker, PlaysScript(thinks, "<speech>never</speech>"))
        task = asyncio.create_task(answer(worker, request))
        await dying.has_sentences(1)
        task.cancel()  # as a worker that is gone: no end of the reply is told
        await asyncio.gather(task, return_exceptions=True)
    [acknowledged] = dying.sentences
    after = RecordingBus(server)
    async with working(tmp_path, after, **SOON) as (worker, bus):
        slow = asyncio.Event()
        await use(worker, PlaysScript(slow, "<speech>Of biscuits.</speech>"))
        asyncio.get_running_loop().call_later(0.1, slow.set)
        await answer(worker, request, deliveries=2)
        assert [(s.index, s.text) for s in bus.sentences] == [
            (0, acknowledged.text),
            (1, "Of biscuits."),
        ]
        assert bus.sentences[0].event_id == acknowledged.event_id
        assert bus.finished.sentences == 2


async def test_without_a_bus_for_it_nothing_follows_that_would_wait_for_it(
    tmp_path: Path, thinks: asyncio.Event
) -> None:
    async with working(tmp_path, **SOON) as (worker, bus):
        await use(worker, PlaysScript(thinks, "<speech>Of biscuits.</speech>"))
        asyncio.get_running_loop().call_later(0.1, thinks.set)

        def fail(event: Event) -> None:
            if isinstance(event, SpeakSentence):
                raise BusUnavailable("gone")

        bus.on_publish = fail
        with pytest.raises(BusUnavailable):  # the turn is handed out again
            await answer(worker, spoken_to())
        assert [s.index for s in bus.sentences] == [0]


def test_many_shows_are_remembered_within_bounds() -> None:
    here = Acknowledging(1.0)
    for number in range(1_000):
        here._remember(f"show{number}", "Hmm?")
    assert len(here._last) == 100
