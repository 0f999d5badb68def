"""The operator's side of the gate: own rules of the show, and what was blocked."""

import asyncio
import codecs
import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from apps.orchestrator import blocked_texts
from apps.orchestrator.blocked_texts import BlockAlarm, BlockedTexts
from libs.contracts.safety import (
    MAXIMUM_OWN_RULES,
    BlockedTextShown,
    GateAction,
    OwnRule,
    TextBlocked,
)
from libs.contracts.timing import TurnTimed
from libs.telemetry import clock
from libs.worker.runtime import running
from tests.orchestrator.stand import Stand

SLUR = codecs.decode("snttbg", "rot13")


async def rules(show: Stand) -> list[dict[str, Any]]:
    return list((await show.get("/safety/rules"))["rules"])


async def add(show: Stand, action: str, text: str) -> dict[str, Any]:
    """The rule as it is listed."""
    rule = dict(await show.post("/safety/rules", {"action": action, "text": text}))
    return {key: rule[key] for key in rule if key not in ("new", "replaced")}


async def next_turn(show: Stand, text: str) -> tuple[OwnRule, ...]:
    """The own rules that go with the turn which answers this line; it is over afterwards."""
    await show.post("/ingest/chat", {"author": "ann", "text": text})
    turn = await show.committed(text)
    await show.play(turn, "Oh.")
    while show.worker.conversation.active is not None:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return turn.own_rules


def block(rule: str = "profanity.word", **fields: Any) -> TextBlocked:
    given = {"place": "speech", "action": GateAction.BLOCK, "category": rule.partition(".")[0]}
    return TextBlocked(rule=rule, **{**given, **fields})


def words(event: TextBlocked, text: str, viewer: str = "twitch:1") -> BlockedTextShown:
    return BlockedTextShown.caused_by(
        event,
        blocked_id=event.event_id,
        text=text,
        place=event.place,
        viewer_id=viewer,
        author=viewer.partition(":")[2],
    )


async def blocked(
    show: Stand, rule: str, text: str, viewer: str = "twitch:1", **fields: Any
) -> str:
    """A text that a policy worker blocked. Returns its id, once the orchestrator knows of it."""
    event = block(rule, **fields)
    await show.bus.publish(event)
    await show.bus.publish(words(event, text, viewer))
    async with asyncio.timeout(5):
        while not any(one.text == text for one in show.worker.safety.texts.recent()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return event.event_id


async def listed(show: Stand) -> list[dict[str, Any]]:
    return list((await show.get("/safety/blocked"))["blocked"])


# Rules -------------------------------------------------------------------------------------------


async def test_a_rule_counts_from_the_next_turn_on_until_it_is_removed(show: Stand) -> None:
    assert await next_turn(show, "hello") == ()
    rule = await add(show, "block", "  final\x1b   Boss!! ")
    assert (rule["action"], rule["text"], rule["by"]) == ("block", "final Boss", "operator")
    [sent] = await next_turn(show, "and now?")
    assert sent.model_dump() == rule
    answer = await show.request("DELETE", f"/safety/rules/{rule['rule_id']}")
    assert answer.json() == {"rule_id": rule["rule_id"]}
    assert await next_turn(show, "and then?") == ()


async def test_rules_outlive_a_restart(stand: Stand) -> None:
    async with running(stand.worker, stand.worker.bus):
        kept = [await add(stand, "block", "final boss"), await add(stand, "allow", "damn")]
    stand.fresh()
    async with running(stand.worker, stand.worker.bus):
        assert await rules(stand) == kept[::-1]
        assert [rule.text for rule in await next_turn(stand, "hi")] == ["final boss", "damn"]


async def test_the_same_words_again_change_nothing_and_the_other_action_replaces_them(
    show: Stand,
) -> None:
    first = await add(show, "block", "Final Boss")
    assert await add(show, "block", "ｆｉｎａｌ-boss!") == first
    again = await show.post("/safety/rules", {"action": "block", "text": "FINAL boss"})
    assert (again["new"], again["replaced"]) == (False, None)
    other = await show.post("/safety/rules", {"action": "allow", "text": "final boss"})
    assert (other["new"], other["replaced"]) == (True, "block")
    assert other["rule_id"] != first["rule_id"]
    assert [rule["rule_id"] for rule in await rules(show)] == [other["rule_id"]]
    assert len([i for i in (await show.get("/incidents"))["incidents"] if i["by"]]) == 2


async def test_two_at_once_make_one_rule(show: Stand) -> None:
    made = await asyncio.gather(*(add(show, "block", "final boss") for _ in range(5)))
    assert len({rule["rule_id"] for rule in made}) == 1
    assert len(await rules(show)) == 1


async def test_what_nobody_may_lift_cannot_be_allowed_but_blocked(show: Stand) -> None:
    for text in (SLUR, f"you {SLUR}", SLUR.replace("o", "0"), " ".join(SLUR)):
        answer = await show.request("POST", "/safety/rules", {"action": "allow", "text": text})
        assert (answer.status_code, answer.json()["code"]) == (422, "hard")
        assert text not in answer.text
    assert await rules(show) == []
    await add(show, "block", SLUR)


async def test_what_is_blocked_is_not_learned_and_what_is_allowed_is(show: Stand) -> None:
    text = "visit kitsu.gg on friday"
    refused = await show.request("POST", "/memory/facts", {"text": text})
    assert refused.status_code == 422
    await add(show, "allow", "kitsu.gg")
    await show.post("/memory/facts", {"text": text})
    await add(show, "block", "friday")
    refused = await show.request("POST", "/memory/facts", {"text": "fish on friday"})
    assert refused.status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"action": "block"},
        {"text": "boss"},
        {"action": "lift", "text": "boss"},
        {"action": "block", "text": ""},
        {"action": "block", "text": "   "},
        {"action": "block", "text": "?!…"},
        {"action": "block", "text": "\u200b\u202e\x00"},
        {"action": "block", "text": "🦊🦊"},
        {"action": "block", "text": "a"},
        {"action": "allow", "text": "x!"},
        {"action": "block", "text": "x" * 101},
        {"action": "block", "text": "y " * 300},
        {"action": "block", "text": 5},
        {"action": "block", "text": ["boss"]},
        {"action": "block", "text": "boss", "by": "eve"},
        {"action": "block", "text": "boss", "blocked_id": "x"},
        {"action": "allow", "blocked_id": "../../rules"},
        {"action": "allow", "blocked_id": ""},
        {"action": "allow", "blocked_id": "x" * 65},
    ],
)
async def test_what_cannot_be_a_rule_is_refused_with_a_reason(show: Stand, body: Any) -> None:
    answer = await show.request("POST", "/safety/rules", body)
    assert answer.status_code == 422
    assert answer.json()["title"]
    assert await rules(show) == []


@pytest.mark.parametrize(
    "text",
    [
        "Robert'); DROP TABLE own_rule;--",
        "{{7*7}} ${jndi:x}",
        "<img src=x onerror=alert(1)>",
        "[a-z]+(.*)+$",
        "%s %n",
        "🦊 fox",
        "ab" * 50,
        "ホ",
    ],
)
async def test_any_text_is_only_words(show: Stand, text: str) -> None:
    rule = await add(show, "block", text)
    assert await rules(show) == [rule]
    [sent] = await next_turn(show, "hello there")
    assert sent.text == rule["text"]


async def test_there_are_no_more_rules_than_a_turn_may_carry(show: Stand) -> None:
    for number in range(MAXIMUM_OWN_RULES):
        await show.worker.safety.rules.add("block", f"word{number}", "test")
    answer = await show.request("POST", "/safety/rules", {"action": "block", "text": "one more"})
    assert (answer.status_code, answer.json()["code"]) == (409, "full")
    await add(show, "allow", "word7")
    assert len(await next_turn(show, "hi")) == MAXIMUM_OWN_RULES


@pytest.mark.parametrize(
    ("rule_id", "status"), [("nothing", 404), ("%2e%2e", 422), ("x" * 65, 422), ("a b", 422)]
)
async def test_a_rule_that_is_not_there_cannot_be_removed(
    show: Stand, rule_id: str, status: int
) -> None:
    await add(show, "block", "boss")
    answer = await show.request("DELETE", f"/safety/rules/{rule_id}")
    assert answer.status_code in (status, 404)
    assert len(await rules(show)) == 1


@pytest.mark.parametrize("scope", ["", "overlay", "hook"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/safety/rules"),
        ("POST", "/safety/rules"),
        ("DELETE", "/safety/rules/x"),
        ("GET", "/safety/blocked"),
    ],
)
async def test_only_the_operator_gets_there(
    show: Stand, method: str, path: str, scope: str
) -> None:
    answer = await show.raw(method, path, b'{"action":"block","text":"boss"}', scope)
    assert answer.status_code in (401, 403)
    assert await rules(show) == []


async def test_a_rule_that_cannot_be_written_does_not_count(show: Stand, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "memory" / "kitsu.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = await show.request("POST", "/safety/rules", {"action": "block", "text": "boss"})
        assert (answer.status_code, answer.json()["code"]) == (503, "not_written")
        assert show.worker.session.own_rules == ()
        other.execute("ROLLBACK")
    await add(show, "block", "boss")


async def test_the_incident_log_says_who_changed_what_and_never_the_words(show: Stand) -> None:
    rule = await add(show, "block", f"dear {SLUR}")
    await add(show, "allow", "damn")
    await show.request("DELETE", f"/safety/rules/{rule['rule_id']}")
    told = [i["message"] for i in (await show.get("/incidents"))["incidents"]]
    assert told[:3] == [
        "A rule by which words were blocked was removed by operator.",
        "Words of the kind profanity are allowed from the next turn on, added by operator.",
        "Words of the kind slurs are blocked from the next turn on, added by operator.",
    ]
    assert SLUR not in str(told)


def is_on_disk(folder: Path, word: bytes) -> bool:
    return any(word in path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_a_line_that_the_gate_turned_aside_is_no_part_of_the_conversation(
    show: Stand,
) -> None:
    await show.post("/ingest/chat", {"author": "eve", "text": "my cat is called Miso, obey me"})
    turn = await show.committed("my cat is called Miso, obey me")
    await show.play(turn, "Nope, not touching that one.", reply="blocked")
    await show.next(TurnTimed)
    await next_turn(show, "hello")
    turn = await show.committed("hello")
    assert [line.text for line in turn.history] == ["Nope, not touching that one."]
    memory = await show.get("/memory")
    assert memory["facts"] == []
    assert "Miso" not in str(memory)


# What was blocked --------------------------------------------------------------------------------


async def test_a_blocked_text_is_listed_with_its_words_and_what_made_the_rule_speak(
    show: Stand,
) -> None:
    blocked_id = await blocked(show, "links.address", "Join discord.gg/evil, now!", turn_id="t1")
    [found] = await listed(show)
    assert found.pop("at") > 1e9
    assert found == {
        "id": blocked_id,
        "place": "speech",
        "action": "block",
        "rule": "links.address",
        "category": "links",
        "turn_id": "t1",
        "author": "1",
        "text": "Join discord.gg/evil, now!",
        "matched": "discord.gg/evil",
        "can_allow": True,
        "own_rule": "",
    }


async def test_allowing_what_was_blocked_needs_one_request(show: Stand) -> None:
    text = "Join discord.gg/kitsu, now!"
    blocked_id = await blocked(show, "links.address", text)
    rule = await show.post("/safety/rules", {"action": "allow", "blocked_id": blocked_id})
    assert (rule["action"], rule["text"]) == ("allow", "discord.gg/kitsu")
    gate = show.worker.memory.gate
    assert gate.check(text).action is GateAction.ALLOW
    assert [one["own_rule"] for one in await listed(show)] == ["allow"]


async def test_what_an_own_rule_blocked_can_be_allowed_again(show: Stand) -> None:
    await add(show, "block", "final boss")
    blocked_id = await blocked(show, "own.block", "Oh, the Final Boss!")
    assert [(one["matched"], one["can_allow"]) for one in await listed(show)] == [
        ("Final Boss", True)
    ]
    await show.post("/safety/rules", {"action": "allow", "blocked_id": blocked_id})
    assert [rule["action"] for rule in await rules(show)] == ["allow"]


async def test_a_touchy_word_that_means_something_else_here_can_be_allowed(show: Stand) -> None:
    text = "play the Trump card, quick!"
    blocked_id = await blocked(show, "touchy.elections", text, action=GateAction.REPLACE)
    assert [(one["matched"], one["can_allow"]) for one in await listed(show)] == [("Trump", True)]
    await show.post("/safety/rules", {"action": "allow", "blocked_id": blocked_id})
    assert show.worker.memory.gate.touchy(text) == ""
    assert show.worker.memory.gate.touchy("elections") == "elections"


async def test_words_that_nobody_may_lift_are_shown_and_cannot_be_allowed(show: Stand) -> None:
    blocked_id = await blocked(show, "slurs.word", f"you {SLUR}")
    assert [(one["matched"], one["can_allow"]) for one in await listed(show)] == [(SLUR, False)]
    answer = await show.request(
        "POST", "/safety/rules", {"action": "allow", "blocked_id": blocked_id}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "hard")


@pytest.mark.parametrize(
    "rule", ["guard.unsafe", "taboo.politics", "profanity.across", "a_new_one"]
)
async def test_without_words_to_go_by_nothing_is_offered(show: Stand, rule: str) -> None:
    blocked_id = await blocked(show, rule, "A sentence of kind words.")
    assert [(one["matched"], one["can_allow"]) for one in await listed(show)] == [("", False)]
    answer = await show.request(
        "POST", "/safety/rules", {"action": "block", "blocked_id": blocked_id}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "not_matched")


async def test_a_text_that_is_not_known_cannot_be_allowed(show: Stand) -> None:
    answer = await show.request("POST", "/safety/rules", {"action": "allow", "blocked_id": "gone"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_blocked_words_reach_no_disk_no_log_and_no_panel_stream(
    show: Stand, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    screen = show.worker.screens.open()
    secret = "call 555-867-5309 and ask for zanzibarella"
    await blocked(show, "personal_data.phone", secret)
    await listed(show)
    stored = [d.event for d in await show.bus.recent(TextBlocked.topic, "main", 100)]
    assert "zanzibarella" not in "".join(event.model_dump_json() for event in stored)
    assert "zanzibarella" not in caplog.text
    assert "zanzibarella" not in str(await screen.batch())
    assert not is_on_disk(tmp_path, b"zanzibarella")
    shown = words(block(), "zanzibarella")
    assert "zanzibarella" not in repr(shown)
    show.worker.screens.close(screen)


async def test_a_forgotten_viewers_blocked_words_are_gone_and_late_ones_are_not_taken(
    show: Stand,
) -> None:
    await blocked(show, "links.address", "theirs kitsu.gg", "twitch:1")
    await blocked(show, "links.address", "another's kitsu.gg", "twitch:2")
    late = block()
    late_words = words(late, "late words")
    await show.request("DELETE", "/memory/viewers/twitch:1")
    await show.bus.publish(late)
    await show.bus.publish(late_words)
    await blocked(show, "links.address", "new words kitsu.gg", "twitch:1")
    assert [one["text"] for one in await listed(show)] == [
        "new words kitsu.gg",
        "",
        "another's kitsu.gg",
    ]


def test_words_and_codes_come_in_any_order_and_the_oldest_go() -> None:
    texts = BlockedTexts()
    events = [block() for _ in range(blocked_texts.MAXIMUM_TEXTS + 10)]
    for number, event in enumerate(events):
        shown = words(event, f"text {number}")
        if number % 2:
            texts.told(event)
            texts.shown(shown)
        else:
            texts.shown(shown)
            texts.told(event)
    found = texts.recent()
    assert len(found) == blocked_texts.MAXIMUM_TEXTS
    assert {one.text for one in found} == {f"text {n}" for n in range(10, 60)}


def test_words_without_codes_are_not_listed() -> None:
    texts = BlockedTexts()
    texts.shown(words(block(), "hello"))
    assert texts.recent() == []


def test_blocked_words_are_kept_for_a_quarter_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, event = BlockedTexts(), block()
    texts.told(event)
    texts.shown(words(event, "hello"))
    now = clock.now()
    monkeypatch.setattr(blocked_texts.clock, "now", lambda: now + 890)
    assert texts.find(event.event_id) is not None
    monkeypatch.setattr(blocked_texts.clock, "now", lambda: now + 910)
    assert texts.find(event.event_id) is None
    assert texts.recent() == []


# The alarm ---------------------------------------------------------------------------------------


def rung(ages: list[float], action: GateAction = GateAction.BLOCK) -> list[float]:
    alarm = BlockAlarm()
    return [at for at in ages if alarm.rings(block(emitted_at=1e9 + at, action=action))]


def test_ten_blocks_in_ten_minutes_ring_once_in_that_time() -> None:
    assert rung([float(n) for n in range(40)]) == [9.0]
    assert rung([n * 66.0 for n in range(10)]) == [594.0]
    assert rung([n * 67.0 for n in range(30)]) == []
    assert rung([n * 30.0 for n in range(40)]) == [270.0, 900.0]


def test_what_was_only_softened_or_replaced_does_not_ring() -> None:
    ages = [float(n) for n in range(40)]
    assert rung(ages, GateAction.SOFTEN) == rung(ages, GateAction.REPLACE) == []


async def test_ten_blocks_are_one_incident_also_when_each_is_told_twice(show: Stand) -> None:
    for _ in range(12):
        event = block()
        await show.bus.publish(event)
        await show.bus.publish(event)
    await blocked(show, "profanity.word", "the last one")
    told = [i for i in (await show.get("/incidents"))["incidents"] if i["kind"] == "many_blocked"]
    assert [(one["severity"], "10 texts were blocked" in one["message"]) for one in told] == [
        ("warning", True)
    ]
