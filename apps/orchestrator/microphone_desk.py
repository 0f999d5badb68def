"""How she listens, what is being heard, and the orders that change it."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from apps.orchestrator.feed import Feed
from apps.orchestrator.panel.microphone_messages import (
    HeardSpeech,
    MicrophoneMessage,
    MicrophoneStatus,
    SpeechMessage,
)
from apps.orchestrator.roster import Roster
from apps.orchestrator.screens import Screens
from libs.contracts.control import SetMicrophone
from libs.contracts.envelope import Event
from libs.contracts.listening import (
    DismissReason,
    InterruptionDecided,
    MicrophoneReported,
    SpeechDismissed,
    SpeechEnded,
    SpeechStarted,
    TranscriptFinalized,
    TranscriptUpdated,
)
from libs.telemetry import clock

if TYPE_CHECKING:
    from pydantic import BaseModel

#: A report that is older says nothing any more.
REPORT_SECONDS = 10.0
#: Screens are told levels at most this often; what changed otherwise at once.
TELL_SECONDS = 0.09
#: What was heard longer ago (a backlog after a restart) is not shown as if it were now.
OLD_SECONDS = 60.0
#: So many speeches a new panel is shown.
SPEECHES = 8
#: Whoever orders something is told how it is once the ears say so, or after this long.
OBEYED_SECONDS = 0.6
#: States of a speech that is over.
ENDS = ("understood", "dismissed")
EARS_GONE = "nobody listens any more"

#: What she let pass although it had words, for the feed.
_ASIDES = {
    DismissReason.BACK_CHANNEL: "no interruption",
    DismissReason.NOT_ADDRESSED: "not said to her",
    DismissReason.KEYWORD: "an order, carried out",
}
_LEVELS = {"level_dbfs", "peak_dbfs", "noise_floor_dbfs", "lost_seconds"}


class MicrophoneDesk:
    """Promises: what status and screens show of the microphone is what the ears said last, and
    nothing once they have been silent for `REPORT_SECONDS`; of each speech the words so far and
    what became of it. Keeps the last few speeches in memory only."""

    #: What it wants to hear of, beside whoever else handles it.
    FOLLOWS: tuple[type[Event], ...] = (
        MicrophoneReported,
        SpeechStarted,
        SpeechEnded,
        TranscriptUpdated,
        TranscriptFinalized,
        SpeechDismissed,
        InterruptionDecided,
    )

    def __init__(
        self, screens: Screens, feed: Feed, roster: Roster, now: Callable[[], float] = clock.now
    ) -> None:
        self._screens = screens
        self._feed = feed
        self._roster = roster
        self._now = now
        self._report: MicrophoneReported | None = None
        self._reported_at = 0.0
        self._told_at = 0.0
        self._news = asyncio.Event()
        self._speeches: OrderedDict[str, HeardSpeech] = OrderedDict()

    # What is known ----------------------------------------------------------------------------

    def status(self) -> MicrophoneStatus:
        port = self._port()
        if self._report is None or self._now() - self._reported_at > REPORT_SECONDS:
            return MicrophoneStatus(asr_port=port)
        fields = self._report.model_dump(include=set(MicrophoneStatus.model_fields))
        return MicrophoneStatus(**fields, asr_port=port)

    def latest(self) -> list["BaseModel"]:
        """What was heard lately, for a panel that has just been opened."""
        return [SpeechMessage(speech=speech) for speech in self._speeches.values()]

    @property
    def there(self) -> bool:
        """Whether anybody would carry an order out."""
        return bool(self._roster.beats("asr_worker")) or self.status().state != "not_there"

    async def obeyed(self, change: SetMicrophone) -> bool:
        """Waits a moment until the ears say that it is so."""
        with suppress(TimeoutError):
            async with asyncio.timeout(OBEYED_SECONDS):
                while not self._shows(change):
                    self._news.clear()
                    await self._news.wait()
        return self._shows(change)

    def _shows(self, change: SetMicrophone) -> bool:
        status = self.status()
        return status.state != "not_there" and all(
            wanted is None or wanted == had
            for wanted, had in ((change.muted, status.muted), (change.mode, status.mode))
        )

    def _port(self) -> int:
        beats = self._roster.beats("asr_worker")
        return beats[0].port if beats else self._roster.ports("asr_worker")[0]

    # What is heard ----------------------------------------------------------------------------

    def follow(self, event: Event) -> None:
        if self._now() - event.emitted_at > OLD_SECONDS:
            return
        if isinstance(event, MicrophoneReported):
            self._take_report(event)
            return
        known = self._speeches.get(_speech_of(event))
        done = known is None or known.state in ENDS
        late = isinstance(event, SpeechEnded | TranscriptUpdated) and done
        if late or (known is None and isinstance(event, InterruptionDecided)):
            return
        self._put(event)
        if isinstance(event, SpeechDismissed) and event.text and event.reason in _ASIDES:
            self._feed.heard_aside(_speech_of(event), event.text, _ASIDES[event.reason])

    def _take_report(self, event: MicrophoneReported) -> None:
        before, self._report = self._report, event
        now = self._reported_at = self._now()
        self._news.set()
        if event.state.deaf:
            self._forget_open_speeches()
        changed = before is None or _looks(before) != _looks(event)
        if len(self._screens) and (changed or now - self._told_at >= TELL_SECONDS):
            self._told_at = now
            message = MicrophoneMessage(microphone=self.status())
            self._screens.tell(message, replaces="microphone")

    def _forget_open_speeches(self) -> None:
        """Ears that were killed tell no end of what they heard; should one come after all, it
        counts."""
        for speech in list(self._speeches.values()):
            if speech.state not in ENDS:
                told = {"state": "dismissed", "reason": DismissReason.FAILED, "detail": EARS_GONE}
                self._show(speech.model_copy(update=told))

    def _put(self, event: Event) -> None:
        speech_id = _speech_of(event)
        known = self._speeches.get(speech_id) or HeardSpeech(
            id=speech_id, at=event.emitted_at, state="hearing"
        )
        self._show(known.model_copy(update=_told_by(event)))

    def _show(self, speech: HeardSpeech) -> None:
        self._speeches[speech.id] = speech
        while len(self._speeches) > SPEECHES:
            self._speeches.popitem(last=False)
        self._screens.tell(SpeechMessage(speech=speech), replaces=f"speech {speech.id}")


def _speech_of(event: Event) -> str:
    """Every event of a speech names its start as its cause."""
    if isinstance(event, SpeechStarted) or event.cause_id is None:
        return event.event_id
    return event.cause_id


def _told_by(event: Event) -> dict[str, Any]:
    """The fields of `HeardSpeech` that an event changes."""
    match event:
        case SpeechStarted():
            return {"over_speech": event.over_speech}
        case SpeechEnded():
            return {"state": "recognising"}
        case TranscriptUpdated():
            return event.model_dump(include={"text", "confirmed"})
        case TranscriptFinalized():
            return {"state": "understood", **event.model_dump(include={"text", "engine"})}
        case SpeechDismissed():
            told = {"text": event.text, "detail": event.detail}
            return {"state": "dismissed", "reason": event.reason, **told}
        case InterruptionDecided():
            return {"interruption": event.kind}
    return {}


def _looks(report: MicrophoneReported) -> dict[str, Any]:
    """What is told at once when it changes."""
    return report.model_dump(include=set(MicrophoneStatus.model_fields) - _LEVELS)
