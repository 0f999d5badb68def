"""The gate: one verdict on one text."""

import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple, Self

from libs.contracts.safety import GateAction, OwnRule, Verdict
from libs.safety.invisible import without_invisible
from libs.safety.normalise import fold, native
from libs.safety.own_rules import OwnWords, own_words, shortest_part
from libs.safety.rules import Rules, load_rules
from libs.safety.word_runs import WordRuns
from libs.safety.words import WordFinder
from libs.settings.base import ROOT

RULES = ROOT / "configs" / "safety"

Place = Literal["speech", "input", "chat_out", "operator"]

#: A longer text is blocked unread: nobody says it in one breath, and reading it costs time.
MAXIMUM_CHARACTERS = 2_000
#: Words on each side of a sentence's beginning that are looked at together.
JOINT_WORDS = 4

_RANK = {"mild": 0, "strong": 1, "hard": 2}
_LONG_DIGITS = re.compile(r"\d{20,}")
_LOG = logging.getLogger("kitsu.safety")


class Finding(NamedTuple):
    """A rule that spoke, and how badly."""

    rule: str
    category: str
    tier: str


class Gate:
    """Judges texts by listed words and patterns.

    Promises: `check` never raises, and a text on which the gate itself fails is blocked with the
    rule `gate_error`; a text that is longer than it may be is blocked; a verdict names rules, never
    words. It judges form: an unkind sentence of kind words passes.
    """

    def __init__(self, rules: Rules, family_mode: bool = True) -> None:
        self._rules = rules
        self._words = WordFinder(rules)
        self._patterns = [(pattern, pattern.compiled()) for pattern in rules.patterns]
        mild = "|".join(re.escape(word) for word in rules.soften) or "(?!)"
        self._mild = re.compile(rf"\b(?:{mild})\b", re.IGNORECASE)
        topics = [(words, topic.code) for topic in rules.topics for words in topic.runs()]
        self._topics = WordRuns(topics, rules.common_words)
        self._own: OwnWords | None = None
        self.family_mode = family_mode

    @classmethod
    def load(cls, family_mode: bool = True, folder: Path | None = None) -> Self:
        """The gate with the rules of `configs/safety` (or another folder). Raises `RulesError`."""
        return cls(load_rules(folder or RULES), family_mode)

    def in_mode(self, family_mode: bool) -> "Gate":
        """This gate in family mode or out of it; both share rules and what they have seen."""
        if family_mode == self.family_mode:
            return self
        other = self._twin()
        other.family_mode = family_mode
        return other

    def with_own_rules(self, rules: tuple[OwnRule, ...]) -> "Gate":
        """This gate with a show's own rules, instead of those it may have. What they block is
        blocked as `own.block`; what they allow does not count, except in the tier `hard`."""
        if not rules and self._own is None:
            return self
        other = self._twin()
        other._own = own_words(rules, self._rules.common_words) if rules else None
        return other

    def _twin(self) -> "Gate":
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def check(self, text: str, place: Place = "speech", before: str = "") -> Verdict:
        """The verdict on a text. `before`: what was said just before it, in the same breath."""
        return self._guarded(text, place, before, None)

    def override(self, text: str, operator: str) -> Verdict:
        """The verdict when an operator answers for this text: it passes, with the operator's name
        on record, unless a rule of the tier `hard` speaks; those nobody can lift."""
        return self._guarded(text, "operator", "", operator)

    def matched(self, text: str, place: Place = "speech") -> str:
        """The words of the text that made the worst rule speak; empty if none did, or if it is not
        known which."""
        rule = self.check(text, place).rule
        if not rule or len(text) > MAXIMUM_CHARACTERS:
            return ""
        return shortest_part(text, lambda part: self.check(part, place).rule == rule)

    def touchy(self, text: str) -> str:
        """The code of a topic on which a wrong word does harm, or nothing; words that the show
        allows do not count. A text that cannot be read is touchy."""
        try:
            text = text[:MAXIMUM_CHARACTERS]
            if self._own is not None:
                text = self._own.without_allowed(text)
            return self._topics.find(text)
        except Exception:  # noqa: BLE001 - whatever fails in here, care is taken
            _LOG.exception("the topics could not be looked for")
            return "unknown"

    def ends_in_scrap(self, text: str) -> bool:
        """Whether the text's last word could go on to be a listed one in the next text."""
        return self._words.ends_in_scrap(fold(text[-40:]))

    # Judging ----------------------------------------------------------------------------------

    def _guarded(self, text: str, place: Place, before: str, operator: str | None) -> Verdict:
        begun = time.perf_counter()
        try:
            verdict = self._judge(text, place, before, operator)
        except Exception:  # noqa: BLE001 - whatever fails in here, the text must not pass
            _LOG.exception("the gate failed; the text was blocked")
            verdict = Verdict(action=GateAction.BLOCK, text="", rule="gate_error")
        return verdict.model_copy(update={"seconds": time.perf_counter() - begun})

    def _judge(self, text: str, place: Place, before: str, operator: str | None) -> Verdict:
        if len(text) > MAXIMUM_CHARACTERS:
            return Verdict(action=GateAction.BLOCK, text="", rule="too_long", category="form")
        text = without_invisible(text)
        worst = self._worst(text, place, before)
        if worst is None:
            return Verdict(action=GateAction.ALLOW, text=text)
        said = {"rule": worst.rule, "category": worst.category}
        if operator is not None and worst.tier != "hard":
            return Verdict(action=GateAction.ALLOW, text=text, overridden_by=operator, **said)
        if worst.tier == "mild":
            softened = self._mild.sub(self._soft_word, text)
            if self._worst(softened, place, before) is None:
                return Verdict(action=GateAction.SOFTEN, text=softened, **said)
        return Verdict(action=GateAction.BLOCK, text="", **said)

    def _worst(self, text: str, place: Place, before: str) -> Finding | None:
        worst: Finding | None = None
        for finding in self._findings(text, place, before):
            if worst is None or _RANK[finding.tier] > _RANK[worst.tier]:
                worst = finding
            if worst.tier == "hard":
                break
        return worst

    def _findings(self, text: str, place: Place, before: str) -> Iterator[Finding]:
        own = self._own
        if own is None:
            yield from self._listed(text, place, before)
            return
        if own.blocks(text, before):
            yield Finding("own.block", "own", "strong")
        counting = own.without_allowed(text)
        if counting != text:
            every = self._listed(text, place, before)
            yield from (finding for finding in every if finding.tier == "hard")
        yield from self._listed(counting, place, before)

    def _listed(self, text: str, place: Place, before: str) -> Iterator[Finding]:
        """What the shipped rules say."""
        folded = fold(text)
        for hit in self._words.find(folded, native(text)):
            if self._counts(hit.category, hit.tier, place):
                yield Finding(f"{hit.category}.{hit.how}", hit.category, hit.tier)
        if before:
            tail = re.findall(r"[a-z]+", fold(before[-60:]))[-JOINT_WORDS:]
            head = re.findall(r"[a-z]+", folded[:60])[:JOINT_WORDS]
            for hit in self._words.find_across(tail + head):
                if self._counts(hit.category, hit.tier, place):
                    yield Finding(f"{hit.category}.across", hit.category, hit.tier)
        shortened = _LONG_DIGITS.sub(lambda digits: digits.group()[:20], folded)
        for pattern, regex in self._patterns:
            if place in pattern.places and regex.search(shortened):
                yield Finding(f"{pattern.category}.{pattern.code}", pattern.category, pattern.tier)

    def _counts(self, category: str, tier: str, place: Place) -> bool:
        """Swearing is for the family mode to judge, and what viewers write is not said by her."""
        if tier == "hard":
            return True
        if category == "profanity":
            return self.family_mode and place != "input"
        return tier != "mild" or (self.family_mode and place != "input")

    def _soft_word(self, match: re.Match[str]) -> str:
        word = match.group()
        soft = self._rules.soften[word.lower()]
        return soft.capitalize() if word[0].isupper() else soft
