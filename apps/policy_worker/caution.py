"""Care with touchy topics: who must agree before she says something about one."""

import time

from apps.policy_worker.guard import Guard
from libs.safety import Gate

#: Of what she said before a sentence, so much is read with it.
_TAIL_CHARACTERS = 60


class Caution:
    """Watches one turn.

    Promises: a turn that touches no such topic asks nobody and waits for nothing; once one is
    touched, every sentence of the turn needs a word that it is safe.
    """

    def __init__(self, gate: Gate, guard: Guard | None, deflect: bool, heard: str) -> None:
        """`deflect`: without a guard such turns are turned aside, not answered."""
        self._gate = gate
        self._guard = guard
        self._deflect = deflect
        self._heard = heard
        self.topic = gate.touchy(heard)
        self.seconds = 0.0
        """Time that the last sentence waited for the guard."""

    @property
    def turns_aside(self) -> str:
        """The code of the rule by which what was heard is not answered at all, or nothing."""
        return self._rule if self._guard is None and self._deflect and self.topic else ""

    async def objection(self, said: tuple[str, ...], sentence: str) -> str:
        """The code of the rule by which this sentence is not said, or nothing."""
        self.seconds = 0.0
        if not self.topic:
            tail = " ".join(said)[-_TAIL_CHARACTERS:]
            self.topic = self._gate.touchy(f"{tail} {sentence}")
        if not self.topic:
            return ""
        if self._guard is None:
            return self._rule if self._deflect else ""
        begun_at = time.perf_counter()
        objection = await self._guard.objection(self._heard, said, sentence)
        self.seconds = time.perf_counter() - begun_at
        return objection

    @property
    def _rule(self) -> str:
        return f"touchy.{self.topic}"
