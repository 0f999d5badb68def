"""Which mood she shows, in virtual time: every moment is a number."""

from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.speaking import Mood
from libs.speech.mood_keeper import MoodKeeper

HAPPY, SAD, ANGRY, SMUG, NEUTRAL = Mood.HAPPY, Mood.SAD, Mood.ANGRY, Mood.SMUG, Mood.NEUTRAL
#: What she said keeps its mood for so long after.
STAYS_SECONDS = 12.0


def keeper(hold: float = 4.0) -> MoodKeeper:
    return MoodKeeper(hold)


def course(moods: MoodKeeper, since: float, until: float) -> list[tuple[float, Mood]]:
    """Each change of what is shown, looked for only when it says that something is due."""
    now, changes = since, [(since, moods.look(since))]
    while (due := moods.due(now)) is not None and due <= until:
        now = due
        if moods.look(now) is not changes[-1][1]:
            changes.append((now, moods.look(now)))
    return changes


def test_a_reply_shows_its_mood_and_twelve_seconds_after_it_she_is_neutral() -> None:
    moods = keeper()
    moods.began(HAPPY)
    assert course(moods, 0.0, 100.0) == [(0.0, HAPPY)]
    moods.finished(100.0, STAYS_SECONDS)
    assert course(moods, 100.0, 200.0) == [(100.0, HAPPY), (112.0, NEUTRAL)]
    assert moods.due(200.0) is None


def test_a_mood_stays_four_seconds_at_least_and_the_newest_wish_follows() -> None:
    moods = keeper()
    moods.order(HAPPY, None, 0.0)
    moods.look(0.0)
    moods.order(SAD, None, 1.0)
    assert moods.look(1.0) is HAPPY
    moods.order(ANGRY, None, 2.0)
    assert course(moods, 2.0, 60.0) == [(2.0, HAPPY), (4.0, ANGRY)]


def test_a_wish_that_was_taken_back_in_time_is_never_shown() -> None:
    moods = keeper()
    moods.order(HAPPY, None, 0.0)
    moods.look(0.0)
    moods.order(SAD, 1.0, 1.0)
    assert course(moods, 1.0, 60.0) == [(1.0, HAPPY)]


def test_a_neutral_face_reacts_at_once() -> None:
    moods = keeper()
    moods.order(HAPPY, 5.0, 0.0)
    assert course(moods, 0.0, 6.0) == [(0.0, HAPPY), (5.0, NEUTRAL)]
    moods.began(SAD)
    assert moods.look(5.1) is SAD


def test_a_mood_for_a_time_ends_and_what_was_ordered_before_shows_again() -> None:
    moods = keeper(hold=0.0)
    moods.order(SMUG, None, 0.0)
    moods.order(ANGRY, 3.0, 1.0)
    assert course(moods, 1.0, 60.0) == [(1.0, ANGRY), (4.0, SMUG)]
    moods.began(HAPPY)
    moods.finished(70.0, STAYS_SECONDS)
    assert course(moods, 70.0, 200.0) == [(70.0, HAPPY), (82.0, SMUG)]


def test_the_newest_counts_an_order_over_a_reply_and_a_reply_over_an_order() -> None:
    moods = keeper(hold=0.0)
    moods.began(HAPPY)
    moods.order(SAD, None, 1.0)
    assert moods.look(1.0) is SAD
    moods.began(ANGRY)
    assert moods.look(2.0) is ANGRY
    moods.order(SMUG, 2.0, 3.0)
    assert course(moods, 3.0, 60.0) == [(3.0, SMUG), (5.0, ANGRY)]


def test_an_order_for_a_time_wins_for_that_time_and_then_counts_what_she_says() -> None:
    moods = keeper(hold=0.0)
    moods.began(HAPPY)
    moods.order(SMUG, 10.0, 1.0)
    assert moods.look(1.0) is SMUG
    moods.finished(2.0, STAYS_SECONDS)
    moods.began(SAD)
    assert course(moods, 3.0, 60.0) == [(3.0, SMUG), (11.0, SAD)]


def test_of_two_orders_for_a_time_the_newest_counts_alone() -> None:
    moods = keeper(hold=0.0)
    moods.order(SMUG, 60.0, 0.0)
    moods.order(ANGRY, 2.0, 1.0)
    assert course(moods, 1.0, 100.0) == [(1.0, ANGRY), (3.0, NEUTRAL)]
    moods.order(SMUG, 60.0, 100.0)
    moods.order(ANGRY, None, 101.0)
    assert course(moods, 101.0, 300.0) == [(101.0, ANGRY)]


def test_what_was_cut_leaves_no_mood_behind() -> None:
    moods = keeper(hold=0.0)
    moods.began(SAD)
    assert moods.look(1.0) is SAD
    moods.finished(2.0, 0.0)
    assert moods.look(2.0) is NEUTRAL


def test_panic_makes_her_neutral_at_once_and_takes_back_every_wish() -> None:
    moods = keeper()
    moods.order(ANGRY, None, 0.0)
    assert moods.look(0.0) is ANGRY
    moods.panic(True)
    assert moods.look(0.1) is NEUTRAL
    moods.began(HAPPY)
    assert moods.look(0.2) is NEUTRAL
    moods.panic(True)
    moods.panic(False)
    assert course(moods, 1.0, 60.0) == [(1.0, NEUTRAL)]


@given(
    st.lists(
        st.tuples(st.floats(0.01, 3), st.sampled_from(Mood), st.none() | st.floats(0, 9)),
        max_size=30,
    )
)
def test_no_mood_but_neutral_is_ever_left_before_its_time(
    orders: list[tuple[float, Mood, float | None]],
) -> None:
    moods, now, since = keeper(hold=4.0), 0.0, -100.0
    shown = NEUTRAL
    for pause, mood, hold in orders:
        now += pause
        moods.order(mood, hold, now)
        if moods.look(now) is not shown:
            assert shown is NEUTRAL or now - since >= 4.0
            shown, since = moods.look(now), now
