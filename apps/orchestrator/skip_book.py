"""Why not: the latest lines that were not answered, and how many for each reason."""

from collections import Counter, deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from apps.orchestrator.floor import Part, Skipped
from libs.contracts.conversation import SkipReason
from libs.contracts.people import Author

#: So many are kept; of each reason, so that a flood of one does not wash the others away.
KEPT_OF_A_REASON = 100
TEXT_CHARACTERS = 200


@dataclass(frozen=True)
class SkippedLine:
    input_id: str
    author: Author
    text: str
    reason: SkipReason
    detail: str
    score: float | None
    parts: tuple[Part, ...]
    at: float


class SkipBook:
    """Promises: bounded; counts are since the start."""

    def __init__(self) -> None:
        self._counts: Counter[SkipReason] = Counter()
        self._lines: dict[SkipReason, deque[SkippedLine]] = {}

    @property
    def counts(self) -> dict[str, int]:
        return {reason.value: count for reason, count in self._counts.items()}

    def add(self, skipped: Iterable[Skipped], now: float) -> None:
        for item in skipped:
            self._counts[item.reason] += 1
            lines = self._lines.setdefault(item.reason, deque(maxlen=KEPT_OF_A_REASON))
            given, score = item.candidate.input, item.score
            lines.append(
                SkippedLine(
                    item.candidate.input_id,
                    given.author,
                    given.text[:TEXT_CHARACTERS],
                    item.reason,
                    item.detail,
                    round(score.points, 2) if score is not None else None,
                    score.parts if score is not None else (),
                    now,
                )
            )

    def latest(self, limit: int, reason: str = "") -> Sequence[SkippedLine]:
        """The last one first; `reason`: only those."""
        chosen = [
            line
            for known, lines in self._lines.items()
            if reason in ("", known.value)
            for line in lines
        ]
        return sorted(chosen, key=lambda line: line.at, reverse=True)[: max(0, limit)]

    def take_back(self, input_ids: Collection[str]) -> None:
        """The words of these lines go; that they were skipped stays."""
        for lines in self._lines.values():
            for number, line in enumerate(lines):
                if line.input_id in input_ids:
                    lines[number] = replace(line, text="")

    def forget(self, viewer_id: str) -> None:
        for reason, lines in self._lines.items():
            kept = [line for line in lines if line.author.viewer_id != viewer_id]
            self._lines[reason] = deque(kept, maxlen=KEPT_OF_A_REASON)
