"""The request of a turn: all that a policy worker needs to answer it."""

from apps.orchestrator.memory.memory import Memory
from apps.orchestrator.memory.recall import Near
from apps.orchestrator.session import Session
from apps.orchestrator.settings import OrchestratorSettings
from apps.orchestrator.turns import Turn
from libs.contracts.conversation import TurnCommitted
from libs.contracts.identity import derived_id


def request_of(
    turn: Turn, settings: OrchestratorSettings, session: Session, memory: Memory, near: Near | None
) -> TurnCommitted:
    """`near`: what the memory found by meaning."""
    candidate = turn.candidate
    return TurnCommitted(
        event_id=derived_id(candidate.input_id, "committed"),
        show=settings.kitsu_show,
        turn_id=turn.turn_id,
        utterance_id=turn.utterance_id,
        epoch=turn.epoch,
        cause_id=candidate.input_id,
        expires_at=turn.opened_at + settings.turn_expires_seconds,
        input=candidate.input,
        persona=session.snapshot,
        history=memory.history,
        memories=memory.for_turn(candidate.input, near),
        own_rules=session.own_rules,
        mood=candidate.mood,
        voice=candidate.voice,
    )
