"""A chat log played to a floor in virtual time, and what became of each line."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from apps.orchestrator.floor.alerts import AlertWindow
from apps.orchestrator.floor.candidates import Candidate, Skipped
from apps.orchestrator.floor.rules import AlertRules
from libs.contracts.chat import AlertKind, ChatAlerted
from libs.contracts.chat_log import ALERT_KINDS, ChatLogLine
from libs.contracts.conversation import TurnInput, TurnSource

#: How long she takes to answer: to think and begin, and for each letter of a question (longer
#: questions have longer answers). About eight seconds, like a reply of two sentences.
ANSWER_SECONDS = 6.5
SECONDS_A_LETTER = 0.05
#: A topic that was answered so lately is answered twice when it comes again.
SAME_SECONDS = 90.0
#: From this worth on a line deserves an answer.
DESERVES = 0.7


class Rules(Protocol):
    """A floor, as far as it is compared."""

    def __len__(self) -> int: ...
    def offer(self, candidate: Candidate, now: float) -> list[Skipped]: ...
    def take(self, now: float) -> tuple[Candidate | None, list[Skipped]]: ...
    def next_at(self, now: float) -> float: ...
    def withdraw(self, message_id: str = "", viewer_id: str = "") -> list[Skipped]: ...


@dataclass(frozen=True)
class Answer:
    """`with_others`: lines that were answered with it."""

    at: float
    line: ChatLogLine
    with_others: tuple[ChatLogLine, ...]


@dataclass
class Course:
    """What happened. `left` counts every line that was not the one answered, by its reason."""

    answers: list[Answer] = field(default_factory=list)
    alert_answers: int = 0
    left: Counter[str] = field(default_factory=Counter)
    most_waiting: int = 0
    offer_seconds: float = 0.0


class Replay:
    """Plays one log to one floor. A raid is told to `raided`, where the floor wants to know."""

    def __init__(self, rules: Rules, alert_rules: AlertRules | None) -> None:
        """Without rules for alerts, each is an input of its own."""
        self._rules = rules
        self._window = AlertWindow(alert_rules) if alert_rules is not None else None
        self._lines: dict[str, ChatLogLine] = {}
        self._now = 0.0
        self._free_at = 0.0
        self.course = Course()

    def play(self, log: Iterable[ChatLogLine]) -> Course:
        for line in log:
            self._go_on(line.at)
            self._now = line.at
            self._hear(line)
            self.course.most_waiting = max(self.course.most_waiting, len(self._rules))
        self._go_on(self._now + 3_600)
        return self.course

    def _hear(self, line: ChatLogLine) -> None:
        if line.kind == "message":
            self._lines[line.id] = line
            candidate = _candidate(line)
            started = time.thread_time()
            left = self._rules.offer(candidate, line.at)
            self.course.offer_seconds += time.thread_time() - started
            self._note(left)
        elif line.kind == "delete":
            self._note(self._rules.withdraw(message_id=line.target))
        elif line.kind == "ban":
            self._note(self._rules.withdraw(viewer_id=line.target))
        elif line.kind in ALERT_KINDS:
            self._hear_alert(_alert(line), line.at)

    def _hear_alert(self, alert: ChatAlerted, at: float) -> None:
        raided = getattr(self._rules, "raided", None)
        if alert.kind is AlertKind.RAID and raided is not None:
            raided(at)
        if self._window is None:
            self._note(self._rules.offer(_told(alert.alert_id, "an alert", at), at))
        elif (told := self._window.add(alert, at)) is not None:
            self._note(self._rules.offer(_told(alert.alert_id, told.text, at), at))

    def _go_on(self, until: float) -> None:
        """Everything that happens before the next line."""
        while True:
            window_at = self._window.due_at if self._window is not None else float("inf")
            moment = max(self._free_at, self._now)
            at = max(self._free_at, self._rules.next_at(moment))
            if min(at, window_at) > until or min(at, window_at) == float("inf"):
                return
            if window_at <= at and self._window is not None:
                self._now = window_at
                if (told := self._window.close()) is not None:
                    one = _told(told.alerts[0].alert_id, told.text, window_at)
                    self._note(self._rules.offer(one, window_at))
                continue
            self._now = at
            taken, left = self._rules.take(at)
            self._note(left)
            if taken is not None:
                self._answer(taken, at)

    def _answer(self, taken: Candidate, at: float) -> None:
        self._free_at = at + ANSWER_SECONDS + SECONDS_A_LETTER * len(taken.input.text)
        line = self._lines.get(taken.input_id)
        if line is None:
            self.course.alert_answers += 1
            return
        others = [asker.message_id for asker in taken.input.asked_by]
        self.course.answers.append(Answer(at, line, tuple(self._lines[one] for one in others)))

    def _note(self, left: Sequence[Skipped]) -> None:
        for item in left:
            if item.candidate.input_id in self._lines:
                self.course.left[item.reason.value] += 1


def _candidate(line: ChatLogLine) -> Candidate:
    given = TurnInput(
        source=TurnSource.CHAT,
        author=line.author,
        text=line.text,
        message_ids=(line.id,),
        arrived_at=line.at,
    )
    return Candidate(
        line.id,
        f"turn {line.id}",
        f"utterance {line.id}",
        given,
        first_time=line.first_time,
        reply_to=line.reply_to,
    )


def _alert(line: ChatLogLine) -> ChatAlerted:
    return ChatAlerted(
        alert_id=f"alert {line.id}",
        platform="replay",
        kind=AlertKind(line.kind),
        author=line.author,
        count=line.count,
        text=line.text,
    )


def _told(input_id: str, text: str, at: float) -> Candidate:
    line = ChatLogLine(at=at, id=input_id, viewer_id="", name="alerts", text=text)
    given = TurnInput(
        source=TurnSource.CHAT, author=line.author, text=text, arrived_at=at, happened=True
    )
    return Candidate(input_id, f"turn {input_id}", input_id, given, rank_as=TurnSource.PAID)
