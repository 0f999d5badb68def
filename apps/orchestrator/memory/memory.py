"""What she remembers: the conversation as it was heard, facts with their source, a summary."""

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from apps.orchestrator.memory import (
    facts,
    forgetting,
    notes,
    records,
    retracting,
    summaries,
    viewers,
    word_index,
)
from apps.orchestrator.memory.database import Database
from apps.orchestrator.memory.fact_rules import Claim, claims_of, wished
from apps.orchestrator.memory.recall import (
    NOT_RECALLED_FOR,
    Near,
    recall,
    tokens_of,
    within_budget,
)
from apps.orchestrator.memory.retracting import Struck
from apps.orchestrator.memory.summaries import Summary
from apps.orchestrator.settings import OrchestratorSettings
from apps.orchestrator.turns import RETRACTED, Turn
from apps.orchestrator.withdrawal import Withdrawal
from libs.contracts.conversation import HistoryLine, MemoryLine, TurnInput, TurnSource
from libs.contracts.safety import GateAction
from libs.safety import Gate
from libs.telemetry import clock

if TYPE_CHECKING:
    from apps.orchestrator.memory.meaning import Meaning

log = logging.getLogger("kitsu.orchestrator.memory")

_TAUGHT_BY = frozenset({TurnSource.CHAT, TurnSource.PAID, TurnSource.VOICE})

DAY_SECONDS = 86_400.0
#: How often it is looked for what is too old.
RETENTION_LOOK_SECONDS = 3_600.0


@dataclass(frozen=True)
class MemoryRules:
    """`history_lines` and `budget_tokens` bound what goes with a turn; 0 lines: nothing does."""

    history_lines: int = 12
    budget_tokens: int = 1_200
    window_seconds: float = 12 * 3_600.0
    """Older lines do not go along as history after a restart; they can still be recalled."""
    summary_every: int = 40
    summary_by_model: bool = True
    retention_days: float = 0.0
    """0: kept for ever."""


def memory_rules(settings: OrchestratorSettings) -> MemoryRules:
    return MemoryRules(
        history_lines=settings.history_lines if settings.restore_context else 0,
        budget_tokens=settings.memory_tokens,
        window_seconds=settings.restore_context_hours * 3_600,
        summary_every=settings.summary_every_lines,
        summary_by_model=settings.summary_by_model,
        retention_days=settings.memory_retention_days,
    )


class Memory:
    """Promises: only what was heard is remembered of her, and only lines that were answered and
    passed the gate teach anything; a turn never waits for a writing disk, and for a model only as
    long as `meaning` allows; what a viewer wants forgotten is gone from every table.
    """

    def __init__(
        self,
        database: Database,
        gate: Gate,
        rules: MemoryRules,
        meaning: "Meaning | None" = None,
    ) -> None:
        self._database = database
        self.meaning = meaning
        self.gate = gate
        self.rules = rules
        self.history: tuple[HistoryLine, ...] = ()
        self.summary = Summary("", 0, 0)
        self.forgettings = 0
        """Raised before something is forgotten: what was read before that is not to be kept."""
        self._newest_history_id = 0
        self._striking = 0
        """Retractions that the disk has not taken yet: until then nothing is told from it."""
        self._struck_late = False
        self._retention_at = 0.0
        self._used: list[int] = []

    async def open(self) -> None:
        await self._database.run(word_index.ensure)
        if self.meaning is not None:
            await self.meaning.refill()
        await self.refresh()

    async def refresh(self) -> None:
        """Reads what goes with the next turn ahead of time."""
        rules = self.rules
        since = clock.now() - rules.window_seconds

        def read(db: sqlite3.Connection) -> tuple[tuple[HistoryLine, ...], Summary, int]:
            lines = records.history(db, rules.history_lines, since)
            newest = db.execute("SELECT coalesce(max(message_id), 0) FROM message").fetchone()[0]
            return lines, summaries.current(db), newest

        lines, summary, newest = await self._database.look(read)
        self.summary = Summary("", 0, 0) if self.doubted else summary
        lines = () if self.doubted else lines
        budget = rules.budget_tokens - tokens_of(self.summary.text)
        self.history = within_budget(lines, max(0, budget))
        self._newest_history_id = newest - len(self.history) + 1

    async def think_of(self, given: TurnInput) -> Near | None:
        """What is near the line in meaning; None where that is not to be had in time."""
        if (
            self.meaning is None
            or self.rules.history_lines == 0
            or given.source in NOT_RECALLED_FOR
        ):
            return None
        return await self.meaning.of_question(given.text)

    def for_turn(self, given: TurnInput, near: Near | None = None) -> tuple[MemoryLine, ...]:
        """What fits the line, beside the history: read at once, without waiting for writers."""
        if self.rules.history_lines == 0 or self.doubted:
            return ()
        before = self._newest_history_id
        try:
            found, fact_ids = self._database.read(
                lambda db: recall(db, given, before, clock.now(), near)
            )
        except sqlite3.Error:
            log.exception("nothing could be recalled for a turn")
            found, fact_ids = [], []
        self._used = fact_ids
        if self.summary.text:
            found.append(MemoryLine(kind="summary", text=self.summary.text, why="the show so far"))
        return tuple(found)

    # Learning ---------------------------------------------------------------------------------

    def lessons(self, turn: Turn) -> Callable[[sqlite3.Connection], object]:
        """What a turn that ends teaches, to be written in the transaction that closes it. Of what
        was taken back nothing stays, her own notes neither."""
        given, now = turn.candidate.input, clock.now()
        if turn.reason == RETRACTED or turn.outcome == "blocked":
            return lambda db: facts.forget_learned_in(db, turn.turn_id)
        heard = turn.outcome in ("completed", "interrupted") and bool(turn.heard_text)
        if not heard or given.happened or given.source not in _TAUGHT_BY:
            return lambda db: None
        if turn.blocked or not self.may_be_kept(given.text):
            return lambda db: None
        claims, show_fact = claims_of(given.text), self._show_fact(given)
        author, helped = given.author, self._used
        self._used = []

        def write(db: sqlite3.Connection) -> None:
            if turn.retracted:  # meanwhile
                return
            facts.used(db, helped, now)
            facts.renamed(db, author.viewer_id, author.name)
            for claim in claims:
                facts.learn(db, author.viewer_id, author.name, claim, turn.turn_id, now)
            if show_fact is not None:
                facts.learn(db, facts.THE_SHOW, "", show_fact, turn.turn_id, now, trusted=True)

        return write

    async def note(self, turn_id: str, text: str, told: Callable[[str], None]) -> None:
        """Keeps what she wants remembered of a turn, now or as soon as the disk takes it; `told`
        is given the code of why not, or nothing."""
        now = clock.now()
        await self._database.keep(
            lambda db: told(notes.keep(db, turn_id, text, now, self.may_be_kept))
        )

    def _show_fact(self, given: TurnInput) -> Claim | None:
        """What the host asks to be remembered. Viewers cannot teach about anyone but themselves."""
        if not notes.speaks_for_the_show(given):
            return None
        text = wished(given.text)
        return Claim("asked", text, 0.9) if text is not None else None

    def may_be_kept(self, text: str) -> bool:
        """What she must not hear or must not say is not kept either."""
        heard, said = self.gate.check(text, place="input"), self.gate.check(text)
        return heard.action is GateAction.ALLOW and said.action is GateAction.ALLOW

    async def summarise(self) -> bool:
        """Writes a summary of words when enough was said since the last one. True when it did."""
        rules = self.rules

        def work(db: sqlite3.Connection) -> bool:
            before = summaries.current(db)
            lines = summaries.unsummarised(db, before, rules.history_lines)
            if rules.summary_every == 0 or len(lines) < rules.summary_every:
                return False
            summaries.write(db, summaries.of_words(before, lines), clock.now())
            return True

        return await self._database.run(work)

    # Keeping and forgetting -------------------------------------------------------------------

    @property
    def doubted(self) -> bool:
        """Whether something was taken back that the disk has not struck out yet."""
        return self._striking > 0

    def doubt(self, withdrawal: Withdrawal, since: float) -> bool:
        """Nothing is told from memory until `strike` is done, where something of what was taken
        back may be in it: True then."""
        try:
            remembered = self._database.read(
                lambda db: retracting.is_remembered(db, withdrawal, since)
            )
        except sqlite3.Error:
            log.exception("it is not known whether what was taken back is remembered")
            remembered = True
        if remembered:
            self._striking += 1
            self.history, self.summary = (), Summary("", 0, 0)
        return remembered

    async def strike(self, withdrawal: Withdrawal, since: float, doubted: bool) -> Struck:
        """Strikes out what was taken back (see `retracting.strike`), now or as soon as the disk
        takes it. `doubted`: what `doubt` said of it, which ends with this."""
        self.forgettings += 1
        struck = Struck(on_disk=False)

        def write(db: sqlite3.Connection) -> None:
            nonlocal struck
            struck = retracting.strike(db, withdrawal, since)
            self._striking -= doubted

        try:
            done = await self._database.keep(write)
        except sqlite3.Error:  # it is handed out again, and doubted again
            self._striking -= doubted
            raise
        if not done:
            self._struck_late = True
        elif doubted or struck.turn_ids:
            await self._read_anew()
        return struck

    async def _read_anew(self) -> None:
        if self.meaning is not None:
            await self.meaning.refill()
        await self.refresh()

    async def forget(self, viewer_id: str) -> int | None:
        """How many records went; None when the disk cannot now: it is done when it can."""
        self.forgettings += 1
        gone: list[int] = []
        await self._database.keep(lambda db: gone.append(forgetting.forget(db, viewer_id)))
        await self._database.wipe()
        await self._read_anew()
        return gone[0] if gone else None

    async def keep_house(self) -> None:
        """What is due now and then: late writes, a summary, and forgetting what is too old."""
        await self._database.catch_up()
        if self._database.late:
            return
        if self._struck_late:
            self._struck_late = False
            await self._read_anew()
        if await self.summarise():
            await self.refresh()
        if clock.now() - self._retention_at > RETENTION_LOOK_SECONDS:
            self._retention_at = clock.now()
            if await self.keep_retention():
                await self.refresh()

    async def keep_retention(self) -> int:
        if not self.rules.retention_days:
            return 0
        self.forgettings += 1
        before = clock.now() - self.rules.retention_days * DAY_SECONDS
        return await self._database.run(lambda db: viewers.forget_before(db, before))

    async def backup(self) -> Path:
        """A copy of the whole file while everything runs; returns where it is."""
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        return await self._database.backup(f"kitsu-{stamp}.sqlite")
