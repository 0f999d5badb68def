"""Vectors at hand, ranks made into one, and what a server must answer to be asked."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.orchestrator.engines.base import Failed, Garbled, unit_vectors
from apps.orchestrator.memory import server_health
from apps.orchestrator.memory.ranks import K, fused
from apps.orchestrator.memory.server_health import ServerHealth
from apps.orchestrator.memory.vector_shelf import VectorShelf
from libs.testing.stand_ins.embeddings import vector_of


def unit(*values: float) -> np.ndarray:  # type: ignore[type-arg]
    return unit_vectors([list(values)], 1)[0]


def of(*texts: str) -> np.ndarray:  # type: ignore[type-arg]
    return unit_vectors([vector_of(text) for text in texts], len(texts))


# The shelf -------------------------------------------------------------------------------------


def test_the_nearest_stands_out_among_many() -> None:
    shelf = VectorShelf(1_000)
    texts = [f"small talk number {n} about nothing" for n in range(300)]
    shelf.put(range(300), of(*texts))
    shelf.put([777], of("my cat is called Miso"))
    question = of("which kitten sleeps on the sofa?")[0]
    assert shelf.nearness(question).nearest(5) == [777]


def test_in_a_crowd_of_the_same_nothing_stands_out() -> None:
    shelf = VectorShelf(1_000)
    shelf.put(range(50), of(*["hello there"] * 50))
    assert shelf.nearness(of("hello there")[0]).nearest(5) == []
    assert VectorShelf(10).nearness(of("hello")[0]).nearest(5) == []


def test_nearness_is_the_cosine_of_those_that_are_known() -> None:
    shelf = VectorShelf(10)
    shelf.put([1, 2], np.stack([unit(3, 4), unit(1, 0)]))
    found = shelf.nearness(unit(1, 0)).of([1, 2, 99])
    assert found == {1: pytest.approx(0.6), 2: pytest.approx(1.0)}


def test_a_shelf_grows_row_by_row_and_the_oldest_go_when_it_is_full() -> None:
    shelf = VectorShelf(600)
    for row_id in range(1, 1_001):
        shelf.put([row_id], unit(1, row_id)[None])
    assert shelf.extent == (600, sum(range(401, 1_001)))
    found = shelf.nearness(unit(1, 700)).of([400, 401, 700])
    assert set(found) == {401, 700}
    assert found[700] == pytest.approx(1.0)


def test_what_is_put_again_replaces_what_was_there() -> None:
    shelf = VectorShelf(10)
    shelf.put([5], unit(1, 0)[None])
    shelf.put([5], unit(0, 1)[None])
    assert len(shelf) == 1
    assert shelf.nearness(unit(0, 1)).of([5])[5] == pytest.approx(1.0)


def test_filling_leaves_nothing_of_before_and_can_be_added_to() -> None:
    shelf = VectorShelf(3)
    shelf.put([1, 2], np.stack([unit(1, 0), unit(0, 1)]))
    shelf.fill([7, 8, 9, 10], np.stack([unit(1, n) for n in range(4)]))
    assert shelf.extent == (3, 27)
    shelf.put([11], unit(1, 9)[None])
    assert shelf.nearness(unit(1, 0)).of([1, 7, 8]) == {}
    assert len(shelf) == 3
    shelf.fill([], np.empty((0, 0), np.float32))
    assert shelf.nearness(unit(1, 0)).nearest(3) == []


# What a server sends ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        [],
        [[]],
        [[1.0, 2.0]],
        [[1.0, 2.0], [1.0]],
        [[1.0, "much"], [1.0, 2.0]],
        [[1.0, float("nan")], [1.0, 2.0]],
        [[1.0, float("inf")], [1.0, 2.0]],
        [[1e300, 1.0], [1.0, 2.0]],
        [[0.0, 0.0], [1.0, 2.0]],
        [[None, 1.0], [1.0, 2.0]],
        [[[1.0], [2.0]], [[1.0], [2.0]]],
        [[1.0] * 9_000] * 2,
        {"a": 1},
        "vectors",
        7,
        None,
        [10**400, 1],
    ],
    ids=str,
)
def test_what_are_no_vectors_is_refused(raw: object) -> None:
    with pytest.raises(Garbled):
        unit_vectors(raw, 2)


@given(st.lists(st.floats(-1e18, 1e18), min_size=1, max_size=8))
def test_a_vector_is_refused_or_of_length_one(values: list[float]) -> None:
    try:
        found = unit_vectors([values], 1)
    except Garbled:
        assert not any(abs(value) > 1e-150 for value in values)
    else:
        assert math.isclose(float(np.linalg.norm(found[0])), 1.0, rel_tol=1e-4)


# Ranks -----------------------------------------------------------------------------------------


def test_what_two_orders_agree_on_comes_first() -> None:
    assert fused("abc", "cbd") == ["c", "b", "a", "d"]
    assert fused("ab") == ["a", "b"]
    assert fused([], []) == []


def test_of_equals_the_earlier_order_counts() -> None:
    assert fused("ab", "ba") == ["a", "b"]
    assert 1 / (K + 1) + 1 / (K + 3) > 2 / (K + 2)


# Whether a server is asked -----------------------------------------------------------------------


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        monkeypatch.setattr(server_health.time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_nobody_waits_for_a_server_that_has_not_answered_yet(clock: Clock) -> None:
    health = ServerHealth("Ollama")
    assert (health.may_be_tried, health.may_be_asked, health.complaint) == (True, False, "")
    health.answered()
    assert health.may_be_asked


def test_a_server_that_failed_is_tried_again_after_a_pause(clock: Clock) -> None:
    health = ServerHealth("Ollama")
    health.answered()
    health.failed(Failed("status 500"))
    assert (health.may_be_tried, health.may_be_asked) == (False, False)
    assert "words alone" in health.complaint
    assert "500" not in health.complaint, "what a server says is not repeated"
    clock.now += server_health.PAUSE_SECONDS
    assert (health.may_be_tried, health.may_be_asked) == (True, False)
    health.answered()
    assert health.complaint == ""


def test_a_slow_server_is_left_alone_and_asked_once_in_a_while(clock: Clock) -> None:
    health = ServerHealth("Ollama")
    health.answered()
    for _ in range(server_health.LATE_IN_A_ROW - 1):
        health.was_late()
        assert health.may_be_asked
    health.was_late()
    assert not health.may_be_asked
    assert "EMBEDDING_DEADLINE_MS" in health.complaint
    assert health.may_be_tried, "what nobody waits for goes on"
    clock.now += server_health.SLOW_PAUSE_SECONDS
    assert health.may_be_asked
    health.was_late()
    assert not health.may_be_asked, "once is enough now"
    clock.now += server_health.SLOW_PAUSE_SECONDS
    health.was_in_time()
    assert health.complaint == ""


def test_one_odd_length_is_a_mistake_and_three_in_a_row_are_another_model() -> None:
    health = ServerHealth("Ollama")
    assert [health.settled_on(7, 4), health.settled_on(7, 4)] == [False, False]
    assert health.settled_on(4, 4)
    assert [health.settled_on(7, 4), health.settled_on(9, 4)] == [False, False]
    assert [health.settled_on(7, 4), health.settled_on(7, 4)] == [False, False]
    assert health.settled_on(7, 4)
