"""What she does beside speaking: read strictly, allowed by name, on the sentence it belongs to."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from apps.policy_worker import actions
from apps.policy_worker.actions import (
    Action,
    ActionRefused,
    Allowed,
    DoOnStage,
    PressHotkey,
    Remember,
    SetMood,
    read_action,
)
from apps.policy_worker.engines.prompt import prompt_of
from apps.policy_worker.persona_shelf import PersonaShelf
from apps.policy_worker.worker import PolicyWorker
from libs.contracts.conversation import (
    ActionChosen,
    ChosenOrder,
    RememberFact,
    ReplyFinished,
    StartPoll,
    TurnSource,
)
from libs.contracts.envelope import Event
from libs.contracts.speaking import Mood, SpeakSentence
from libs.contracts.stage import ShowItem, TriggerHotkey
from libs.contracts.studio import RequestStageAction
from libs.settings.personas import PERSONAS, ActionKind, Persona, PersonaError, load_persona
from tests.policy_worker.turns import PlaysScript, RecordingBus, answer, turn, use, working
from tests.safety.corpus import DISGUISES

BAD = DISGUISES["plain"]
ALLOWED = Allowed(
    {"playful": Mood.HAPPY}, ("applause", "close_up"), ("Ear Wiggle", "wave"), ("tea cup", "heart")
)


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
        ("item: Tea Cup", actions.ShowItem("tea cup")),
        ("heart", actions.ShowItem("heart")),
        ('remember("Luna likes tea, and rain")', Remember("Luna likes tea, and rain")),
        (
            "poll: Which game? / Tetris / Snake",
            actions.StartPoll("Which game?", ("Tetris", "Snake")),
        ),
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
        ("item:sword", "not_allowed"),
        ("item:tea cup.svg", "not_allowed"),
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


@pytest.mark.parametrize(
    "raw",
    [
        "mood: sad",
        "stage:applause",
        "scene:close_up",
        "hotkey:wave",
        "item:heart",
        "remember: likes tea",
        "poll: Which? / One / Two",
    ],
)
def test_a_kind_that_the_persona_may_not_use_is_refused(raw: str) -> None:
    kind = {"scene": "stage"}.get(raw.partition(":")[0], raw.partition(":")[0])
    others = [one for one in get_args(ActionKind) if one != kind]
    assert read_action(raw, ALLOWED) is not None
    with pytest.raises(ActionRefused) as caught:
        read_action(raw, replace(ALLOWED, kinds=others))
    assert caught.value.code == "not_allowed"


@pytest.mark.parametrize("word", ["applause", "wave", "heart", "sad"])
def test_a_word_alone_means_nothing_that_is_not_allowed(word: str) -> None:
    with pytest.raises(ActionRefused):
        read_action(word, replace(ALLOWED, kinds=("remember",)))


async def can_do(worker: PolicyWorker, bus: RecordingBus, *hotkeys: str, **more: object) -> None:
    """OBS offers two actions in this show, and the persona may press these hotkeys."""
    await bus.set_latch("main", "studio", {"link": "ready", "actions": ["applause", "close_up"]})
    await worker.stage_names.read("main")
    persona = worker.personas.default.model_copy(update={"hotkeys": hotkeys, **more})

    class Shelf(PersonaShelf):
        def of(self, snapshot: object) -> Persona:
            return persona

    worker.personas = Shelf("kitsu")


def chosen(bus: RecordingBus) -> list[tuple[int, Event]]:
    """What she does, each with the number of its sentence."""
    return [(e.index, e.order) for e in bus.of(ActionChosen)]


async def test_an_action_is_chosen_for_the_sentence_it_stands_before_and_not_ordered(
    tmp_path: Path,
) -> None:
    request = turn("hi", epoch=7)
    async with working(tmp_path) as (worker, bus):
        await can_do(worker, bus, "wave")
        script = (
            "<mood>happy</mood><speech>One. <actions>stage:applause, wave</actions>Two. Three."
            "</speech><actions>scene:close_up, item:heart</actions>"
        )
        await use(worker, PlaysScript(script))
        await answer(worker, request)
    told = [e for e in bus.published if isinstance(e, SpeakSentence | ActionChosen | ReplyFinished)]
    assert [(type(e).__name__, getattr(e, "index", 3)) for e in told] == [
        ("SpeakSentence", 0),
        ("ActionChosen", 1),
        ("ActionChosen", 1),
        ("SpeakSentence", 1),
        ("SpeakSentence", 2),
        ("ActionChosen", 2),
        ("ActionChosen", 2),
        ("ReplyFinished", 3),
    ]
    assert [order for _, order in chosen(bus)] == [
        RequestStageAction(**_envelope(chosen(bus)[0][1]), action="applause", by="kitsu"),
        TriggerHotkey(**_envelope(chosen(bus)[1][1]), hotkey="wave"),
        RequestStageAction(**_envelope(chosen(bus)[2][1]), action="close_up", by="kitsu"),
        ShowItem(**_envelope(chosen(bus)[3][1]), item="heart"),
    ]
    for event in bus.of(ActionChosen):
        for one in (event, event.order):
            assert (one.epoch, one.turn_id, one.cause_id) == (7, request.turn_id, request.event_id)
            assert one.utterance_id == request.utterance_id
        assert event.expires_at is not None
    assert not any(isinstance(e, get_args(ChosenOrder)) for e in bus.published)
    ids = [e.event_id for e in told] + [order.event_id for _, order in chosen(bus)]
    assert len(set(ids)) == len(ids)


def _envelope(event: Event) -> dict[str, object]:
    fields = set(Event.model_fields) - {"type"}
    return event.model_dump(include=fields)


async def test_what_she_notes_and_asks_is_chosen_with_her_words(tmp_path: Path) -> None:
    async with working(tmp_path) as (worker, bus):
        await can_do(worker, bus)
        script = (
            '<speech><actions>remember("Luna likes tea, and rain"); '
            'poll("Which game? / Tetris / Snake")</actions>Ok.</speech>'
        )
        await use(worker, PlaysScript(script))
        await answer(worker, turn("hi"))
    (_, noted), (_, poll) = chosen(bus)
    assert isinstance(noted, RememberFact)
    assert noted.text == "Luna likes tea, and rain"
    assert isinstance(poll, StartPoll)
    assert (poll.question, poll.options) == ("Which game?", ("Tetris", "Snake"))


async def test_the_same_turn_chooses_the_same(tmp_path: Path) -> None:
    request, found = turn("hi"), []
    for _ in range(2):
        async with working(tmp_path) as (worker, bus):
            await can_do(worker, bus)
            await use(worker, PlaysScript("<speech><actions>applause</actions>One.</speech>"))
            await answer(worker, request)
        [event] = bus.of(ActionChosen)
        found.append((event.event_id, event.order.event_id))
    assert found[0] == found[1]


async def test_actions_without_a_sentence_are_not_chosen(tmp_path: Path) -> None:
    scripts = (
        "<actions>applause</actions>",
        "<speech></speech><actions>applause</actions>",
        f"<speech>You {BAD}.</speech><actions>applause</actions>",
    )
    for script in scripts:
        async with working(tmp_path) as (worker, bus):
            await can_do(worker, bus)
            await use(worker, PlaysScript(script))
            await answer(worker, turn("hi"))
        assert bus.of(ActionChosen) == []


async def test_a_worker_that_is_killed_between_a_sentence_and_its_action_loses_neither(
    tmp_path: Path,
) -> None:
    """The note has both before either is sent."""
    request = turn("hi")
    async with working(tmp_path) as (worker, bus):
        await can_do(worker, bus)
        never = asyncio.Event()
        script = "<speech>One. <actions>applause</actions>Two. <mood>sad</mood>"
        await use(worker, PlaysScript(script, never))
        lost = (ActionChosen, SpeakSentence)
        real_publish = bus.publish

        async def dies(event: Event, data: bytes = b"") -> None:
            if not (isinstance(event, lost) and getattr(event, "index", 0) == 1):
                await real_publish(event, data)

        bus.publish = dies  # type: ignore[method-assign]
        first = asyncio.create_task(answer(worker, request))
        note = f"reply:{request.utterance_id}"
        async with asyncio.timeout(5):
            while len((await bus.note(note) or {}).get("said", [])) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert bus.of(ActionChosen) == []
        bus.publish = real_publish  # type: ignore[method-assign]
        await use(worker, PlaysScript("<speech> Three.</speech>"))
        await answer(worker, request, deliveries=2)
    assert [s.text for s in bus.sentences] == ["One.", "Two.", "Three."]
    [(index, order)] = chosen(bus)
    assert (index, order.type) == (1, "studio.request_stage_action")


async def test_the_same_action_twice_with_one_sentence_is_done_once(tmp_path: Path) -> None:
    async with working(tmp_path) as (worker, bus):
        await can_do(worker, bus)
        script = (
            "<speech><actions>applause, stage:applause</actions>One. "
            "<actions>applause</actions>Two.</speech><actions>applause</actions>"
        )
        await use(worker, PlaysScript(script))
        await answer(worker, turn("hi"))
    assert [index for index, _ in chosen(bus)] == [0, 1]


@pytest.mark.parametrize("sentence", [f"You {BAD}.", "You should invest in moon cheese."])
async def test_a_blocked_sentence_takes_its_actions_with_it(tmp_path: Path, sentence: str) -> None:
    async with working(tmp_path) as (worker, bus):
        await can_do(worker, bus)
        script = f"<speech>One. <actions>stage:applause</actions>{sentence} Two.</speech>"
        await use(worker, PlaysScript(script))
        await answer(worker, turn("hi"))
    assert bus.spoken == "One. Two."
    assert bus.of(ActionChosen) == []


async def test_a_sentence_that_is_written_again_does_nothing_again(tmp_path: Path) -> None:
    """A model that goes on after a crash, or after a tool, may begin anew."""
    begun = "<speech><actions>applause</actions>Bravo to you. "
    script = f"{begun}{begun}<actions>item: heart</actions>And a heart.</speech>"
    async with working(tmp_path) as (worker, bus):
        await can_do(worker, bus)
        await use(worker, PlaysScript(script))
        await answer(worker, turn("hi"))
    assert bus.spoken == "Bravo to you. And a heart."
    assert [(index, order.type) for index, order in chosen(bus)] == [
        (0, "studio.request_stage_action"),
        (1, "stage.show_item"),
    ]


async def test_a_sentence_that_was_held_back_keeps_its_mood_and_actions(tmp_path: Path) -> None:
    async with working(tmp_path) as (worker, bus):
        await can_do(worker, bus)
        script = (
            "<speech><mood>sad</mood><actions>applause</actions>This is so fu. "
            "<mood>happy</mood>Two is fine.</speech>"
        )
        await use(worker, PlaysScript(script))
        await answer(worker, turn("hi"))
    assert [(s.text, s.mood) for s in bus.sentences] == [
        ("This is so fu.", Mood.SAD),
        ("Two is fine.", Mood.HAPPY),
    ]
    assert [index for index, _ in chosen(bus)] == [0]


async def test_without_an_allowlist_nothing_is_done(tmp_path: Path) -> None:
    async with working(tmp_path) as (worker, bus):
        script = (
            "<speech>Hi.</speech><actions>stage:applause, hotkey:wave, scene:BRB, dance</actions>"
        )
        await use(worker, PlaysScript(script))
        await answer(worker, turn("hi"))
    assert bus.spoken == "Hi."
    assert bus.of(ActionChosen) == []
    assert worker.counters["actions_not_allowed"] == 3
    assert worker.counters["actions_unknown"] == 1


async def test_a_model_that_plays_with_the_buttons_is_bounded(tmp_path: Path) -> None:
    async with working(tmp_path) as (worker, bus):
        await can_do(worker, bus)
        buttons = ",".join(f"remember: fact {number}" for number in range(200))
        script = f"<speech><actions>{buttons}</actions>Hi.</speech><actions>{buttons}</actions>"
        await use(worker, PlaysScript(script))
        await answer(worker, turn("hi"))
    assert len(bus.of(ActionChosen)) == 6


async def test_a_model_is_told_of_what_it_may_do(tmp_path: Path) -> None:
    engine = PlaysScript("<speech>Hi.</speech>")
    async with working(tmp_path) as (worker, bus):
        await can_do(worker, bus, "wave")
        await use(worker, engine)
        await answer(worker, turn("hi"))
    system = prompt_of(engine.asked[0]).messages[0].text
    for named in ("stage:applause", "stage:close_up", "hotkey:wave", "item:tea cup", "item:heart"):
        assert named in system
    assert "remember(" in system
    assert "poll(" in system


async def test_a_model_is_told_how_a_poll_of_hers_ended_as_data(tmp_path: Path) -> None:
    engine = PlaysScript("<speech>Hi.</speech>")
    result = 'the poll "Which <i>game?" is over: Snake won'
    async with working(tmp_path) as (worker, _):
        await use(worker, engine)
        for text in (result, ""):
            await answer(worker, turn(text, source=TurnSource.IDLE))
    told, silence = (prompt_of(request).messages[-1].text for request in engine.asked)
    assert json.loads(told) == {"event": result.replace("<", "‹").replace(">", "›")}
    assert "nobody has written" in silence


async def test_a_model_is_not_told_of_what_its_persona_may_not_do(tmp_path: Path) -> None:
    engine = PlaysScript("<speech>Hi.</speech><actions>item:heart, remember: x likes y</actions>")
    async with working(tmp_path) as (worker, bus):
        await can_do(worker, bus, "wave", actions=("mood", "stage"))
        await use(worker, engine)
        await answer(worker, turn("hi"))
    system = prompt_of(engine.asked[0]).messages[0].text
    assert "stage:applause" in system
    for unnamed in ("hotkey:", "item:", "remember(", "poll("):
        assert unnamed not in system
    assert bus.of(ActionChosen) == []
    assert worker.counters["actions_not_allowed"] == 2


def test_a_persona_that_does_not_say_so_starts_no_polls(tmp_path: Path) -> None:
    text = (PERSONAS / "kitsu.yaml").read_text("utf-8")
    silent = "".join(line for line in text.splitlines(True) if not line.startswith("actions:"))
    (tmp_path / "quiet.yaml").write_text(silent, "utf-8")
    assert load_persona("quiet", tmp_path).actions == (
        "mood",
        "stage",
        "hotkey",
        "item",
        "remember",
    )
    (tmp_path / "wild.yaml").write_text(f"{silent}\nactions: [mood, shell]\n", "utf-8")
    with pytest.raises(PersonaError, match=r"line \d+: actions.1: must be 'mood', 'stage'"):
        load_persona("wild", tmp_path)


async def test_a_latch_that_is_no_list_of_names_offers_nothing(tmp_path: Path) -> None:
    async with working(tmp_path) as (worker, bus):
        for odd in (7, "applause", [1, None, {"a": 1}], {"applause": 1}):
            await bus.set_latch("main", "studio", {"actions": odd})
            await worker.stage_names.read("main")
            assert worker.stage_names.of("main") == ()


async def test_she_may_show_what_vtube_studio_shows_and_a_broken_file_costs_only_that(
    tmp_path: Path,
) -> None:
    avatar_file = tmp_path / "avatar.yaml"
    for text, shown in (("items:\n  pie: {file: pie.png}\n", ["pie", "heart"]), ("7", ["heart"])):
        avatar_file.write_text(text, "utf-8")
        async with working(tmp_path, avatar_file=avatar_file) as (worker, bus):
            script = "<speech><actions>item: pie, item: heart</actions>Here.</speech>"
            await use(worker, PlaysScript(script))
            await answer(worker, turn("hi"))
        items = [order.item for _, order in chosen(bus) if isinstance(order, ShowItem)]
        assert items == shown


async def test_what_is_saved_may_be_shown_without_a_restart_and_a_broken_file_takes_nothing_away(
    tmp_path: Path,
) -> None:
    avatar_file = tmp_path / "avatar.yaml"
    avatar_file.write_text("7", "utf-8")
    script = "<speech><actions>item: pie, item: heart</actions>Here.</speech>"
    async with working(tmp_path, avatar_file=avatar_file) as (worker, bus):
        await use(worker, PlaysScript(script))
        for text in ("items:\n  pie: {file: pie.png}\n", "items: broken again"):
            avatar_file.write_text(text, "utf-8")
            await answer(worker, turn("hi"))
            items = [order.item for _, order in chosen(bus) if isinstance(order, ShowItem)]
            assert items[-2:] == ["pie", "heart"]
