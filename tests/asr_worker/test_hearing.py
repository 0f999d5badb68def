"""From sound to speeches, in the time of the sound."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.asr_worker.engines.base import Transcript
from apps.asr_worker.inputs.base import RATE_HZ, Block
from apps.asr_worker.partners import Window
from libs.contracts.control import SetMicrophone
from libs.contracts.listening import (
    DismissReason,
    ListeningMode,
    SpeechDismissed,
    SpeechEnded,
    SpeechStarted,
    TranscriptFinalized,
    TranscriptUpdated,
)
from libs.speech.turn_taking import FixedSilence
from tests.asr_worker.hearing_stand import BEGIN, HearingStand, tone, turns_of_the_loop
from tests.asr_worker.scripted_parts import NoRecogniser

WINDOW = 0.032
Stand = Callable[..., HearingStand]


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    def make(*script: str, **options: object) -> HearingStand:
        return HearingStand(tmp_path, *script, **options)  # type: ignore[arg-type]

    return make


async def test_a_speech_is_told_of_from_its_start_to_its_words(stand: Stand) -> None:
    it = stand("Hello Kitsu, can you hear me?")
    await it.silence(1.0)
    await it.speech(1.5)
    assert it.kinds() == [
        "SpeechStarted", "TranscriptUpdated", "SpeechEnded", "TranscriptFinalized",
    ]  # fmt: skip
    it.check_every_speech_has_one_end()
    final = it.one(TranscriptFinalized)
    assert final.text == "Hello Kitsu, can you hear me?"
    assert final.engine == "script"
    assert final.speech_ended_at == pytest.approx(BEGIN + 2.5, abs=0.04)
    assert it.one(SpeechStarted).device == "mic"
    assert it.one(SpeechEnded).duration_seconds == pytest.approx(1.5, abs=0.05)
    assert it.interruption.names() == ["started", "paused", "words", "understood", "over"]


async def test_the_first_syllable_is_in_the_sound_that_is_recognised(stand: Stand) -> None:
    it = stand()
    await it.silence(1.0)
    await it.speech(1.0)
    seconds = it.ladder.passes[0].seconds
    assert seconds == pytest.approx(0.3 + 1.0 + 0.22, abs=0.07)
    assert tone(16_000 - 512)[:2_000] in it.ladder.passes[0].pcm


async def test_the_words_are_there_when_the_wait_is_over(stand: Stand) -> None:
    it = stand("It is done.", strategy=FixedSilence(0.6))
    await it.say(1.0)
    await it.silence(0.4)
    assert len(it.ladder.passes) == 1
    assert it.kinds() == ["SpeechStarted", "TranscriptUpdated"]
    await it.silence(0.5)
    await turns_of_the_loop()
    assert it.texts() == ["It is done."]
    assert len(it.ladder.passes) == 1
    assert it.one(TranscriptFinalized).recognition_seconds == 0.0


async def test_words_made_out_too_early_are_dropped_when_he_goes_on(stand: Stand) -> None:
    it = stand("I went to the", "I went to the zoo.")
    await it.say(1.0)
    await it.silence(1.0)
    await it.say(1.0)
    await it.silence(1.0)
    await turns_of_the_loop()
    assert it.texts() == ["I went to the zoo."]
    assert len(it.all_of(SpeechStarted)) == 1
    assert "resumed" in it.interruption.names()


async def test_a_pass_that_is_not_done_when_he_goes_on_is_given_up(stand: Stand) -> None:
    it = stand()
    it.ladder.hold()
    await it.say(1.0)
    await it.silence(0.5)
    await it.say(0.5)
    assert it.ladder.passes[0].cancelled
    it.ladder.release()
    await it.silence(1.0)
    assert it.texts() == ["hello there"]
    assert it.ladder.most_at_once == 1


async def test_a_sentence_ends_sooner_than_a_thought_that_goes_on(stand: Stand) -> None:
    whole, open_end = stand("Are you there?"), stand("Are you there and")
    for it in (whole, open_end):
        await it.speech(1.0)
    whole_wait = whole.one(TranscriptFinalized).silence_wait_seconds
    open_wait = open_end.one(TranscriptFinalized).silence_wait_seconds
    assert whole_wait == pytest.approx(0.3, abs=0.04)
    assert open_wait == pytest.approx(1.6, abs=0.04)


async def test_a_slow_recogniser_is_waited_for_but_not_for_ever(stand: Stand) -> None:
    it = stand()
    it.ladder.hold()
    await it.say(1.0)
    await it.silence(1.5)
    assert not it.all_of(SpeechEnded)
    await it.silence(0.3)
    assert it.one(SpeechEnded).silence_wait_seconds == pytest.approx(1.6, abs=0.04)
    it.now += 2.0
    it.ladder.release()
    await turns_of_the_loop()
    assert it.one(TranscriptFinalized).recognition_seconds == pytest.approx(2.2, abs=0.1)


async def test_a_click_is_nothing_and_a_cough_is_noise(stand: Stand) -> None:
    it = stand()
    await it.silence(30 * WINDOW)
    await it.speech(2 * WINDOW, 60 * WINDOW)
    assert it.events == []
    await it.speech(3 * WINDOW, 60 * WINDOW)
    assert it.reasons() == [DismissReason.NOISE]
    assert it.ladder.passes == []
    assert it.interruption.names()[-1] == "over"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", DismissReason.NO_WORDS),
        (" ... ", DismissReason.NO_WORDS),
        ("MADE UP thanks for watching", DismissReason.INVENTED),
        (Transcript("you", "script", no_speech_probability=0.95), DismissReason.INVENTED),
        (NoRecogniser("nobody there"), DismissReason.FAILED),
    ],
)
async def test_what_was_not_understood_opens_no_turn_and_says_why(
    stand: Stand, answer: object, reason: DismissReason
) -> None:
    it = stand()
    it.ladder.otherwise = answer  # type: ignore[assignment]
    await it.speech()
    assert it.reasons() == [reason]
    assert it.texts() == []
    it.check_every_speech_has_one_end()
    assert it.interruption.names()[-1] == "over"


async def test_an_engine_that_breaks_any_rule_still_ends_the_speech(stand: Stand) -> None:
    it = stand()
    it.ladder.otherwise = ZeroDivisionError("not a RecogniserError at all")
    await it.speech()
    it.ladder.otherwise = "fine again"
    await it.speech()
    assert it.reasons() == [DismissReason.FAILED]
    assert it.texts() == ["fine again"]


async def test_a_guess_that_failed_is_tried_once_more_at_the_end(stand: Stand) -> None:
    it = stand(NoRecogniser("away for a moment"), "there you are", strategy=FixedSilence(0.6))  # type: ignore[arg-type]
    await it.speech()
    assert it.texts() == ["there you are"]


async def test_a_part_that_fails_still_ends_the_speech(stand: Stand) -> None:
    it = stand()
    it.interruption.fails = True
    await it.speech()
    assert it.reasons() == [DismissReason.FAILED]
    assert it.interruption.names()[-1] == "over"


async def test_what_interruption_says_is_no_turn_is_none(stand: Stand) -> None:
    it = stand("uh huh")
    it.interruption.speaking = True
    it.interruption.reason = DismissReason.BACK_CHANNEL
    await it.speech()
    dismissed = it.one(SpeechDismissed)
    assert (dismissed.reason, dismissed.text) == (DismissReason.BACK_CHANNEL, "uh huh")
    assert it.one(SpeechStarted).over_speech


async def test_her_own_voice_in_the_microphone_starts_nothing(stand: Stand) -> None:
    it = stand()
    it.interruption.hers = lambda window: True
    await it.speech(5.0)
    assert it.events == []
    it.interruption.hers = lambda window: False
    await it.speech(1.0)
    assert len(it.texts()) == 1


async def test_two_speeches_are_told_of_one_after_the_other(stand: Stand) -> None:
    it = stand("One.", "Two.")
    await it.speech()
    await it.speech()
    assert it.texts() == ["One.", "Two."]
    it.check_every_speech_has_one_end()


async def test_a_recogniser_slower_than_speech_is_slow_piles_nothing_up(stand: Stand) -> None:
    it = stand()
    it.ladder.hold()
    for _ in range(8):
        await it.speech(0.5, 1.8)
    assert it.ladder.most_at_once == 1
    assert it.reasons() == [DismissReason.FAILED] * 5
    assert "keep up" in it.all_of(SpeechDismissed)[0].detail
    it.ladder.release()
    await it.hearing.settled()
    assert len(it.texts()) == 3
    it.check_every_speech_has_one_end()
    assert it.interruption.names().count("over") == 1


async def test_what_is_understood_half_a_minute_later_opens_no_turn(stand: Stand) -> None:
    it = stand()
    it.ladder.hold()
    await it.speech()
    it.now += 25
    it.ladder.release()
    await turns_of_the_loop()
    dismissed = it.one(SpeechDismissed)
    assert (dismissed.reason, dismissed.detail) == (
        DismissReason.FAILED, "it was understood too late",
    )  # fmt: skip


# Partials ---------------------------------------------------------------------------------------


async def test_words_while_he_speaks_only_where_there_is_time(stand: Stand) -> None:
    without, with_partials = stand(), stand("hello", "hello dear", "hello dear friend")
    with_partials.ladder.wants_partials = True
    for it in (without, with_partials):
        await it.say(2.4)
    assert without.all_of(TranscriptUpdated) == []
    updates = with_partials.all_of(TranscriptUpdated)
    assert [update.text for update in updates] == ["hello", "hello dear", "hello dear friend"]
    assert [update.confirmed for update in updates] == ["", "hello", "hello dear"]
    assert all(not one.final for one in with_partials.ladder.passes)
    assert ("words", "hello dear friend") in with_partials.interruption.told


async def test_a_slow_pass_skips_the_next_partials_and_gives_way_to_the_last(stand: Stand) -> None:
    it = stand()
    it.ladder.wants_partials = True
    it.ladder.hold()
    await it.say(4.0)
    assert len(it.ladder.passes) == 1
    await it.silence(0.3)
    assert [one.final for one in it.ladder.passes] == [False, True]
    assert it.ladder.passes[0].cancelled
    assert it.ladder.most_at_once == 1


# Long speeches ----------------------------------------------------------------------------------


async def test_a_long_speech_is_recognised_in_pieces_and_stays_one(stand: Stand) -> None:
    it = stand("part one", "part two", "part three.", strategy=FixedSilence(0.6))
    for seconds in (25.0, 10.0, 25.0):
        await it.say(seconds)
        await it.silence(0.16)
    await it.silence(1.0)
    assert len(it.all_of(SpeechStarted)) == 1
    assert it.texts() == ["part one part two part three."]
    first = it.ladder.passes[0]
    assert first.seconds == pytest.approx(25.3, abs=0.3)
    assert max(one.seconds for one in it.ladder.passes) <= 30.1


async def test_a_speech_without_end_is_ended_and_the_next_one_goes_on(stand: Stand) -> None:
    it = stand()
    await it.say(130.0)
    await it.silence(2.0)
    it.check_every_speech_has_one_end()
    assert len(it.all_of(SpeechStarted)) == 2
    heard = sum(one.seconds for one in it.ladder.passes if not one.cancelled)
    assert heard == pytest.approx(130.3, abs=0.4)


# Lost sound -------------------------------------------------------------------------------------


async def test_a_gap_resets_the_model_and_keeps_the_speech(stand: Stand) -> None:
    it = stand()
    await it.say(1.0)
    it.lose(0.4)
    await it.say(1.0)
    await it.silence(1.0)
    assert len(it.texts()) == 1
    assert it.model.resets == 1  # type: ignore[attr-defined]
    assert it.ladder.passes[-1].seconds == pytest.approx(2.4 + 0.22, abs=0.1)


async def test_a_long_gap_ends_the_speech_before_it(stand: Stand) -> None:
    it = stand("before", "after")
    await it.say(1.0)
    it.lose(8.0)
    await it.speech(1.0)
    assert it.texts() == ["before", "after"]
    first = it.all_of(TranscriptFinalized)[0]
    assert first.speech_ended_at == pytest.approx(BEGIN + 1.0, abs=0.05)


async def test_a_microphone_unplugged_in_mid_word_ends_the_speech(stand: Stand) -> None:
    it = stand("hello the")
    await it.say(1.0)
    await it.hearing.idle()
    assert not it.all_of(SpeechEnded)
    it.now += 1.1
    await it.hearing.idle()
    await turns_of_the_loop()
    assert it.texts() == ["hello the"]
    assert it.one(TranscriptFinalized).speech_ended_at == pytest.approx(BEGIN + 1.0, abs=0.05)
    it.now += 60
    await it.speech()
    assert len(it.texts()) == 2


async def test_sound_that_comes_twice_or_in_halves_of_samples_is_heard_once(stand: Stand) -> None:
    it = stand()
    pcm = tone(512)
    for number in range(40):
        block = Block(number * 512, pcm + b"\x01", it.now)
        await it.hearing.hear([block, block, Block(number * 512, b"", it.now)])
        it.now += 512 / RATE_HZ
    it.position = 40 * 512
    await it.silence(2.0)
    assert it.one(SpeechEnded).duration_seconds == pytest.approx(40 * 0.032, abs=0.04)


async def test_a_backlog_leaves_the_event_loop_to_others(stand: Stand) -> None:
    it = stand()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(count())
    blocks = [Block(number * 512, tone(512), it.now + number * 0.032) for number in range(64)]
    await it.hearing.hear(blocks)
    other.cancel()
    assert turns >= 8


# Key, mute, name ----------------------------------------------------------------------------------


async def test_with_push_to_talk_only_what_is_said_into_the_key_is_heard(stand: Stand) -> None:
    it = stand("into the key", mode=ListeningMode.PUSH_TO_TALK)
    await it.speech(2.0)
    assert it.events == []
    await it.say(1.0)
    it.key(True)
    await it.say(1.0)
    it.key(False)
    await it.say(1.0)
    await turns_of_the_loop()
    assert it.texts() == ["into the key"]
    assert it.ladder.passes[-1].seconds == pytest.approx(1.3, abs=0.07)
    it.check_every_speech_has_one_end()


async def test_a_key_that_is_let_go_ends_the_turn_at_once(stand: Stand) -> None:
    it = stand(mode=ListeningMode.PUSH_TO_TALK)
    it.key(True)
    await it.say(1.0)
    it.key(False)
    await it.silence(0.4)
    await turns_of_the_loop()
    assert it.one(SpeechEnded).silence_wait_seconds <= 0.35
    assert len(it.texts()) == 1


async def test_while_the_key_is_held_no_silence_ends_the_turn(stand: Stand) -> None:
    it = stand("one", "one and two", mode=ListeningMode.PUSH_TO_TALK)
    it.key(True)
    await it.say(1.0)
    await it.silence(4.0)
    assert not it.all_of(SpeechEnded)
    await it.say(1.0)
    it.key(False)
    await it.silence(1.0)
    assert it.texts() == ["one and two"]


async def test_a_key_that_is_never_let_go_ends_by_itself(stand: Stand) -> None:
    it = stand(mode=ListeningMode.PUSH_TO_TALK)
    it.key(True, at_most_seconds=2.0)
    await it.say(5.0)
    await turns_of_the_loop()
    assert it.one(SpeechEnded).duration_seconds == pytest.approx(2.3, abs=0.07)


async def test_muted_in_mid_word_nothing_of_it_is_recognised(stand: Stand) -> None:
    it = stand()
    await it.say(1.0)
    it.mute()
    await it.silence(2.0)
    assert it.reasons() == [DismissReason.MUTED]
    assert it.ladder.passes == []
    await it.speech()
    assert len(it.all_of(SpeechStarted)) == 1
    it.microphone.set(SetMicrophone(muted=False))
    await it.speech()
    assert len(it.texts()) == 1
    it.check_every_speech_has_one_end()


async def test_muted_while_its_words_are_guessed_the_guess_is_dropped(stand: Stand) -> None:
    it = stand()
    it.ladder.hold()
    await it.say(1.0)
    await it.silence(0.4)
    it.mute()
    await turns_of_the_loop()
    assert it.ladder.passes[0].cancelled
    assert it.reasons() == [DismissReason.MUTED]


async def test_mute_is_stronger_than_the_key(stand: Stand) -> None:
    it = stand()
    it.mute()
    it.key(True)
    await it.speech()
    assert it.events == []


async def test_by_name_only_what_has_her_name_or_follows_her_answer_is_a_turn(
    stand: Stand,
) -> None:
    it = stand("nice weather", "kit sue, hello", "and you?", mode=ListeningMode.WAKE_NAME)
    await it.speech()
    await it.speech()
    it.attention.she_spoke_to_him(it.now)
    await it.speech()
    assert it.reasons() == [DismissReason.NOT_ADDRESSED]
    assert it.texts() == ["kit sue, hello", "and you?"]
    assert [text for name, text in it.interruption.told if name == "understood"] == [
        "kit sue, hello",
        "and you?",
    ]


async def test_by_name_a_voice_alone_interrupts_nobody_until_she_was_named(
    stand: Stand,
) -> None:
    it = stand("nice weather", mode=ListeningMode.WAKE_NAME)
    voices: list[float] = []

    def note(window: Window) -> bool:
        voices.append(window.probability)
        return False

    it.interruption.hers = note
    await it.speech()
    assert set(voices) == {0.0}

    it.attention.she_spoke_to_him(it.now)
    await it.speech()
    assert max(voices) > 0.5


async def test_who_does_not_speak_to_her_interrupts_nobody(stand: Stand) -> None:
    seen: list[float] = []
    it = stand(mode=ListeningMode.PUSH_TO_TALK)
    it.interruption.hers = lambda window: bool(seen.append(window.probability))
    await it.speech()
    assert seen
    assert max(seen) == 0.0
    it = stand("nice weather", "Kitsu, stop", mode=ListeningMode.WAKE_NAME)
    await it.speech()
    await it.speech()
    assert [text for name, text in it.interruption.told if name == "words"] == ["Kitsu, stop"]


async def test_by_name_the_key_counts_as_her_name(stand: Stand) -> None:
    it = stand("nice weather", mode=ListeningMode.WAKE_NAME)
    it.key(True)
    await it.say(1.0)
    it.key(False)
    await it.silence(1.0)
    assert it.texts() == ["nice weather"]


async def test_an_order_that_was_carried_out_is_no_turn_but_what_is_more_than_it_is(
    stand: Stand,
) -> None:
    it = stand("stop talking please", "stop talking I want to tell you something")
    for _ in range(2):
        await it.say(1.0)
        it.hearing.order_heard("stop talking")
        await it.silence(2.0)
    assert it.reasons() == [DismissReason.KEYWORD]
    assert it.texts() == ["stop talking I want to tell you something"]


async def test_an_order_that_is_heard_after_the_speech_ended_still_counts(stand: Stand) -> None:
    it = stand("stop talking")
    it.ladder.hold()
    await it.speech()
    it.hearing.order_heard("stop talking")
    it.ladder.release()
    await turns_of_the_loop()
    assert it.reasons() == [DismissReason.KEYWORD]


async def test_when_listening_stops_every_speech_has_its_end_and_no_task_is_left(
    stand: Stand,
) -> None:
    it = stand()
    it.ladder.hold()
    await it.speech()
    await it.say(1.0)
    it.hearing.stop(DismissReason.MUTED, "switched off", also_waiting=True)
    await it.hearing.settled()
    await turns_of_the_loop()
    it.check_every_speech_has_one_end()
    assert it.reasons() == [DismissReason.MUTED] * 2
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_hostile_words_come_out_as_one_plain_line(stand: Stand) -> None:
    it = stand("a\x1b[31m\n\nb\u202e " + "x" * 10_000)
    await it.speech()
    text = it.texts()[0]
    assert text.startswith("a [31m b")
    assert text.isprintable()
    assert len(text) <= 2_000
