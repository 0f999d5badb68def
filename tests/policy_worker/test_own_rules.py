"""The own rules of a show travel with its turns, and blocked words are told once, live."""

import asyncio
from pathlib import Path
from typing import Literal

import pytest

from libs.bus.base import Delivery
from libs.contracts.conversation import TurnSource
from libs.contracts.safety import BlockedTextShown, OwnRule, TextBlocked
from libs.contracts.streams import LIVE, StreamClass
from tests.policy_worker.turns import PlaysScript, RecordingBus, answer, turn, use, working


def rule(action: Literal["allow", "block"], text: str) -> OwnRule:
    return OwnRule(rule_id="1", action=action, text=text, by="operator", made_at=1.0)


SPOILER = (rule("block", "final boss"),)


async def answered(
    folder: Path,
    reply: str,
    heard: str = "hi",
    source: TurnSource = TurnSource.CHAT,
    **fields: object,
) -> RecordingBus:
    async with working(folder) as (worker, bus):
        await use(worker, PlaysScript(f"<speech>{reply}</speech>"))
        await answer(worker, turn(heard, source, **fields))
    return bus


async def test_what_the_show_blocks_is_not_said(tmp_path: Path) -> None:
    bus = await answered(tmp_path, "Hello. The f1nal b0ss is Greg. Bye.", own_rules=SPOILER)
    assert bus.spoken == "Hello. Bye."
    [told] = bus.of(TextBlocked)
    assert (told.rule, told.category) == ("own.block", "own")


async def test_what_the_show_blocks_is_not_heard(tmp_path: Path) -> None:
    bus = await answered(tmp_path, "Greg.", "who is the Final Boss?", own_rules=SPOILER)
    assert "Greg" not in bus.spoken
    assert (bus.finished.outcome, bus.finished.reason) == ("blocked", "own.block")


async def test_what_the_show_allows_is_said(tmp_path: Path) -> None:
    reply = "What the hell, visit kitsu.gg today."
    allowed = (rule("allow", "hell"), rule("allow", "kitsu.gg"))
    assert (await answered(tmp_path, reply)).spoken != reply
    assert (await answered(tmp_path, reply, own_rules=allowed)).spoken == reply


async def test_the_operators_words_obey_the_shows_rules_unless_overridden(tmp_path: Path) -> None:
    text, operator = "The final boss is Greg.", TurnSource.OPERATOR
    blocked = await answered(tmp_path, "", text, operator, own_rules=SPOILER)
    assert blocked.spoken == ""
    assert [b.place for b in blocked.of(TextBlocked)] == ["operator"]
    said = await answered(tmp_path, "", text, operator, own_rules=SPOILER, override="sam")
    assert said.spoken == text


async def test_one_worker_serves_two_shows_each_by_its_own_rules(tmp_path: Path) -> None:
    async with working(tmp_path) as (worker, bus):
        await use(worker, PlaysScript("<speech>The final boss is Greg.</speech>"))
        one = turn("hi", show="one", own_rules=SPOILER)
        other = turn("hi", show="other")
        await asyncio.gather(
            *(worker.answer(t, Delivery(t, t.topic)) for t in (one, other, one, other))
        )
    said = {s.show for s in bus.sentences if "Greg" in s.text}
    assert said == {"other"}
    assert {b.show for b in bus.of(TextBlocked)} == {"one"}


# What was blocked --------------------------------------------------------------------------------


def test_blocked_words_are_never_stored() -> None:
    assert BlockedTextShown.topic is LIVE
    assert LIVE.stream_class is StreamClass.LIVE
    assert TextBlocked.topic is not LIVE


@pytest.mark.parametrize(
    ("reply", "heard", "place", "text"),
    [
        ("Hello. My number is 555-123-4567. Bye.", "hi", "speech", "My number is 555-123-4567."),
        ("Hello.", "call 555-123-4567", "input", "call 555-123-4567"),
    ],
)
async def test_blocked_words_are_told_once_with_whose_line_it_was(
    tmp_path: Path, reply: str, heard: str, place: str, text: str
) -> None:
    bus = await answered(tmp_path, reply, heard)
    [blocked], [shown] = bus.of(TextBlocked), bus.of(BlockedTextShown)
    assert (shown.blocked_id, shown.place, shown.text) == (blocked.event_id, place, text)
    assert (shown.viewer_id, shown.author, shown.turn_id) == ("luna", "luna", blocked.turn_id)
    durable = "".join(e.model_dump_json() for e in bus.published if e.topic is not LIVE)
    assert "555-123" not in durable
