"""Reading the parts of a reply while it is being written."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.policy_worker.reply_parser import (
    MoodChange,
    Part,
    RawAction,
    ReplyParser,
    SpeechBegan,
    SpeechEnded,
    SpeechText,
)

WHOLE = "<mood>happy</mood>\n<speech>Hi there. Bye.</speech>\n<actions>wave, smile</actions>"


def parse(*pieces: str) -> list[Part]:
    parser = ReplyParser()
    parts = [part for piece in pieces for part in parser.feed(piece)] + parser.finish()
    merged: list[Part] = []
    for part in parts:
        last = merged[-1] if merged else None
        if isinstance(part, SpeechText) and isinstance(last, SpeechText):
            merged[-1] = SpeechText(last.text + part.text)
        else:
            merged.append(part)
    return merged


def speech(*pieces: str) -> str:
    return "".join(part.text for part in parse(*pieces) if isinstance(part, SpeechText))


CORPUS = {
    WHOLE: "\nHi there. Bye.",
    "Hello, plain text.": "Hello, plain text.",
    "<speech>unclosed <mood>sad</mood> more": "unclosed  more",
    "<speech>Hello</spe": "Hello",
    "<speech>Hello</speech": "Hello",
    "<SPEECH>Up</SPEECH><Mood>HAPPY</Mood>": "Up",
    "<speech lang=\"en\" tone='warm'>Warm</speech >< mood>ok</mood><actions />": "Warm",
    "<actions>a</actions><mood>b</mood><speech>Order</speech>": "Order",
    WHOLE + "\n" + WHOLE: "\nHi there. Bye.Hi there. Bye.",
    "<speech>Sure! <actions>scene:BRB</actions> Go. <mood>angry</mood> Bye!</speech>": (
        "Sure!  Go.  Bye!"
    ),
    "<think>secret <speech>plan</speech></think><speech>Said</speech>": "Said",
    "<think>never closed. <speech>x</speech>": "",
    "<speech>a<think>b</think>c</speech>": "ac",
    "stray </think> tag": "stray  tag",
    "<speech>Tom &amp; Jerry &lt;3 &#x21; &nbsp;&copy; & co &; &unknown; AT&T</speech>": (
        "Tom & Jerry <3 ! \xa0© & co &; &unknown; AT&T"
    ),
    "<speech>2 < 3 and 5 > 4, <b>bold</b> <3</speech>": "2 < 3 and 5 > 4, <b>bold</b> <3",
    "<speech>&lt;speech&gt;not a tag&lt;/speech&gt;</speech>after": "<speech>not a tag</speech>",
    "Sure! Here:\n```xml\n<speech>Fenced</speech>\n```\nHope that helps!": (
        "Sure! Here:\n```xml\nFenced"
    ),
    "<mood>happy<speech>Mood left open</speech>": "Mood left open",
    "<speech>a<speech>b</speech>c</speech>": "ab",
    "<speech/>nothing": "",
    "<speechless>text</speechless>": "<speechless>text</speechless>",
    "<<speech>>double</speech>": "<>double",
    "<speech>" + "x" * 50 + "<mood " + "y" * 300: "x" * 50 + "<mood " + "y" * 300,
    "<speech>a</speech><code>b</code>c": "a",
    "<code lang='x'>b <i>c</code><speech>a</speech>": "a",
    "<code>b <speech>a</speech>": "a",
    "Use <code>b</code> now": "Use  now",
    "<reasoning>x</reasoning><thought>y</thought>z": "z",
    "": "",
}


@pytest.mark.parametrize("reply", CORPUS)
def test_what_is_speech(reply: str) -> None:
    assert speech(reply) == CORPUS[reply]


@pytest.mark.parametrize("reply", CORPUS)
def test_every_cut_point_gives_the_same(reply: str) -> None:
    whole = parse(reply)
    for place in range(len(reply) + 1):
        assert parse(reply[:place], reply[place:]) == whole
    assert parse(*reply) == whole


@given(reply=st.sampled_from(list(CORPUS)), places=st.lists(st.integers(0, 400), max_size=20))
def test_every_chunking_gives_the_same(reply: str, places: list[int]) -> None:
    edges = [0, *sorted(min(p, len(reply)) for p in places), len(reply)]
    pieces = [reply[a:b] for a, b in pairwise(edges)]
    assert parse(*pieces) == parse(reply)


SCRAPS = (
    "<speech>|</speech>|<mood>|</mood>|<actions>|</actions>|<think>|</think>|<|>|/|&|&amp;|&lt;"
    "|<speech|<Mood/>|happy|wave,|Hello.|2<3|<action>|</action>|é| |\n"
)
TAG_SOUP = st.lists(st.sampled_from(SCRAPS.split("|")), max_size=30).map("".join)


@given(reply=TAG_SOUP, size=st.integers(1, 7))
def test_any_soup_of_tags_is_read_the_same_in_pieces(reply: str, size: int) -> None:
    pieces = [reply[at : at + size] for at in range(0, len(reply), size)]
    assert parse(*pieces) == parse(reply)


@given(TAG_SOUP)
def test_thinking_is_never_spoken(soup: str) -> None:
    assert "hidden" not in speech(
        "<speech>Hi.</speech><think>hidden " + soup.replace("</think>", "")
    )


def test_parts_come_in_their_order() -> None:
    assert parse(WHOLE) == [
        MoodChange("happy"),
        SpeechText("\n"),
        SpeechBegan(),
        SpeechText("Hi there. Bye."),
        SpeechEnded(),
        RawAction("wave"),
        RawAction("smile"),
    ]


def test_actions_are_split_bounded_and_may_be_tags() -> None:
    assert parse("<speech>x</speech><actions><action>wave</action><action>nod</action></actions>")[
        -2:
    ] == [RawAction("wave"), RawAction("nod")]
    many = parse("<actions>" + "wave," * 500 + "y" * 900 + "</actions>")
    assert len(many) == 16
    unclosed = parse("<speech>x</speech><actions>wave")
    assert unclosed[-1] == RawAction("wave")


def test_speech_is_given_as_it_comes() -> None:
    parser = ReplyParser()
    assert parser.feed("<speech>Hello") == [SpeechBegan(), SpeechText("Hello")]
    assert parser.feed(" there") == [SpeechText(" there")]
    assert parser.feed("<") == []
    assert parser.feed("3") == [SpeechText("<3")]


def test_a_long_hostile_reply_costs_linear_time() -> None:
    for piece in ("<", "<speech ", "&", "</", "<think>", "<mood>a"):
        parse(piece * 20_000)
