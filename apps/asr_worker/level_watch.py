"""How loud the microphone is, and what is wrong with its sound."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from apps.asr_worker.inputs.base import RATE_HZ, Block
from libs.audio.loudness import FULL_SCALE, SILENCE_DBFS, samples_of

#: Sound is looked at in pieces of this length: a look at every block would cost three times that.
LOOK_SECONDS = 0.09
#: What the levels that are shown are taken over.
SHOWN_SECONDS = 0.3
#: A fault of the sound is told after this, and no more told this long after it has ended.
TOLD_AFTER_SECONDS = 4.0
#: A microphone that is switched on and open gives more than this, be it noise.
HEARD_PEAK_DBFS = -66.0
#: A microphone that was loud once may lie in a quiet room, or behind a noise gate; only then is
#: such a silence told later.
QUIET_TOLD_AFTER_SECONDS = 60.0
LOUD_PEAK_DBFS = -50.0
#: So many ends of digital silence, each of at least so long, tell that there is a noise gate.
GATE_ENDS = 3
GATE_SECONDS = 0.3
#: Samples at or above count as clipped, and so many of them make a clipped piece; resampling moves
#: the tops of a clipped wave a little.
CLIPPED_SAMPLE = 32_400
CLIPPED_SAMPLES = 3
CLIPPED_SECONDS = 0.25

NOTHING = (
    "the microphone gives nothing at all (digital silence): switch it on or unmute it, at the "
    "device and in the system's sound settings, and allow its use in the privacy settings"
)
HARDLY_ANYTHING = (
    "hardly anything comes from the microphone: check its plug and its switch, and raise its "
    "input level in the system's sound settings"
)
CLIPPED = (
    "the microphone is too loud and its sound is cut off (clipped): lower its gain at the device, "
    "or its input level in the system's sound settings, or speak from further away"
)


@dataclass(frozen=True, slots=True)
class _Heard:
    """One piece: its end (show's clock), length, power and peak."""

    end_at: float
    seconds: float
    power: float
    peak: float
    clipped: bool


class LevelWatch:
    """Fed with every block in order; no clock of its own.

    Promises: a microphone that is digitally silent, next to silent or clipped is told within five
    seconds, with the step that mends it, and the message goes when the sound is good again;
    silence between words behind a noise gate, and a host who says nothing, are no faults.
    """

    def __init__(self) -> None:
        self._pieces: deque[_Heard] = deque()
        self._waiting = bytearray()
        self._waiting_at = self._waiting_end_at = 0.0
        self._began_at: float | None = None
        self._end_at = 0.0
        self._sound_at = 0.0
        self._noise_at = 0.0
        self._loud_before = False
        self._gate_ends = 0

    @property
    def level_dbfs(self) -> float:
        """The effective level of the last moment."""
        shown = self._shown()
        seconds = sum(piece.seconds for piece in shown)
        power = sum(piece.power * piece.seconds for piece in shown)
        return _dbfs(math.sqrt(power / seconds)) if seconds else SILENCE_DBFS

    @property
    def peak_dbfs(self) -> float:
        return _dbfs(max((piece.peak for piece in self._shown()), default=0.0))

    def hear(self, block: Block) -> None:
        if self._waiting and abs(block.at - self._waiting_end_at) > LOOK_SECONDS:
            self._look()
        if not self._waiting:
            self._waiting_at = block.at
        self._waiting += block.pcm[: block.samples * 2]
        self._waiting_end_at = block.at + block.samples / RATE_HZ
        if len(self._waiting) >= LOOK_SECONDS * RATE_HZ * 2:
            self._look()

    def _look(self) -> None:
        samples, at = samples_of(bytes(self._waiting)), self._waiting_at
        self._waiting.clear()
        seconds = len(samples) / RATE_HZ
        end_at = at + seconds
        if self._began_at is None or abs(at - self._end_at) > TOLD_AFTER_SECONDS:
            self._begin(at)
        loudest = max(-int(samples.min()), int(samples.max()))
        clipped = loudest >= CLIPPED_SAMPLE and (
            int(np.count_nonzero(samples >= CLIPPED_SAMPLE))
            + int(np.count_nonzero(samples <= -CLIPPED_SAMPLE))
            >= CLIPPED_SAMPLES
        )
        floats = samples.astype(np.float32)
        power = float(np.dot(floats, floats)) / len(samples) / FULL_SCALE**2
        self._pieces.append(_Heard(end_at, seconds, power, loudest / FULL_SCALE, clipped))
        self._notice(at, end_at, loudest)
        while self._pieces[0].end_at < end_at - TOLD_AFTER_SECONDS:
            self._pieces.popleft()

    def problem(self, now: float) -> str:
        """What is wrong, with the step that mends it; empty while all is well, and also while no
        sound comes at all, which is for the input to tell."""
        if self._began_at is None or now - self._end_at > TOLD_AFTER_SECONDS:
            return ""
        clipped = sum(piece.seconds for piece in self._pieces if piece.clipped)
        if clipped >= CLIPPED_SECONDS:
            return CLIPPED
        patience = TOLD_AFTER_SECONDS
        if self._end_at - self._noise_at >= patience:
            gated = self._gate_ends >= GATE_ENDS
            late = self._end_at - self._noise_at >= QUIET_TOLD_AFTER_SECONDS
            return NOTHING if late or not gated else ""
        if self._loud_before:
            patience = QUIET_TOLD_AFTER_SECONDS
        return HARDLY_ANYTHING if self._end_at - self._sound_at >= patience else ""

    def _begin(self, at: float) -> None:
        """At the first block, and after a gap: what was before tells nothing of now."""
        self._pieces.clear()
        self._began_at = self._end_at = self._sound_at = self._noise_at = at
        self._loud_before = False
        self._gate_ends = 0

    def _notice(self, at: float, end_at: float, loudest: int) -> None:
        peak_dbfs = _dbfs(loudest / FULL_SCALE)
        if loudest > 1:
            if at - self._noise_at >= GATE_SECONDS:
                self._gate_ends += 1
            self._noise_at = end_at
        if peak_dbfs >= HEARD_PEAK_DBFS:
            self._sound_at = end_at
        if peak_dbfs >= LOUD_PEAK_DBFS:
            self._loud_before = True
        self._end_at = end_at

    def _shown(self) -> list[_Heard]:
        return [piece for piece in self._pieces if piece.end_at > self._end_at - SHOWN_SECONDS]


def _dbfs(amplitude: float) -> float:
    return max(SILENCE_DBFS, 20 * math.log10(amplitude)) if amplitude > 0 else SILENCE_DBFS
