"""What she is doing, as her whole bearing shows it: from what happens around her."""

from libs.contracts.avatar import Bearing
from libs.contracts.conversation import ReplyAbandoned, ReplyFinished, TurnOpened
from libs.contracts.envelope import Event
from libs.contracts.interruption import StopSpeaking
from libs.contracts.listening import SpeechDismissed, SpeechEnded, SpeechStarted
from libs.contracts.speaking import PlaybackFinished, PlaybackStarted

#: She still listens a moment after the last word.
LISTENS_ON_SECONDS = 0.8
#: A speech whose end is never heard of is over after this.
LONGEST_LISTENING_SECONDS = 30.0
#: An answer that begins sooner than this after its turn was opened needed no thought.
THINKS_AFTER_SECONDS = 0.25
#: An answer that has not begun so long after its turn was opened is not waited for any more.
LONGEST_THINKING_SECONDS = 15.0

NEVER = float("inf")


class Attention:
    """Pure: times are any steady seconds that the caller passes in.

    Promises: speaking counts most, then somebody who speaks to her, then what she thinks about;
    each of them ends by itself where its end is never heard of; asleep only when nothing has
    happened for `sleep_after_seconds` (0: never).
    """

    def __init__(self, sleep_after_seconds: float, now: float) -> None:
        self.sleeps_after(sleep_after_seconds)
        self._speech_until = -NEVER
        self._listens_until = -NEVER
        self._thinks_from = self._thinks_until = -NEVER
        self._thinks_of: str | None = None
        self._stirred_at = now

    def take(self, event: Event, now: float) -> None:
        """Any event; each one keeps her awake."""
        self._stirred_at = now
        match event:
            case SpeechStarted():
                self._speech_until = now + LONGEST_LISTENING_SECONDS
            case SpeechEnded():
                self._speech_until, self._listens_until = now, now + LISTENS_ON_SECONDS
            case SpeechDismissed():
                self._speech_until = self._listens_until = now
            case TurnOpened():
                self._thinks_of = event.turn_id
                self._thinks_from = now + THINKS_AFTER_SECONDS
                self._thinks_until = now + LONGEST_THINKING_SECONDS
            case PlaybackStarted():
                self._thinks_until = now
            case ReplyAbandoned() | PlaybackFinished():
                self._answered(event, now)
            case ReplyFinished() if event.sentences == 0:
                self._answered(event, now)
            case StopSpeaking():
                if event.turn_id in (None, self._thinks_of):
                    self._thinks_until = now

    def sleeps_after(self, seconds: float) -> None:
        """0: never."""
        self._sleep_after = seconds or NEVER

    def stir(self, now: float) -> None:
        """Something happened: she is awake."""
        self._stirred_at = now

    def rest(self, now: float) -> None:
        """Whatever she was doing, she does it no more (panic)."""
        self._speech_until = self._listens_until = self._thinks_until = now

    def look(self, now: float, speaking: bool) -> Bearing:
        """`speaking`: whether something of hers is heard now."""
        if speaking:
            self._stirred_at = now
            return Bearing.SPEAKING
        if now < self._speech_until:
            return Bearing.LISTENING
        if self._thinks_from <= now < self._thinks_until:
            return Bearing.THINKING
        if now < self._listens_until:
            return Bearing.LISTENING
        asleep = now - self._stirred_at >= self._sleep_after
        return Bearing.ASLEEP if asleep else Bearing.IDLE

    def due(self, now: float) -> float | None:
        """When to look again although nothing happens; None: not by itself."""
        moments = (
            self._speech_until,
            self._listens_until,
            *(at for at in (self._thinks_from,) if at < self._thinks_until),
            self._thinks_until,
            self._stirred_at + self._sleep_after,
        )
        return min((at for at in moments if now < at < NEVER), default=None)

    def _answered(self, event: Event, now: float) -> None:
        if event.turn_id is None or self._thinks_of in (None, event.turn_id):
            self._thinks_until = now
