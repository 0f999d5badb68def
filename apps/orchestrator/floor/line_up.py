"""The chat lines that wait: one a viewer, those that ask the same together, the worst leaves."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from apps.orchestrator.floor.candidates import Candidate, Score, Skipped
from apps.orchestrator.floor.reading import Reading, are_the_same
from apps.orchestrator.floor.rules import FloorRules
from libs.contracts.conversation import Asker, SkipReason

#: Further viewers who ask the same count up to this many.
COUNTED_ASKERS = 6

CoolsDown = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Waiting:
    candidate: Candidate
    reading: Reading
    score: Score
    entered_at: float
    rank: float
    """Its points, and what its age makes of them: as all lose alike, the order stays."""
    label: str = ""
    """Lines of one label go together, whatever they say."""

    def skipped(self, reason: SkipReason, detail: str = "") -> Skipped:
        return Skipped(self.candidate, reason, detail, self.score)


@dataclass(slots=True)
class Group:
    """Lines that are answered together: never empty while it waits."""

    lines: list[Waiting] = field(default_factory=list)

    def takes(self, waiting: Waiting) -> bool:
        first = self.lines[0]
        if waiting.candidate.input.picture or first.candidate.input.picture:
            return False
        if waiting.label or first.label:
            return waiting.label == first.label
        return are_the_same(first.reading, waiting.reading)


class LineUp:
    """Promises: at most `waiting_lines` groups, in each of them at most one author and
    `together_viewers` more; one line a viewer; who does not stay is returned with a reason."""

    def __init__(self, rules: FloorRules) -> None:
        self._rules = rules
        self._groups: list[Group] = []
        self._of_viewer: dict[str, tuple[Group, Waiting]] = {}
        self._waits_since = float("inf")

    def __len__(self) -> int:
        return len(self._of_viewer)

    @property
    def lines(self) -> list[Waiting]:
        return [waiting for group in self._groups for waiting in group.lines]

    @property
    def waits_since(self) -> float:
        """Since when there has always been somebody; infinity when nobody waits. (Not when the
        longest waiting line came: in a flood each is pushed out by a newer one in no time.)"""
        return self._waits_since if self._of_viewer else float("inf")

    def enter(self, waiting: Waiting, cools_down: CoolsDown) -> list[Skipped]:
        left: list[Skipped] = []
        if not self._of_viewer:
            self._waits_since = waiting.entered_at
        if (own := self._of_viewer.get(waiting.candidate.viewer_id)) is not None:
            earlier = own[1]
            if are_the_same(earlier.reading, waiting.reading):
                return [waiting.skipped(SkipReason.DUPLICATE, "waits already")]
            if waiting.score.points < earlier.score.points:
                return [waiting.skipped(SkipReason.OUTRANKED, "a better line of theirs waits")]
            self._remove(earlier)
            left.append(earlier.skipped(SkipReason.OUTRANKED, "they wrote another line"))
        group = next((group for group in self._groups if group.takes(waiting)), None)
        if group is None:
            self._groups.append(group := Group())
        elif len(group.lines) > self._rules.together_viewers:
            detail = f"asked by {len(group.lines)} others already"
            return [*left, waiting.skipped(SkipReason.DUPLICATE, detail)]
        group.lines.append(waiting)
        self._of_viewer[waiting.candidate.viewer_id] = (group, waiting)
        if len(self._groups) > self._rules.waiting_lines:
            left += self._push_out(cools_down)
        return left

    def take(self, cools_down: CoolsDown) -> tuple[Waiting | None, list[Waiting]]:
        """The best line, with those who ask it too in its candidate; and their lines."""
        if not self._groups:
            return None, []
        group = max(self._groups, key=lambda group: self._rank(group, cools_down))
        lead = max(group.lines, key=lambda line: _lead_rank(line, cools_down))
        others = [line for line in group.lines if line is not lead]
        self._dissolve(group)
        if not others:
            return lead, []
        askers = tuple(_asker(line.candidate) for line in others)
        given = lead.candidate.input.model_copy(update={"asked_by": askers})
        return replace(lead, candidate=replace(lead.candidate, input=given)), others

    def drop_old(self, cools_down: CoolsDown, now: float) -> list[Skipped]:
        limit = self._rules.fresh_seconds
        old = [line for line in self.lines if now - line.candidate.input.arrived_at > limit]
        for line in old:
            self._remove(line)
        return [
            line.skipped(SkipReason.COOLDOWN, "was answered just before, and others waited")
            if cools_down(line.candidate.viewer_id)
            else line.skipped(SkipReason.TOO_OLD, f"waited longer than {limit:g} s")
            for line in old
        ]

    def remove(self, which: Callable[[Waiting], bool]) -> list[Waiting]:
        found = [line for line in self.lines if which(line)]
        for line in found:
            self._remove(line)
        return found

    def _push_out(self, cools_down: CoolsDown) -> list[Skipped]:
        worst = min(self._groups, key=lambda group: self._rank(group, cools_down))
        self._dissolve(worst)
        return [
            line.skipped(SkipReason.COOLDOWN, "was answered just before, and others wait")
            if cools_down(line.candidate.viewer_id)
            else line.skipped(SkipReason.OUTRANKED, "better lines wait")
            for line in worst.lines
        ]

    def _rank(self, group: Group, cools_down: CoolsDown) -> tuple[bool, float]:
        if len(group.lines) == 1:
            return _line_rank(group.lines[0], cools_down)
        fresh, rank = max(_line_rank(line, cools_down) for line in group.lines)
        askers = min(COUNTED_ASKERS, len(group.lines) - 1)
        return fresh, rank + self._rules.points.asked_too * askers

    def _dissolve(self, group: Group) -> None:
        self._groups.remove(group)
        for line in group.lines:
            del self._of_viewer[line.candidate.viewer_id]

    def _remove(self, line: Waiting) -> None:
        group, _ = self._of_viewer.pop(line.candidate.viewer_id)
        group.lines.remove(line)
        if not group.lines:
            self._groups.remove(group)


def _line_rank(line: Waiting, cools_down: CoolsDown) -> tuple[bool, float]:
    return not cools_down(line.candidate.viewer_id), line.rank


def _lead_rank(line: Waiting, cools_down: CoolsDown) -> tuple[bool, float]:
    """Of those who ask the same, the first one is answered, unless another asks it better."""
    return not cools_down(line.candidate.viewer_id), line.score.points


def _asker(candidate: Candidate) -> Asker:
    author = candidate.input.author
    message_id = next(iter(candidate.input.message_ids), "")
    return Asker(viewer_id=author.viewer_id, name=author.name, message_id=message_id)
