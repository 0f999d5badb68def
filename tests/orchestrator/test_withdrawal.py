"""What is left of an input, and which late lines were taken back: pure rules."""

from apps.orchestrator.taken_back import MOST_REMEMBERED, TakenBack
from apps.orchestrator.withdrawal import Withdrawal
from libs.contracts.chat import ChatMessageReceived
from libs.contracts.conversation import Asker, TurnInput, TurnSource
from libs.contracts.people import Author

ANN = Author(viewer_id="twitch:1", name="ann")


def given(source: TurnSource = TurnSource.CHAT, *ids: str, author: Author = ANN) -> TurnInput:
    return TurnInput(source=source, author=author, text="hi", message_ids=ids, arrived_at=1.0)


def line(message_id: str = "m1", author: Author = ANN, **fields: float) -> ChatMessageReceived:
    return ChatMessageReceived(
        message_id=message_id,
        platform="twitch",
        author=author,
        text="hi",
        **{"emitted_at": 100.0, **fields},
    )


def test_an_input_of_several_lines_stays_until_the_one_that_it_quotes_is_taken_back() -> None:
    batch = given(TurnSource.CHAT, "quoted", "alike", "alike too")
    left = Withdrawal(message_id="alike").left_of(batch)
    assert left is not None
    assert left.message_ids == ("quoted", "alike too")
    assert Withdrawal(message_id="quoted").left_of(left) is None
    assert Withdrawal(message_id="other").left_of(batch) is batch


def test_somebody_else_who_asked_the_same_is_named_no_more() -> None:
    bob = Asker(viewer_id="twitch:2", name="bob", message_id="b1")
    eve = Asker(viewer_id="local:eve", name="eve", message_id="e1")
    asked = given(TurnSource.CHAT, "m1").model_copy(update={"asked_by": (bob, eve)})
    for withdrawal in (Withdrawal(message_id="b1"), Withdrawal(viewer_id="twitch:2")):
        left = withdrawal.left_of(asked)
        assert left is not None
        assert (left.text, left.asked_by) == (asked.text, (eve,))
    assert Withdrawal(message_id="m1").left_of(asked) is None
    assert Withdrawal(platform="twitch").left_of(asked) is None


def test_nothing_is_taken_back_by_nothing() -> None:
    nobody = Author(viewer_id="", name="poll")
    for one in (given(), given(author=nobody), given(TurnSource.CHAT, "m"), given(TurnSource.IDLE)):
        assert Withdrawal().left_of(one) is one


def test_all_of_a_viewer_is_taken_back_whatever_it_was() -> None:
    for source in TurnSource:
        assert Withdrawal(viewer_id="twitch:1").left_of(given(source, "m")) is None
    other = given(author=Author(viewer_id="twitch:11", name="ann"))
    assert Withdrawal(viewer_id="twitch:1").left_of(other) is other


def test_a_chat_that_is_cleared_takes_what_was_written_there_and_nothing_else() -> None:
    cleared = Withdrawal(platform="twitch")
    assert cleared.left_of(given(TurnSource.CHAT)) is None
    assert cleared.left_of(given(TurnSource.PAID)) is None
    for source in (TurnSource.VOICE, TurnSource.OPERATOR, TurnSource.IDLE):
        assert cleared.left_of(given(source)) is not None
    elsewhere = given(author=Author(viewer_id="local:bob", name="bob"))
    assert cleared.left_of(elsewhere) is elsewhere


# Late lines --------------------------------------------------------------------------------------


def test_a_line_that_comes_within_a_minute_of_its_own_deletion_is_known_to_be_gone() -> None:
    known = TakenBack()
    assert not known.covers(line(), 100.0)
    known.deleted("twitch", "m1", 100.0)
    assert known.covers(line(), 159.0)
    assert not known.covers(line("m2"), 159.0)
    assert not known.covers(line(), 161.0)


def test_what_was_written_before_a_ban_is_gone_and_what_comes_after_a_timeout_is_not() -> None:
    known = TakenBack()
    known.banned("twitch:1", 100.0)
    assert known.covers(line(written_at=99.0, emitted_at=105.0), 105.0)
    assert known.covers(line(emitted_at=100.0), 105.0)
    assert not known.covers(line(written_at=101.0, emitted_at=105.0), 105.0)
    assert not known.covers(line(author=Author(viewer_id="twitch:2", name="x")), 105.0)


def test_what_was_written_before_the_chat_was_cleared_is_gone() -> None:
    known = TakenBack()
    known.cleared("twitch", 100.0)
    assert known.covers(line(written_at=99.0, emitted_at=105.0), 105.0)
    assert not known.covers(line(written_at=101.0, emitted_at=105.0), 105.0)


def test_deletions_in_a_flood_are_bounded() -> None:
    known = TakenBack()
    for number in range(MOST_REMEMBERED + 10):
        known.deleted("twitch", f"m{number}", 100.0)
    assert not known.covers(line("m0"), 100.0)
    assert known.covers(line("m10"), 100.0)
    assert len(known._messages) == MOST_REMEMBERED
