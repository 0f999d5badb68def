import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.speech.own_words import are_hers, same_words

SAID = ["My neighbour wants to paint the purple bicycle.", "Let's see what happens next, chat!"]


@pytest.mark.parametrize(
    "heard",
    [
        "my neighbor wants to paint the purple bicycle",
        "wants to paint the purple",
        "the purple bicycle let's see what happens",
        "see what happens next chat",
    ],
)
def test_what_she_is_saying_is_known_as_hers_although_a_word_is_wrong(heard: str) -> None:
    assert are_hers(heard, SAID)


@pytest.mark.parametrize(
    "heard",
    [
        "wait what bicycle do you mean",
        "let's stop here for a second",
        "the next one please",
        "hello",
        "",
        "my chat wants the next purple thing to see",
    ],
)
def test_an_answer_that_shares_words_with_her_is_not(heard: str) -> None:
    assert not are_hers(heard, SAID, sounded_like_her=True)


def test_a_few_words_of_hers_are_hers_only_where_they_also_sounded_so() -> None:
    assert not are_hers("purple bicycle", SAID)
    assert are_hers("purple bicycle", SAID, sounded_like_her=True)
    assert not are_hers("bicycle purple", SAID, sounded_like_her=True)


def test_nothing_said_is_nothing_of_hers() -> None:
    assert not are_hers("wants to paint the purple bicycle", [])


@given(st.text(max_size=500), st.lists(st.text(max_size=300), max_size=5))
def test_the_share_is_a_share(heard: str, said: list[str]) -> None:
    assert 0.0 <= same_words(heard, said) <= 1.0
