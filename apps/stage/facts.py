"""The facts the stage publishes, with ids that are the same each time a fact is told."""

from uuid import UUID, uuid5

from apps.stage.utterance import Utterance
from libs.contracts.interruption import SpeechHold
from libs.contracts.speaking import (
    PlaybackFinished,
    PlaybackOutcome,
    PlaybackProgressed,
    PlaybackStarted,
)

#: Made once for this purpose; never to be changed, or a fact told again would count twice.
_NAMESPACE = UUID("6f1b7d0e-2f0a-4b7c-9a53-3f2d1f5f6c11")


def fact_id(show: str, utterance_id: str, what: str) -> str:
    return str(uuid5(_NAMESPACE, f"{show}/{utterance_id}/{what}"))


def started(utterance: Utterance, output: str, started_at: float) -> PlaybackStarted:
    return PlaybackStarted(
        event_id=fact_id(utterance.show, utterance.id, "started"),
        show=utterance.show,
        turn_id=utterance.turn_id,
        utterance_id=utterance.id,
        epoch=utterance.epoch,
        cause_id=utterance.cause_id,
        text=utterance.first_text,
        mood=utterance.mood,
        output=output,
        started_at=started_at,
        first_chunk_at=utterance.first_chunk_at,
        policy_seconds=utterance.stages.policy_seconds,
        first_token_seconds=utterance.stages.first_token_seconds,
        gate_seconds=utterance.stages.gate_seconds,
        synthesis_seconds=utterance.stages.synthesis_seconds,
    )


def progressed(utterance: Utterance, position: int, hold: SpeechHold) -> PlaybackProgressed:
    sentence = utterance.sentence_at(position)
    return PlaybackProgressed(
        show=utterance.show,
        turn_id=utterance.turn_id,
        utterance_id=utterance.id,
        epoch=utterance.epoch,
        cause_id=utterance.cause_id,
        index=sentence.index if sentence else 0,
        text=sentence.text if sentence else "",
        position_seconds=position / utterance.rate_hz,
        known_seconds=utterance.known_seconds,
        hold=hold,
        mood=utterance.mood,
    )


def finished(utterance: Utterance, output: str, stopped_at: float | None) -> PlaybackFinished:
    """The terminal fact of an utterance that has ended."""
    ending = utterance.ending
    assert ending is not None
    position = ending.position_samples / utterance.rate_hz if utterance.rate_hz else 0.0
    return PlaybackFinished(
        event_id=fact_id(utterance.show, utterance.id, "finished"),
        show=utterance.show,
        turn_id=utterance.turn_id,
        utterance_id=utterance.id,
        epoch=utterance.epoch,
        cause_id=utterance.cause_id,
        outcome=ending.outcome,
        heard_text=ending.heard_text,
        full_text=utterance.full_text,
        position_seconds=position,
        duration_seconds=max(position, utterance.known_seconds),
        reason=ending.reason,
        output=output,
        stopped_at=stopped_at,
    )


def lost(
    show: str, utterance_id: str, turn_id: str | None, epoch: int, reason: str, full_text: str = ""
) -> PlaybackFinished:
    """The terminal fact of an utterance of which the stage was never given any sound."""
    return PlaybackFinished(
        event_id=fact_id(show, utterance_id, "finished"),
        show=show,
        turn_id=turn_id,
        utterance_id=utterance_id,
        epoch=epoch,
        outcome=PlaybackOutcome.INTERRUPTED,
        heard_text="",
        full_text=full_text,
        position_seconds=0.0,
        duration_seconds=0.0,
        reason=reason,
    )
