"""Lines of the persona that stand ready for when nobody else has anything to say."""

from collections.abc import Sequence
from random import Random

from apps.policy_worker.sender import ReplySender
from libs.contracts.safety import GateAction
from libs.contracts.speaking import Mood
from libs.safety import Gate, Judged


async def say_stock(sender: ReplySender, gate: Gate, lines: Sequence[str]) -> None:
    """One of the lines, unless one of them was said before a crash. It passes the gate too; where
    it does not, the next one may."""
    if set(lines) & set(sender.said):
        return
    order = list(lines)
    Random(sender.turn.turn_id or sender.turn.event_id).shuffle(order)
    for line in order:
        verdict = gate.check(line)
        if verdict.action is not GateAction.BLOCK:
            await sender.judged(Judged(line, verdict), Mood.NEUTRAL)
            return
