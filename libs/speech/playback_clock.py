"""What of hers is heard now, and at which position of it, from what the stage says."""

from collections import deque
from dataclasses import dataclass

from libs.contracts.envelope import Event
from libs.contracts.interruption import HoldSpeaking, SpeechHold, StopSpeaking
from libs.contracts.speaking import PlaybackFinished, PlaybackProgressed, PlaybackStarted

#: Moments of which it is remembered where she was.
MAXIMUM_ANCHORS = 64
MAXIMUM_IDS = 64
#: Holders of her voice that are told apart.
MAXIMUM_HOLDERS = 16
#: The stage says "a few times a second" where it is: after so long without a word it is gone.
LOST_AFTER_SECONDS = 3.0
#: Although there would be sound to play, or she was paused.
GONE_AFTER_SECONDS = 30.0
#: An utterance that was expected and has not begun so long after is held at the stage.
BEGINS_WITHIN_SECONDS = 1.0
#: What the stage said this long before something newer changes nothing any more.
OLD_NEWS_SECONDS = 1.0
#: No utterance is longer.
LONGEST_SECONDS = 86_400.0
#: The show's clock counts from 1970; what is further away is no moment.
LAST_MOMENT = 1e11


@dataclass(frozen=True, slots=True)
class Anchor:
    """From `at` (show's clock) on, she was at `position` of that utterance, moving or not."""

    at: float
    utterance_id: str
    position: float
    hold: SpeechHold = SpeechHold.NONE
    expected: bool = False
    """The stage did not say so: it is about to."""

    @property
    def stands(self) -> bool:
        return self.hold is SpeechHold.PAUSED

    def position_at(self, moment: float) -> float:
        """Before `at` it is negative where she had not begun."""
        return self.position + (0.0 if self.stands else moment - self.at)


class PlaybackClock:
    """Promises: within a bound of memory, where she is in which utterance at a moment of the show's
    clock; each `PlaybackProgressed` sets it right again, also for who joins in the middle; a stop
    ends it at once, and what the stage had said before it and comes in later changes nothing; a
    stage that is heard of no more is not audible for ever.
    """

    def __init__(self) -> None:
        self._anchors: deque[Anchor] = deque(maxlen=MAXIMUM_ANCHORS)
        self._ended_ids: deque[str] = deque(maxlen=MAXIMUM_IDS)
        self._begun_ids: deque[str] = deque(maxlen=MAXIMUM_IDS)
        self._hold_ids: deque[str] = deque(maxlen=MAXIMUM_IDS)
        self._holds: dict[str, tuple[SpeechHold, float]] = {}
        self._heard_of_at = float("-inf")
        self._stopped = (float("-inf"), 0)
        self.turn_id: str | None = None
        """Of what she is saying or said last."""
        self.epoch = 0
        self.revision = 0
        """Changes whenever what was said of the last moments may be said otherwise now."""

    # What is asked -----------------------------------------------------------------------------

    @property
    def utterance_id(self) -> str | None:
        """What she is saying, also while it is held."""
        return self._anchors[-1].utterance_id if self.begun else None

    @property
    def begun(self) -> bool:
        """Whether the stage said that something of hers is heard."""
        return bool(self._anchors) and not self._anchors[-1].expected

    @property
    def waits(self) -> bool:
        """Whether nothing is heard, and nothing is about to be."""
        return not self._anchors

    @property
    def heard_of_at(self) -> float:
        """When the stage said last that or where she is; `-inf`: never."""
        return self._heard_of_at

    def audible(self, at: float, has_sound: bool) -> bool:
        """Whether an utterance of hers was begun and is not over; held ones count. `has_sound`:
        whether it is known that there is something to play at that moment."""
        if not self.begun:
            return False
        silent_for = at - self._heard_of_at
        gone = abs(silent_for) > GONE_AFTER_SECONDS  # ahead: the clock was set back
        if gone or (silent_for > LOST_AFTER_SECONDS and not has_sound):
            self._anchors.clear()
            return False
        return True

    def heard(self, at: float) -> Anchor | None:
        """Where she is at that moment, as far as the stage tells; None: nowhere. For a moment
        before the first sample the position is negative."""
        if not self.audible(at, self.begun and self._anchors[-1].stands):
            return None
        return self.anchor(at)

    def anchor(self, at: float) -> Anchor | None:
        """What holds at that moment: of several the last one, before all of them the first."""
        found = next((anchor for anchor in reversed(self._anchors) if anchor.at <= at), None)
        return found or (self._anchors[0] if self._anchors else None)

    def stretch(self, at: float) -> tuple[Anchor | None, float | None]:
        """What holds at that moment, and until when (None: until further notice)."""
        until = None
        for anchor in reversed(self._anchors):
            if anchor.at <= at:
                return anchor, until
            until = anchor.at
        return (self._anchors[0], None) if len(self._anchors) == 1 else (self.anchor(at), until)

    def is_newest(self, anchor: Anchor) -> bool:
        return bool(self._anchors) and anchor is self._anchors[-1]

    def has_ended(self, utterance_id: str) -> bool:
        return utterance_id in self._ended_ids

    # What is told ------------------------------------------------------------------------------

    def take(self, event: Event) -> bool:
        """Any event. False for what changes nothing: old, stale, or about something else."""
        match event:
            case PlaybackStarted():
                return self._begin(event)
            case PlaybackProgressed():
                return self._progressed(event)
            case PlaybackFinished():
                return self.end(event.utterance_id)
            case StopSpeaking():
                return self._stop(event)
            case HoldSpeaking():
                return self._held(event)
        return False

    def expect(self, utterance_id: str, at: float) -> None:
        """It is about to begin: nothing else is heard, and its sound is there."""
        if utterance_id not in self._begun_ids:
            self._anchors.append(Anchor(at, utterance_id, 0.0, expected=True))
            self.revision += 1

    def give_up_expecting(self, at: float) -> None:
        """What should have begun long before `at` has not."""
        late = self._anchors and at - self._anchors[-1].at > BEGINS_WITHIN_SECONDS
        if late and self._anchors[-1].expected:
            self._anchors.clear()

    def end(self, utterance_id: str | None) -> bool:
        """It is over, and does not come back. True when it was being heard."""
        if not utterance_id:
            return False
        playing = utterance_id == self.utterance_id
        if utterance_id not in self._ended_ids:
            self._ended_ids.append(utterance_id)
        if playing:
            self._anchors.clear()
            self.revision += 1
        return playing

    def silence(self) -> None:
        """Nothing is heard any more, whatever it was (panic)."""
        self.end(self.utterance_id)
        self._anchors.clear()

    def cut_by(self, event: StopSpeaking) -> bool:
        """Whether this stop is about what is heard now, or about all there is."""
        if event.turn_id is not None:
            return self.begun and event.turn_id == self.turn_id
        return not (self.begun and self.epoch >= event.epoch > 0)

    def _begin(self, event: PlaybackStarted) -> bool:
        identity, at = event.utterance_id, event.started_at
        again = self.begun and identity in self._begun_ids
        if not identity or again or self._is_over(event, at):
            return False
        self._enter(event, identity)
        self._heard_of_at = at
        self._anchors.append(Anchor(at, identity, 0.0))
        self.revision += 1
        return True

    def _progressed(self, event: PlaybackProgressed) -> bool:
        identity, at = event.utterance_id, event.emitted_at
        if not identity or at < self._heard_of_at - OLD_NEWS_SECONDS or self._is_over(event, at):
            return False
        if not -LONGEST_SECONDS < event.position_seconds < LONGEST_SECONDS:
            return False
        if identity != self.utterance_id:
            self._enter(event, identity)
        elif at < self._anchors[-1].at and event.hold is not self._anchors[-1].hold:
            return False  # said before the hold began, or ended
        self._heard_of_at = max(self._heard_of_at, at)
        self._anchors.append(Anchor(at, identity, max(0.0, event.position_seconds), event.hold))
        self.revision += 1
        return True

    def _enter(self, event: Event, identity: str) -> None:
        self._anchors.clear()
        self._begun_ids.append(identity)
        self.turn_id, self.epoch = event.turn_id, event.epoch

    def _is_over(self, event: Event, at: float) -> bool:
        """Also what is said of a moment that is none."""
        stopped_at, epoch = self._stopped
        stale = at <= stopped_at and event.epoch < epoch
        return stale or event.utterance_id in self._ended_ids or not _is_moment(at)

    def _held(self, event: HoldSpeaking) -> bool:
        """Ordered just now: the stage will say the same in a moment. An order may come twice (from
        who gave it, and over the bus), and of several holders the strictest counts."""
        if event.event_id in self._hold_ids or not _is_moment(event.emitted_at):
            return False
        self._hold_ids.append(event.event_id)
        at = event.emitted_at
        self._holds.pop(event.by, None)
        self._holds[event.by] = (event.hold, at + event.at_most_seconds)
        held = [(by, one) for by, one in self._holds.items() if one[1] > at]
        self._holds = dict(held[-MAXIMUM_HOLDERS:])
        paused = SpeechHold.PAUSED in {hold for hold, _ in self._holds.values()}
        if not self.begun or paused is self._anchors[-1].stands:
            return False
        before = self._anchors[-1]
        now = SpeechHold.PAUSED if paused else SpeechHold.NONE
        self._anchors.append(Anchor(at, before.utterance_id, before.position_at(at), now))
        self.revision += 1
        return True

    def _stop(self, event: StopSpeaking) -> bool:
        if event.turn_id is None and event.epoch >= self._stopped[1]:
            self._stopped = (event.emitted_at, event.epoch)
        return self.cut_by(event) and self.end(self.utterance_id)


def _is_moment(at: float) -> bool:
    return 0.0 <= at <= LAST_MOMENT
