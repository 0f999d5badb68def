"""What the operator allows or blocks beside the shipped rules of the gate."""

import asyncio
from collections.abc import Callable
from typing import Literal, NamedTuple

from apps.orchestrator.memory import own_rules as kept
from apps.orchestrator.memory.database import Database
from libs.contracts.identity import new_id
from libs.contracts.safety import MAXIMUM_OWN_RULES, OWN_RULE_CHARACTERS, GateAction, OwnRule
from libs.safety import Gate, clean_chat
from libs.safety.own_rules import AROUND, words_key
from libs.safety.word_runs import is_unspaced
from libs.telemetry import clock
from libs.worker.problems import Problem

Action = Literal["allow", "block"]


class Added(NamedTuple):
    rule: OwnRule
    new: bool
    """False: it was there already."""
    replaced: Action | None = None
    """What the rule did before with the same words."""


class OwnRules:
    """Promises: at most `MAXIMUM_OWN_RULES`, one for the same words; a rule counts once it is on
    disk, and one that could do nothing is refused with the reason."""

    def __init__(self, database: Database, gate: Gate, changed: Callable[[], None]) -> None:
        """`gate`: without own rules. `changed` is called after every change."""
        self._database = database
        self._gate = gate
        self._changed = changed
        self._changing = asyncio.Lock()
        self.all: tuple[OwnRule, ...] = ()

    async def restore(self) -> None:
        self.all = await self._database.look(kept.all_rules)
        self._changed()

    async def add(self, action: Action, text: str, by: str) -> Added:
        """The rule, or the one that is there already. One with the same words and the other action
        is replaced. Raises `Problem`, and `sqlite3.OperationalError` if it cannot be written."""
        text = cleaned(text)
        words = words_key(text)
        self._check(action, text, words)
        async with self._changing:
            same = next((rule for rule in self.all if words_key(rule.text) == words), None)
            if same is not None and same.action == action:
                return Added(same, new=False)
            if same is None and len(self.all) >= MAXIMUM_OWN_RULES:
                step = f"Remove one first: there are {MAXIMUM_OWN_RULES} already."
                raise Problem(409, "Too many rules", step, "full")
            rule = OwnRule(rule_id=new_id(), action=action, text=text, by=by, made_at=clock.now())
            await self._database.run(lambda db: kept.put(db, rule, words))
            others = (one for one in self.all if one is not same)
            self.all = (*others, rule)
            self._changed()
        return Added(rule, new=True, replaced=same.action if same else None)

    async def remove(self, rule_id: str) -> OwnRule | None:
        """The rule that went; None when there is none. Raises as `add` does."""
        async with self._changing:
            rule = next((rule for rule in self.all if rule.rule_id == rule_id), None)
            if rule is None:
                return None
            await self._database.run(lambda db: kept.remove(db, rule_id))
            self.all = tuple(one for one in self.all if one is not rule)
            self._changed()
        return rule

    def _check(self, action: Action, text: str, words: str) -> None:
        if not words:
            raise Problem(422, "No words", "A rule needs letters or digits.", "text")
        if len(text) > OWN_RULE_CHARACTERS:
            step = f"A rule has at most {OWN_RULE_CHARACTERS} characters."
            raise Problem(422, "Too long", step, "text")
        if len(words) < 2 and not is_unspaced(text):
            raise Problem(422, "Too short", "One letter alone would be found everywhere.", "text")
        if action == "allow" and not self.may_be_allowed(text):
            step = "These words are never said, whoever asks; no rule lifts that."
            raise Problem(422, "Nobody can allow that", step, "hard")

    def may_be_allowed(self, text: str) -> bool:
        """Whether nothing of it is of the tier that nobody lifts."""
        verdict = self._gate.override(text, "operator")
        return verdict.action is not GateAction.BLOCK


def cleaned(text: str) -> str:
    """A rule's text as it is kept: a line of chat without the signs around it. One character too
    many shows that it was too long."""
    return clean_chat(text, maximum=OWN_RULE_CHARACTERS + 1).strip(AROUND)
