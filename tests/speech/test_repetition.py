"""What counts as said before."""

import pytest

from libs.speech.repetition import SaidBefore

LINE = "I was just thinking about green tea, and it made me smile."


@pytest.mark.parametrize(
    ("sentence", "exactly", "nearly"),
    [
        (LINE, True, True),
        (LINE.upper().replace(",", " -"), True, True),
        ("I was just thinking about green tea and it made me smile again.", False, True),
        ("I was just thinking about the rain, and it made me smile.", False, False),
        ("Hehe!", True, False),
        ("What do you think?", True, False),
        ("", False, False),
        ("!!!", False, False),
    ],
)
def test_longer_sentences_are_compared_loosely_and_short_ones_may_come_back(
    sentence: str, exactly: bool, nearly: bool
) -> None:
    said = SaidBefore([LINE, "Hehe!", "What do you think?"])
    assert (said.exactly(sentence), said.nearly(sentence)) == (exactly, nearly)
