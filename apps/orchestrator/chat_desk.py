"""The desk for chat: how the link to it is, for status and panel."""

from typing import TYPE_CHECKING

from apps.orchestrator.chat_link import MODULE, ChatLink, LinkTold
from apps.orchestrator.incidents import Severity
from apps.orchestrator.panel.chat_status import ChatGapStatus, ChatStatus
from libs.contracts.chat import ChatGap
from libs.contracts.health import WorkerBeat
from libs.safety import clean_chat
from libs.worker.problems import Problem

if TYPE_CHECKING:
    from apps.orchestrator.worker import OrchestratorWorker

#: States that only a person can mend, by signing in.
NEED_SIGN_IN = ("needs_sign_in", "refused")
#: A gap that is longer than this is something to look after.
LONG_GAP_SECONDS = 30.0


class ChatDesk:
    """Promises: what it says of the module is what its beats say now; what only the module knows
    (channel, sign-in) is asked of it when its beats change, and nobody waits for that."""

    def __init__(self, worker: "OrchestratorWorker") -> None:
        self._worker = worker
        self.link = ChatLink(worker.settings, worker.roster)
        self._told: LinkTold | None = None
        self._last_gap: ChatGapStatus | None = None
        self._looks: tuple[str, ...] = ()
        self._asking = False
        self._ask_again = False

    async def close(self) -> None:
        await self.link.close()

    async def told(self) -> LinkTold:
        """Raises `Problem`."""
        self._told = await self.link.told()
        self._worker.status_changed()
        return self._told

    def hear_beat(self, beat: WorkerBeat) -> None:
        """A beat that is not like the one before."""
        if beat.module != MODULE:
            return
        looks = (beat.instance, beat.state, beat.detail, beat.engine, str(beat.enabled))
        if looks == self._looks:
            return
        self._looks = looks
        if self._asking:
            self._ask_again = True
        else:
            self._asking = True
            self._worker.spawn("ask chat", self._ask())

    async def _ask(self) -> None:
        try:
            while True:
                self._ask_again = False
                try:
                    await self.told()
                except Problem:
                    self._told = None
                if not self._ask_again:
                    return
        finally:
            self._asking = False

    async def hear_gap(self, event: ChatGap) -> None:
        gap = ChatGapStatus(
            platform=clean_chat(event.platform, maximum=32),
            started_at=event.started_at,
            ended_at=event.ended_at,
            reason=clean_chat(event.reason, maximum=100),
        )
        if gap == self._last_gap:
            return
        self._last_gap = gap
        seconds = max(0.0, gap.ended_at - gap.started_at)
        because = f" ({gap.reason.replace('_', ' ')})" if gap.reason else ""
        told = f"Chat ({gap.platform}) could not be heard for {seconds:.0f} s{because}."
        severity: Severity = "warning" if seconds > LONG_GAP_SECONDS else "info"
        await self._worker.incidents.note("chat_gap", severity, told)
        self._worker.status_changed()

    def status(self) -> ChatStatus:
        module = self._worker.roster.status()[MODULE]
        told = self._told
        return ChatStatus(
            platform=told.platform if told else "",
            state=module.state,
            detail=module.detail,
            channel=told.channel if told else "",
            needs_sign_in=told is not None and told.state in NEED_SIGN_IN,
            last_gap=self._last_gap,
        )
