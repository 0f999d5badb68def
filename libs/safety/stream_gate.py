"""One reply through the gate, sentence by sentence, as it is being written."""

import re
from dataclasses import dataclass
from functools import lru_cache

from libs.contracts.safety import GateAction, Verdict
from libs.safety.findings import Place
from libs.safety.gate import Gate
from libs.safety.normalise import fold

#: So many blocked sentences end the turn: the model is off the rails.
MAXIMUM_BLOCKS = 3
#: So many words in a row of the secret text give it away.
SHINGLE_WORDS = 9
#: Of the reply so far this much is remembered for what is split over two sentences.
TAIL_CHARACTERS = 120

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Judged:
    text: str
    """As it came in."""
    verdict: Verdict


class StreamGate:
    """Promises: every sentence comes out judged, in order, none twice; one that ends in a scrap of
    a listed word waits for what follows it; after `MAXIMUM_BLOCKS` blocked ones `ended` is true and
    nothing passes any more. No run of nine words of `secret_text` passes. An `operator` who answers
    for the text overrides what can be overridden."""

    def __init__(
        self,
        gate: Gate,
        secret_text: str = "",
        place: Place = "speech",
        operator: str | None = None,
    ) -> None:
        self._gate = gate
        self._operator = operator
        self._place: Place = place
        self._secret = _shingle_set(secret_text)
        self._held = ""
        self._tail = ""
        self.blocked = 0
        self.seconds = 0.0

    @property
    def ended(self) -> bool:
        return self.blocked >= MAXIMUM_BLOCKS

    def feed(self, sentence: str) -> list[Judged]:
        """The sentences that may be dealt with now."""
        if self.ended:
            return []
        if self._held:
            return self._after_held(sentence)
        if self._gate.ends_in_scrap(sentence):
            self._held = sentence
            return []
        return [self._judge(sentence)]

    def finish(self) -> list[Judged]:
        """What was still held back; there is nothing it could go on with."""
        held, self._held = self._held, ""
        return [self._judge(held)] if held and not self.ended else []

    def _after_held(self, sentence: str) -> list[Judged]:
        held, self._held = self._held, ""
        across = self._gate.check(sentence, self._place, before=held)
        if across.rule.endswith(".across") and self._operator is None:
            return [self._blocked(f"{held} {sentence}", across)]
        return [self._judge(held), *self.feed(sentence)]

    def _judge(self, sentence: str) -> Judged:
        if self._operator is not None:
            verdict = self._gate.override(sentence, self._operator)
        else:
            verdict = self._gate.check(sentence, self._place, before=self._tail)
        if verdict.action is not GateAction.BLOCK and self._gives_away(sentence):
            verdict = verdict.model_copy(
                update={
                    "action": GateAction.BLOCK,
                    "text": "",
                    "rule": "leaked_instructions.quoted",
                    "category": "leaked_instructions",
                }
            )
        if verdict.action is GateAction.BLOCK:
            return self._blocked(sentence, verdict)
        self.seconds += verdict.seconds
        self._tail = f"{self._tail} {sentence}"[-TAIL_CHARACTERS:]
        return Judged(sentence, verdict)

    def _blocked(self, text: str, verdict: Verdict) -> Judged:
        """A blocked sentence is not said: what follows is not joined to it."""
        self.blocked += 1
        self.seconds += verdict.seconds
        return Judged(text, verdict)

    def _gives_away(self, sentence: str) -> bool:
        return bool(self._secret) and any(
            shingle in self._secret for shingle in _shingles(f"{self._tail} {sentence}")
        )


@lru_cache(maxsize=64)
def _shingle_set(text: str) -> frozenset[str]:
    return frozenset(_shingles(text))


def _shingles(text: str) -> list[str]:
    words = _WORD.findall(fold(text))
    return [
        " ".join(words[at : at + SHINGLE_WORDS]) for at in range(len(words) - SHINGLE_WORDS + 1)
    ]
