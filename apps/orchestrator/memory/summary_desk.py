"""Has a language model write the summary, in quiet moments."""

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from apps.orchestrator.memory import summaries
from apps.orchestrator.memory.database import Database
from apps.orchestrator.memory.memory import Memory
from apps.orchestrator.memory.summaries import Summary
from libs.contracts.conversation import HistoryLine, PersonaSnapshot
from libs.contracts.envelope import Event
from libs.contracts.memory import SummaryAbandoned, SummaryWritten, WriteSummary
from libs.safety import clean_chat
from libs.telemetry import clock

#: A summary that takes longer is not waited for.
DEADLINE_SECONDS = 60.0
#: So long until the next is asked for; twice as long after each that came to nothing, at most
#: `LONGEST_PAUSE_SECONDS`: a model that cannot do it is not kept busy with it.
AGAIN_SECONDS = 20.0
LONGEST_PAUSE_SECONDS = 600.0
#: Reasons that say nothing about the model: somebody wanted an answer first.
NOT_NOW = frozenset({"turn_came", "busy", "panic", "off"})
#: What is read of the lines; about a quarter as many tokens. The newest are.
MOST_CHARACTERS = 16_000

log = logging.getLogger("kitsu.orchestrator.memory")

Publish = Callable[[Event], Awaitable[None]]


@dataclass(frozen=True)
class _Asked:
    event_id: str
    before: Summary
    until_message_id: int
    lines: int
    forgettings: int
    until: float


class SummaryDesk:
    """At most one summary is asked for at a time.

    Promises: nobody waits for it; the summary of words stands until a better one has passed the
    gate as something heard and as something said; what comes too late, unasked, or was asked for
    before something was forgotten is not kept. Nothing of it outlives this process but what is in
    the database: a summary that is due and did not come is asked for again.
    """

    def __init__(self, database: Database, memory: Memory, publish: Publish, show: str) -> None:
        self._database = database
        self._memory = memory
        self._publish = publish
        self._show = show
        self._asked: _Asked | None = None
        self._not_before = 0.0
        self._failures = 0
        self.refused = 0
        """Summaries that came and were not kept."""

    async def ask_if_due(self, persona: PersonaSnapshot) -> None:
        """To be called while nobody waits for an answer."""
        rules, now = self._memory.rules, clock.now()
        if self._asked is not None and now > self._asked.until:
            self._over(failed=True)
        if not (rules.summary_by_model and rules.summary_every):
            return
        if self._asked is not None or now < self._not_before:
            return
        forgettings = self._memory.forgettings

        def read(db: sqlite3.Connection) -> tuple[Summary, list[tuple[int, HistoryLine]]]:
            before = summaries.by_model(db)
            return before, summaries.unsummarised(db, before, rules.history_lines)

        before, lines = await self._database.look(read)
        if len(lines) < rules.summary_every:
            return
        order = WriteSummary(
            show=self._show,
            persona=persona,
            before=before.text,
            lines=_newest([line for _, line in lines]),
            maximum_characters=summaries.MAXIMUM_CHARACTERS,
            expires_at=now + DEADLINE_SECONDS,
        )
        deadline = now + DEADLINE_SECONDS
        self._asked = _Asked(
            order.event_id, before, lines[-1][0], len(lines), forgettings, deadline
        )
        await self._publish(order)

    async def answered(self, event: SummaryWritten | SummaryAbandoned) -> bool:
        """True when there is a new summary."""
        asked = self._asked
        if asked is None or event.cause_id != asked.event_id:
            self.refused += isinstance(event, SummaryWritten)
            return False
        if isinstance(event, SummaryAbandoned):
            log.info("no summary by a model: %s", event.reason[:60])
            self._over(failed=event.reason not in NOT_NOW)
            return False
        text = clean_chat(event.text, summaries.MAXIMUM_CHARACTERS)
        keep = bool(text) and self._is_wanted(asked) and self._memory.may_be_kept(text)
        self._over(failed=not keep)
        if not keep:
            self.refused += 1
            log.info("a model's summary was not kept")
            return False
        fresh = Summary(
            text,
            asked.until_message_id,
            asked.before.messages + asked.lines,
            event.engine[:40] or "model",
        )
        await self._database.keep(lambda db: self._write(db, asked, fresh))
        await self._memory.refresh()
        return True

    def _over(self, failed: bool) -> None:
        pause = min(AGAIN_SECONDS * 2**self._failures, LONGEST_PAUSE_SECONDS)
        self._asked, self._not_before = None, clock.now() + pause
        self._failures = min(self._failures + 1, 10) if failed else 0

    def _is_wanted(self, asked: _Asked) -> bool:
        return clock.now() <= asked.until and asked.forgettings == self._memory.forgettings

    def _write(self, db: sqlite3.Connection, asked: _Asked, fresh: Summary) -> None:
        """Asked once more in the transaction: it may have had to wait for the disk."""
        if asked.forgettings == self._memory.forgettings:
            summaries.write(db, fresh, clock.now())


def _newest(lines: list[HistoryLine]) -> tuple[HistoryLine, ...]:
    room, kept = MOST_CHARACTERS, list[HistoryLine]()
    for line in reversed(lines):
        room -= len(line.text) + len(line.name)
        if room < 0:
            break
        kept.append(line)
    return tuple(reversed(kept))
