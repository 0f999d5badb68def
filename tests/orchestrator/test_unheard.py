"""What nobody heard of a reply that was cut: kept beside what was, told to the model, forgotten."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.orchestrator.inputs import candidate_of, from_voice
from apps.orchestrator.turns import Turn
from apps.orchestrator.unheard import UNHEARD_CHARACTERS, rest_of, unheard_of
from libs.contracts.chat import ChatMessageDeleted, ChatMessageReceived
from libs.contracts.conversation import HistoryLine
from libs.contracts.listening import TranscriptFinalized
from libs.contracts.speaking import PlaybackFinished, PlaybackOutcome, PlaybackStarted
from libs.contracts.timing import TurnTimed
from libs.worker.runtime import running
from tests.orchestrator.stand import Stand
from tests.orchestrator.test_memory_forgetting import BOB, JUERGEN, everything_on_disk, says
from tests.worker.test_runtime import until

CUT = PlaybackOutcome.INTERRUPTED


def finished(heard: str, full: str, outcome: PlaybackOutcome = CUT) -> PlaybackFinished:
    return PlaybackFinished(
        outcome=outcome, heard_text=heard, full_text=full, position_seconds=1, duration_seconds=2
    )


@pytest.mark.parametrize(
    ("full", "heard", "rest"),
    [
        ("Hi Ada! How are you?", "Hi Ada! How", "are you?"),
        ("Hi Ada!  How are you?", "hi ada how", "are you?"),
        ("Hi Ada!", "", "Hi Ada!"),
        ("Hi Ada!", "Hi Ada!", ""),
        ("Hi — Ada, hello.", "Hi Ada", "hello."),
        ("Hi Ada! How", "Hi Ada", "How"),
        ("something else", "not of it", "something else"),
        ("日本語です。", "日本", "語です。"),
    ],
)
def test_the_rest_begins_behind_the_words_that_were_heard(full: str, heard: str, rest: str) -> None:
    assert rest_of(full, heard) == rest


@settings(max_examples=200)
@given(st.text(max_size=80), st.text(max_size=80))
def test_the_rest_is_always_an_end_of_the_whole(full: str, heard: str) -> None:
    assert full.strip().endswith(rest_of(full, heard))


def test_of_a_reply_that_came_to_its_end_nothing_is_unheard() -> None:
    assert unheard_of(finished("Hi", "Hi there", PlaybackOutcome.COMPLETED)) == ""


def test_no_more_is_kept_than_one_can_use() -> None:
    assert len(unheard_of(finished("", "word " * 1_000))) == UNHEARD_CHARACTERS


async def cut(show: Stand, author: Any, text: str, heard: str, full: str) -> str:
    await says(show, author, text)
    turn = await show.committed(text)
    await show.play(turn, heard, full, outcome=CUT, reason="interrupted by the host")
    await show.next(TurnTimed, lambda event: event.turn_id == turn.turn_id)
    return str(turn.turn_id)


async def history_of(show: Stand, text: str) -> tuple[HistoryLine, ...]:
    await says(show, BOB, text)
    return (await show.committed(text)).history


async def test_a_reply_that_was_cut_is_remembered_with_what_nobody_heard(stand: Stand) -> None:
    async with running(stand.worker, stand.worker.bus):
        turn_id = await cut(stand, BOB, "hello Kitsu", "Hi Bob!", "Hi Bob! I had a dream.")
        [row] = (await stand.get("/telemetry/turns"))["turns"]
        assert (row["turn_id"], row["outcome"]) == (turn_id, "interrupted")
        assert (row["heard_text"], row["unheard_text"]) == ("Hi Bob!", "I had a dream.")
        feed = [m.row for m in stand.worker.feed.latest() if m.row.kind == "kitsu"]
        assert [(row.unheard, row.note) for row in feed] == [
            ("I had a dream.", "interrupted by the host")
        ]
    fresh = stand.fresh()
    async with running(fresh, fresh.bus):  # it survives a restart
        told = await history_of(stand, "and then?")
    assert [(line.speaker, line.text, line.unheard) for line in told] == [
        ("viewer", "hello Kitsu", ""),
        ("kitsu", "Hi Bob!", "I had a dream."),
    ]


async def test_what_the_stage_tells_late_is_kept_with_its_rest(show: Stand) -> None:
    await says(show, BOB, "talk")
    turn = await show.committed("talk")
    await show.next(TurnTimed)  # nobody answered: it was given up
    late = PlaybackFinished.caused_by(
        turn,
        **finished("Well", "Well, no").model_dump(
            include={"outcome", "heard_text", "full_text", "position_seconds", "duration_seconds"}
        ),
    )
    for _ in range(2):
        await show.bus.publish(late)
    await until(lambda: any(line.unheard for line in show.worker.memory.history))
    told = await history_of(show, "hm?")
    assert [(line.text, line.unheard) for line in told if line.speaker == "kitsu"] == [
        ("Well", "no")
    ]


async def test_what_nobody_heard_is_forgotten_with_the_viewer(show: Stand) -> None:
    await cut(show, JUERGEN, "my word is xylo", "Hm,", "Hm, xylo plugh!")
    await cut(show, BOB, "and Jürgen🦊Q?", "He", "He, Jürgen🦊Q, is not here.")
    assert "plugh" in await everything_on_disk(show)
    await show.worker.memory.forget(JUERGEN.viewer_id)
    found = await everything_on_disk(show)
    assert "plugh" not in found
    assert "Jürgen🦊Q" not in found


async def test_what_nobody_heard_is_struck_out_with_the_line_it_answered(show: Stand) -> None:
    line = ChatMessageReceived(message_id="m1", platform="test", author=BOB, text="say xylo")
    await show.bus.publish(line)
    turn = await show.committed("say xylo")
    await show.play(turn, "Hm,", "Hm, xylo plugh!", outcome=CUT)
    await show.next(TurnTimed, lambda event: event.turn_id == turn.turn_id)
    await show.bus.publish(ChatMessageDeleted(message_id="m1", platform="test"))
    await until(lambda: show.worker.counters["turns_retracted"] == 1)
    tables = await show.worker.database.look(
        lambda db: [
            [tuple(row) for row in db.execute(f"SELECT * FROM {table}")]
            for table in ("turn", "message")
        ]
    )
    assert "plugh" not in repr(tables)
    [row] = (await show.get("/telemetry/turns"))["turns"]
    assert row["unheard_text"] == ""


# Where the time goes ------------------------------------------------------------------------------


def spoken(recognition: float) -> Turn:
    event = TranscriptFinalized(
        text="hello",
        speech_ended_at=100.0,
        silence_wait_seconds=0.5,
        recognition_seconds=recognition,
        emitted_at=100.9,
    )
    return Turn(candidate_of(event.event_id, from_voice(event)), opened_at=100.91, epoch=0)


def test_the_stages_of_a_spoken_turn_add_up_and_the_bus_has_no_recognition_in_it() -> None:
    turn = spoken(0.4)
    turn.playback_started(
        PlaybackStarted(
            text="Hi",
            output="silent",
            started_at=101.3,
            first_chunk_at=101.28,
            policy_seconds=0.2,
            first_token_seconds=0.15,
            gate_seconds=0.01,
            synthesis_seconds=0.1,
        )
    )
    stages = turn.stages
    assert (stages.wait_ms, stages.recognition_ms) == (500.0, 400.0)
    assert stages.first_token_ms == 150.0
    assert stages.total_to_first_audio_ms == pytest.approx(1_300.0)
    parts = stages.model_dump(exclude={"first_token_ms", "total_to_first_audio_ms"}).values()
    assert sum(parts) == pytest.approx(1_300.0)
    assert stages.bus_ms == pytest.approx(80.0)


def test_what_waited_for_its_turn_waited_from_its_words_on() -> None:
    candidate = spoken(0.4).candidate
    assert candidate.waited_seconds(102.0) == pytest.approx(1.1)
    assert candidate.waited_seconds(100.0) == 0.0


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf"), -3.0, 1e9])
def test_a_recogniser_with_a_wrong_clock_spoils_no_figures(wrong: float) -> None:
    event = TranscriptFinalized(text="a", speech_ended_at=1.0, recognition_seconds=wrong)
    seconds = from_voice(event).recognition_seconds
    assert seconds is not None
    assert 0 <= seconds <= 60


async def test_an_external_recogniser_may_say_how_long_it_took(show: Stand) -> None:
    body = {"text": "hello there", "silence_wait_seconds": 0.5, "recognition_seconds": 0.3}
    await show.post("/events/asr", body)
    turn = await show.committed("hello there")
    assert (turn.input.wait_seconds, turn.input.recognition_seconds) == (0.5, 0.3)
    await show.play(turn, "Hi!")
    await show.next(TurnTimed)
    stages = (await show.get("/telemetry/latency"))["stages"]
    assert stages["recognition"]["p50_ms"] == 300.0
    export = await show.request("GET", "/telemetry/export.csv")
    assert {"recognition_ms", "first_token_ms", "unheard_text"} <= set(
        export.text.splitlines()[0].split(",")
    )
    for wrong in (-1, 61, "soon"):
        refused = await show.request("POST", "/events/asr", {**body, "recognition_seconds": wrong})
        assert refused.status_code == 422
