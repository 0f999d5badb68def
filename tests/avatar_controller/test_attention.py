"""How she bears herself, from what happens; in virtual time."""

import pytest

from apps.avatar_controller.attention import (
    LISTENS_ON_SECONDS,
    LONGEST_LISTENING_SECONDS,
    LONGEST_THINKING_SECONDS,
    THINKS_AFTER_SECONDS,
    Attention,
)
from libs.contracts.avatar import Bearing
from libs.contracts.conversation import (
    ReplyAbandoned,
    ReplyFinished,
    TurnInput,
    TurnOpened,
    TurnSource,
)
from libs.contracts.envelope import Event
from libs.contracts.interruption import StopSpeaking
from libs.contracts.listening import DismissReason, SpeechDismissed, SpeechEnded, SpeechStarted
from libs.contracts.people import Author
from libs.contracts.speaking import PlaybackStarted

IDLE, LISTENING, THINKING, SPEAKING, ASLEEP = Bearing


def opened(turn: str = "t1") -> TurnOpened:
    author = Author(viewer_id="twitch:1", name="Ann")
    asked = TurnInput(source=TurnSource.CHAT, author=author, text="Hi", arrived_at=0)
    return TurnOpened(turn_id=turn, input=asked)


def reply(sentences: int, turn: str = "t1") -> ReplyFinished:
    return ReplyFinished(turn_id=turn, sentences=sentences, text="x", engine="x")


def begun(turn: str = "t1") -> PlaybackStarted:
    return PlaybackStarted(
        turn_id=turn, utterance_id="u", text="x", output="o", started_at=0, first_chunk_at=0
    )


def attention(*events: Event, sleep: float = 600.0) -> Attention:
    found = Attention(sleep, 0.0)
    for event in events:
        found.take(event, 10.0)
    return found


def at(found: Attention, *moments: float, speaking: bool = False) -> list[Bearing]:
    return [found.look(moment, speaking) for moment in moments]


def test_she_listens_while_somebody_speaks_and_a_moment_longer() -> None:
    found = attention(SpeechStarted())
    assert at(found, 10, 20) == [LISTENING, LISTENING]
    found.take(SpeechEnded(duration_seconds=1), 21.0)
    assert at(found, 21, 21 + LISTENS_ON_SECONDS - 0.1, 21 + LISTENS_ON_SECONDS) == [
        LISTENING,
        LISTENING,
        IDLE,
    ]


def test_a_speech_whose_end_is_never_heard_of_is_not_listened_to_for_ever() -> None:
    found = attention(SpeechStarted())
    assert at(found, 10 + LONGEST_LISTENING_SECONDS - 1) == [LISTENING]
    assert at(found, 10 + LONGEST_LISTENING_SECONDS) == [IDLE]


def test_what_was_no_speech_is_not_listened_to() -> None:
    found = attention(SpeechStarted(), SpeechEnded(duration_seconds=1))
    found.take(SpeechDismissed(reason=DismissReason.NOISE), 10.1)
    assert at(found, 10.1) == [IDLE]


def test_she_thinks_from_the_turn_until_she_speaks() -> None:
    found = attention(SpeechStarted(), SpeechEnded(duration_seconds=1), opened())
    assert at(found, 10.0, 10 + THINKS_AFTER_SECONDS) == [LISTENING, THINKING]
    found.take(begun(), 12.0)
    assert at(found, 12.0, speaking=True) == [SPEAKING]
    assert at(found, 15.0) == [IDLE]


def test_an_answer_that_comes_at_once_needed_no_thought() -> None:
    found = attention(opened())
    assert at(found, 10.0, 10 + THINKS_AFTER_SECONDS - 0.01) == [IDLE, IDLE]
    assert found.due(10.0) == 10 + THINKS_AFTER_SECONDS
    found.take(begun(), 10.1)
    assert at(found, 11.0) == [IDLE]
    assert found.due(10.1) == 10.1 + 600.0


@pytest.mark.parametrize(
    "end",
    [
        ReplyAbandoned(turn_id="t1", reason="x"),
        reply(0),
        StopSpeaking(epoch=3),
        StopSpeaking(turn_id="t1"),
    ],
    ids=lambda end: end.type,
)
def test_she_stops_thinking_when_no_answer_comes(end: Event) -> None:
    found = attention(opened())
    found.take(end, 11.0)
    assert at(found, 11.0) == [IDLE]


def test_the_end_of_another_turn_or_a_reply_that_is_on_its_way_is_no_end() -> None:
    found = attention(opened("t2"))
    for event in (ReplyAbandoned(turn_id="t1", reason="x"), reply(0, "t1"), reply(2, "t2")):
        found.take(event, 11.0)
        assert at(found, 11.0) == [THINKING]


def test_an_answer_that_never_comes_is_not_waited_for() -> None:
    found = attention(opened())
    assert at(found, 10 + LONGEST_THINKING_SECONDS - 0.1) == [THINKING]
    assert at(found, 10 + LONGEST_THINKING_SECONDS) == [IDLE]


def test_who_speaks_to_her_while_she_thinks_is_listened_to() -> None:
    found = attention(opened(), SpeechStarted())
    assert at(found, 10.0) == [LISTENING]
    found.take(SpeechEnded(duration_seconds=1), 11.0)
    assert at(found, 11.0) == [THINKING]


def test_she_falls_asleep_when_nothing_happens_and_anything_wakes_her() -> None:
    found = attention(sleep=60.0)
    assert at(found, 59, 60) == [IDLE, ASLEEP]
    found.stir(100.0)
    assert at(found, 100.0, 159, 160) == [IDLE, IDLE, ASLEEP]
    found.take(opened(), 200.0)
    assert at(found, 200.0, 201.0) == [IDLE, THINKING]
    assert at(found, 500.0, speaking=True) == [SPEAKING]
    assert at(found, 559, 560) == [IDLE, ASLEEP]


def test_she_never_sleeps_where_that_is_off() -> None:
    found = attention(sleep=0.0)
    assert at(found, 10**7) == [IDLE]
    assert found.due(10**7) is None


def test_it_says_when_to_look_again() -> None:
    found = attention(SpeechStarted(), opened(), sleep=600.0)
    now, course = 10.0, [found.look(10.0, False)]
    while (due := found.due(now)) is not None:
        now = due
        course.append(found.look(now, False))
    assert course == [LISTENING, LISTENING, LISTENING, IDLE, ASLEEP]
