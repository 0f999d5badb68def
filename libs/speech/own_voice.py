"""Tells her own voice in the microphone from anybody else's, by the sound she is making."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from libs.speech.bands import (
    BANDS,
    SILENCE_DBFS,
    WINDOW_SAMPLES,
    WINDOW_SECONDS,
    BandLevels,
    Floats,
)

#: The reference is given so many windows ahead of what is heard: her voice may be heard earlier
#: than the stage's clock says.
LOOK_AHEAD_WINDOWS = 5
LOOK_AHEAD_SECONDS = LOOK_AHEAD_WINDOWS * WINDOW_SECONDS
#: And up to this much later: loudspeaker, air, microphone, browser.
LATEST_WINDOWS = 22
_LAGS = LOOK_AHEAD_WINDOWS + LATEST_WINDOWS
#: What is compared to find the delay: about half a second.
_SHAPE_WINDOWS = 16
#: Around the delay the loudest reference counts, for clocks of two processes differ; behind it a
#: room rings on and fades so fast.
_AROUND = 4
_RINGING = 14
_FADE_DB = 2.2
_KEPT = _LAGS + _SHAPE_WINDOWS + _RINGING
#: The reference below this says nothing about the room.
_AUDIBLE_DBFS = -70.0
#: Windows of her voice a band remembers, and how many it needs before it says anything.
_MEMORY, _FEWEST = 512, 50
#: Her voice is this loud in a band at most, but for this share of windows.
_QUANTILE = 0.92
_MARGIN_DB = 3.0
#: What is heard this far above the noise is something.
_ABOVE_NOISE_DB = 9.0
#: From this likeness of shapes on, what is heard is her, however loud.
_SAME_SHAPE = 0.62
_DELAY_KNOWN = 0.35
#: Louder as a whole is what all bands but this rest have in common.
_LOUDER_QUANTILE = 0.85
#: Excess of so many bands, and of such a share of those that hear anything, is somebody else.
_FEWEST_BANDS, _SHARE = 3, 0.2
_CERTAIN_SHARE = 0.6
#: Signs of somebody else add up to here before they count, and to the second number at most.
_ENOUGH, _MOST = 3.0, 9.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """`own`: what is heard is her, or nothing. `excess`: bands that she does not explain."""

    own: bool
    excess: int
    likeness: float
    delay_seconds: float | None


class OwnVoice:
    """Learns, while she speaks, how loud she comes back in each band and how late.

    Promises: while she is silent nothing is taken for her; while it is not known yet how she
    sounds in this room, everything during her speech is. Somebody else counts after a few windows
    (about 100 ms) in which bands are louder than she could be there; her voice at another
    loudness is known by its shape. `false_alarm` makes it more careful at once.
    """

    def __init__(self) -> None:
        self._heard_bands, self._her_bands = BandLevels(), BandLevels()
        self._heard = np.full((_SHAPE_WINDOWS, BANDS), SILENCE_DBFS, np.float32)
        self._hers = np.full((_KEPT, BANDS), SILENCE_DBFS, np.float32)
        self._noise = np.full(BANDS, -60.0, np.float32)
        self._coupling = np.full((BANDS, _MEMORY), np.inf, np.float32)
        self._known = np.zeros(BANDS, np.int64)
        self._most = np.full(BANDS, np.inf, np.float32)
        self._likeness = np.zeros(_LAGS, np.float32)
        self._alike = 0.0
        self._lag: int | None = None
        self._signs = 0.0
        self._unknown_windows = 0
        self._count = 0
        self._hers_until = 0

    @property
    def learned(self) -> bool:
        return int(np.sum(self._known >= _FEWEST)) >= BANDS // 2

    @property
    def audible(self) -> bool:
        """Whether she can be heard now: of the reference something may still be in the air."""
        return bool(self._unknown_windows) or self._hers_until > self._count

    @property
    def levels(self) -> Floats:
        """Of what was heard last, by band."""
        return np.asarray(self._heard[-1])

    def hear(self, heard: Floats, hers: Floats | None) -> Judgement:
        """One window. `hers`: what she says `LOOK_AHEAD_SECONDS` later; None: it is not known."""
        self._count += 1
        self._push(self._heard, self._heard_bands.of(heard))
        if hers is None:
            self._unknown_windows = _LAGS
            hers = np.zeros_like(heard)
        self._unknown_windows = max(0, self._unknown_windows - 1)
        self._push(self._hers, self._her_bands.of(hers))
        if self._hers[-1].max() > _AUDIBLE_DBFS:
            self._hers_until = self._count + _KEPT
        now = self._heard[-1]
        if not self.audible:
            self._signs = 0.0
            self._learn_noise(now, 0.05)
            return Judgement(False, 0, 0.0, self._delay_seconds)
        if self._unknown_windows:
            return Judgement(True, 0, 0.0, self._delay_seconds)
        return self._judge(now)

    def correct(self, hers: Floats) -> None:
        """What she said in the last windows, up to the newest one given to `hear`, was this."""
        count = min(len(hers) // WINDOW_SAMPLES, _KEPT)
        if count < 2:
            return
        bands = BandLevels()
        for number, window in enumerate(hers.reshape(-1, WINDOW_SAMPLES)[-count:]):
            levels = bands.of(window)
            if number:
                self._hers[number - count] = levels
        self._her_bands = bands
        sounding = np.nonzero(self._hers.max(axis=1) > _AUDIBLE_DBFS)[0]
        self._hers_until = self._count + 1 + int(sounding[-1]) if len(sounding) else 0

    def false_alarm(self) -> None:
        """What was taken for somebody else was nobody: her voice may be louder than was thought."""
        self._coupling += 3.0
        self._most += 3.0
        self._signs = 0.0

    # The judgement -----------------------------------------------------------------------------

    def _judge(self, now: Floats) -> Judgement:
        likeness = self._compare()
        could_be = self._expected()
        loudest = np.where(self._known >= _FEWEST, could_be + self._most + _MARGIN_DB, np.inf)
        something = now > self._noise + _ABOVE_NOISE_DB
        beyond = now - np.maximum(loudest, self._noise + _ABOVE_NOISE_DB)
        excess = int(np.sum(beyond > 0))
        if likeness >= _SAME_SHAPE and excess:
            excess = self._louder(now, could_be, beyond)
        self._count_signs(excess, int(np.sum(something)))
        own = not self.learned or self._signs < _ENOUGH
        if own or likeness >= _SAME_SHAPE:
            self._learn(now, could_be)
        return Judgement(own, excess, likeness, self._delay_seconds)

    def _count_signs(self, excess: int, something: int) -> None:
        if excess >= _FEWEST_BANDS and excess >= _SHARE * something:
            certain = excess >= _CERTAIN_SHARE * something
            self._signs = min(_MOST, self._signs + (1.5 if certain else 1.0))
        else:
            self._signs = max(0.0, self._signs - 0.7)

    def _louder(self, now: Floats, could_be: Floats, beyond: Floats) -> int:
        """Her shape, but louder than she was: how many bands are more than louder as a whole."""
        clear = (could_be > _AUDIBLE_DBFS) & (self._known >= _FEWEST)
        if np.sum(clear) < _FEWEST_BANDS:
            return 0
        gain = max(0.0, float(np.quantile(beyond[clear], _LOUDER_QUANTILE)) + 1.0)
        return int(np.sum(beyond > gain))

    def _expected(self) -> Floats:
        """For each band the loudest of her that may arrive now."""
        if self._lag is None:
            return np.asarray(self._hers[-(_LAGS + _AROUND) :].max(axis=0))
        first = max(0, self._lag - _AROUND)
        last = min(_KEPT, self._lag + _AROUND + _RINGING)
        arriving = self._hers[_KEPT - last : _KEPT - first][::-1]
        behind = np.arange(first, last) - (self._lag + _AROUND)
        fade = np.maximum(behind, 0).astype(np.float32) * _FADE_DB
        return np.asarray((arriving - fade[:, None]).max(axis=0))

    # What is learned -----------------------------------------------------------------------------

    def _compare(self) -> float:
        """How alike the last half second is to what she said, at the delay where it is most so.
        Looked at in every other window: half a second does not change so fast."""
        if self._count % 2:
            return self._alike
        heard = np.maximum(self._heard, self._noise + 3.0)
        heard = heard - heard.mean(axis=0)
        floor = np.maximum(self._hers.max(axis=0) - 45.0, SILENCE_DBFS)
        windows = sliding_window_view(np.maximum(self._hers, floor), _SHAPE_WINDOWS, axis=0)
        hers = windows[-_LAGS:][::-1].transpose(0, 2, 1)
        hers = hers - hers.mean(axis=1, keepdims=True)
        product = np.einsum("tb,ltb->l", heard, hers)
        size = float(np.sum(heard**2)) * np.sum(hers**2, axis=(1, 2))
        alike = product / np.sqrt(np.maximum(size, 1.0))
        strength = min(1.0, float(np.sqrt(np.mean(heard**2))) / 8.0)
        strength *= float(np.mean(self._hers[-_LAGS:].max(axis=1) > _AUDIBLE_DBFS))
        self._likeness += 0.04 * strength * (alike - self._likeness)
        best = int(np.argmax(self._likeness))
        if self._likeness[best] > _DELAY_KNOWN:
            self._lag = best
        elif self._likeness[best] < _DELAY_KNOWN / 2:
            self._lag = None
        if self._lag is None:
            self._alike = float(alike.max()) * strength
            return self._alike
        near = slice(max(0, self._lag - _AROUND), self._lag + _AROUND + 1)
        self._alike = float(alike[near].max()) * strength
        return self._alike

    def _learn(self, now: Floats, could_be: Floats) -> None:
        clear = could_be > max(_AUDIBLE_DBFS, float(could_be.max()) - 50.0)
        places = self._known[clear] % _MEMORY
        self._coupling[np.nonzero(clear)[0], places] = (now - could_be)[clear]
        self._known[clear] += 1
        if self._count % 8 == 0:
            filled = np.minimum(self._known, _MEMORY)
            ranks = np.maximum((filled * _QUANTILE).astype(int) - 1, 0)
            self._most = np.sort(self._coupling, axis=1)[np.arange(BANDS), ranks]

    def _learn_noise(self, now: Floats, share: float) -> None:
        """Falls fast and rises slowly (a voice is no noise)."""
        rise = np.minimum(now - self._noise, 1.5) * share * 0.4
        self._noise += np.where(now < self._noise, (now - self._noise) * 0.1, rise)
        np.maximum(self._noise, SILENCE_DBFS, out=self._noise)

    @property
    def _delay_seconds(self) -> float | None:
        if self._lag is None:
            return None
        return (self._lag - LOOK_AHEAD_WINDOWS) * WINDOW_SECONDS

    @staticmethod
    def _push(rows: Floats, row: Floats) -> None:
        rows[:-1] = rows[1:]
        rows[-1] = row
