"""When somebody begins to speak, pauses, goes on and is done: counters fed with windows of sound.

A model says for each window how likely it is a voice. Time is only what the windows last, so
nothing here needs a clock. Thresholds: Silero's own (start at 0.5, end at 0.35), and our figures
for its false starts.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

#: A window from here on is a voice.
START_PROBABILITY = 0.5
#: Below it is none; in between it goes on as before.
END_PROBABILITY = 0.35
#: So many voiced windows within `START_SPAN` begin a speech: one alone is a click.
START_WINDOWS = 3
START_SPAN = 4
#: After a silence so many in a row go on with it.
RESUME_WINDOWS = 2

#: A level that is not this far above the noise is noise, whatever the model says.
ABOVE_NOISE_DB = 3.0
#: A voice so far below the usual one is somebody else's, or a television.
BELOW_USUAL_DB = 28.0
#: The usual level is believed after so much voice.
USUAL_AFTER_SECONDS = 2.0
#: How fast the usual level comes down to a voice that is refused for it: the host may have moved
#: away, or turned the microphone down.
USUAL_FORGETS_DB_PER_SECOND = 2.5
#: And how slowly it goes up: who screams for a moment is heard when he speaks softly again.
USUAL_FALLS_SECONDS, USUAL_RISES_SECONDS = 4.0, 20.0

#: The first so many seconds without voice set the noise floor; later it rises slowly.
CALIBRATION_SECONDS = 0.5
FLOOR_RISES_DB_PER_SECOND = 2.0
FLOOR_FALLS_SECONDS = 0.3
#: Quieter than this is no room, but a muted device: the floor is not lower.
LOWEST_FLOOR_DBFS = -90.0
#: A floor above this would make a microphone deaf that is merely loud.
HIGHEST_FLOOR_DBFS = -20.0


class VoiceChange(StrEnum):
    """What a window changed."""

    NONE = "none"
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    ENDED = "ended"


class NoiseFloor:
    """The level of the room without voices, in dBFS: quick to fall, slow to rise."""

    def __init__(self) -> None:
        self._heard_seconds = 0.0
        self._sum = 0.0
        self._dbfs = LOWEST_FLOOR_DBFS

    @property
    def dbfs(self) -> float | None:
        """None until enough silence was heard."""
        return self._dbfs if self._heard_seconds >= CALIBRATION_SECONDS else None

    def hear(self, level_dbfs: float, seconds: float) -> None:
        """A window without voice."""
        level = min(max(level_dbfs, LOWEST_FLOOR_DBFS), HIGHEST_FLOOR_DBFS)
        if self._heard_seconds < CALIBRATION_SECONDS:
            self._sum += level * seconds
            self._heard_seconds += seconds
            self._dbfs = self._sum / self._heard_seconds
        elif level > self._dbfs:
            self._dbfs = min(level, self._dbfs + FLOOR_RISES_DB_PER_SECOND * seconds)
        else:
            self._dbfs += (level - self._dbfs) * min(1.0, seconds / FLOOR_FALLS_SECONDS)


class UsualLevel:
    """How loud the host usually is, in dBFS."""

    def __init__(self) -> None:
        self._heard_seconds = 0.0
        self._dbfs = 0.0

    @property
    def dbfs(self) -> float | None:
        return self._dbfs if self._heard_seconds >= USUAL_AFTER_SECONDS else None

    def hear(self, level_dbfs: float, seconds: float) -> None:
        """A voiced window that was taken."""
        self._heard_seconds += seconds
        longest = USUAL_RISES_SECONDS if level_dbfs > self._dbfs else USUAL_FALLS_SECONDS
        span = min(self._heard_seconds, longest)
        self._dbfs += (level_dbfs - self._dbfs) * min(1.0, seconds / span)

    def refuse(self, seconds: float) -> None:
        """A voice that was taken for too quiet."""
        self._dbfs -= USUAL_FORGETS_DB_PER_SECOND * seconds


@dataclass(frozen=True)
class _Seen:
    voiced: bool
    seconds: float


class VoiceGate:
    """One speech after the other.

    Promises: STARTED, then PAUSED and RESUMED in turns, then ENDED after a PAUSED; never two
    speeches at once. `silence_seconds` runs from the last voiced window; `voiced_seconds` is what
    was voice in this speech. A number that is none (NaN) counts as no voice and as silence.
    """

    def __init__(self) -> None:
        self.floor = NoiseFloor()
        self.usual = UsualLevel()
        self.in_speech = False
        self.voiced_seconds = 0.0
        self.silence_seconds = 0.0
        self.duration_seconds = 0.0
        self.start_seconds = 0.0
        """How long before the end of the window that started it the speech began."""
        self._paused = False
        self._recent: deque[_Seen] = deque(maxlen=START_SPAN)
        self._resuming = 0
        self._voiced = False

    @property
    def noise_floor_dbfs(self) -> float | None:
        return self.floor.dbfs

    @property
    def paused(self) -> bool:
        """In a speech, and silent now."""
        return self.in_speech and self._paused

    def take(
        self,
        probability: float,
        level_dbfs: float,
        seconds: float,
        ends_after_seconds: float,
        masked: bool = False,
    ) -> VoiceChange:
        """One window; silence of `ends_after_seconds` ends a speech now. `masked`: it counts as
        silence and tells nothing of the room, such as her own voice."""
        voiced = not masked and self._is_voiced(probability, level_dbfs, seconds)
        self._voiced = voiced
        if self.in_speech:
            return self._go_on(seconds, ends_after_seconds)
        return self._wait(seconds)

    def end(self) -> None:
        """The speech is over, for another reason than silence."""
        self.in_speech = self._paused = self._voiced = False
        self._recent.clear()
        self._resuming = 0

    def split(self, rest_seconds: float) -> None:
        """The speech is over for its length, and the next one goes on at once: its first
        `rest_seconds` were heard already."""
        self.duration_seconds = self.start_seconds = rest_seconds
        self.voiced_seconds = min(self.voiced_seconds, rest_seconds)

    def _wait(self, seconds: float) -> VoiceChange:
        self._recent.append(_Seen(self._voiced, seconds))
        if sum(seen.voiced for seen in self._recent) < START_WINDOWS:
            return VoiceChange.NONE
        recent = list(self._recent)
        while not recent[0].voiced:
            recent.pop(0)
        self.start_seconds = self.duration_seconds = sum(seen.seconds for seen in recent)
        self.voiced_seconds = sum(seen.seconds for seen in recent if seen.voiced)
        self.silence_seconds = 0.0
        self.in_speech, self._paused, self._resuming = True, False, 0
        self._recent.clear()
        return VoiceChange.STARTED

    def _go_on(self, seconds: float, ends_after_seconds: float) -> VoiceChange:
        self.duration_seconds += seconds
        if self._voiced:
            self.voiced_seconds += seconds
        if not self._paused:
            self.silence_seconds = 0.0 if self._voiced else self.silence_seconds + seconds
            self._paused = not self._voiced
            return VoiceChange.PAUSED if self._paused else VoiceChange.NONE
        self._resuming = self._resuming + 1 if self._voiced else 0
        if self._resuming >= RESUME_WINDOWS:
            self._paused, self._resuming, self.silence_seconds = False, 0, 0.0
            return VoiceChange.RESUMED
        self.silence_seconds += seconds
        if self.silence_seconds >= ends_after_seconds - 1e-6 and not self._resuming:
            self.end()
            return VoiceChange.ENDED
        return VoiceChange.NONE

    def _is_voiced(self, probability: float, level_dbfs: float, seconds: float) -> bool:
        if not level_dbfs >= LOWEST_FLOOR_DBFS:
            level_dbfs = LOWEST_FLOOR_DBFS
        bar = END_PROBABILITY if self._voiced else START_PROBABILITY
        if not probability >= bar:
            if probability < END_PROBABILITY and not (self.in_speech and not self._paused):
                self.floor.hear(level_dbfs, seconds)
            return False
        floor, usual = self.floor.dbfs, self.usual.dbfs
        if floor is not None and level_dbfs < floor + ABOVE_NOISE_DB:
            return False
        if usual is not None and level_dbfs < usual - BELOW_USUAL_DB:
            self.usual.refuse(seconds)
            return False
        self.usual.hear(level_dbfs, seconds)
        return True
