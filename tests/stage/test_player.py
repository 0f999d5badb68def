"""What is said, when and how it ends: on the silent output, in virtual time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.stage.journal import Journal, Remembered
from libs.contracts.speaking import (
    PlaybackFinished,
    PlaybackOutcome,
    PlaybackProgressed,
    PlaybackStarted,
)
from tests.stage.scripted_voice import ScriptedVoice
from tests.stage.virtual_stage import SHOW_ZERO, VirtualStage, closing_journals


@pytest.fixture(autouse=True)
def journals_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with closing_journals(monkeypatch):
        yield


@pytest.fixture
def stage(tmp_path: Path) -> VirtualStage:
    return VirtualStage(tmp_path / "journal.jsonl")


def test_an_utterance_starts_progresses_and_completes_in_that_order(stage: VirtualStage) -> None:
    voice = ScriptedVoice()
    stage.hear(*voice.sentence("Hello there."), *voice.sentence("How are you?"), voice.finished())
    stage.pass_time(3)
    kinds = [type(event) for event in stage.told]
    assert kinds[0] is PlaybackStarted
    assert kinds[-1] is PlaybackFinished
    assert set(kinds[1:-1]) == {PlaybackProgressed}
    [end] = stage.finished
    assert end.outcome is PlaybackOutcome.COMPLETED
    assert end.heard_text == end.full_text == "Hello there. How are you?"
    assert end.position_seconds == pytest.approx(2.15)
    assert end.output == "silent"
    positions = [event.position_seconds for event in stage.of(PlaybackProgressed)]
    assert positions == sorted(positions)
    assert len(positions) == pytest.approx(8, abs=1)


def test_sound_begins_with_the_first_chunk_and_not_with_the_whole_sentence(
    stage: VirtualStage,
) -> None:
    voice = ScriptedVoice()
    stage.hear(voice.sentence("Hello there.")[0])
    assert [type(event) for event in stage.told] == [PlaybackStarted]


def test_what_it_took_before_it_came_here_is_told_with_the_first_sound(stage: VirtualStage) -> None:
    event, pcm = ScriptedVoice().sentence("Hello there.")[0]
    took = {"policy_seconds": 0.5, "first_token_seconds": 0.25, "gate_seconds": 0.01}
    stage.hear((event.model_copy(update=took), pcm))
    [started] = stage.of(PlaybackStarted)
    assert {name: getattr(started, name) for name in took} == took


def test_what_was_cut_counts_only_as_far_as_it_was_heard(stage: VirtualStage) -> None:
    voice = ScriptedVoice()
    stage.hear(*voice.sentence("one two three four five"), voice.finished())
    stage.pass_time(0.5)
    stage.player.interrupt(lambda utterance: utterance.epoch < 1, "stopped")
    [end] = stage.finished
    assert end.outcome is PlaybackOutcome.INTERRUPTED
    assert end.heard_text == "one two three"
    assert end.full_text == "one two three four five"
    assert 0.5 <= end.position_seconds <= 0.54
    stage.hear(*ScriptedVoice(voice.utterance_id).sentence("one two three four five"))
    stage.pass_time(3)
    assert len(stage.finished) == 1
    assert len(stage.of(PlaybackStarted)) == 1


def test_running_dry_stops_the_position_and_the_rest_is_still_said(stage: VirtualStage) -> None:
    voice = ScriptedVoice()
    events = voice.sentence("one two three four")
    stage.hear(*events[:5])
    stage.pass_time(4)
    assert stage.player.position == 8_000
    stage.hear(*events[5:], voice.finished())
    stage.pass_time(1)
    [end] = stage.finished
    assert end.outcome is PlaybackOutcome.COMPLETED
    assert end.position_seconds == pytest.approx(1.0)


def test_an_utterance_that_gets_no_more_sound_fails_with_what_was_heard(
    stage: VirtualStage,
) -> None:
    voice = ScriptedVoice()
    stage.hear(*voice.sentence("one two three four")[:5])
    stage.pass_time(8.3)
    assert not stage.finished
    stage.pass_time(0.4)
    [end] = stage.finished
    assert (end.outcome, end.reason) == (PlaybackOutcome.FAILED, "stalled")
    assert end.heard_text == "one two"
    assert end.position_seconds == pytest.approx(0.5)


def test_utterances_are_said_one_after_the_other_with_a_gap(stage: VirtualStage) -> None:
    first, second = ScriptedVoice(), ScriptedVoice()
    stage.hear(*first.sentence("First."), first.finished())
    stage.hear(*second.sentence("Second."), second.finished())
    stage.pass_time(3)
    started = stage.of(PlaybackStarted)
    assert [event.text for event in started] == ["First.", "Second."]
    assert started[1].started_at - started[0].started_at == pytest.approx(1.15, abs=0.05)


def test_one_that_is_still_being_made_holds_up_nobody(stage: VirtualStage) -> None:
    slow, quick = ScriptedVoice(), ScriptedVoice()
    slow.texts.append("Slow.")
    stage.hear(slow.finished())
    stage.hear(*quick.sentence("Quick."), quick.finished())
    stage.pass_time(2)
    assert [end.full_text for end in stage.finished] == ["Quick."]


def test_what_waited_too_long_behind_another_is_never_said(stage: VirtualStage) -> None:
    long, late = ScriptedVoice(), ScriptedVoice()
    stage.hear(*long.sentence("A long story.", seconds=40, chunk_seconds=1), long.finished())
    stage.hear(*late.sentence("Old news."), late.finished())
    stage.pass_time(45)
    outcomes = {end.full_text: (end.outcome, end.reason) for end in stage.finished}
    assert outcomes["A long story."] == (PlaybackOutcome.COMPLETED, "")
    assert outcomes["Old news."] == (PlaybackOutcome.EXPIRED, "too_old")
    assert [event.text for event in stage.of(PlaybackStarted)] == ["A long story."]


def test_a_sentence_past_its_own_deadline_is_not_begun(stage: VirtualStage) -> None:
    voice = ScriptedVoice()
    event, pcm = voice.sentence("Too late.")[0]
    event = event.model_copy(update={"expires_at": SHOW_ZERO + stage.now - 0.1})
    stage.hear((event, pcm))
    stage.pass_time(0.1)
    [end] = stage.finished
    assert end.outcome is PlaybackOutcome.EXPIRED
    assert not stage.of(PlaybackStarted)


def test_without_a_voice_the_captions_run_their_time_and_she_goes_on(stage: VirtualStage) -> None:
    voice = ScriptedVoice()
    stage.hear(voice.without_sound("These are five silent words."), voice.finished())
    stage.pass_time(3)
    [end] = stage.finished
    assert (end.outcome, end.output) == (PlaybackOutcome.COMPLETED, "captions")
    assert end.heard_text == "These are five silent words."
    assert end.position_seconds == pytest.approx(5 * 0.35)


def test_a_reply_of_which_nothing_may_be_said_is_ended_too(stage: VirtualStage) -> None:
    voice = ScriptedVoice()
    voice.texts.append("Stale.")
    stage.player.dropped(voice.finished(), "stale")
    stage.player.dropped(voice.finished(), "stale")
    [end] = stage.finished
    assert (end.outcome, end.reason, end.heard_text) == (PlaybackOutcome.INTERRUPTED, "stale", "")


def test_a_strange_sample_rate_of_a_chunk_is_refused_and_counted(stage: VirtualStage) -> None:
    voice = ScriptedVoice()
    event, pcm = voice.sentence("Hello.")[0]
    stage.hear((event.model_copy(update={"sample_rate_hz": 7}), pcm))
    stage.pass_time(1)
    assert stage.player.refused == 1
    assert not stage.of(PlaybackStarted)


# After a crash --------------------------------------------------------------------------------


def test_what_had_begun_is_interrupted_after_a_crash_and_never_said_again(
    stage: VirtualStage,
) -> None:
    voice = ScriptedVoice()
    events = [*voice.sentence("one two three four", 4.0), voice.finished()]
    stage.hear(*events)
    stage.pass_time(2.2)
    again = stage.killed()
    again.restore()
    [end] = again.finished
    assert (end.outcome, end.reason) == (PlaybackOutcome.INTERRUPTED, "stage_restarted")
    assert end.heard_text in ("one two", "one two three")
    assert end.full_text == "one two three four"
    assert 1.7 <= end.position_seconds <= 2.25
    again.hear(*events)
    again.pass_time(5)
    assert len(again.finished) == 1
    assert not again.of(PlaybackStarted)


def test_what_had_come_but_not_begun_is_said_after_a_crash(stage: VirtualStage) -> None:
    first, second = ScriptedVoice(), ScriptedVoice()
    stage.hear(*first.sentence("First."), first.finished())
    waiting = second.sentence("Second.")
    stage.hear(*waiting, second.finished())
    stage.pass_time(0.4)
    again = stage.killed()
    again.restore()
    again.hear(*waiting)  # the audio stream is read again; the reply's end was acknowledged
    again.pass_time(2)
    outcomes = {end.full_text: end.outcome for end in again.finished}
    assert outcomes == {
        "First.": PlaybackOutcome.INTERRUPTED,
        "Second.": PlaybackOutcome.COMPLETED,
    }


def test_what_had_come_but_whose_sound_is_gone_expires_after_a_crash(stage: VirtualStage) -> None:
    first, second = ScriptedVoice(), ScriptedVoice()
    stage.hear(*first.sentence("First.", 5.0), *second.sentence("Second."), second.finished())
    again = stage.killed(later=10)
    again.restore()
    again.pass_time(21)
    assert again.finished[-1].outcome is PlaybackOutcome.EXPIRED
    assert again.finished[-1].utterance_id == second.utterance_id


def test_what_is_stale_after_a_crash_is_ended_and_not_said(stage: VirtualStage) -> None:
    first, second = ScriptedVoice(), ScriptedVoice()
    stage.hear(*first.sentence("First.", 5.0), *second.sentence("Second."), second.finished())
    again = stage.killed()
    again.restore(fenced="stale")
    reasons = {end.utterance_id: end.reason for end in again.finished}
    assert reasons == {first.utterance_id: "stage_restarted", second.utterance_id: "stale"}


def test_a_fact_that_was_noted_but_not_published_is_told_again_with_the_same_id(
    stage: VirtualStage,
) -> None:
    voice = ScriptedVoice()
    stage.dies_before_publishing = True
    stage.hear(*voice.sentence("Hello."), voice.finished())
    stage.pass_time(2)
    again = stage.killed()
    again.restore()
    assert [e.event_id for e in again.told] == [
        event.event_id for event in stage.told if not isinstance(event, PlaybackProgressed)
    ]
    third = again.killed()
    third.restore()
    assert third.told == []
    third.hear(*ScriptedVoice(voice.utterance_id).sentence("Hello."))
    third.pass_time(2)
    assert third.told == []


def test_a_second_crash_while_recovering_changes_nothing(stage: VirtualStage) -> None:
    voice = ScriptedVoice()
    stage.hear(*voice.sentence("one two three four", 4.0), voice.finished())
    stage.pass_time(2)
    once = stage.killed()
    once.dies_before_publishing = True
    once.restore()
    twice = once.killed()
    twice.restore()
    assert [end.event_id for end in once.finished] == [end.event_id for end in twice.finished]
    assert once.finished[0].heard_text == twice.finished[0].heard_text


def test_a_torn_or_strange_journal_still_opens(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    whole = '{"note": "ended", "id": "known"}\n'
    path.write_text(
        whole
        + '{"note": "heard", "id": "nobody"}\n[]\n7\n{"note": "opened"}\n'
        + "[" * 100_000
        + "\n"
        '{"note": "fact", "event": {"type": "x"}}\n{"note": "ended", "id'
    )
    memory = Journal(path).open()
    assert list(memory.ended) == ["known"]
    assert path.read_text() == whole


def test_a_journal_that_is_not_text_is_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"\xff\xfe\x00rubbish")
    assert Journal(path).open().ended == {}
    assert path.with_suffix(".unreadable").read_bytes() == b"\xff\xfe\x00rubbish"


def test_a_journal_that_runs_for_days_stays_small(tmp_path: Path) -> None:
    stage = VirtualStage(tmp_path / "journal.jsonl")
    for _ in range(700):
        voice = ScriptedVoice()
        stage.hear(*voice.sentence("Hi.", 0.2, 0.2), voice.finished())
        stage.pass_time(0.6, 0.1)
    assert len(stage.path.read_text().splitlines()) < 6_000
    assert len(Journal(stage.path).open().ended) == 500


def test_a_full_disk_stops_neither_silence_nor_facts_and_is_made_up_for(
    stage: VirtualStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDisk:
        def write(self, text: str) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            raise OSError(28, "No space left on device")

    def full(journal: Journal) -> None:
        raise OSError(28, "No space left on device")

    playing, waiting = ScriptedVoice("one"), ScriptedVoice("two")
    stage.hear(*playing.sentence("She is talking."), playing.finished())
    stage.hear(*waiting.sentence("This would come next."), waiting.finished())
    stage.pass_time(0.4)
    stage.journal.close()
    stage.journal._file = FullDisk()  # type: ignore[assignment]
    with monkeypatch.context() as disk:
        disk.setattr(Journal, "_compact", full)
        stage.player.interrupt(lambda utterance: True, "panic")
        stage.pass_time(1)
        assert [event.reason for event in stage.finished] == ["panic", "panic"]
        assert stage.player.playlist.current is None
    later = ScriptedVoice("three")
    stage.hear(*later.sentence("There is space again."))
    assert list(stage.killed().memory.ended) == ["one", "two"]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_utterance_gets_exactly_one_end_whatever_comes_between(
    data, tmp_path_factory
) -> None:
    stage = VirtualStage(tmp_path_factory.mktemp("any") / "journal.jsonl")
    voices = [ScriptedVoice(epoch=n) for n in range(3)]
    events = []
    for voice in voices:
        mine = [*voice.sentence("one two", 0.4, 0.2), *voice.sentence("three", 0.2, 0.2)]
        events += [*mine, (voice.finished(), b"")]
    acts = data.draw(st.permutations([*events, "stop", "panic", "cut", "wait", "wait", "stall"]))
    for act in acts:
        match act:
            case "stop":
                stage.player.interrupt(lambda u: u.epoch < 2, "stopped")
            case "panic":
                stage.player.interrupt(lambda u: True, "panic")
            case "cut":
                stage.player.interrupt(lambda u: u.turn_id == "turn-2", "retracted")
            case "wait":
                stage.pass_time(0.7, 0.1)
            case "stall":
                stage.pass_time(9, 0.5)
            case _:
                stage.hear(act)
    stage.pass_time(60, 0.5)
    ends = [end.utterance_id for end in stage.finished]
    assert sorted(ends) == sorted({voice.utterance_id for voice in voices})
    starts = [event.utterance_id for event in stage.of(PlaybackStarted)]
    assert len(starts) == len(set(starts))
    for end in stage.finished:
        assert end.position_seconds <= end.duration_seconds
    again = stage.killed()
    again.restore()
    assert {event.event_id for event in again.told} <= {event.event_id for event in stage.told}


def test_the_memory_of_one_utterance_survives_being_written_and_read(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.open()
    known = Remembered("u", "main", None, 3, "c", 5.0)
    journal._write({"note": "opened", "utterance": vars(known)})
    assert Journal(tmp_path / "journal.jsonl").open().utterances == {"u": known}
