"""What of a sentence is read aloud."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.speech.spoken_text import SpokenText, speakable


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Hello there.", "Hello there."),
        ("Hi 😀👩‍👩‍👧 you ❤️!", "Hi you!"),
        ("*giggles* Hi!", "Hi!"),
        ("Hi! *waves happily*", "Hi!"),
        ("I *really* like **this** and __that__.", "I really like this and that."),
        ("[laughs] Okay (whispers softly) then.", "Okay then."),
        ("It was 5 (five) tries.", "It was 5 (five) tries."),
        ("Look at https://a.example/x?y=1 now.", "Look at now."),
        ("Read [the guide](https://a.example) first.", "Read the guide first."),
        ("Type `rm -rf` now.", "Type now."),
        ("<b>Bold</b> words.", "Bold words."),
        ("# A title", "A title"),
        ("- a point", "a point"),
        ("Nice :smile: one :) <3", "Nice one"),
        ("Two of 8) and x) are fine, uwu XD ^_^", "Two of 8) and x) are fine,"),
        ("Hi Night_Owl_7, _really_ hi.", "Hi Night Owl 7, really hi."),
        ("2 < 3 & 5 > 4", "2 < 3 & 5 > 4"),
        ("noooooooooooooo!!!!!!!!!!", "nooo!!!"),
        ("21°C, 5 €", "21°C, 5 €"),
        ("Olá, coração! Привет, 世界。", "Olá, coração! Привет, 世界。"),
        ("...", ""),
        ("😀", ""),
        ("*sighs*", ""),
        ("*tilts head* Hi *jumps* there!", "Hi there!"),
        ("*takes a sip of tea* Mmm. *acena para todos*", "Mmm."),
        ("（笑） はい。", "はい。"),
        ("[music] (laughs softly) Okay (pause) then.", "Okay then."),
        (
            "I *always* look (sound familiar?) at *this* one.",
            "I always look (sound familiar?) at this one.",
        ),
        (
            "*This is huge* and *so* good, I *look* again.",
            "This is huge and so good, I look again.",
        ),
    ],
)
def test_only_what_can_be_said_is_left(text: str, spoken: str) -> None:
    assert speakable(text) == spoken


def test_a_code_block_is_not_read_over_its_lines() -> None:
    reply = SpokenText()
    lines = ["Here it is: ```python", "print(1)", "x = 2", "``` That was it.", "Bye."]
    assert [reply.of(line) for line in lines] == ["Here it is:", "", "", "That was it.", "Bye."]


@given(st.text(max_size=300))
def test_any_text_becomes_speakable_or_nothing(text: str) -> None:
    spoken = speakable(text)
    assert spoken == "" or any(c.isalnum() for c in spoken)
    assert not set(spoken) & set("*`\n\r\x00\u202e")
