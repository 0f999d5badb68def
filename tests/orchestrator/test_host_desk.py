"""The host's voice in the running orchestrator; the test plays ears, policy worker and stage."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from apps.orchestrator.host_desk import HOLDER, INTERRUPTED, SPOKE_FIRST, WENT_ON
from apps.orchestrator.inputs import candidate_of, from_chat, from_voice
from apps.orchestrator.turns import Turn
from libs.bus.base import BusError
from libs.bus.memory import MemoryBus
from libs.contracts.conversation import InputSkipped, TurnCommitted
from libs.contracts.envelope import Event
from libs.contracts.interruption import HoldSpeaking, SpeechHold, StopSpeaking
from libs.contracts.listening import (
    DismissReason,
    InterruptionDecided,
    InterruptionKind,
    MicrophoneReported,
    MicrophoneState,
    SpeechDismissed,
    SpeechEnded,
    SpeechStarted,
    TranscriptFinalized,
    TranscriptUpdated,
)
from libs.contracts.speaking import PlaybackOutcome, PlaybackProgressed, PlaybackStarted
from libs.contracts.timing import TurnTimed
from libs.telemetry import clock
from libs.worker.runtime import running
from tests.orchestrator.stand import Stand
from tests.orchestrator.test_floor_desk import said
from tests.worker.test_runtime import until

CUTS = [kind for kind in InterruptionKind if kind.cuts]


@pytest.fixture
def host_rules() -> dict[str, Any]:
    return {"goes_on_seconds": 30}  # the machine of a test may be slow


@pytest.fixture
def stand_settings(tmp_path: Path, host_rules: dict[str, Any]) -> dict[str, Any]:
    rules = {"names": ["kitsu"], "window_seconds": 0.05, "host": host_rules}
    file = tmp_path / "floor.yaml"
    file.write_text(yaml.safe_dump(rules), "utf-8")
    return {"floor_file": str(file), "turn_thinking_seconds": 20}


async def host_starts(show: Stand) -> SpeechStarted:
    event = SpeechStarted()
    await show.bus.publish(event)
    speech = show.worker.floor.floor.host
    await until(lambda: speech.began_at(event.event_id) is not None)
    return event


async def host_said(show: Stand, speech: SpeechStarted, text: str) -> TranscriptFinalized:
    words = TranscriptFinalized.caused_by(speech, text=text, speech_ended_at=clock.now())
    await show.bus.publish(words)
    return words


async def host_says(show: Stand, text: str) -> TranscriptFinalized:
    return await host_said(show, await host_starts(show), text)


async def asks(show: Stand, text: str = "kitsu who are you?") -> TurnCommitted:
    await show.bus.publish(said(text))
    return await show.committed(text)


async def begins(show: Stand, turn: TurnCommitted) -> None:
    """The stage is heard with it."""
    now = clock.now()
    await show.bus.publish(
        PlaybackStarted.caused_by(
            turn, text="Well", output="silent", started_at=now, first_chunk_at=now
        )
    )
    await until(lambda: show.worker.conversation.active.state == "speaking")  # type: ignore[union-attr]


async def holds(show: Stand) -> list[SpeechHold]:
    told = [event for event in await show.all(HoldSpeaking) if event.by == HOLDER]
    return [event.hold for event in told]


async def released(show: Stand) -> None:
    async with asyncio.timeout(5):
        while (await holds(show))[-1:] != [SpeechHold.NONE]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def decided(
    turn: TurnCommitted | None, kind: InterruptionKind, **fields: Any
) -> InterruptionDecided:
    utterance_id = turn.utterance_id if turn is not None else None
    return InterruptionDecided(kind=kind, utterance_id=utterance_id, text="wait", **fields)


async def stops(show: Stand) -> list[StopSpeaking]:
    return [event for event in await show.all(StopSpeaking) if event.turn_id is None]


async def settled(show: Stand) -> None:
    """All that was published until now was handled: something published behind it was."""
    fence = InterruptionDecided(kind=InterruptionKind.WORDS, utterance_id="nobody's")
    before = show.worker.counters["interruptions_too_late"]
    await show.bus.publish(fence)
    await until(lambda: show.worker.counters["interruptions_too_late"] > before)


# Cutting her off ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CUTS)
async def test_the_host_cuts_off_what_she_is_saying(show: Stand, kind: InterruptionKind) -> None:
    turn = await asks(show)
    await begins(show, turn)
    await show.bus.publish(decided(turn, kind))
    stop = await show.next(StopSpeaking)
    assert (stop.epoch, stop.reason, stop.turn_id) == (turn.epoch + 1, INTERRUPTED, None)
    fields = {"outcome": PlaybackOutcome.INTERRUPTED, "reason": "stopped"}
    await show.play(turn, "Well,", "Well, I am a fox.", **fields)
    timed = await show.next(TurnTimed)
    assert timed.outcome == "interrupted"
    [row] = (await show.get("/telemetry/turns"))["turns"]
    assert (row["outcome"], row["reason"]) == ("interrupted", INTERRUPTED)
    assert [m.row.note for m in show.worker.feed.latest() if m.row.kind == "kitsu"] == [INTERRUPTED]
    assert (await show.bus.latch("main", "epoch") or {})["epoch"] == stop.epoch
    await host_says(show, "no, tell me about bob")
    answer = await show.committed("no, tell me about bob")
    assert answer.epoch == stop.epoch
    assert answer.history[-1].unheard == "I am a fox."


async def test_a_back_channel_and_a_false_alarm_cut_nothing(show: Stand) -> None:
    turn = await asks(show)
    await begins(show, turn)
    for kind in set(InterruptionKind) - set(CUTS):
        await show.bus.publish(decided(turn, kind))
    await settled(show)
    assert await stops(show) == []


async def test_the_same_decision_again_raises_no_second_epoch(show: Stand) -> None:
    turn = await asks(show)
    await begins(show, turn)
    decision = decided(turn, InterruptionKind.WORDS)
    await show.bus.publish(decision)
    await show.next(StopSpeaking)
    other = MemoryBus(show.server, source="other@here#0")
    await other.open()
    again = decision.model_copy(update={"event_id": "0198-again"})
    for event in (decision, again):
        await other.publish(event)
    await settled(show)
    assert len(await stops(show)) == 1
    await other.close()


async def test_a_decision_about_an_answer_that_is_over_does_not_cut_the_next_one(
    show: Stand,
) -> None:
    turn = await asks(show)
    await show.play(turn, "I am a fox.")
    await show.next(TurnTimed)
    after = await asks(show, "kitsu what do you eat?")
    await begins(show, after)
    await show.bus.publish(decided(turn, InterruptionKind.WORDS))
    await settled(show)
    assert await stops(show) == []


@pytest.mark.parametrize("seconds_ago", [0.5, 60.0])
async def test_a_decision_that_names_nothing_cuts_only_what_was_open_then(
    show: Stand, seconds_ago: float
) -> None:
    at = clock.now() - seconds_ago
    turn = await asks(show)
    await begins(show, turn)
    await show.bus.publish(decided(None, InterruptionKind.KEYWORD, emitted_at=at))
    await settled(show)
    assert await stops(show) == []
    await show.bus.publish(decided(None, InterruptionKind.KEYWORD))
    await show.next(StopSpeaking, lambda event: event.reason == INTERRUPTED)


async def test_the_operators_words_are_protected_and_the_feed_says_so(show: Stand) -> None:
    await show.post("/tts", {"text": "Breaking news from the studio."})
    turn = await show.committed("Breaking news from the studio.")
    await begins(show, turn)
    for _ in range(2):
        await show.bus.publish(decided(turn, InterruptionKind.WORDS, event_id="0198-same"))
    await settled(show)
    assert await stops(show) == []
    told = [m.row.text for m in show.worker.feed.latest() if m.row.kind == "system"]
    assert [text for text in told if "may not cut off (operator)" in text] == told
    assert len(told) == 1
    await show.bus.publish(decided(turn, InterruptionKind.KEYWORD))  # an order cuts everything
    await show.next(StopSpeaking, lambda event: event.reason == INTERRUPTED)


@pytest.mark.parametrize("host_rules", [{"interrupts": []}])
async def test_where_nothing_may_be_cut_only_an_order_cuts(show: Stand) -> None:
    turn = await asks(show)
    await begins(show, turn)
    await show.bus.publish(decided(turn, InterruptionKind.PUSH_TO_TALK))
    await settled(show)
    assert await stops(show) == []


async def test_a_decision_that_a_kill_left_is_carried_out_after_it(stand: Stand) -> None:
    async with running(stand.worker, stand.worker.bus):
        turn = await asks(stand)
        await begins(stand, turn)
    await stand.bus.publish(decided(turn, InterruptionKind.WORDS))
    fresh = stand.fresh()
    async with running(fresh, fresh.bus):
        stop = await stand.next(StopSpeaking, lambda event: event.reason == INTERRUPTED)
        assert stop.epoch > turn.epoch


# The host first -----------------------------------------------------------------------------------


async def test_a_reply_in_thought_is_held_while_the_host_speaks(show: Stand) -> None:
    await asks(show)
    speech = await host_starts(show)
    await until(lambda: show.worker.host._held)
    async with asyncio.timeout(5):
        while len(held := await show.all(HoldSpeaking)) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    first, again = held
    assert first.hold is again.hold is SpeechHold.PAUSED
    assert again.emitted_at - first.emitted_at < first.at_most_seconds
    await host_said(show, speech, "so, where were we")
    await released(show)
    assert await show.all(StopSpeaking) == []


async def test_a_cough_lets_a_held_reply_go_at_once(show: Stand) -> None:
    await asks(show)
    speech = await host_starts(show)
    await show.bus.publish(SpeechEnded.caused_by(speech, duration_seconds=0.2))
    await show.bus.publish(SpeechDismissed.caused_by(speech, reason=DismissReason.NOISE))
    await released(show)
    assert show.worker.conversation.active is not None


async def test_the_floor_is_open_again_as_soon_as_it_was_nothing(show: Stand) -> None:
    speech = await host_starts(show)
    await show.bus.publish(said("kitsu what about me?", "bob"))
    await until(lambda: show.worker.conversation.waiting)
    await show.bus.publish(SpeechDismissed.caused_by(speech, reason=DismissReason.BACK_CHANNEL))
    await show.committed("kitsu what about me?")


async def test_an_answer_to_the_host_is_held_too_while_he_goes_on(show: Stand) -> None:
    first = await host_starts(show)
    await show.bus.publish(SpeechEnded.caused_by(first, duration_seconds=1))
    second = await host_starts(show)
    await host_said(show, first, "what do you think?")
    await show.committed("what do you think?")
    assert await holds(show) == [SpeechHold.PAUSED]
    await show.bus.publish(SpeechDismissed.caused_by(second, reason=DismissReason.NO_WORDS))
    await released(show)


async def test_the_operator_is_heard_while_the_host_speaks(show: Stand) -> None:
    await asks(show)
    await host_starts(show)
    await until(lambda: show.worker.host._held)
    await show.worker.conversation.drop_thought("off")
    await show.post("/tts", {"text": "Breaking news."})
    await show.committed("Breaking news.")
    await released(show)


@pytest.mark.parametrize("host_rules", [{"at_most_seconds": 1}])
async def test_a_host_whose_words_are_lost_does_not_silence_her_for_ever(show: Stand) -> None:
    await asks(show)
    await host_starts(show)
    await until(lambda: show.worker.host._held)
    await released(show)


@pytest.mark.parametrize("state", [MicrophoneState.STARTING, MicrophoneState.OFF])
async def test_ears_that_are_gone_or_begin_anew_do_not_silence_her(
    show: Stand, state: MicrophoneState
) -> None:
    await asks(show)
    await host_starts(show)
    await until(lambda: show.worker.host._held)
    await show.bus.publish(MicrophoneReported(state=state))
    await released(show)


async def test_a_hold_is_no_order_any_more_once_it_would_have_ended(show: Stand) -> None:
    """As when the bus was away meanwhile."""
    await asks(show)
    speech = await host_starts(show)
    await until(lambda: show.worker.host._held)
    await host_said(show, speech, "no, wait")
    await released(show)
    *paused, none = await show.all(HoldSpeaking)
    assert all(hold.expires_at and hold.expires_at - hold.emitted_at < 2.1 for hold in paused)
    assert none.expires_at is None


async def test_a_bus_that_takes_no_hold_keeps_no_turn_from_being_opened(
    show: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = show.worker.publish

    async def refusing(event: Event, data: bytes = b"") -> None:
        if isinstance(event, HoldSpeaking):
            raise BusError("refused")
        await publish(event, data)

    monkeypatch.setattr(show.worker, "publish", refusing)
    speech = show.worker.floor.floor.host
    speech.started(clock.now(), "speech")
    turn = Turn(candidate_of("line", from_chat(said("hi"))), clock.now(), 0, 0.0)
    show.worker.conversation.active = turn
    await show.worker.conversation.when_opened(turn)
    assert show.worker.host._held == turn.utterance_id
    show.worker.conversation.active = None


@pytest.mark.parametrize("host_rules", [{"thought": "go_on"}])
async def test_where_a_reply_may_go_on_nothing_is_held(show: Stand) -> None:
    await asks(show)
    await host_starts(show)
    await settled(show)
    assert await holds(show) == []


@pytest.mark.parametrize("host_rules", [{"thought": "drop"}])
async def test_a_reply_in_thought_is_dropped_for_real_words_and_not_for_a_cough(
    show: Stand,
) -> None:
    turn = await asks(show)
    cough = await host_starts(show)
    await show.bus.publish(TranscriptUpdated.caused_by(cough, text="uh"))
    await show.bus.publish(SpeechDismissed.caused_by(cough, reason=DismissReason.NOISE))
    await released(show)
    assert show.worker.conversation.active is not None
    speech = await host_starts(show)
    await show.bus.publish(TranscriptUpdated.caused_by(speech, text="so where were"))
    skip = await show.next(InputSkipped)
    assert (skip.turn_id, skip.detail) == (
        turn.turn_id,
        "the host spoke before the answer was heard",
    )
    timed = await show.next(TurnTimed)
    assert timed.outcome == "interrupted"
    [row] = (await show.get("/telemetry/turns"))["turns"]
    assert row["reason"] == SPOKE_FIRST
    rows = [m.row for m in show.worker.feed.latest() if m.row.text == "kitsu who are you?"]
    assert [(row.kind, row.note) for row in rows] == [("skip", "outranked")]
    await host_said(show, speech, "so where were we")
    await show.committed("so where were we")


# He goes on ---------------------------------------------------------------------------------------


async def test_words_the_host_goes_on_with_are_answered_together_with_those_before(
    show: Stand,
) -> None:
    first = await host_says(show, "what I wanted to ask is")
    turn = await show.committed("what I wanted to ask is")
    second = await host_says(show, "do foxes dream?")
    both = await show.committed("what I wanted to ask is do foxes dream?")
    assert both.cause_id == second.event_id != first.event_id
    cut = await show.next(StopSpeaking)
    assert (cut.turn_id, cut.reason) == (turn.turn_id, WENT_ON)
    third = await host_says(show, "in winter")
    last = await show.committed("what I wanted to ask is do foxes dream? in winter")
    await show.play(last, "They do.")
    await show.next(TurnTimed, lambda event: event.turn_id == last.turn_id)
    await asks(show)
    history = (await show.committed("kitsu who are you?")).history
    assert [(line.speaker, line.text) for line in history] == [
        ("viewer", "what I wanted to ask is do foxes dream? in winter"),
        ("kitsu", "They do."),
    ]
    assert last.cause_id == third.event_id
    rows = (await show.get("/telemetry/turns"))["turns"]
    assert [row["reason"] for row in rows if row["turn_id"] == turn.turn_id] == [WENT_ON]


async def test_what_was_begun_to_be_heard_is_not_taken_back(show: Stand) -> None:
    await host_says(show, "what do you think?")
    turn = await show.committed("what do you think?")
    await begins(show, turn)
    await host_says(show, "about foxes")
    await show.play(turn, "I think")
    await show.committed("about foxes")


@pytest.mark.parametrize("host_rules", [{"goes_on_seconds": 0}])
async def test_where_it_is_switched_off_each_of_them_is_answered_alone(show: Stand) -> None:
    await host_says(show, "what do you think?")
    turn = await show.committed("what do you think?")
    await host_says(show, "about foxes")
    await show.play(turn, "I think")
    await show.committed("about foxes")


async def test_words_that_come_late_are_a_matter_of_their_own(show: Stand) -> None:
    long_ago = TranscriptFinalized(text="what do you think?", speech_ended_at=clock.now() - 100)
    await show.bus.publish(long_ago)
    turn = await show.committed("what do you think?")
    await host_says(show, "about foxes")
    await settled(show)
    await show.play(turn, "I think")
    await show.committed("about foxes")


@pytest.mark.parametrize("host_rules", [{"goes_on_seconds": 3}])
async def test_the_pause_between_two_pieces_counts_from_voice_to_voice(show: Stand) -> None:
    event = TranscriptFinalized(text="so", speech_ended_at=100.0, silence_wait_seconds=0.7)
    candidate = candidate_of(event.event_id, from_voice(event))
    turn = Turn(candidate, opened_at=101.5, epoch=0)
    belongs = show.worker.host._belongs_to
    assert belongs(turn, 99.0)  # he had begun before its words were there
    assert belongs(turn, 103.0)
    assert not belongs(turn, 103.1)
    chat = candidate_of("line", from_chat(said("hello")))
    assert not belongs(Turn(chat, opened_at=101.5, epoch=0), 101.6)


async def test_a_chat_line_in_thought_is_not_mixed_with_what_the_host_says(show: Stand) -> None:
    turn = await asks(show)
    await host_says(show, "about foxes")
    await show.play(turn, "I am one.")
    await show.committed("about foxes")


async def test_words_that_are_handed_out_again_are_joined_once(stand: Stand) -> None:
    async with running(stand.worker, stand.worker.bus):
        await host_says(stand, "what I wanted to ask is")
        await stand.committed("what I wanted to ask is")
        second = await host_says(stand, "do foxes dream?")
        both = await stand.committed("what I wanted to ask is do foxes dream?")
        await stand.worker.host.understood(second, stand.delivery(second, deliveries=2))
        await settled(stand)
    fresh = stand.fresh()
    async with running(fresh, fresh.bus):
        await until(lambda: fresh.conversation.active)
        await fresh.host.understood(second, stand.delivery(second, deliveries=3))
        assert fresh.conversation.active is not None
        assert fresh.conversation.active.turn_id == both.turn_id
        texts = {event.input.text for event in await stand.all(TurnCommitted)}
        assert texts == {"what I wanted to ask is", "what I wanted to ask is do foxes dream?"}
        await stand.play(both, "They do.")
        await stand.next(TurnTimed, lambda event: event.turn_id == both.turn_id)
        await fresh.host.understood(second, stand.delivery(second, deliveries=3))
        assert fresh.conversation.active is None


async def test_a_kill_between_the_two_loses_neither_half(stand: Stand) -> None:
    """The disk has both or none: here it died before the write, and after it."""
    async with running(stand.worker, stand.worker.bus):
        await host_says(stand, "what I wanted to ask is")
        await stand.committed("what I wanted to ask is")
    second = TranscriptFinalized(text="do foxes dream?", speech_ended_at=clock.now())
    fresh = stand.fresh()
    async with running(fresh, fresh.bus):  # the open turn is taken up, and joined then
        await until(lambda: fresh.conversation.active)
        await fresh.host.understood(second, stand.delivery(second, deliveries=2))
        both = await stand.committed("what I wanted to ask is do foxes dream?")
    last = stand.fresh()
    async with running(last, last.bus):
        await until(lambda: last.conversation.active)
        await last.host.understood(second, stand.delivery(second, deliveries=3))
        assert last.conversation.active is not None
        assert last.conversation.active.turn_id == both.turn_id
        assert last.conversation.waiting == 0


async def test_hostile_lengths_stay_within_bounds_and_keep_the_newest_words(show: Stand) -> None:
    await host_says(show, "x" * 5_000)
    await show.next(TurnCommitted)
    await host_says(show, "y" * 1_500 + " the end")
    turn = await show.next(TurnCommitted, lambda event: event.input.text.endswith("the end"))
    assert len(turn.input.text) == 2_000


async def test_a_panic_said_aloud_ends_the_speech_it_was_said_in(show: Stand) -> None:
    await host_says(show, "kitsu panic")
    await until(lambda: show.worker.panic.engaged)
    await until(lambda: not show.worker.floor.floor.host.goes_on(clock.now()))


async def test_progress_of_an_old_utterance_changes_nothing(show: Stand) -> None:
    await asks(show)
    progress = PlaybackProgressed(
        utterance_id="old", index=0, text="x", position_seconds=1, known_seconds=2
    )
    await show.bus.publish(progress)
    await host_starts(show)
    await until(lambda: show.worker.host._held)
