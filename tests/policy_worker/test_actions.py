"""What she does beside speaking: read strictly, allowed by name, on the sentence it belongs to."""

from pathlib import Path

import pytest

from apps.policy_worker.actions import (
    Action,
    ActionRefused,
    Allowed,
    DoOnStage,
    PressHotkey,
    Remember,
    SetMood,
    ShowItem,
    StartPoll,
    read_action,
)
from apps.policy_worker.persona_shelf import PersonaShelf
from apps.policy_worker.worker import PolicyWorker
from libs.contracts.envelope import Event
from libs.contracts.health import ErrorReported
from libs.contracts.speaking import Mood, SpeakSentence
from libs.contracts.stage import TriggerHotkey
from libs.contracts.studio import RequestStageAction
from libs.settings.personas import Persona
from tests.policy_worker.turns import PlaysScript, RecordingBus, answer, turn, use, working
from tests.safety.corpus import DISGUISES

BAD = DISGUISES["plain"]
ALLOWED = Allowed({"playful": Mood.HAPPY}, ("applause", "close_up"), ("Ear Wiggle", "wave"))


@pytest.mark.parametrize(
    ("raw", "action"),
    [
        ("mood: sad", SetMood(Mood.SAD)),
        ("mood(Playful)", SetMood(Mood.HAPPY)),
        ("sad", SetMood(Mood.SAD)),
        ("stage:applause", DoOnStage("applause")),
        ("Stage = 'APPLAUSE'", DoOnStage("applause")),
        ("scene:close_up", DoOnStage("close_up")),
        ("applause", DoOnStage("applause")),
        ('["close_up"]', DoOnStage("close_up")),
        ("hotkey: ear wiggle", PressHotkey("Ear Wiggle")),
        ("wave", PressHotkey("wave")),
        ("item: tea cup", ShowItem("tea cup")),
        ('remember("Luna likes tea, and rain")', Remember("Luna likes tea, and rain")),
        ("poll: Which game? / Tetris / Snake", StartPoll("Which game?", ("Tetris", "Snake"))),
        ("none", None),
        ("  ", None),
    ],
)
def test_an_action_is_read(raw: str, action: Action | None) -> None:
    assert read_action(raw, ALLOWED) == action


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("scene:BRB", "not_allowed"),
        ("stage:delete", "not_allowed"),
        ("hotkey:Delete Model", "not_allowed"),
        ("mood:homicidal", "not_allowed"),
        ('obs.delete_scene("Live")', "unknown"),
        ("rm -rf /", "unknown"),
        ("../../etc/passwd", "unknown"),
        ("exec: rm", "unknown"),
        ("stage:../../x", "malformed"),
        ("stage:applause;stage:close_up", "malformed"),
        ("item:" + "x" * 200, "malformed"),
        ("item:", "malformed"),
        ("remember:" + "x" * 500, "malformed"),
        ("poll: no options", "malformed"),
        ("poll: a / b", "malformed"),
        ("poll: q / " + "/".join("abcdefgh"), "malformed"),
        ("stage:\u202eesualppa", "malformed"),
        ("stage:" + "(" * 100, "malformed"),
    ],
)
def test_what_is_not_on_the_list_is_refused_with_a_code(raw: str, code: str) -> None:
    with pytest.raises(ActionRefused) as caught:
        read_action(raw, ALLOWED)
    assert caught.value.code == code


async def can_do(worker: PolicyWorker, bus: RecordingBus, *hotkeys: str) -> None:
    """OBS offers two actions in this show, and the persona may press these hotkeys."""
    await bus.set_latch("main", "studio", {"link": "ready", "actions": ["applause", "close_up"]})
    await worker.stage_names.read("main")
    persona = worker.personas.default.model_copy(update={"hotkeys": hotkeys})

    class Shelf(PersonaShelf):
        def of(self, snapshot: object) -> Persona:
            return persona

    worker.personas = Shelf("kitsu")


async def test_an_action_goes_out_with_the_sentence_it_stands_before(tmp_path: Path) -> None:
    request = turn("hi", epoch=7)
    async with working(tmp_path) as (worker, bus):
        await can_do(worker, bus, "wave")
        script = (
            "<mood>happy</mood><speech>One. <actions>stage:applause, wave</actions>Two. Three."
            "</speech><actions>scene:close_up</actions>"
        )
        await use(worker, PlaysScript(script))
        await answer(worker, request)
    told: list[Event] = [
        e
        for e in bus.published
        if isinstance(e, SpeakSentence | RequestStageAction | TriggerHotkey)
    ]
    words = [
        e.text if isinstance(e, SpeakSentence) else getattr(e, "action", "") or e.hotkey  # type: ignore[attr-defined]
        for e in told
    ]
    assert words == ["One.", "Two.", "applause", "wave", "Three.", "close_up"]
    for order in (*bus.of(RequestStageAction), *bus.of(TriggerHotkey)):
        assert (order.epoch, order.turn_id, order.cause_id) == (
            7,
            request.turn_id,
            request.event_id,
        )
        assert order.expires_at is not None
    assert len({e.event_id for e in told}) == len(told)


async def test_the_same_turn_gives_the_same_orders(tmp_path: Path) -> None:
    request, found = turn("hi"), []
    for _ in range(2):
        async with working(tmp_path) as (worker, bus):
            await can_do(worker, bus)
            await use(worker, PlaysScript("<speech><actions>applause</actions>One.</speech>"))
            await answer(worker, request)
        found += [order.event_id for order in bus.of(RequestStageAction)]
    assert found[0] == found[1]


@pytest.mark.parametrize("sentence", [f"You {BAD}.", "You should invest in moon cheese."])
async def test_a_blocked_sentence_takes_its_actions_with_it(tmp_path: Path, sentence: str) -> None:
    async with working(tmp_path) as (worker, bus):
        await can_do(worker, bus)
        script = f"<speech>One. <actions>stage:applause</actions>{sentence} Two.</speech>"
        await use(worker, PlaysScript(script))
        await answer(worker, turn("hi"))
    assert bus.spoken == "One. Two."
    assert bus.of(RequestStageAction) == []


async def test_a_sentence_that_was_held_back_keeps_its_mood_and_actions(tmp_path: Path) -> None:
    async with working(tmp_path) as (worker, bus):
        await can_do(worker, bus)
        script = (
            "<speech><mood>sad</mood><actions>applause</actions>What the fu. "
            "<mood>happy</mood>Two is fine.</speech>"
        )
        await use(worker, PlaysScript(script))
        await answer(worker, turn("hi"))
    assert [(s.text, s.mood) for s in bus.sentences] == [
        ("What the fu.", Mood.SAD),
        ("Two is fine.", Mood.HAPPY),
    ]
    assert len(bus.of(RequestStageAction)) == 1


async def test_without_an_allowlist_nothing_is_done(tmp_path: Path) -> None:
    async with working(tmp_path) as (worker, bus):
        script = (
            "<speech>Hi.</speech><actions>stage:applause, hotkey:wave, scene:BRB, dance</actions>"
        )
        await use(worker, PlaysScript(script))
        await answer(worker, turn("hi"))
    assert bus.spoken == "Hi."
    assert bus.of(RequestStageAction) == []
    assert bus.of(TriggerHotkey) == []
    assert worker.counters["actions_not_allowed"] == 3
    assert worker.counters["actions_unknown"] == 1


async def test_a_model_that_plays_with_the_buttons_is_bounded(tmp_path: Path) -> None:
    async with working(tmp_path) as (worker, bus):
        await can_do(worker, bus)
        script = "<speech>" + "<actions>applause,close_up</actions>" * 50 + "Hi.</speech>"
        await use(worker, PlaysScript(script))
        await answer(worker, turn("hi"))
    assert len(bus.of(RequestStageAction)) == 6


async def test_what_nobody_can_do_yet_is_counted_and_told_once(tmp_path: Path) -> None:
    async with working(tmp_path) as (worker, bus):
        script = "<speech>Hi.</speech><actions>remember: she likes tea; item: tea</actions>"
        await use(worker, PlaysScript(script))
        for number in range(3):
            await answer(worker, turn(f"hi {number}"))
    told = bus.of(ErrorReported)
    assert {e.code for e in told} == {"action_not_supported"}
    assert len(told) == 2
    assert worker.counters["actions_not_supported_Remember"] == 3


async def test_a_model_is_told_of_the_names_it_may_use(tmp_path: Path) -> None:
    engine = PlaysScript("<speech>Hi.</speech>")
    async with working(tmp_path) as (worker, bus):
        await can_do(worker, bus)
        await use(worker, engine)
        await answer(worker, turn("hi"))
    assert engine.asked[0].stage_actions == ("applause", "close_up")


async def test_a_latch_that_is_no_list_of_names_offers_nothing(tmp_path: Path) -> None:
    async with working(tmp_path) as (worker, bus):
        for odd in (7, "applause", [1, None, {"a": 1}], {"applause": 1}):
            await bus.set_latch("main", "studio", {"actions": odd})
            await worker.stage_names.read("main")
            assert worker.stage_names.of("main") == ()
