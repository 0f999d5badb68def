"""Vectors at hand: one matrix, in which the nearest to a question are found by looking at all."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from apps.orchestrator.engines.base import Vectors

#: How far above the others a text must be to count as near, in standard deviations of all: absolute
#: similarities differ from model to model, and in a large memory some text is always nearest.
STANDS_OUT = 4.0


class Nearness:
    """How near each text of a shelf is to one question (cosine), as of now: it is looked at all
    of them when the first one is asked for."""

    def __init__(
        self, places: Mapping[int, int], ids: Sequence[int], matrix: Vectors, question: Vectors
    ) -> None:
        self._places = places
        self._ids = ids
        self._matrix = matrix
        self._question = question

    @cached_property
    def _scores(self) -> Vectors:
        if not len(self._matrix):
            return np.empty(0, np.float32)
        # Not `@`: that may start threads, and waits for the slowest of them on a busy machine.
        scores: Vectors = np.einsum("ij,j->i", self._matrix, self._question)
        return scores

    def of(self, row_ids: Iterable[int]) -> dict[int, float]:
        """Of those that are on the shelf."""
        places = ((row_id, self._places.get(row_id)) for row_id in row_ids)
        return {row_id: float(self._scores[n]) for row_id, n in places if n is not None}

    def nearest(self, limit: int) -> list[int]:
        """The ids of those that stand out, nearest first."""
        scores = self._scores
        if not len(scores):
            return []
        least = float(scores.mean()) + STANDS_OUT * float(scores.std())
        count = min(limit, len(scores))
        top = np.argpartition(scores, -count)[-count:]
        top = top[np.argsort(-scores[top], kind="stable")]
        return [self._ids[place] for place in top if scores[place] > least]


class VectorShelf:
    """The vectors of the newest rows of one kind; of more than `most`, those of the oldest go."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ids: list[int] = []
        self._places: dict[int, int] = {}
        self._matrix: Vectors = np.empty((0, 0), np.float32)

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def extent(self) -> tuple[int, int]:
        """How many there are, and the sum of their ids."""
        return len(self._ids), sum(self._ids)

    def fill(self, row_ids: Sequence[int], vectors: Vectors) -> None:
        """Nothing but these, the newest last."""
        self._ids = list(row_ids[-self._most :])
        self._matrix = np.ascontiguousarray(vectors[-self._most :], np.float32)
        self._places = {row_id: place for place, row_id in enumerate(self._ids)}

    def put(self, row_ids: Sequence[int], vectors: Vectors) -> None:
        for row_id, vector in zip(row_ids, vectors, strict=True):
            place = self._place_for(row_id, len(vector))  # may make a larger matrix
            self._matrix[place] = vector

    def _place_for(self, row_id: int, dimension: int) -> int:
        place = self._places.get(row_id)
        if place is not None:
            return place
        if len(self._ids) < self._most:
            place = len(self._ids)
            self._ids.append(row_id)
            self._make_room(dimension)
        else:
            oldest = min(self._places)
            place = self._places.pop(oldest)
            self._ids[place] = row_id
        self._places[row_id] = place
        return place

    def _make_room(self, dimension: int) -> None:
        if len(self._ids) > len(self._matrix):
            rows = min(self._most, max(256, 2 * len(self._ids)))
            larger: Vectors = np.zeros((rows, dimension), np.float32)
            if len(self._matrix):
                larger[: len(self._matrix)] = self._matrix
            self._matrix = larger

    def nearness(self, question: Vectors) -> Nearness:
        """To a question of the same length (one row)."""
        return Nearness(self._places, self._ids, self._matrix[: len(self._ids)], question)
