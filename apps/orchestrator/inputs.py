"""What happened, as an input that may become a turn."""

from libs.contracts.chat import ChatCommandIssued, ChatMessageReceived, RewardRedeemed
from libs.contracts.conversation import PollFinished, TurnInput, TurnSource
from libs.contracts.listening import TranscriptFinalized
from libs.contracts.people import Author, Role
from libs.telemetry import clock

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
        text=event.text[:2_000],
        arrived_at=event.speech_ended_at + event.silence_wait_seconds,
        wait_seconds=event.silence_wait_seconds,
    )


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
