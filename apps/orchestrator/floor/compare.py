"""The floor against "first come, first served", on a chat log, in virtual time.

python -m apps.orchestrator.floor.compare [--log FILE] [--lines N] [--json]
"""

import argparse
import json
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from apps.orchestrator.floor import Floor, load_rules
from apps.orchestrator.floor.first_come import FirstCome
from apps.orchestrator.floor.replay import DESERVES, SAME_SECONDS, Answer, Course, Replay
from apps.orchestrator.floor.rules import FloorRules
from libs.contracts.chat_log import ChatLogLine
from libs.testing.chat_log import made_up_log

#: The floor is timed so often.
TIMES = 3
#: What is asked of her has a topic that begins so.
TO_HER = "her:"


@dataclass(frozen=True)
class Result:
    """What one way of choosing made of a log. Shares are 0..1, times seconds."""

    lines: int
    answers: int
    alert_answers: int
    worth_answering: float
    mean_worth: float
    spam_answered: int
    asked_of_her: int
    asked_answered: int
    asked_and_answered_or_answered_with: int
    viewers_answered: int
    newcomers: int
    newcomers_answered: int
    age_median_seconds: float
    age_p95_seconds: float
    oldest_seconds: float
    answered_twice: int
    most_waiting: int
    reasons: dict[str, int]
    unaccounted: int
    """Lines that neither were answered nor left with a reason: must be none."""
    offer_us: float


def compare(log: Sequence[ChatLogLine], rules: FloorRules, times: int = 1) -> dict[str, Result]:
    """Played `times` over, of which the quickest counts: other programs want the machine too."""
    courses = [Replay(Floor(rules), rules.alerts).play(log) for _ in range(times)]
    return {
        "floor": _result(log, min(courses, key=lambda course: course.offer_seconds)),
        "first_come": _result(log, Replay(FirstCome(), None).play(log)),
    }


def _result(log: Sequence[ChatLogLine], course: Course) -> Result:
    lines = [line for line in log if line.kind == "message"]
    answers = course.answers
    answered = [answer.line for answer in answers]
    reached = answered + [other for answer in answers for other in answer.with_others]
    ages = sorted(answer.at - answer.line.at for answer in answers) or [0.0]
    worths = [line.worth or 0.0 for line in answered] or [0.0]
    newcomers = {line.viewer_id for line in lines if line.first_time}
    return Result(
        lines=len(lines),
        answers=len(answers),
        alert_answers=course.alert_answers,
        worth_answering=_share(sum(worth >= DESERVES for worth in worths), len(answered)),
        mean_worth=round(statistics.fmean(worths), 3),
        spam_answered=sum(bool(line.spam) for line in answered),
        asked_of_her=sum(line.topic.startswith(TO_HER) for line in lines),
        asked_answered=sum(line.topic.startswith(TO_HER) for line in answered),
        asked_and_answered_or_answered_with=sum(line.topic.startswith(TO_HER) for line in reached),
        viewers_answered=len({line.viewer_id for line in reached}),
        newcomers=len(newcomers),
        newcomers_answered=len(newcomers & {line.viewer_id for line in reached}),
        age_median_seconds=round(statistics.median(ages), 2),
        age_p95_seconds=round(ages[int(0.95 * (len(ages) - 1))], 2),
        oldest_seconds=round(ages[-1], 2),
        answered_twice=_twice(answers),
        most_waiting=course.most_waiting,
        reasons=dict(course.left.most_common()),
        unaccounted=len(lines) - len(answered) - course.left.total(),
        offer_us=round(course.offer_seconds / max(1, len(lines)) * 1e6, 1),
    )


def _twice(answers: Sequence[Answer]) -> int:
    """Answers to a topic that was answered just before. Greetings of newcomers do not count."""
    last: dict[str, float] = {}
    found = Counter[str]()
    for answer in answers:
        topic = answer.line.topic
        if topic and not answer.line.first_time:
            found[topic] += answer.at - last.get(topic, float("-inf")) < SAME_SECONDS
            last[topic] = answer.at
    return found.total()


def _share(part: int, whole: int) -> float:
    return round(part / whole, 3) if whole else 0.0


def table(results: dict[str, Result]) -> str:
    """The figures side by side."""
    names = list(results)
    rows = [f"{'':<38}" + "".join(f"{name:>12}" for name in names)]
    for field in Result.__dataclass_fields__:
        values = [getattr(results[name], field) for name in names]
        if field != "reasons":
            told = field.replace("_", " ")
            rows.append(f"{told:<38}" + "".join(f"{value:>12}" for value in values))
    reasons = sorted({reason for result in results.values() for reason in result.reasons})
    for reason in reasons:
        counts = [results[name].reasons.get(reason, 0) for name in names]
        rows.append(f"  left as {reason:<28}" + "".join(f"{count:>12}" for count in counts))
    return "\n".join(rows)


def read_log(path: Path) -> list[ChatLogLine]:
    """Raises `ValueError` with the number of the line that is none."""
    found = []
    for number, text in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            found.append(ChatLogLine.model_validate_json(text))
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"]))
            raise ValueError(f"{path.name}, line {number}: {where} {problem['msg']}") from None
    return sorted(found, key=lambda line: line.at)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--log", type=Path, help="a recorded log; default: one is made up")
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="one JSON document")
    options = parser.parse_args()
    try:
        log = read_log(options.log) if options.log else made_up_log(options.lines, options.seed)
        results = compare(log, load_rules(), TIMES)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    document: dict[str, Any] = {name: vars(result) for name, result in results.items()}
    print(json.dumps(document) if options.json else table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
