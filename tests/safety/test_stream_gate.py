"""A reply that is judged while it is being written."""

from libs.contracts.safety import GateAction
from libs.safety import Gate, StreamGate
from libs.safety.stream_gate import MAXIMUM_BLOCKS
from tests.safety.corpus import DISGUISES, HARMLESS

GATE = Gate.load()
WORD = DISGUISES["plain"]
BAD = f"You {WORD}."


def run(sentences: list[str], secret_text: str = "") -> list[tuple[str, GateAction]]:
    stream = StreamGate(GATE, secret_text)
    judged = [judged for sentence in sentences for judged in stream.feed(sentence)]
    return [(j.text, j.verdict.action) for j in [*judged, *stream.finish()]]


def test_harmless_sentences_come_out_in_order_and_at_once() -> None:
    stream = StreamGate(GATE)
    for line in HARMLESS:
        assert [j.text for j in stream.feed(line)] == [line]


def test_a_word_split_over_two_sentences_is_stopped() -> None:
    outcome = run(["What the " + WORD[:2] + ".", WORD[2:] + " is that?", "Hello again."])
    assert [action for _, action in outcome] == [GateAction.BLOCK, GateAction.ALLOW]
    assert outcome[1][0] == "Hello again."


def test_a_word_split_at_the_first_cut_is_stopped() -> None:
    outcome = run(["So I went home and said, oh " + WORD[:3], WORD[3:] + " you, my friend."])
    assert GateAction.BLOCK in [action for _, action in outcome]


def test_letters_spelled_over_two_sentences_are_stopped() -> None:
    outcome = run(["Give me an " + " ".join(WORD[:2]).upper() + ".", " ".join(WORD[2:]) + ", yes."])
    assert [action for _, action in outcome] == [GateAction.BLOCK]


def test_a_held_scrap_that_means_nothing_is_said_after_all() -> None:
    assert run(["This is so fu.", "Anyway, tea."]) == [
        ("This is so fu.", GateAction.ALLOW),
        ("Anyway, tea.", GateAction.ALLOW),
    ]
    assert run(["This is so fu."]) == [("This is so fu.", GateAction.ALLOW)]


def test_after_three_blocks_nothing_passes_any_more() -> None:
    stream = StreamGate(GATE)
    for _ in range(MAXIMUM_BLOCKS):
        assert stream.feed(BAD)[0].verdict.action is GateAction.BLOCK
    assert stream.ended
    assert stream.feed("Hello.") == []
    assert stream.finish() == []


def test_her_instructions_are_not_read_aloud() -> None:
    secret = "You are a fox who lives under the old bridge and guards a very secret cookie."
    outcome = run(
        ["Sure! ", "You are a fox who lives under the old bridge.", "I like foxes."], secret
    )
    assert [action for _, action in outcome] == [
        GateAction.ALLOW,
        GateAction.BLOCK,
        GateAction.ALLOW,
    ]


def test_her_instructions_are_not_read_aloud_in_pieces() -> None:
    secret = "You are a fox who lives under the old bridge and guards a very secret cookie."
    outcome = run(["You are a fox who lives,", "under the old bridge and guards."], secret)
    assert outcome[1][1] is GateAction.BLOCK
