"""`kitsu bench memory`: what is recalled of a long show, how fast, and how much is kept; by words
alone, and by words and vectors.

The quiz is the orchestrator's own and runs as a process of its own (an app imports no other app).
The floor is the plainest look-up there is in the same file: one row by its number.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from apps.cli.bench.own_process import results_of
from apps.cli.bench.report import Check, Figures, Report, percentile

RECALL_LIMIT_MS = 10.0
#: Share of the questions that may go unanswered, but for those that have no words in common with
#: what was told (`FAR`): they are counted and shown.
MISSED_SHARE = 0.05
FAR = "far"
#: Questions that are listed by their words.
LISTED = 20
#: Of a line that was said and the answer to it: text, index, and what was learned.
LIMIT_BYTES_A_MESSAGE = 1_500.0
#: What a vector may take beside its own numbers: its row and its place in the index.
LIMIT_BYTES_BESIDE_A_VECTOR = 1_500.0
#: As long as those of the larger models that people run beside a chat model.
DIMENSION = 768
BYTES_A_NUMBER = 4


class Model(NamedTuple):
    """An embedding model of an Ollama server."""

    url: str
    name: str


class Answers(BaseModel):
    """What an examination found, as far as it is used here. Times are milliseconds."""

    model_config = ConfigDict(extra="ignore")

    asked: int
    recalled: int
    first: int
    by_kind: dict[str, dict[str, int]]
    missed: list[str]
    outdated: list[str]
    lines_a_turn: float
    recall_ms: list[float]
    recall_cpu_ms: list[float]
    bytes: int

    @property
    def near_missed_share(self) -> float:
        near = [counts for kind, counts in self.by_kind.items() if kind != FAR]
        asked, recalled = (sum(counts[key] for counts in near) for key in ("asked", "recalled"))
        return round(1 - recalled / asked, 4)

    @property
    def recall_p95_ms(self) -> float:
        return round(percentile(self.recall_ms, 0.95), 3)


class AnswersWithVectors(Answers):
    model: str
    vectors: int
    made_seconds: float
    question_ms: list[float]


class Quiz(Answers):
    """By words alone, and what was done before the questions."""

    messages: int
    not_theirs: list[str]
    floor_ms: list[float]
    close_turn_ms: list[float]
    vectors: AnswersWithVectors | None = None


async def bench_memory(messages: int, folder: Path, model: Model | None = None) -> Report:
    """`model`: instead of the stand-in. Raises `Failed` when the quiz cannot be run."""
    async with _embedding(model) as (there, dimension):
        quiz = await _ask(messages, folder, there)
    report = Report(
        "memory",
        Figures(quiz.recall_ms),
        "one row by its number, same file",
        Figures(quiz.floor_ms),
    )
    report.counts = {
        "messages": quiz.messages,
        "asked": quiz.asked,
        "recalled": quiz.recalled,
        "recalled_first": quiz.first,
        "outdated": len(quiz.outdated),
        "learned_of_others": len(quiz.not_theirs),
        "lines_a_turn": quiz.lines_a_turn,
        "bytes": quiz.bytes,
    }
    report.parts = {
        "by_kind": quiz.by_kind,
        "recall_cpu_ms": Figures(quiz.recall_cpu_ms).as_json(),
        "close_turn_ms": Figures(quiz.close_turn_ms).as_json(),
    }
    report.checks = [
        Check("recall p95", RECALL_LIMIT_MS, quiz.recall_p95_ms),
        Check("near questions without their fact", MISSED_SHARE, quiz.near_missed_share, "of all"),
        Check("facts learned about others", 0, len(quiz.not_theirs), ""),
        Check("outdated facts recalled", 0, len(quiz.outdated), ""),
        Check(
            "size a message", LIMIT_BYTES_A_MESSAGE, round(quiz.bytes / quiz.messages, 1), "bytes"
        ),
    ]
    _list(report, quiz, "")
    report.notes += [f"not theirs to tell: {line}" for line in quiz.not_theirs]
    if quiz.vectors is not None:
        _add_vectors(report, quiz.vectors, dimension)
    return report


def _add_vectors(report: Report, found: AnswersWithVectors, dimension: int) -> None:
    """`dimension` 0: it is the model's own affair."""
    beside = found.bytes / max(1, found.vectors) - dimension * BYTES_A_NUMBER
    report.parts["vectors"] = {
        "model": found.model,
        "vectors": found.vectors,
        "recalled": found.recalled,
        "recalled_first": found.first,
        "lines_a_turn": found.lines_a_turn,
        "bytes": found.bytes,
        "made_seconds": found.made_seconds,
        "by_kind": found.by_kind,
        "recall_ms": Figures(found.recall_ms).as_json(),
        "recall_cpu_ms": Figures(found.recall_cpu_ms).as_json(),
        "question_ms": Figures(found.question_ms).as_json(),
    }
    missed = found.near_missed_share
    report.checks += [
        Check("recall with vectors p95", RECALL_LIMIT_MS, found.recall_p95_ms),
        Check("near questions without their fact, with vectors", MISSED_SHARE, missed, "of all"),
        Check("outdated facts recalled, with vectors", 0, len(found.outdated), ""),
    ]
    if dimension:
        limit = LIMIT_BYTES_BESIDE_A_VECTOR
        report.checks.append(Check("size beside a vector", limit, round(beside, 1), "bytes"))
        report.notes.append(
            "vectors are those of the stand-in, a bag of words with a small table of what belongs"
            " together: they show the chain and its cost, not how well a model understands;"
            " measure one with --embedding-url and --embedding-model"
        )
    _list(report, found, " with vectors")


def _list(report: Report, found: Answers, how: str) -> None:
    report.notes += [f"missed{how}: {question}" for question in found.missed[:LISTED]]
    if len(found.missed) > LISTED:
        report.notes.append(f"and {len(found.missed) - LISTED} more{how}")
    report.notes += [f"outdated{how}: {line}" for line in found.outdated]


@asynccontextmanager
async def _embedding(model: Model | None) -> AsyncIterator[tuple[Model, int]]:
    if model is not None:
        yield model, 0
        return
    from libs.testing.stand_ins.ollama import OllamaStandIn

    async with OllamaStandIn(("stand-in:latest",), dimension=DIMENSION) as server:
        yield Model(server.url, "stand-in"), DIMENSION


async def _ask(messages: int, folder: Path, model: Model) -> Quiz:
    options = ("--messages", str(messages), "--folder", str(folder))
    embedding = ("--embedding-url", model.url, "--embedding-model", model.name)
    module = "apps.orchestrator.memory.quiz"
    return await results_of("The quiz", module, Quiz, *options, *embedding)
