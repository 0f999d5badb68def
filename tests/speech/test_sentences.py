"""Cutting a reply into sentences while it is being written."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.speech.sentences import MAXIMUM_CHARACTERS, SentenceCutter


def cut(text: str, **limits: int) -> list[str]:
    cutter = SentenceCutter(**limits)
    return cutter.feed(text) + cutter.finish()


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Hi! How are you? Fine.", ["Hi!", "How are you?", "Fine."]),
        ('She said "stop." Then he left.', ['She said "stop."', "Then he left."]),
        ("Write to dana.smith@example.com now. Okay.", None),
        ("It is 3.14 or 1,000.5 today. Okay.", None),
        ("See https://a.example/x?y=1!z. Okay.", None),
        ("Dr. Fox and Mrs. Owl met J. R. Badger. Okay.", None),
        ("Fruit, e.g. apples, is good. Okay.", None),
        ("Well... maybe not. Okay.", ["Well... maybe not.", "Okay."]),
        ("Well... Maybe not.", ["Well...", "Maybe not."]),
        ("What?! No way!!! Yes.", ["What?!", "No way!!!", "Yes."]),
        ("1. Tea. Okay.", ["1. Tea.", "Okay."]),
        ("one\ntwo\r\n\r\nthree", ["one", "two", "three"]),
        (
            "みんな、ありがとう！次は？「はい。」そう。",
            ["みんな、ありがとう！", "次は？", "「はい。」", "そう。"],
        ),
        ("  spaced   out  .  ", ["spaced out ."]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_where_sentences_end(text: str, sentences: list[str] | None) -> None:
    wanted = sentences if sentences is not None else [text.removesuffix(" Okay."), "Okay."]
    assert cut(text, first_piece=1_000) == wanted


def test_the_first_piece_may_end_at_a_comma_so_that_sound_begins_sooner() -> None:
    text = (
        "Oh, I was just thinking about that, and it made me smile, really. And more, and more, yes."
    )
    assert cut(text) == [
        "Oh, I was just thinking about that,",
        "and it made me smile, really.",
        "And more, and more, yes.",
    ]


def test_a_sentence_is_given_as_soon_as_the_space_after_it_is_there() -> None:
    cutter = SentenceCutter()
    assert cutter.feed("Hello there.") == []
    assert cutter.feed(" ") == ["Hello there."]


def test_an_endless_sentence_is_cut_at_commas_or_spaces() -> None:
    words = cut("and then we ran " * 100)
    assert all(len(piece) <= MAXIMUM_CHARACTERS for piece in words)
    assert all(piece.split(" ")[0] in {"and", "then", "we", "ran"} for piece in words)
    clauses = cut("we ran and ran and ran all the day, " * 30)
    assert all(piece.endswith(",") for piece in clauses)


def test_a_wall_without_spaces_is_cut_at_the_maximum() -> None:
    assert [len(piece) for piece in cut("x" * 500)] == [120, 220, 160]


TEXTS = st.text(alphabet="aB .,!?…\n3@:/。」\"'IDr、-\u3000é", max_size=400)


@given(text=TEXTS, places=st.lists(st.integers(0, 400), max_size=12))
def test_where_it_cuts_does_not_depend_on_the_pieces(text: str, places: list[int]) -> None:
    cutter = SentenceCutter()
    edges = [0, *sorted(min(place, len(text)) for place in places), len(text)]
    pieces = [text[a:b] for a, b in pairwise(edges)]
    found = [sentence for piece in pieces for sentence in cutter.feed(piece)] + cutter.finish()
    assert found == cut(text)


@given(TEXTS)
def test_nothing_is_lost_and_nothing_is_too_long(text: str) -> None:
    found = cut(text)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(0 < len(sentence) <= MAXIMUM_CHARACTERS for sentence in found)


def test_the_first_piece_of_a_sentence_without_end_comes_early() -> None:
    first, second, *_ = cut("and then we ran over the hill with tea " * 20)
    assert len(first) <= 120
    assert 120 < len(second) <= 220
