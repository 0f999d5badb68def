"""What she does is done with the sentence it belongs to, when that is heard, and once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.stage.waiting_orders import MAXIMUM_ORDERS, MAXIMUM_UTTERANCES, WaitingOrders
from libs.contracts.conversation import ActionChosen, RememberFact
from libs.contracts.envelope import Event
from libs.contracts.interruption import StopSpeaking
from libs.contracts.speaking import PlaybackFinished, PlaybackOutcome, PlaybackStarted
from libs.contracts.stage import TriggerHotkey
from libs.contracts.streams import STAGE
from libs.contracts.studio import RequestStageAction
from tests.stage.conftest import RunningStage, until
from tests.stage.scripted_voice import ScriptedVoice
from tests.stage.virtual_stage import SHOW_ZERO, VirtualStage, closing_journals


@pytest.fixture(autouse=True)
def journals_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with closing_journals(monkeypatch):
        yield


@pytest.fixture
def at_hand(tmp_path: Path) -> VirtualStage:
    return VirtualStage(tmp_path / "journal.jsonl")


def action(voice: ScriptedVoice, index: int, name: str) -> ActionChosen:
    envelope = {"utterance_id": voice.utterance_id, "turn_id": "turn", "epoch": voice.epoch}
    order = RequestStageAction(**envelope, event_id=f"order {name}", action=name)
    return ActionChosen(**envelope, event_id=f"chosen {name}", index=index, order=order)


def done(stage: VirtualStage) -> list[str]:
    return [event.action for event in stage.of(RequestStageAction)]


def test_each_order_is_given_when_its_sentence_begins_to_be_heard(at_hand: VirtualStage) -> None:
    voice = ScriptedVoice()
    at_hand.hear(action(voice, 1, "second"), action(voice, 0, "first"))
    at_hand.hear(*voice.sentence("One."), *voice.sentence("Two."), voice.finished())
    at_hand.pass_time(0.04)
    assert done(at_hand) == ["first"]
    at_hand.pass_time(1.0)  # a second of speech, and in the gap behind it
    assert done(at_hand) == ["first"]
    at_hand.pass_time(0.2)
    assert done(at_hand) == ["first", "second"]
    at_hand.pass_time(2)
    assert [e.outcome for e in at_hand.finished] == [PlaybackOutcome.COMPLETED]
    assert done(at_hand) == ["first", "second"]
    kinds = [type(e) for e in at_hand.told if type(e) in (PlaybackStarted, RequestStageAction)]
    assert kinds[0] is PlaybackStarted


def test_an_order_is_fresh_when_it_is_given_and_expires(at_hand: VirtualStage) -> None:
    voice = ScriptedVoice()
    at_hand.hear(action(voice, 0, "first"))
    at_hand.pass_time(4)
    at_hand.hear(*voice.sentence("One."), voice.finished())
    at_hand.pass_time(0.1)
    [order] = at_hand.of(RequestStageAction)
    assert order.emitted_at == pytest.approx(SHOW_ZERO + at_hand.now, abs=0.2)
    assert order.expires_at == pytest.approx(order.emitted_at + 5)
    assert (order.event_id, order.turn_id) == ("order first", "turn")


def test_what_is_to_be_remembered_does_not_grow_old(at_hand: VirtualStage) -> None:
    voice = ScriptedVoice()
    noted = action(voice, 0, "x").model_copy(update={"order": RememberFact(text="likes tea")})
    at_hand.hear(noted, *voice.sentence("One."), voice.finished())
    at_hand.pass_time(0.1)
    [order] = at_hand.of(RememberFact)
    assert order.expires_at is None


def test_what_is_chosen_while_its_sentence_is_heard_is_done_at_once(at_hand: VirtualStage) -> None:
    voice = ScriptedVoice()
    at_hand.hear(*voice.sentence("One."))
    at_hand.pass_time(0.5)
    at_hand.hear(action(voice, 0, "late"))
    assert done(at_hand) == ["late"]


def test_an_order_behind_the_last_sentence_is_given_before_the_end_is_told(
    at_hand: VirtualStage,
) -> None:
    voice = ScriptedVoice()
    at_hand.hear(*voice.sentence("One."))
    at_hand.pass_time(1.5)  # all was heard, but the reply is not over
    at_hand.hear(action(voice, 0, "late"), voice.finished())
    at_hand.pass_time(0.1)
    assert done(at_hand) == ["late"]
    assert type(at_hand.told[-1]) is PlaybackFinished


def test_of_an_interrupted_utterance_only_what_was_heard_is_done(at_hand: VirtualStage) -> None:
    voice = ScriptedVoice()
    at_hand.hear(*(action(voice, index, f"{index}") for index in range(3)))
    for text in ("One.", "Two.", "Three."):
        at_hand.hear(*voice.sentence(text))
    at_hand.hear(voice.finished())
    at_hand.pass_time(1.5)
    at_hand.player.interrupt(lambda utterance: True, "stopped")
    at_hand.pass_time(3)
    assert done(at_hand) == ["0", "1"]
    at_hand.hear(action(voice, 0, "too late"))
    at_hand.pass_time(1)
    assert done(at_hand) == ["0", "1"]


def test_of_an_utterance_that_expired_or_failed_nothing_unheard_is_done(
    at_hand: VirtualStage,
) -> None:
    long, old, stalls = ScriptedVoice(), ScriptedVoice(), ScriptedVoice()
    at_hand.hear(*long.sentence("A long story.", seconds=40, chunk_seconds=1), long.finished())
    at_hand.hear(action(old, 0, "old"), *old.sentence("Old news."), old.finished())
    at_hand.pass_time(45)
    at_hand.hear(action(stalls, 1, "never"), *stalls.sentence("One.")[:5])
    at_hand.pass_time(10)
    outcomes = [end.outcome for end in at_hand.finished]
    assert outcomes.count(PlaybackOutcome.EXPIRED) == outcomes.count(PlaybackOutcome.FAILED) == 1
    assert done(at_hand) == []


def test_an_action_for_a_sentence_that_never_was_is_not_done(at_hand: VirtualStage) -> None:
    voice = ScriptedVoice()
    at_hand.hear(action(voice, 7, "beyond"), *voice.sentence("One."), voice.finished())
    at_hand.pass_time(2)
    assert len(at_hand.finished) == 1
    assert done(at_hand) == []


def test_without_a_voice_the_order_is_given_with_the_caption(at_hand: VirtualStage) -> None:
    voice = ScriptedVoice()
    at_hand.hear(action(voice, 0, "first"), action(voice, 1, "second"))
    at_hand.hear(voice.without_sound("One two three."), voice.without_sound("Four."))
    at_hand.hear(voice.finished())
    at_hand.pass_time(0.1)
    assert done(at_hand) == ["first"]
    at_hand.pass_time(5)
    assert done(at_hand) == ["first", "second"]


def test_an_action_that_comes_twice_is_done_once(at_hand: VirtualStage) -> None:
    voice = ScriptedVoice()
    at_hand.hear(action(voice, 0, "first"), action(voice, 0, "first"))
    at_hand.hear(*voice.sentence("One."), voice.finished())
    at_hand.pass_time(0.3)
    at_hand.hear(action(voice, 0, "first"))
    at_hand.pass_time(2)
    at_hand.hear(action(voice, 0, "first"))
    at_hand.pass_time(1)
    assert done(at_hand) == ["first"]


def test_a_killed_stage_does_not_do_what_was_not_heard_nor_anything_twice(
    at_hand: VirtualStage,
) -> None:
    voice = ScriptedVoice()
    events = [action(voice, 0, "first"), action(voice, 1, "second")]
    at_hand.hear(*events, *voice.sentence("One."), *voice.sentence("Two."), voice.finished())
    at_hand.pass_time(0.5)
    assert done(at_hand) == ["first"]
    after = at_hand.killed()
    after.restore()
    after.hear(*events)
    after.pass_time(3)
    assert [end.reason for end in after.finished] == ["stage_restarted"]
    assert done(after) == []


def test_a_killed_stage_does_what_belongs_to_a_reply_that_it_still_says(
    at_hand: VirtualStage,
) -> None:
    first, second = ScriptedVoice(), ScriptedVoice()
    at_hand.hear(*first.sentence("One."), first.finished())
    at_hand.pass_time(0.1)
    at_hand.hear(action(second, 0, "later"))  # acknowledged: it does not come again
    sound = second.sentence("Two.")
    at_hand.hear(*sound, second.finished())
    after = at_hand.killed()
    after.restore()
    after.hear(*sound)
    after.pass_time(0.3)
    assert done(after) == ["later"]


def test_an_order_that_was_due_when_the_stage_died_is_given_by_the_next_one(
    at_hand: VirtualStage,
) -> None:
    voice = ScriptedVoice()
    at_hand.dies_before_publishing = True
    at_hand.hear(action(voice, 0, "first"), *voice.sentence("One."), voice.finished())
    at_hand.pass_time(0.1)
    after = at_hand.killed()
    after.restore()
    assert [event.event_id for event in after.of(RequestStageAction)] == ["order first"]
    assert not after.killed().memory.unpublished


def test_waiting_orders_are_bounded() -> None:
    waiting = WaitingOrders()
    voice = ScriptedVoice()
    taken = [waiting.add(action(voice, 0, f"{number}")) for number in range(MAXIMUM_ORDERS + 20)]
    assert taken.count(True) == MAXIMUM_ORDERS
    for _ in range(MAXIMUM_UTTERANCES):
        waiting.add(action(ScriptedVoice(), 0, "x"))
    assert voice.utterance_id not in waiting
    assert waiting.due(voice.utterance_id, 5) == []


# Over the bus -------------------------------------------------------------------------------------


async def ordered(stage: RunningStage) -> list[Event]:
    stored = await stage.bus.recent(STAGE, "main", 100)
    return [d.event for d in stored if isinstance(d.event, RequestStageAction | TriggerHotkey)]


async def test_an_order_goes_out_on_the_bus_with_its_sentence(stage: RunningStage) -> None:
    voice = ScriptedVoice()
    await stage.say(action(voice, 0, "first"))
    assert await ordered(stage) == []
    await stage.say_all(voice, "Hello there.", 0.3)
    await until(lambda: stage.of(PlaybackFinished))
    [order] = await ordered(stage)
    assert order.event_id == "order first"
    assert order.source.startswith("stage@")


@pytest.mark.parametrize("stop", [StopSpeaking(epoch=1), StopSpeaking(turn_id="turn")])
async def test_what_is_stale_is_never_done(stage: RunningStage, stop: StopSpeaking) -> None:
    voice, fresh = ScriptedVoice(turn_id="turn"), ScriptedVoice(epoch=1)
    await stage.bus.publish(stop)
    await until(lambda: stage.worker.fences.stale("main", 0, "turn"))
    await stage.say(action(voice, 0, "stale"))
    await stage.say_all(voice, "Never heard.", 0.2)
    await stage.say_all(fresh, "Heard.", 0.2)
    await until(lambda: len(stage.of(PlaybackFinished)) == 2)
    assert await ordered(stage) == []
    assert stage.worker.counters["dropped_stale"] >= 1


async def test_in_a_panic_nothing_waits_and_nothing_is_done_after_it(stage: RunningStage) -> None:
    voice = ScriptedVoice()
    await stage.say(action(voice, 0, "first"), action(voice, 1, "second"))
    await stage.say(*voice.sentence("A long story.", 20.0, chunk_seconds=1.0))
    await until(lambda: stage.of(PlaybackStarted))
    await stage.worker.panic_engaged("test")
    await until(lambda: stage.of(PlaybackFinished))
    await stage.say(*voice.sentence("Two.", 0.2), voice.finished())
    await until(lambda: stage.worker.counters["handled"] > 5)
    assert [order.event_id for order in await ordered(stage)] == ["order first"]
