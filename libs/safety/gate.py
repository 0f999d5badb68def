"""The gate: one verdict on one text."""

import logging
import re
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from libs.contracts.safety import GateAction, OwnRule, Verdict
from libs.safety.findings import Finder, Finding, Place
from libs.safety.ingest import clean_chat
from libs.safety.invisible import without_invisible
from libs.safety.normalise import fold
from libs.safety.own_rules import OwnWords, own_words
from libs.safety.rules import Rules, load_rules
from libs.safety.word_runs import WordRuns
from libs.settings.base import ROOT

RULES = ROOT / "configs" / "safety"

#: A longer text is blocked unread: nobody says it in one breath, and reading it costs time.
MAXIMUM_CHARACTERS = 2_000

#: What Twitch allows a name to be long; more of it is not read out.
MAXIMUM_NAME = 25

_NAME_PLACES: tuple[Place, ...] = ("input", "speech")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NAME_GAP = re.compile(r"[_\W]+|(?<=[a-zA-Z])(?=\d)|(?<=\d)(?=[a-zA-Z])")
_RANK = {"mild": 0, "strong": 1, "hard": 2}
_LOG = logging.getLogger("kitsu.safety")


class Gate:
    """Judges texts by listed words and patterns.

    Promises: `check` never raises, and a text on which the gate itself fails is blocked with the
    rule `gate_error`; a text that is longer than it may be is blocked; a verdict names rules, never
    words. It judges form: an unkind sentence of kind words passes.
    """

    def __init__(self, rules: Rules, family_mode: bool = True) -> None:
        self._soften = rules.soften
        self._common_words = rules.common_words
        self._finder = Finder(rules)
        mild = "|".join(re.escape(word) for word in rules.soften) or "(?!)"
        self._mild = re.compile(rf"\b(?:{mild})\b", re.IGNORECASE)
        topics = [(words, topic.code) for topic in rules.topics for words in topic.runs()]
        self._topics = WordRuns(topics, rules.common_words)
        self._own: OwnWords | None = None
        self.family_mode = family_mode

    @classmethod
    def load(cls, family_mode: bool = True, folder: Path | None = None) -> Self:
        """The gate with the rules of `configs/safety` (or another folder). Raises `RulesError`.

        A process reads the same files once.
        """
        folder = folder or RULES
        gate = cls.__new__(cls)
        gate.__dict__.update(vars(_gate_of(folder, _stamps(folder))))
        gate.family_mode = family_mode
        return gate

    def prepare(self) -> None:
        """Makes now what the first disguised text would wait for, about a tenth of a second."""
        self._finder.prepare()

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
        other._own = own_words(rules, self._common_words) if rules else None
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

    def name(self, name: str, stand_in: str) -> Verdict:
        """The verdict on a viewer's name that is to be said or shown: REPLACE with `stand_in` where
        something in it is not to be said, also glued together or spread over its parts."""
        begun = time.perf_counter()
        plain = clean_chat(name, maximum=MAXIMUM_NAME)
        parted = _NAME_GAP.sub(" ", _CAMEL.sub(" ", plain))
        for text in dict.fromkeys((plain, parted, parted.replace(" ", ""))):
            for place in _NAME_PLACES:
                verdict = self.check(text, place)
                if verdict.action is not GateAction.ALLOW:
                    found = {"action": GateAction.REPLACE, "text": stand_in}
                    return verdict.model_copy(
                        update={**found, "seconds": time.perf_counter() - begun}
                    )
        return Verdict(action=GateAction.ALLOW, text=plain, seconds=time.perf_counter() - begun)

    def matched(self, text: str, place: Place = "speech") -> str:
        """The words for which the text does not pass, without their disguise; "" if it passes."""
        worst = self._worst(without_invisible(text[:MAXIMUM_CHARACTERS]), place, "")
        return worst.words if worst is not None else ""

    def rules(self, text: str, place: Place = "speech") -> frozenset[str]:
        """The codes of all rules that speak on the text, for who must know more than the worst."""
        found = self._findings(without_invisible(text[:MAXIMUM_CHARACTERS]), place, "")
        counting = (one for one in found if self._counts(one.category, one.tier, place))
        return frozenset(finding.rule for finding in counting)

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
        return self._finder.words.ends_in_scrap(fold(text[-40:]))

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
            if not self._counts(finding.category, finding.tier, place):
                continue
            if worst is None or _RANK[finding.tier] > _RANK[worst.tier]:
                worst = finding
            if worst.tier == "hard":
                break
        return worst

    def _findings(self, text: str, place: Place, before: str) -> Iterator[Finding]:
        own = self._own
        if own is None:
            yield from self._finder.find(text, place, before)
            return
        if own.blocks(text, before):
            yield Finding("own.block", "own", "strong")
        counting = own.without_allowed(text)
        if counting != text:
            every = self._finder.find(text, place, before)
            yield from (finding for finding in every if finding.tier == "hard")
        yield from self._finder.find(counting, place, before)

    def _counts(self, category: str, tier: str, place: Place) -> bool:
        """Swearing is for the family mode to judge, and what viewers write is not said by her."""
        if tier == "hard":
            return True
        if category == "profanity":
            return self.family_mode and place != "input"
        return tier != "mild" or (self.family_mode and place != "input")

    def _soft_word(self, match: re.Match[str]) -> str:
        word = match.group()
        soft = self._soften[word.lower()]
        return soft.capitalize() if word[0].isupper() else soft


class LateGate(Gate):
    """Reads its rules when it is asked first: for those who may never ask."""

    def __init__(self, family_mode: bool = True) -> None:
        self.family_mode = family_mode

    def __getattr__(self, name: str) -> Any:
        """Comes here for what no reading has filled in yet. Raises `RulesError`."""
        if name.startswith("__"):
            raise AttributeError(name)
        vars(self).update(vars(Gate.load(self.family_mode)))
        return vars(self)[name]


@lru_cache(maxsize=2)
def _gate_of(folder: Path, stamps: tuple[tuple[str, int, int], ...]) -> Gate:
    return Gate(load_rules(folder))


def _stamps(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Changes when a file of the folder does: name, time and size of each."""
    found = ((path.name, path.stat()) for path in sorted(folder.glob("*.yaml")))
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in found)
