"""Sound at another sampling rate, piece by piece."""

import numpy as np
import soxr

from libs.audio.loudness import samples_of

#: What anything that is opened here may have.
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 8_000, 192_000

#: libsoxr's steps differ in how sharp the edge of the band is, and sharpness is delay: with pieces
#: of 32 ms from 48 kHz to 16 kHz, LQ holds back 20 ms at most, HQ 36; both alias below -80 dB.
QUALITY = "LQ"


class Resampler:
    """Mono signed 16-bit PCM from one rate to another, as a stream (libsoxr).

    Promises: sample n of all that came out is the sound of the moment of sample n · from / to of
    all that went in, so nothing is shifted; it comes out `delay_samples` later than it could, and
    `finish` gives that rest. Silence stays silence; between equal rates bytes pass as they are.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        for rate in (from_hz, to_hz):
            if not LOWEST_RATE_HZ <= rate <= HIGHEST_RATE_HZ:
                allowed = f"{LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz are possible"
                raise ValueError(f"{rate} Hz: {allowed}")
        self.from_hz, self.to_hz = from_hz, to_hz
        self._stream = (
            None
            if from_hz == to_hz
            else soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality=QUALITY)
        )
        self._half = b""

    @property
    def delay_samples(self) -> float:
        """How much of what went in has not come out yet, in samples of the new rate."""
        return 0.0 if self._stream is None else max(0.0, float(self._stream.delay()))

    def push(self, pcm: bytes) -> bytes:
        """What can be said of the sound so far; half a sample waits for the next piece."""
        pcm = self._half + pcm
        whole = len(pcm) - len(pcm) % 2
        self._half = pcm[whole:]
        return self._through(pcm[:whole], last=False)

    def finish(self) -> bytes:
        """The rest. After that a new sound may begin."""
        self._half = b""
        rest = self._through(b"", last=True)
        if self._stream is not None:
            self._stream.clear()
        return rest

    def _through(self, pcm: bytes, last: bool) -> bytes:
        if self._stream is None:
            return pcm
        out = self._stream.resample_chunk(samples_of(pcm).astype(np.float32), last=last)
        return bytes(np.rint(out).clip(-32768, 32767).astype("<i2").tobytes())
