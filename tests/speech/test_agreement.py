from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from libs.speech.agreement import LocalAgreement

WORDS = st.lists(st.sampled_from(["a", "b", "c", "Kitsu,", "kitsu", "hello!"]), max_size=8)
PASSES = st.lists(WORDS.map(" ".join), max_size=8)


def test_what_two_passes_say_alike_is_confirmed() -> None:
    partials = LocalAgreement()
    assert partials.take("hello kit") == ""
    assert partials.take("Hello Kitsu can you") == "Hello"
    assert partials.take("Hello, Kitsu, can you hear") == "Hello Kitsu, can you"
    assert partials.text == "Hello Kitsu, can you hear"
    assert partials.tentative == "hear"


def test_what_comes_before_a_change_only_counts() -> None:
    partials = LocalAgreement()
    partials.take("I scream for it")
    assert partials.take("Ice cream for it") == ""
    assert partials.take("Ice cream for it now") == "Ice cream for it"


def test_a_pass_that_takes_everything_back_takes_nothing_back() -> None:
    partials = LocalAgreement()
    partials.take("one two")
    partials.take("one two")
    assert partials.take("") == "one two"
    assert partials.text == "one two"
    assert partials.take("three two four") == "one two"
    assert partials.take("three two four") == "one two four"


@given(passes=PASSES)
def test_confirmed_words_only_grow(passes: list[str]) -> None:
    partials = LocalAgreement()
    before: list[str] = []
    for text in passes:
        now = partials.take(text).split()
        assert now[: len(before)] == before
        assert partials.text.split()[: len(now)] == now
        before = now


@given(text=WORDS.map(" ".join))
def test_two_equal_passes_confirm_all_of_it(text: str) -> None:
    partials = LocalAgreement()
    partials.take(text)
    assert partials.take(text) == text


@given(passes=PASSES)
def test_nothing_is_confirmed_that_no_two_passes_in_a_row_say(passes: list[str]) -> None:
    partials = LocalAgreement()
    for text in passes:
        partials.take(text)
    for place, word in enumerate(partials.confirmed.split()):
        bare = word.strip(",!").lower()
        pairs = pairwise(passes)
        assert any(
            len(a.split()) > place < len(b.split())
            and a.split()[place].strip(",!").lower() == bare == b.split()[place].strip(",!").lower()
            for a, b in pairs
        )
