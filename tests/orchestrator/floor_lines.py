"""Lines of chat for the floor's tests."""

from typing import Any

from apps.orchestrator.floor import Candidate, Floor, FloorRules, Skipped, load_rules
from libs.contracts.conversation import SkipReason, TurnInput, TurnSource
from libs.contracts.people import Author, Role

_shipped = load_rules()
_numbers = iter(range(1_000_000_000))


def line(
    text: str,
    name: str = "",
    at: float = 0.0,
    source: TurnSource = TurnSource.CHAT,
    role: Role = Role.VIEWER,
    **fields: Any,
) -> Candidate:
    """One line; without a name it is of a viewer of its own."""
    number = next(_numbers)
    name = name or f"viewer {number}"
    given = TurnInput(
        source=source,
        author=Author(viewer_id=f"id-{name}", name=name, role=role),
        text=text,
        message_ids=(f"m-{number}",),
        arrived_at=at,
        picture=fields.pop("picture", ""),
    )
    return Candidate(f"in-{number}", f"turn-{number}", f"utterance-{number}", given, **fields)


def floor(**rules: Any) -> Floor:
    """Rules as they come, but for windows: what is offered may be taken."""
    words = {"question_words": _shipped.question_words, "question_signs": _shipped.question_signs}
    return Floor(FloorRules(names=("kitsu",), **{"window_seconds": 0.0, **words, **rules}))


def taken(floor: Floor, now: float = 0.0) -> str | None:
    """The text of the next one."""
    candidate, _ = floor.take(now)
    return candidate.input.text if candidate else None


def reasons(skipped: list[Skipped]) -> list[tuple[str, SkipReason]]:
    return [(item.candidate.input.text, item.reason) for item in skipped]


def points(floor: Floor, text: str, **fields: Any) -> dict[str, float]:
    """The parts of the score of a line that waits."""
    candidate = line(text, **fields)
    left = {item.candidate: item.score for item in floor.offer(candidate, fields.get("at", 0.0))}
    waiting = {one.candidate: one.score for one in floor.chat_lines}
    score = left.get(candidate) or waiting[candidate]
    return {part.part: part.points for part in score.parts}
