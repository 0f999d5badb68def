"""Whether the host speaks, in virtual time: time is a number here."""

from hypothesis import given
from hypothesis import strategies as st

from apps.orchestrator.floor.host import MOST_SPEECHES, REMEMBERED_SPEECHES, HostSpeech
from apps.orchestrator.floor.rules import HostRules


def host(**rules: float) -> HostSpeech:
    return HostSpeech(
        HostRules.model_validate({"grace_seconds": 2, "at_most_seconds": 10, **rules})
    )


def test_a_speech_goes_on_until_its_words_are_there() -> None:
    here = host()
    here.started(0.0, "a")
    here.ended(3.0, "a")
    assert here.goes_on(4.9)
    here.understood("a")
    assert not here.goes_on(4.9)


def test_the_words_of_one_speech_do_not_end_the_next_one() -> None:
    here = host()
    here.started(0.0, "a")
    here.ended(2.0, "a")
    here.started(2.5, "b")
    here.understood("a")
    assert here.goes_on(3.0)
    here.understood("b")
    assert not here.goes_on(3.0)


def test_words_of_no_known_speech_end_all_of_them() -> None:
    here = host()
    here.started(0.0, "a")
    here.started(1.0, "b")
    here.understood()
    assert not here.goes_on(1.0)


def test_words_that_do_not_come_are_waited_for_for_the_grace_alone() -> None:
    here = host()
    here.started(0.0, "a")
    here.ended(3.0, "a")
    assert here.goes_on(4.9)
    assert not here.goes_on(5.0)


def test_a_long_speech_goes_on_as_long_as_something_is_heard_of_it() -> None:
    here = host()
    here.started(0.0, "a")
    for second in range(5, 90, 5):
        assert here.heard(float(second), "a")
        assert here.goes_on(second + 4.0)
    assert not here.goes_on(85.0 + 10.0)


def test_a_voice_that_never_ends_does_not_silence_her_for_ever() -> None:
    here = host()
    here.started(0.0, "music")
    for second in range(1_000):
        here.heard(float(second))
    assert not here.goes_on(100.0)


def test_what_is_heard_behind_its_end_prolongs_nothing() -> None:
    here = host()
    here.started(0.0, "a")
    here.ended(3.0, "a")
    here.heard(4.9)
    assert not here.goes_on(5.0)


def test_a_speech_whose_beginning_was_lost_is_one_all_the_same() -> None:
    here = host()
    assert here.heard(5.0, "a")
    assert here.goes_on(6.0)
    here.understood("a")
    assert not here.goes_on(6.0)


def test_a_speech_that_is_over_does_not_begin_again() -> None:
    here = host()
    here.started(0.0, "a")
    here.understood("a")
    here.started(0.0, "a")
    assert not here.heard(1.0, "a")
    assert not here.goes_on(1.0)


_EVENT = st.tuples(
    st.sampled_from(["started", "heard", "ended", "understood"]),
    st.floats(0, 1_000),
    st.sampled_from(["", "a", "b", "c"]),
)


@given(st.lists(_EVENT, max_size=60))
def test_whatever_is_told_and_lost_it_is_over_in_bounded_time(
    told: list[tuple[str, float, str]],
) -> None:
    here = host()
    for what, at, speech_id in told:
        if what == "understood":
            here.understood(speech_id)
        else:
            getattr(here, what)(at, speech_id)
    latest = max((at for _, at, _ in told), default=0.0)
    assert not here.goes_on(latest + 10.0)


def test_any_number_of_speeches_keeps_it_small() -> None:
    here = host()
    for number in range(1_000):
        here.started(float(number), f"s{number}")
    assert len(here._speeches) == MOST_SPEECHES
    for number in range(1_000):
        here.understood(f"s{number}")
    assert len(here._over) == REMEMBERED_SPEECHES
    assert not here.goes_on(999.0)
