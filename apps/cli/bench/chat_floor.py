"""`kitsu bench floor`: who is answered in a busy chat, against "first come, first served".

The comparison is the orchestrator's own and runs as a process of its own (an app imports no other
app). It plays a log in virtual time, so that its figures do not depend on the machine, but for
what a line costs.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from apps.cli.bench.own_process import results_of
from apps.cli.bench.report import Check, Report

OLDEST_ANSWERED_SECONDS = 15.0
OFFER_LIMIT_US = 60.0
#: Of the answers, so many go to lines that do not deserve one, against those of the other way.
UNDESERVED_RATIO = 0.6
MOST_WAITING = 200
#: Answers to spam and to what was answered just before: shares of all answers.
SPAM_SHARE, TWICE_SHARE = 0.05, 0.1


class Result(BaseModel):
    """What one way of choosing made of a log, as far as it is used here."""

    model_config = ConfigDict(extra="allow")

    lines: int
    answers: int
    worth_answering: float
    spam_answered: int
    asked_answered: int
    viewers_answered: int
    newcomers_answered: int
    oldest_seconds: float
    answered_twice: int
    most_waiting: int
    unaccounted: int
    reasons: dict[str, int]
    offer_us: float


class Results(BaseModel):
    floor: Result
    first_come: Result


async def bench_chat_floor(lines: int, folder: Path, log: Path | None = None) -> Report:
    """`log`: the absolute path of one, instead of one that is made up. Raises `Failed`."""
    found = await _compare(lines, log)
    ours, other = found.floor, found.first_come
    report = Report("floor")
    report.counts = {
        "lines": ours.lines,
        "offer_us": ours.offer_us,
        "unaccounted": ours.unaccounted,
    }
    report.parts = {"floor": ours.model_dump(), "first_come": other.model_dump()}
    report.checks = [
        Check("lines without an outcome", 0, ours.unaccounted, "lines"),
        Check("oldest line answered", OLDEST_ANSWERED_SECONDS, ours.oldest_seconds, "s"),
        Check("a line costs", OFFER_LIMIT_US, ours.offer_us, "µs"),
        Check("most lines waiting", MOST_WAITING, ours.most_waiting, "lines"),
        Check("answers to spam", SPAM_SHARE, _share(ours.spam_answered, ours.answers), "of all"),
        Check("answered twice", TWICE_SHARE, _share(ours.answered_twice, ours.answers), "of all"),
    ]
    if log is None:  # a recorded log does not say what its lines are worth
        undeserved = (1 - ours.worth_answering) / max(0.001, 1 - other.worth_answering)
        less = other.asked_answered / max(1, ours.asked_answered)
        newcomers = other.newcomers_answered / max(1, ours.newcomers_answered)
        report.checks += [
            Check("undeserved answers", UNDESERVED_RATIO, round(undeserved, 3), "of first come"),
            Check("questions to her, first come", 1, round(less, 3), "of the floor's"),
            Check("newcomers, first come", 1, round(newcomers, 3), "of the floor's"),
        ]
    report.notes.append("first_come: a list of 8 lines, the oldest is answered or leaves first")
    return report


def _share(part: int, whole: int) -> float:
    return round(part / max(1, whole), 3)


async def _compare(lines: int, log: Path | None) -> Results:
    options = ("--log", str(log)) if log is not None else ("--lines", str(lines))
    module = "apps.orchestrator.floor.compare"
    return await results_of("The comparison", module, Results, *options)
