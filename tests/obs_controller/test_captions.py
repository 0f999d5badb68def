"""Captions and the now-playing line: from playback truth, cleaned, and gone in a panic."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.obs_controller.caption_text import Alphabet, clean, lines_of, page_of, width
from libs.contracts.conversation import TurnInput, TurnOpened, TurnSource
from libs.contracts.people import Author
from libs.contracts.speaking import (
    PlaybackFinished,
    PlaybackOutcome,
    PlaybackProgressed,
    PlaybackStarted,
)
from libs.contracts.stage import ShowCaption
from tests.obs_controller.conftest import Start
from tests.obs_controller.scripted_obs import MemoryObs
from tests.worker.module_stand import until


def started(text: str, utterance: str = "u1", turn: str = "t1") -> PlaybackStarted:
    return PlaybackStarted(
        text=text, output="silent", started_at=0, first_chunk_at=0,
        utterance_id=utterance, turn_id=turn,
    )  # fmt: skip


def finished(utterance: str = "u1") -> PlaybackFinished:
    return PlaybackFinished(
        outcome=PlaybackOutcome.COMPLETED, heard_text="", full_text="", position_seconds=1,
        duration_seconds=1, utterance_id=utterance,
    )  # fmt: skip


def shown(obs: MemoryObs, name: str = "Caption") -> str:
    return str(obs.settings.get(name, {}).get("text", ""))


async def test_the_caption_is_the_sentence_that_is_heard_and_goes_when_it_ends(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller(obs_caption_source="Caption", obs_caption_columns=12) as stand:
        await stand.bus.publish(started("Hello chat, how are you?"))
        await until(lambda: shown(obs) == "Hello chat,\nhow are you?")
        await asyncio.sleep(0.1)
        await stand.bus.publish(
            PlaybackProgressed(
                index=1, text="Next one.", position_seconds=2, known_seconds=3, utterance_id="u1"
            )
        )
        await until(lambda: shown(obs) == "Next one.")
        await stand.bus.publish(finished())
        await until(lambda: shown(obs) == "")


@pytest.mark.parametrize(
    ("reason", "stays"), [("stopped", "Next one that—"), ("retracted", ""), ("off", "")]
)
async def test_of_a_reply_that_was_cut_only_what_was_heard_stays(
    controller: Start, obs: MemoryObs, reason: str, stays: str
) -> None:
    async with controller(obs_caption_source="Caption") as stand:
        await stand.bus.publish(started("Hello chat."))
        await until(lambda: shown(obs) == "Hello chat.")
        said = {"index": 1, "text": "Next one that is long.", "known_seconds": 3}
        await stand.bus.publish(PlaybackProgressed(position_seconds=2, utterance_id="u1", **said))
        await until(lambda: shown(obs) == "Next one that is long.")
        seen: list[str] = []
        cut = {"outcome": PlaybackOutcome.INTERRUPTED, "reason": reason}
        cut["heard_text"] = "Hello chat. Next one that"
        await stand.bus.publish(finished().model_copy(update=cut))
        await until(lambda: seen.append(shown(obs)) or seen[-1] == "")
        assert [text for text in dict.fromkeys(seen) if text not in (said["text"], "")] == (
            [stays] if stays else []
        )


async def test_without_a_source_in_the_settings_nothing_is_written(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller(obs_caption_source="") as stand:
        await stand.bus.publish(started("Hello."))
        await asyncio.sleep(0.3)
        assert "SetInputSettings" not in obs.kinds_asked()


async def test_a_caption_is_gone_with_the_panic_and_does_not_come_back(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller(obs_caption_source="Caption") as stand:
        await stand.bus.publish(started("My address is"))
        await until(lambda: shown(obs))
        await stand.request("POST", "/panic")
        assert shown(obs) == ""
        await stand.bus.publish(ShowCaption(text="still talking"))
        await stand.bus.publish(started("and more", "u2"))
        await asyncio.sleep(0.3)
        assert shown(obs) == ""
        await stand.request("POST", "/panic/release")
        await asyncio.sleep(0.3)
        assert shown(obs) == ""


async def test_the_same_caption_as_before_a_panic_can_be_shown_after_it(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller(obs_caption_source="Caption") as stand:
        await stand.bus.publish(ShowCaption(text="Back at nine", hold_seconds=60))
        await until(lambda: shown(obs) == "Back at nine")
        await stand.request("POST", "/panic")
        await until(lambda: shown(obs) == "")
        await stand.request("POST", "/panic/release")
        await stand.bus.publish(ShowCaption(text="Back at nine", hold_seconds=60))
        await until(lambda: shown(obs) == "Back at nine", seconds=3)


async def test_now_playing_shows_whom_she_answers_but_nothing_the_gate_stops(
    controller: Start, obs: MemoryObs
) -> None:
    obs.inputs["Now"] = "text_ft2_source"
    settings = {"obs_now_playing_source": "Now", "obs_now_playing_text": "{author}: {input}"}
    async with controller(**settings) as stand:

        async def turn(turn_id: str, name: str, text: str) -> None:
            author = Author(viewer_id="v", name=name)
            given = TurnInput(source=TurnSource.CHAT, author=author, text=text, arrived_at=0)
            await stand.bus.publish(TurnOpened(turn_id=turn_id, input=given))
            await stand.bus.publish(started("Sure.", f"u-{turn_id}", turn_id))

        await turn("t1", "ana", "do you like tea?")
        await until(lambda: shown(obs, "Now") == "ana: do you like tea?")
        await stand.bus.publish(finished("u-t1"))
        await until(lambda: shown(obs, "Now") == "")
        await turn("t2", "bob", "kill yourself")
        await until(lambda: shown(obs, "Now").startswith("bob:"))
        assert "kill" not in shown(obs, "Now")


def test_long_text_is_broken_at_words_and_paged_by_the_time_that_went_by() -> None:
    text = "one two three four five six seven eight nine ten eleven twelve"
    assert lines_of(text, 14) == ["one two three", "four five six", "seven eight", "nine ten",
                                  "eleven twelve"]  # fmt: skip
    assert page_of(text, 14, 2, 0.0) == "one two three\nfour five six"
    assert page_of(text, 14, 2, 2.5) == "seven eight\nnine ten"
    assert page_of(text, 14, 2, 99.0) == "eleven twelve"
    assert page_of("", 14, 2, 0.0) == ""


def test_scripts_without_spaces_are_broken_by_columns() -> None:
    lines = lines_of("今日はとても良い天気ですね、散歩に行きましょう", 12)
    assert all(sum(width(c) for c in line) <= 12 for line in lines)
    assert "".join(lines) == "今日はとても良い天気ですね、散歩に行きましょう"


def test_what_no_font_can_draw_is_left_out() -> None:
    assert clean("Hi 🎉 \u202eabc\u0007 dear\u200b ❤️!") == "Hi abc dear !"
    assert clean("e" + "\u0301" * 50) == "é" + "\u0301" * 2
    assert clean("สวัสดี नमस्ते") == "สวัสดี नमस्ते"


def test_no_more_different_characters_go_to_one_source_than_it_bears() -> None:
    alphabet = Alphabet(3)
    assert alphabet.fit("abcabc") == "abcabc"
    assert alphabet.fit("abxcy") == "abc"


@given(st.text(max_size=300), st.integers(10, 60), st.integers(1, 4), st.floats(0, 30))
def test_no_text_makes_a_caption_too_wide_or_too_high(
    text: str, columns: int, lines: int, elapsed_seconds: float
) -> None:
    page = page_of(text, columns, lines, elapsed_seconds)
    rows = page.split("\n")
    assert len(rows) <= lines
    assert all(sum(width(c) for c in row) <= columns for row in rows)


@pytest.mark.parametrize("text", ["{author.__class__}", "{0}", "{", "{chat}"])
def test_a_now_playing_text_with_other_braces_is_a_wrong_setting(text: str) -> None:
    from apps.obs_controller.settings import ObsControllerSettings

    with pytest.raises(ValueError, match="may use"):
        ObsControllerSettings(_env_file=None, obs_now_playing_text=text)
