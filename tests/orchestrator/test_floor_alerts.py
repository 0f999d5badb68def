"""Alerts, silences, late clocks: what happened is told once, and in few words."""

from typing import Any

import pytest

from apps.orchestrator.floor.alerts import AlertWindow, summary
from apps.orchestrator.floor.lateness import Lateness
from apps.orchestrator.floor.rules import AlertRules, IdleRules
from apps.orchestrator.floor.silence import Silence
from libs.contracts.chat import AlertKind, ChatAlerted
from libs.contracts.people import Author


def alert(kind: str, name: str = "ann", count: int = 1, **fields: Any) -> ChatAlerted:
    author = Author(viewer_id=f"id-{name}" if name else "", name=name)
    given = {"alert_id": f"{kind}-{name}-{count}", "platform": "test", **fields}
    return ChatAlerted(kind=AlertKind(kind), author=author, count=count, **given)


@pytest.mark.parametrize(
    ("alerts", "text"),
    [
        ([alert("subscription")], "ann subscribed"),
        ([alert("resubscription", count=5)], "ann has been subscribed for 5 months"),
        (
            [alert("resubscription", count=5, text="still here!")],
            "ann has been subscribed for 5 months, and wrote: still here!",
        ),
        ([alert("gift")], "ann gave a subscription"),
        ([alert("gift", "", 5)], "somebody gave 5 subscriptions"),
        ([alert("cheer", count=500)], "ann cheered 500 bits"),
        (
            [alert("gift", "ann", 20), *(alert("subscription", f"v{n}") for n in range(7))],
            "ann gave 20 subscriptions and 7 people subscribed",
        ),
        (
            [alert("gift", "ann", 5), alert("gift", "bob", 2), alert("cheer", "cid", 10)],
            "2 people gave 7 subscriptions, most of them ann and cid cheered 10 bits",
        ),
        (
            [alert("gift"), alert("subscription", "bob"), alert("follow", "cid")],
            "ann gave a subscription, bob subscribed and cid began to follow",
        ),
    ],
)
def test_a_storm_is_one_sentence(alerts: list[ChatAlerted], text: str) -> None:
    assert summary(alerts) == text


def test_what_happens_within_a_window_is_told_together() -> None:
    window = AlertWindow(AlertRules(window_seconds=6))
    for n in range(7):
        assert window.add(alert("subscription", f"v{n}"), n / 10) is None
    assert window.due_at == 6.0
    told = window.close()
    assert told is not None
    assert (told.text, len(told.alerts), told.author.viewer_id) == ("7 people subscribed", 7, "")
    assert window.close() is None


def test_a_raid_is_told_at_once_with_its_author() -> None:
    told = AlertWindow(AlertRules()).add(alert("raid", "bob", 120), 0.0)
    assert told is not None
    assert told.text == "bob came over with a raid of 120 people; welcome them all"
    assert told.author.viewer_id == "id-bob"


def test_follows_alone_are_not_told_unless_wanted() -> None:
    for wanted in (False, True):
        window = AlertWindow(AlertRules(follows_alone=wanted))
        window.add(alert("follow"), 0.0)
        assert (window.close() is not None) is wanted


def test_one_alert_alone_is_said_in_the_words_of_its_file_and_a_storm_is_not() -> None:
    window = AlertWindow(AlertRules())
    window.add(alert("subscription", say="Thank you, ann!"), 0.0)
    told = window.close()
    assert told is not None
    assert told.say == "Thank you, ann!"
    for name in ("ann", "bob"):
        window.add(alert("subscription", name, say=f"Thank you, {name}!"), 1.0)
    told = window.close()
    assert told is not None
    assert (told.say, told.text) == ("", "ann and bob subscribed")


def test_the_same_alert_again_and_one_that_wants_no_answer_change_nothing() -> None:
    window = AlertWindow(AlertRules())
    for _ in range(2):
        window.add(alert("subscription"), 0.0)
    window.add(alert("cheer", prompted=False), 0.0)
    window.add(alert("stream_online"), 0.0)
    assert len(window) == 1


def test_what_a_banned_viewer_did_is_not_told() -> None:
    window = AlertWindow(AlertRules())
    window.add(alert("gift", "troll"), 0.0)
    window.add(alert("subscription", "ann"), 0.0)
    window.withdraw("id-troll")
    told = window.close()
    assert told is not None
    assert told.text == "ann subscribed"


# Silence -----------------------------------------------------------------------------------------


def test_a_silence_is_filled_so_many_times_until_somebody_is_there_again() -> None:
    silence = Silence(IdleRules(after_seconds=60, times=2, prompts=("a", "b", "c")), 0.0)
    assert silence.due_at == 60.0
    assert silence.fill(60.0) == ("a", 60.0)
    assert silence.due_at == 120.0
    assert silence.fill(125.0) == ("b", 65.0)
    assert silence.due_at == float("inf")
    silence.somebody_came(500.0)
    assert silence.due_at == 560.0
    assert silence.fill(560.0) == ("c", 60.0)


def test_what_is_said_puts_it_off_and_an_old_visitor_does_not_count_again() -> None:
    silence = Silence(IdleRules(after_seconds=60, times=1), 0.0)
    silence.something_was_said(30.0)
    assert silence.due_at == 90.0
    silence.somebody_came(40.0)
    silence.fill(100.0)
    silence.somebody_came(40.0)
    assert silence.due_at == float("inf")


def test_without_a_time_no_silence_is_filled() -> None:
    assert Silence(IdleRules(), 0.0).due_at == float("inf")


# Clocks ------------------------------------------------------------------------------------------


def test_a_wrong_clock_of_the_platform_makes_no_line_late() -> None:
    lateness = Lateness()
    assert lateness.of(written_at=1_000.0, came_at=1_100.2) == 0.0
    assert lateness.of(written_at=1_001.0, came_at=1_101.1) == 0.0
    assert lateness.of(written_at=1_002.0, came_at=1_122.1) == pytest.approx(20.0)


def test_a_clock_that_is_set_right_is_learned_again() -> None:
    lateness = Lateness()
    lateness.of(written_at=1_100.0, came_at=1_000.0)
    for second in range(700):
        late = lateness.of(written_at=1_001.0 + second, came_at=1_001.2 + second)
    assert late == pytest.approx(0.0)
