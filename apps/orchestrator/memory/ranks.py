"""Several orders of preference made into one."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)

#: Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
#: Learning Methods", SIGIR 2009: 60, found on test collections and not critical.
K = 60


def fused(*rankings: Iterable[Item]) -> list[Item]:
    """All items, best first, by the sum of 1 / (K + rank) over the rankings that have them; of
    equals, the one of the earlier ranking."""
    scores: defaultdict[Item, float] = defaultdict(float)
    for ranking in rankings:
        for rank, item in enumerate(ranking, 1):
            scores[item] += 1.0 / (K + rank)
    return sorted(scores, key=scores.__getitem__, reverse=True)
