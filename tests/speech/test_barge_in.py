"""In virtual time: a window is 32 ms, nothing sleeps."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.contracts.interruption import SpeechHold
from libs.contracts.listening import InterruptionKind
from libs.speech.barge_in import BargeIn, Decision, Orders, Rule

WINDOW = 0.032
NONE, LOWERED, PAUSED = SpeechHold.NONE, SpeechHold.LOWERED, SpeechHold.PAUSED
BACK_CHANNEL, FALSE_ALARM = InterruptionKind.BACK_CHANNEL, InterruptionKind.FALSE_ALARM


@dataclass
class Talk:
    """Plays a script and writes down what came of it, with its time."""

    rule: Rule = "words"
    audible: bool = True
    now: float = 100.0
    holds: list[tuple[float, SpeechHold]] = field(default_factory=list)
    decisions: list[tuple[float, Decision]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.barge_in = BargeIn(self.rule)
        self.began = self.now

    def note(self, orders: Orders) -> None:
        at = round(self.now - self.began, 3)
        if orders.hold is not None:
            self.holds.append((at, orders.hold))
        if orders.decision is not None:
            self.decisions.append((at, orders.decision))

    def sound(self, seconds: float, voiced: bool = True, laughing: bool = False) -> "Talk":
        for _ in range(round(seconds / WINDOW)):
            self.now += WINDOW
            self.note(self.barge_in.window(self.now, WINDOW, voiced, self.audible, laughing))
        return self

    def silence(self, seconds: float) -> "Talk":
        return self.sound(seconds, voiced=False)

    def words(self, text: str) -> "Talk":
        self.note(self.barge_in.words(text, self.now, self.audible))
        return self

    def over(self) -> "Talk":
        self.note(self.barge_in.over(self.now, self.audible))
        return self

    def key(self, held: bool) -> "Talk":
        self.note(self.barge_in.talk_key(held, self.now, self.audible))
        return self

    def begin(self) -> "Talk":
        self.barge_in.started()
        return self

    @property
    def kinds(self) -> list[InterruptionKind]:
        return [decision.kind for _, decision in self.decisions]

    def first(self, hold: SpeechHold) -> float:
        return next(at for at, what in self.holds if what is hold)

    @property
    def held(self) -> SpeechHold:
        return self.holds[-1][1] if self.holds else NONE


def test_a_voice_lowers_her_after_a_tenth_and_pauses_her_before_a_quarter_of_a_second() -> None:
    talk = Talk().sound(0.3)
    assert 0.09 <= talk.first(LOWERED) <= 0.13
    assert 0.2 <= talk.first(PAUSED) <= 0.26
    assert talk.decisions == []


def test_a_click_changes_nothing() -> None:
    talk = Talk().sound(0.064).silence(2.0)
    assert talk.holds == []


def test_a_cough_lowers_her_for_a_moment_and_is_no_decision() -> None:
    talk = Talk().sound(0.13).silence(2.0)
    assert [hold for _, hold in talk.holds] == [LOWERED, NONE]
    assert talk.holds[-1][0] < 0.6
    assert talk.decisions == []


def test_a_short_sound_that_ends_pauses_her_and_lets_her_go_on() -> None:
    talk = Talk().sound(0.45).silence(1.0)
    assert talk.kinds == [BACK_CHANNEL]
    at, decision = talk.decisions[0]
    assert decision.after_seconds <= 0.4
    assert at <= 0.45 + 0.2
    assert talk.held is NONE


def test_a_sound_that_ends_as_soon_as_she_is_paused_is_a_false_alarm() -> None:
    talk = Talk().sound(0.27).silence(1.0)
    assert talk.kinds == [FALSE_ALARM]
    assert talk.held is NONE


def test_a_voice_that_is_none_where_she_is_quiet_does_not_cut_her() -> None:
    """Noise over her in a room with a loudspeaker: while she rings on, the model hears a voice."""
    talk = Talk().sound(0.4).silence(0.16).sound(0.064).silence(1.0)
    assert talk.kinds == [BACK_CHANNEL]
    assert talk.held is NONE


def test_after_pauses_for_no_words_at_all_only_words_stop_her() -> None:
    talk = Talk()
    for _ in range(8):
        talk.sound(0.55).silence(0.7)
    assert len(talk.kinds) == 3
    assert not any(kind.cuts for kind in talk.kinds)
    assert talk.words("Wait, listen to me").kinds[-1] is InterruptionKind.WORDS
    later = Talk()
    for _ in range(3):
        later.sound(0.55).silence(0.7)
    assert later.silence(16.0).begin().sound(1.0).kinds[-1] is InterruptionKind.WORDS


def test_after_false_alarms_more_voice_is_needed_for_a_while() -> None:
    talk = Talk()
    for _ in range(4):
        talk.sound(0.27).silence(1.0)
    assert talk.kinds == [FALSE_ALARM]
    assert Talk().sound(0.27).silence(20.0).sound(0.27).silence(1.0).kinds == [FALSE_ALARM] * 2
    assert talk.begin().sound(1.0).kinds == [FALSE_ALARM, InterruptionKind.WORDS]


def test_a_voice_that_goes_on_without_known_words_cuts_her_at_the_deadline() -> None:
    talk = Talk().begin().sound(1.5)
    assert talk.kinds == [InterruptionKind.WORDS]
    assert 0.36 <= talk.decisions[0][1].after_seconds <= 0.4
    assert talk.held is PAUSED


def test_real_words_cut_her_at_once() -> None:
    talk = Talk().begin().sound(0.35).words("wait a moment")
    assert talk.kinds == [InterruptionKind.WORDS]
    assert talk.decisions[0][1].text == "wait a moment"
    assert talk.decisions[0][1].after_seconds < 0.2


def test_a_long_uh_huh_that_is_understood_does_not_cut_her() -> None:
    talk = Talk().begin().sound(0.4).words("uh-huh, yeah").sound(0.6).silence(1.0).over()
    assert talk.kinds == [BACK_CHANNEL]
    assert talk.held is NONE


def test_yeah_that_goes_on_as_an_objection_cuts_her_after_all() -> None:
    talk = Talk().begin().sound(0.4).words("yeah").sound(0.4).words("yeah but why")
    assert talk.kinds == [BACK_CHANNEL, InterruptionKind.WORDS]
    assert talk.held is PAUSED


def test_laughter_over_the_deadline_lowers_her_and_never_cuts_her() -> None:
    talk = Talk().begin().sound(3.0, laughing=True).silence(1.0).over()
    assert talk.kinds == [BACK_CHANNEL]
    after = [hold for at, hold in talk.holds if at > talk.decisions[0][0]]
    assert set(after) == {LOWERED, NONE}


def test_who_speaks_on_after_laughing_cuts_her() -> None:
    talk = Talk().begin().sound(1.5, laughing=True).sound(1.5)
    assert talk.kinds == [BACK_CHANNEL, InterruptionKind.WORDS]


def test_a_short_wait_that_she_went_on_after_is_understood_later_and_cuts_her() -> None:
    talk = Talk().begin().sound(0.4).silence(0.6)
    assert talk.held is NONE
    talk.words("wait!")
    assert talk.kinds == [BACK_CHANNEL, InterruptionKind.WORDS]
    assert talk.held is PAUSED


def test_nothing_of_hers_sounds_between_the_cut_and_the_end_of_that_speech() -> None:
    talk = Talk().begin().sound(1.0)
    talk.audible = False  # the stage has stopped her
    talk.sound(5.0).silence(0.6)
    assert talk.held is PAUSED
    gaps = [b[0] - a[0] for a, b in zip(talk.holds, talk.holds[1:], strict=False)]
    assert max(gaps) < talk.barge_in.times.hold
    assert talk.over().held is NONE


def test_a_late_cut_holds_her_until_she_is_stopped_for_good() -> None:
    talk = Talk().begin().sound(0.4).silence(0.6).words("wait!").over()
    assert talk.held is PAUSED
    talk.audible = False
    assert talk.silence(0.04).held is NONE


def test_a_cut_that_nobody_carries_out_does_not_hold_her_for_ever() -> None:
    assert Talk().begin().sound(1.0).over().silence(1.0).held is NONE
    assert Talk().sound(1.0).silence(2.0).held is NONE


def test_the_talk_key_cuts_her_at_once_and_holds_her_while_it_is_held() -> None:
    talk = Talk("talk_key").key(True)
    assert talk.kinds == [InterruptionKind.PUSH_TO_TALK]
    assert talk.held is PAUSED
    talk.audible = False
    talk.silence(4.0)
    assert talk.held is PAUSED
    assert talk.key(False).silence(2.0).held is NONE
    assert len(talk.decisions) == 1


def test_a_reply_that_begins_while_the_key_is_held_is_cut() -> None:
    talk = Talk("talk_key", audible=False).key(True).silence(0.5)
    assert talk.decisions == []
    talk.audible = True
    assert talk.silence(0.04).kinds == [InterruptionKind.PUSH_TO_TALK]


@pytest.mark.parametrize("rule", ["talk_key", "never"])
def test_where_words_do_not_cut_neither_voice_nor_words_hold_her(rule: Rule) -> None:
    talk = Talk(rule).begin().sound(2.0).words("wait, stop it").silence(1.0).over()
    assert talk.holds == []
    assert talk.decisions == []


def test_never_means_the_key_as_well_but_an_order_to_be_silent_counts() -> None:
    talk = Talk("never").key(True)
    assert talk.decisions == []
    talk.note(talk.barge_in.keyword("stop talking", talk.now, True))
    assert talk.kinds == [InterruptionKind.KEYWORD]


def test_her_own_voice_lets_her_go_on() -> None:
    talk = Talk().begin().sound(0.3)
    talk.note(talk.barge_in.own_voice(talk.now))
    assert talk.kinds == [FALSE_ALARM]
    assert talk.held is NONE


def test_while_she_is_silent_nothing_is_held() -> None:
    talk = Talk(audible=False).begin().sound(3.0).words("good morning").silence(1.0).over()
    assert talk.holds == []
    assert talk.decisions == []


def test_when_she_ends_by_herself_the_hold_goes() -> None:
    for voiced in (0.13, 0.3):
        talk = Talk().sound(voiced)
        talk.audible = False
        assert talk.sound(0.04).held is NONE


STEP = st.one_of(
    st.tuples(st.just("sound"), st.floats(0.03, 1.2), st.booleans(), st.booleans()),
    st.tuples(st.just("words"), st.sampled_from(["", "yeah", "wait", "haha", "no no", "\x00"])),
    st.tuples(st.just("over")),
    st.tuples(st.just("begin")),
    st.tuples(st.just("key"), st.booleans()),
    st.tuples(st.just("audible"), st.booleans()),
    st.tuples(st.just("own")),
    st.tuples(st.just("silent")),
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["words", "talk_key", "never"]), st.lists(STEP, max_size=30))
def test_whatever_happens_no_pause_stays_and_each_is_decided_in_time(
    rule: Rule, steps: list[tuple[object, ...]]
) -> None:
    talk = Talk(rule)
    for what, *how in steps:
        match what, how:
            case "sound", [float(seconds), bool(voiced), bool(laughing)]:
                talk.sound(seconds, voiced, laughing)
            case "words", [str(text)]:
                talk.words(text)
            case "key", [bool(held)]:
                talk.key(held)
            case "audible", [bool(audible)]:
                talk.audible = audible
            case "own", _:
                talk.note(talk.barge_in.own_voice(talk.now))
            case "silent", _:
                talk.note(talk.barge_in.silent(talk.now))
            case "over", _:
                talk.over()
            case _:
                talk.begin()
    talk.key(False).over().silence(3.0)
    assert talk.held is NONE
    assert all(0 <= d.after_seconds <= 0.4 + WINDOW for _, d in talk.decisions)
    if rule == "never":
        assert talk.holds == []
    cuts = [at for at, decision in talk.decisions if decision.kind.cuts]
    assert all(any(at == cut and hold is PAUSED for at, hold in talk.holds) for cut in cuts)
