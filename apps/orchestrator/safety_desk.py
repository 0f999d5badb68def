"""The operator's side of the gate: what it stopped, and what the show itself allows or blocks."""

import asyncio
from functools import partial
from typing import Any

from apps.orchestrator.blocked_texts import (
    ALARMING_BLOCKS,
    ALARMING_SECONDS,
    BlockAlarm,
    BlockedText,
    BlockedTexts,
)
from apps.orchestrator.incidents import IncidentLog
from apps.orchestrator.memory.database import Database
from apps.orchestrator.memory.memory import Memory
from apps.orchestrator.own_rules import Action, Added, OwnRules, cleaned
from apps.orchestrator.session import Session
from libs.contracts.safety import (
    MAXIMUM_OWN_RULES,
    OWN_RULE_CHARACTERS,
    JudgedPlace,
    OwnRule,
    TextBlocked,
)
from libs.safety import Gate
from libs.safety.own_rules import shortest_part, words_key
from libs.worker.problems import Problem


class SafetyDesk:
    """Promises: a change of the rules counts from the next turn on, for what is heard, said and
    kept; blocked words are for the operator only and reach no disk and no log."""

    def __init__(
        self,
        database: Database,
        gate: Gate,
        session: Session,
        memory: Memory,
        incidents: IncidentLog,
    ) -> None:
        self._gate = gate
        self._session = session
        self._memory = memory
        self._incidents = incidents
        self._alarm = BlockAlarm()
        self.rules = OwnRules(database, gate, self._rules_changed)
        self.texts = BlockedTexts()

    def _rules_changed(self) -> None:
        self._session.own_rules = self.rules.all
        self._memory.gate = self._gate.with_own_rules(self.rules.all)

    # Rules ------------------------------------------------------------------------------------

    async def add(self, action: Action, text: str, by: str) -> Added:
        """Raises `Problem`, and `sqlite3.OperationalError` if it cannot be written."""
        added = await self.rules.add(action, text, by)
        if added.new:
            category = self._gate.check(added.rule.text).category
            kind = f" of the kind {category}" if category else ""
            done = "allowed" if action == "allow" else "blocked"
            told = f"Words{kind} are {done} from the next turn on, added by {by}."
            await self._incidents.note("own_rule", "info", told, by)
        return added

    async def add_for(self, action: Action, blocked_id: str, by: str) -> Added:
        """A rule for the words that made a text be blocked. Raises as `add` does."""
        found = self.texts.find(blocked_id)
        if found is None:
            step = "Its words were kept for a quarter of an hour; type them yourself."
            raise Problem(404, "No such text", step, "not_found")
        words = await asyncio.to_thread(self._matched, found)
        if not words:
            step = "It is not known which words it was: type them yourself."
            raise Problem(422, "No words to go by", step, "not_matched")
        return await self.add(action, words, by)

    async def remove(self, rule_id: str, by: str) -> OwnRule | None:
        """None when there is no such rule. Raises as `add` does."""
        rule = await self.rules.remove(rule_id)
        if rule is not None:
            done = "allowed" if rule.action == "allow" else "blocked"
            told = f"A rule by which words were {done} was removed by {by}."
            await self._incidents.note("own_rule", "info", told, by)
        return rule

    def rules_as_json(self) -> dict[str, Any]:
        newest_first = [rule.model_dump() for rule in reversed(self.rules.all)]
        return {"rules": newest_first, "maximum": MAXIMUM_OWN_RULES}

    # What was blocked -------------------------------------------------------------------------

    async def hear_block(self, event: TextBlocked) -> None:
        """The same again is ignored."""
        if self.texts.told(event) and self._alarm.rings(event):
            told = (
                f"{ALARMING_BLOCKS} texts were blocked within {ALARMING_SECONDS / 60:.0f} minutes,"
                f" the last one by {event.rule}. Look at Safety whether somebody tries the gate, or"
                " whether a rule is too strict."
            )
            await self._incidents.note("many_blocked", "warning", told)

    async def blocked_as_json(self) -> list[dict[str, Any]]:
        """Newest first, as `GET /safety/blocked` shows them."""
        found = self.texts.recent()
        return await asyncio.to_thread(lambda: [self._as_json(text) for text in found])

    def _as_json(self, blocked: BlockedText) -> dict[str, Any]:
        codes, matched = blocked.codes, self._matched(blocked)
        assert codes is not None
        return {
            "id": blocked.blocked_id,
            "at": blocked.at,
            "place": codes.place,
            "action": codes.action.value,
            "rule": codes.rule,
            "category": codes.category,
            "turn_id": codes.turn_id,
            "author": blocked.author,
            "text": blocked.text,
            "matched": matched,
            "can_allow": bool(matched) and self.rules.may_be_allowed(matched),
            "own_rule": self._rule_for(matched),
        }

    def _rule_for(self, matched: str) -> str:
        """What an own rule does with these words now, or nothing."""
        words = words_key(matched)
        of_words = (r.action for r in self.rules.all if words and words_key(r.text) == words)
        return next(of_words, "")

    def _matched(self, blocked: BlockedText) -> str:
        """Looked for once, by the rules of that moment. Runs in a thread: it may take a while."""
        if blocked.matched is not None:
            return blocked.matched
        if blocked.codes is None or not blocked.text:
            return ""
        words = cleaned(self._words_behind(blocked.text, blocked.codes))
        blocked.matched = words if len(words) <= OWN_RULE_CHARACTERS else ""
        return blocked.matched

    def _words_behind(self, text: str, codes: TextBlocked) -> str:
        """As they stand in the text, for only so can they be allowed."""
        place, rule = codes.place, codes.rule
        category, _, topic = rule.partition(".")
        if category == "touchy":
            return shortest_part(text, lambda part: self._gate.touchy(part) == topic)
        in_mode = self._gate.in_mode(self._session.snapshot.family_mode)
        gates = (in_mode, in_mode.with_own_rules(self.rules.all))
        parts = (shortest_part(text, partial(_speaks, gate, place, rule)) for gate in gates)
        return next(filter(None, parts), "")


def _speaks(gate: Gate, place: JudgedPlace, rule: str, part: str) -> bool:
    return gate.check(part, place).rule == rule
