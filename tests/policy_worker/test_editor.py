"""Which sentences of a reply are said."""

from pathlib import Path

import pytest

from apps.policy_worker.editor import Cut, Editor
from libs.contracts.conversation import HistoryLine
from libs.contracts.safety import TextBlocked
from libs.settings.personas import load_persona
from tests.policy_worker.turns import PlaysScript, answer, turn, use, working

KITSU = load_persona("kitsu")


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("Kitsu: Hello there!", "Hello there!"),
        ("**Kitsu:** Hello there!", "Hello there!"),
        ("Assistant: Hello there!", "Hello there!"),
        ("Listen: hello there!", "Listen: hello there!"),
        ("Here is the reply:", ""),
        ("Sure, here's my response:", ""),
        ("Here is the thing: I like tea.", "Here is the thing: I like tea."),
        ("Okay, the user wants me to greet them.", ""),
        ("Hmm, so the viewer asks about tea.", ""),
        ("We need to respond in character.", ""),
        ("Let me think about the form of it.", ""),
        ("The viewers are the best!", "The viewers are the best!"),
        ("Okay, let me tell you about tea.", "Okay, let me tell you about tea."),
        ("*waves* 😀", ""),
    ],
)
def test_untagged_text_is_said_only_when_it_is_meant_for_viewers(sentence: str, said: str) -> None:
    assert Editor(KITSU).of(sentence, tagged=False).text == said


def test_in_a_speech_tag_she_may_say_what_sounds_like_a_thought() -> None:
    assert Editor(KITSU).of("Let me think about that.", tagged=True).text


def test_a_thought_that_is_not_marked_goes_on_until_the_speech() -> None:
    editor = Editor(KITSU)
    for sentence in ("Okay, the user said hi.", "I like tea.", "So I say something nice."):
        assert editor.of(sentence, tagged=False).cut is Cut.MUSING
    assert editor.musing
    editor.speech_began()
    assert editor.of("Hello!", tagged=True).text == "Hello!"


@pytest.mark.parametrize(
    "reply",
    [
        "Okay, the user says hi. I should be nice. Maybe tea?</think><speech>Hello you!</speech>",
        "The viewer asked about tea. Hmm.\n</think>\n\nHello you!",
        "The viewer asked about tea. <speech>Hello you!</speech>",
        "<thinking>I plan. </thinking><speech>Hello you!</speech>",
        "<reasoning>I plan.</reasoning>Hello you!",
        "<think/><speech>Hello you!</speech>",
    ],
)
async def test_thoughts_are_not_voiced_however_they_are_marked(tmp_path: Path, reply: str) -> None:
    for pieces in ([reply], list(reply)):
        async with working(tmp_path) as (worker, bus):
            await use(worker, PlaysScript(*pieces))
            await answer(worker, turn("hi"))
        assert bus.spoken == "Hello you!"


async def test_she_does_not_say_again_what_she_said_last_time(tmp_path: Path) -> None:
    said = "I was just thinking about tea, and it made me smile. Hehe!"
    history = (HistoryLine(speaker="kitsu", name="Kitsu", text=said),)
    async with working(tmp_path) as (worker, bus):
        script = (
            "<speech>I was just thinking about tea and it made me smile! Hehe! New one.</speech>"
        )
        await use(worker, PlaysScript(script))
        await answer(worker, turn("hi", history=history))
    assert bus.spoken == "Hehe! New one."
    assert worker.counters["sentences_said_last_time"] == 1


async def test_when_all_of_it_was_said_before_the_next_engine_is_asked(tmp_path: Path) -> None:
    said = "I was just thinking about tea, and it made me smile."
    history = (HistoryLine(speaker="kitsu", name="Kitsu", text=said),)
    async with working(tmp_path) as (worker, bus):
        again, spare = (
            PlaysScript(f"<speech>{said}</speech>"),
            PlaysScript("<speech>Rain!</speech>"),
        )
        await use(worker, again, spare)
        await answer(worker, turn("hi", history=history))
    assert bus.spoken == "Rain!"
    assert len(again.asked) == 2
    assert bus.finished.reason == "repeats_itself"


async def test_what_she_does_not_talk_about_is_left_out_and_told_as_a_code(tmp_path: Path) -> None:
    async with working(tmp_path) as (worker, bus):
        script = "<speech>Hello. You should invest in moon cheese. Tea?</speech>"
        await use(worker, PlaysScript(script))
        await answer(worker, turn("hi"))
    assert bus.spoken == "Hello. Tea?"
    [blocked] = bus.of(TextBlocked)
    assert (blocked.rule, blocked.category) == ("taboo.money advice", "taboo")
    assert "moon cheese" not in blocked.model_dump_json()
    assert bus.finished.reason == "taboo.money advice"


async def test_when_all_of_it_is_taboo_she_changes_the_subject(tmp_path: Path) -> None:
    async with working(tmp_path) as (worker, bus):
        script = "<speech>Vote for the fox. " + "It is an election campaign. " * 9 + "</speech>"
        await use(worker, PlaysScript(script))
        await answer(worker, turn("hi"))
        redirect = worker.personas.default.stock.redirect
    assert bus.spoken in redirect
    assert bus.finished.outcome == "blocked"


@pytest.mark.parametrize("word", ["investigate inside", "reinvest in", "invest  in"])
def test_a_taboo_word_is_a_word(word: str) -> None:
    edited = Editor(KITSU).of(f"They {word} that.", tagged=True)
    assert (edited.cut is Cut.TABOO) is (word == "invest  in")


def test_a_hostile_reply_costs_linear_time() -> None:
    editor = Editor(KITSU)
    for sentence in ("okay, " * 400, "the user " * 300, "a" * 2_000 + ":", "(" * 1_000, "* " * 900):
        editor.of(sentence, tagged=False)
