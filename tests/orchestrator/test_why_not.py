"""What people are shown of a chat that is faster than they can read."""

from apps.orchestrator.feed import Feed
from apps.orchestrator.floor import Part, Score, Skipped
from apps.orchestrator.row_budget import ROWS_AT_ONCE, RowBudget
from apps.orchestrator.screens import Screens
from apps.orchestrator.skip_book import KEPT_OF_A_REASON, SkipBook
from apps.orchestrator.withdrawal import Withdrawal
from libs.contracts.conversation import SkipReason
from tests.orchestrator.floor_lines import line


def test_in_a_flood_twenty_rows_a_second_go_out_and_the_rest_is_counted() -> None:
    budget = RowBudget()
    sent = sum(budget.spend("outranked", n / 1_000) for n in range(10_000))
    assert ROWS_AT_ONCE + 190 <= sent <= ROWS_AT_ONCE + 200
    assert budget.kept_back().total() == 10_000 - sent
    assert not budget.kept_back()


def test_an_ordinary_chat_is_shown_line_by_line() -> None:
    budget = RowBudget()
    assert all(budget.spend("waiting", float(second)) for second in range(1_000))


def test_the_feed_has_one_row_for_all_that_it_does_not_show() -> None:
    feed = Feed(Screens(), lambda: "Kitsu")
    lines = [line(f"line {n}") for n in range(200)]
    skipped = [Skipped(one, SkipReason.SPAM) for one in lines[:150]]
    feed.heard_inputs(lines, skipped)
    rows = [message.row for message in feed.latest()]
    assert len(rows) == ROWS_AT_ONCE + 1
    assert rows[-1].kind == "system"
    assert rows[-1].text == "… and 160 more lines (150 spam, 10 waiting)"


def test_a_line_that_is_shown_is_told_when_it_leaves_however_fast_chat_is() -> None:
    feed = Feed(Screens(), lambda: "Kitsu")
    first = line("the first line")
    feed.heard_inputs([first], [])
    others = [line(f"line {n}") for n in range(40)]
    left = [*(Skipped(one, SkipReason.OUTRANKED) for one in others)]
    feed.heard_inputs(others, [*left, Skipped(first, SkipReason.TOO_OLD)])
    notes = {message.row.id: message.row.note for message in feed.latest()}
    assert notes[f"in:{first.input_id}"] == "too_old"


def test_what_was_never_answered_leaves_the_feed_too_when_it_is_taken_back() -> None:
    feed = Feed(Screens(), lambda: "Kitsu")
    lines = [line("a wave of hate", "ann"), line("hello", "bob")]
    feed.heard_inputs(lines, [Skipped(one, SkipReason.SPAM) for one in lines])
    feed.take_back(Withdrawal(viewer_id="id-ann"), 0.0)
    assert [message.row.text for message in feed.latest()] == ["", "hello"]


def test_a_flood_of_one_reason_does_not_wash_the_others_away() -> None:
    book = SkipBook()
    score = Score(-5.0, (Part("base", 1.0), Part("link", -6.0)), 6.0)
    book.add([Skipped(line("a link"), SkipReason.SPAM, "link", score)], 0.0)
    for n in range(1_000):
        book.add([Skipped(line(f"line {n}"), SkipReason.OUTRANKED)], float(n))
    assert book.counts == {"spam": 1, "outranked": 1_000}
    assert len(book.latest(10_000)) == KEPT_OF_A_REASON + 1
    assert book.latest(1)[0].text == "line 999"
    (spam,) = book.latest(10, "spam")
    assert (spam.detail, spam.score, spam.parts[1].points) == ("link", -5.0, -6.0)
    assert book.latest(10, "no such reason") == []


def test_a_forgotten_viewer_is_not_in_the_book() -> None:
    book = SkipBook()
    for name in ("ann", "bob"):
        book.add([Skipped(line("a line", name), SkipReason.OUTRANKED)], 0.0)
    book.forget("id-ann")
    assert [one.author.name for one in book.latest(10)] == ["bob"]
    assert book.counts == {"outranked": 2}
