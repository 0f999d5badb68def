"""A turn on its way: its state, what was said and heard, and where the time went."""

from dataclasses import dataclass, field
from typing import Any, Literal

from apps.orchestrator.floor import Candidate
from apps.orchestrator.unheard import unheard_of
from libs.contracts.conversation import ReplyAbandoned, ReplyFinished
from libs.contracts.interruption import StopSpeaking
from libs.contracts.speaking import PlaybackFinished, PlaybackOutcome, PlaybackStarted
from libs.contracts.timing import TurnStages, TurnTimed

TurnOutcome = Literal["completed", "interrupted", "expired", "failed", "blocked"]
#: The reason of a turn whose line was taken back.
RETRACTED = "retracted"

TurnState = Literal["waiting", "thinking", "speaking", "done"]


@dataclass
class Turn:
    """One exchange, from the line that opened it to what was heard of the answer.

    Promises: exactly one outcome. Times are seconds on the show's clock.
    """

    candidate: Candidate
    opened_at: float
    epoch: int
    floor_seconds: float = 0.0
    """How long the input waited for its turn; counted as waiting, not as work."""
    state: TurnState = "thinking"
    outcome: TurnOutcome | None = None
    reason: str = ""
    blocked: bool = False
    """The gate would not have it answered; what was said is a line of the persona."""
    reply_reason: str = ""
    """Why the reply was not what the model wrote, where it was not."""
    reply: str = ""
    heard_text: str = ""
    unheard_text: str = ""
    """The rest of what was meant to be said, where it was cut off."""
    stages: TurnStages = field(default_factory=TurnStages)
    code_pieces: int = 0
    cut_by: str = ""
    """Why it was interrupted, where that is known here; others only know that it was."""
    replaced_by: Candidate | None = None
    """The input that has its words too and is answered instead of it."""
    retracted: bool = False
    """What it answers was taken back: nothing of it is kept or shown."""

    @property
    def turn_id(self) -> str:
        return self.candidate.turn_id

    @property
    def utterance_id(self) -> str:
        return self.candidate.utterance_id

    def playback_started(self, event: PlaybackStarted) -> None:
        """Takes the stage times; what no stage claims was spent on the bus between them."""
        self.state = "speaking"
        given = self.candidate.input
        wait = given.wait_seconds + self.floor_seconds
        recognition = given.recognition_seconds
        total = max(0.0, event.started_at - given.arrived_at + given.wait_seconds)
        playback = max(0.0, event.started_at - event.first_chunk_at)
        policy = max(0.0, event.policy_seconds - event.gate_seconds)
        first_token = event.first_token_seconds
        claimed = wait + policy + event.gate_seconds + event.synthesis_seconds + playback
        claimed += recognition or 0.0
        self.stages = TurnStages(
            wait_ms=_ms(wait),
            recognition_ms=None if recognition is None else _ms(recognition),
            first_token_ms=None if first_token is None else _ms(min(first_token, policy)),
            policy_first_sentence_ms=_ms(policy),
            gate_ms=_ms(event.gate_seconds),
            tts_first_chunk_ms=_ms(event.synthesis_seconds),
            playback_start_ms=_ms(playback),
            bus_ms=_ms(max(0.0, total - claimed)),
            total_to_first_audio_ms=_ms(total),
        )

    def reply_finished(self, event: ReplyFinished) -> bool:
        """True when nothing will be played, so that the turn ends here."""
        self.reply = event.text
        self.blocked = event.outcome == "blocked"
        self.reply_reason = "" if event.outcome == "complete" else event.reason
        if event.sentences > 0:
            return False
        self.end("blocked" if event.outcome == "blocked" else "failed", event.reason)
        return True

    def reply_abandoned(self, event: ReplyAbandoned) -> bool:
        """True when the reply ended before anything could be played."""
        if self.state == "speaking":
            return False
        self.end("interrupted", event.reason)
        return True

    def playback_finished(self, event: PlaybackFinished) -> None:
        self.reply = self.reply or event.full_text
        self.heard_text = event.heard_text
        self.unheard_text = unheard_of(event)
        outcomes: dict[PlaybackOutcome, TurnOutcome] = {
            PlaybackOutcome.COMPLETED: "completed",
            PlaybackOutcome.INTERRUPTED: "interrupted",
            PlaybackOutcome.EXPIRED: "expired",
            PlaybackOutcome.FAILED: "failed",
        }
        self.end(outcomes[event.outcome], event.reason or self.reply_reason)

    def end(self, outcome: TurnOutcome, reason: str = "") -> None:
        if self.outcome is None:
            self.outcome, self.state = outcome, "done"
            reason = self.cut_by or reason if outcome == "interrupted" else reason
            self.reason = RETRACTED if self.retracted else reason

    def take_back(self) -> None:
        self.retracted = True
        if self.outcome is not None:
            self.reason = RETRACTED

    def cut(self, show: str, epoch: int, reason: str) -> StopSpeaking:
        """What fences this turn's work, wherever it is."""
        return StopSpeaking(
            show=show,
            turn_id=self.turn_id,
            utterance_id=self.utterance_id,
            epoch=epoch,
            reason=reason,
            by="orchestrator",
        )

    def timed(self, show: str) -> TurnTimed:
        """Of a turn that has its outcome."""
        return TurnTimed(
            show=show,
            turn_id=self.turn_id,
            utterance_id=self.utterance_id,
            epoch=self.epoch,
            source_kind=self.candidate.input.source,
            outcome=self.outcome or "failed",
            stages=self.stages,
        )

    def as_json(self) -> dict[str, Any]:
        """The shape of `GET /telemetry/turns`, with the panel's `state` beside it."""
        given = self.candidate.input
        return {
            "turn_id": self.turn_id,
            "utterance_id": self.utterance_id,
            "source": given.source.value,
            "author": given.author.name,
            "input": "" if self.retracted else given.told,
            "reply": "" if self.retracted else self.reply,
            "heard_text": "" if self.retracted else self.heard_text,
            "unheard_text": "" if self.retracted else self.unheard_text,
            "outcome": self.outcome,
            "reason": self.reason,
            "state": self.state,
            "opened_at": self.opened_at,
            "stages": self.stages.model_dump(),
            "code_pieces": self.code_pieces,
        }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
