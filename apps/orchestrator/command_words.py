"""What is told in chat about commands."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from apps.orchestrator.chat_commands import PREFIX
from libs.contracts.chat import ChatCommandIssued, SendChatMessage, SendPriority
from libs.contracts.health import ModuleState
from libs.contracts.identity import derived_id
from libs.contracts.safety import GateAction, TextBlocked, Verdict

if TYPE_CHECKING:
    from apps.orchestrator.worker import OrchestratorWorker

#: An answer that was not sent by then is no news any more.
ANSWER_SECONDS = 20.0
#: Stands for an answer that the gate would not let pass.
NOT_TOLD = "The answer cannot be told here."
#: Modules that are named in one line.
NAMED_MODULES = 5
#: Platforms with no chat to answer in: the lines were given to the orchestrator itself.
_NO_CHAT = frozenset({"", "local"})

#: What is as it should be, or was wanted so.
_WELL = frozenset({ModuleState.READY, ModuleState.NOT_CONFIGURED})
_STATE_WORDS = {
    ModuleState.DEGRADED: "has a problem",
    ModuleState.STARTING: "starts",
    ModuleState.DOWN: "is down",
    ModuleState.OFF: "is off",
}


class AnswerTeller:
    """Promises: one line for each command, that passed the gate and is no command itself; where
    there is no chat to answer in, the feed has it."""

    def __init__(self, worker: "OrchestratorWorker") -> None:
        self._worker = worker

    def may_be_told(self, text: str) -> bool:
        return self._judged(text).action is GateAction.ALLOW

    async def tell(self, event: ChatCommandIssued, text: str) -> None:
        worker, verdict = self._worker, self._judged(text.lstrip(PREFIX))
        if verdict.action is GateAction.BLOCK:
            blocked = TextBlocked.caused_by(
                event,
                event_id=derived_id(event.event_id, "answer blocked"),
                place="chat_out",
                action=verdict.action,
                rule=verdict.rule,
                category=verdict.category,
            )
            await worker.publish(blocked)
            verdict = self._judged(NOT_TOLD)
        if event.platform in _NO_CHAT:
            worker.feed.system(f"answer {event.event_id}", verdict.text)
            return
        await worker.publish(
            SendChatMessage.caused_by(
                event,
                event_id=derived_id(event.event_id, "answer"),
                platform=event.platform,
                text=verdict.text,
                verdict=verdict,
                reply_to=event.message_id or None,
                priority=SendPriority.CONTROL,
                expires_at=worker.now() + ANSWER_SECONDS,
            )
        )

    def _judged(self, text: str) -> Verdict:
        worker = self._worker
        gate = worker.memory.gate.in_mode(worker.session.snapshot.family_mode)
        return gate.check(text, place="chat_out")


def status_line(worker: "OrchestratorWorker", quiet_until: float | None) -> str:
    """What she does now and what is missing, in one line."""
    turn = worker.conversation.active
    doing = {"thinking": "Thinking.", "speaking": "Speaking."}.get(turn.state if turn else "", "")
    told = ["Panic is engaged."] if worker.panic.engaged else [doing or "Listening."]
    if quiet_until is not None:
        minutes = max(1, round((quiet_until - worker.now()) / 60))
        told.append(f"Chat is not answered for {minutes} min.")
    modules = worker.roster.status().values()
    ill = [f"{one.title} {_STATE_WORDS[one.state]}" for one in modules if one.state not in _WELL]
    if ill:
        told.append(f"{list_of(ill[:NAMED_MODULES])}.")
    if waiting := worker.conversation.waiting:
        told.append(f"Waiting lines: {waiting}.")
    return " ".join(told)


def list_of(names: Iterable[str]) -> str:
    return ", ".join(names)
