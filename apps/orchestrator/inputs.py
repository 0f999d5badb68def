"""What happened, as an input that may become a turn."""

from dataclasses import replace
from math import isfinite

from apps.orchestrator.floor import Candidate
from apps.orchestrator.floor.alerts import Told
from libs.contracts.chat import ChatCommandIssued, ChatMessageReceived, RewardRedeemed
from libs.contracts.conversation import PollFinished, TurnInput, TurnSource
from libs.contracts.identity import derived_id
from libs.contracts.listening import TranscriptFinalized
from libs.contracts.people import Author, Role
from libs.telemetry import clock

#: Longer than this no recogniser is waited for; its clock is wrong.
LONGEST_RECOGNITION_SECONDS = 60.0

#: The longest text of an input.
MOST_CHARACTERS = 2_000

HOST = Author(viewer_id="host", name="host", role=Role.BROADCASTER)


def from_chat(event: ChatMessageReceived) -> TurnInput:
    return TurnInput(
        source=TurnSource.CHAT,
        author=event.author,
        text=event.text,
        message_ids=(event.message_id,),
        arrived_at=event.emitted_at,
        picture=event.picture,
    )


def from_redeem(event: RewardRedeemed) -> TurnInput:
    return TurnInput(
        source=TurnSource.PAID,
        author=event.author,
        text=event.say or event.text or event.reward,
        message_ids=(event.redemption_id,),
        arrived_at=event.emitted_at,
        verbatim=bool(event.say),
    )


def from_voice(event: TranscriptFinalized) -> TurnInput:
    return TurnInput(
        source=TurnSource.VOICE,
        author=HOST,
        text=event.text[:MOST_CHARACTERS],
        arrived_at=event.speech_ended_at + event.silence_wait_seconds,
        wait_seconds=event.silence_wait_seconds,
        recognition_seconds=_sensible(event.recognition_seconds),
    )


def joined(earlier: TurnInput, later: TurnInput) -> TurnInput:
    """What was said in two pieces, as one; the time counts from its end. Of too much text the
    newest stays."""
    text = f"{earlier.text.rstrip()} {later.text.lstrip()}".strip()
    return later.model_copy(update={"text": text[-MOST_CHARACTERS:]})


def _sensible(seconds: float) -> float:
    """Of a recogniser's own word: a time that can be one."""
    return min(max(0.0, seconds), LONGEST_RECOGNITION_SECONDS) if isfinite(seconds) else 0.0


def from_poll(event: PollFinished, result: str) -> TurnInput:
    """Something to say when nobody else has: of no viewer."""
    return TurnInput(
        source=TurnSource.IDLE,
        author=Author(viewer_id="", name="poll"),
        text=result,
        arrived_at=event.emitted_at,
    )


def from_keeper(event: ChatCommandIssued, text: str) -> TurnInput:
    """What somebody who keeps order in chat wants said word for word. Nothing is overridden."""
    return TurnInput(
        source=TurnSource.OPERATOR,
        author=event.author,
        text=text,
        message_ids=(event.message_id,) if event.message_id else (),
        arrived_at=event.emitted_at,
    )


def from_operator(text: str, by: str, override: bool) -> TurnInput:
    return TurnInput(
        source=TurnSource.OPERATOR,
        author=Author(viewer_id="operator", name=by, role=Role.OPERATOR),
        text=text,
        arrived_at=clock.now(),
        override=by if override else None,
    )


def from_alerts(told: Told) -> TurnInput:
    """What viewers see an alert for. What she says to it word for word may quote them."""
    return TurnInput(
        source=TurnSource.PAID,
        author=told.author,
        text=told.say or told.text,
        message_ids=tuple(alert.alert_id for alert in told.alerts),
        arrived_at=told.alerts[0].emitted_at,
        happened=not told.say,
        verbatim=bool(told.say),
    )


def from_silence(text: str) -> TurnInput:
    return TurnInput(
        source=TurnSource.IDLE,
        author=Author(viewer_id="", name="silence"),
        text=text,
        arrived_at=clock.now(),
        happened=True,
    )


def candidate_of(input_id: str, given: TurnInput) -> Candidate:
    """Its ids come from the input: the same input again is the same turn."""
    turn_id, utterance_id = derived_id(input_id, "turn"), derived_id(input_id, "utterance")
    return Candidate(input_id, turn_id, utterance_id, given)


def candidate_of_chat(
    event: ChatMessageReceived, given: TurnInput, late_seconds: float, paid_from: int
) -> Candidate:
    """What came with `paid_from` bits or coins waits with the paid ones."""
    return replace(
        candidate_of(event.event_id, given),
        first_time=event.first_time,
        reply_to=event.reply_to,
        paid=event.paid_amount,
        late_seconds=late_seconds,
        rank_as=TurnSource.PAID if event.paid_amount >= paid_from else None,
    )


def candidate_of_alerts(input_id: str, told: Told) -> Candidate:
    return replace(candidate_of(input_id, from_alerts(told)), rank_as=TurnSource.PAID)


def candidate_of_silence(input_id: str, text: str) -> Candidate:
    return candidate_of(input_id, from_silence(text))
