"""From sound to mouth: IPA phones with their times, or plain loudness, become mouth cues.

The shapes are the fifteen of the OVR set (`libs.contracts.speaking.Viseme`); the table covers what
espeak-ng writes in the languages it speaks.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from libs.contracts.speaking import MouthCue, Viseme

_SYMBOLS_BY_VISEME: dict[Viseme, str] = {
    Viseme.PP: "p b m ɓ ɸ β ʙ",
    Viseme.FF: "f v ʋ ɱ ⱱ",
    Viseme.TH: "θ ð",
    Viseme.DD: "t d ʈ ɖ ɗ ᶑ ʇ",
    Viseme.KK: "k g ɡ x ɣ χ ʁ h ɦ ħ ʕ ŋ ɴ c ç ɟ q ɢ ʔ ɠ ʛ ʀ",
    Viseme.CH: "tʃ dʒ ʃ ʒ tɕ dʑ ɕ ʑ ʂ ʐ tʂ dʐ ʧ ʤ ʨ ʥ",
    Viseme.SS: "s z ts dz ʦ ʣ",
    Viseme.NN: "n l ɲ ʎ ɭ ɫ ɬ ɮ ɳ ʟ",
    Viseme.RR: "r ɹ ɾ ɻ ɽ ɺ ɚ ɝ ɜ",
    Viseme.AA: "a ɑ ɐ æ ʌ ɒ ɶ",
    Viseme.E: "e ɛ œ ø ə ɘ ɞ",
    Viseme.IH: "i ɪ j y ʏ ɨ ᵻ ʝ",
    Viseme.OH: "o ɔ ɤ",
    Viseme.OU: "u ʊ w ʍ ʉ ᵿ ɯ ɥ ɵ ɰ",
}

VISEME_BY_SYMBOL: dict[str, Viseme] = {
    symbol: viseme for viseme, symbols in _SYMBOLS_BY_VISEME.items() for symbol in symbols.split()
}

#: A letter that no table knows moves the mouth a little, like the most common consonants do.
FALLBACK = Viseme.DD

_LANGUAGE_SWITCH = re.compile(r"\([^)]*\)")

#: Loudness below this share of the loudest moment is a closed mouth.
CLOSED_SHARE = 0.08
#: Loudness below this share is a mouth half open, above it wide open.
WIDE_SHARE = 0.45
LOUDNESS_STEP_SECONDS = 0.04
#: Sound that never gets louder than this (of full scale) is silence, whatever its shape.
SILENCE_PEAK = 0.004


@dataclass(frozen=True)
class Phone:
    """One phone as an engine reports it. An empty symbol is a pause."""

    symbol: str
    at_seconds: float


@dataclass(frozen=True)
class MouthTimeline:
    """Cues in order of time, the last one SIL; `unknown_symbols` were shown as `FALLBACK`."""

    cues: tuple[MouthCue, ...]
    unknown_symbols: int = 0


@cache
def visemes_of(symbol: str) -> tuple[tuple[Viseme, ...], int]:
    """The shapes of one phone, in order, and how many of its letters no table knows.

    Stress, length, tone, diacritics and language switches such as `(en)` say nothing about the
    mouth. No letter at all is a pause.
    """
    letters = _letters(symbol)
    shapes: list[Viseme] = []
    unknown = 0
    while letters:
        known = next((letters[:n] for n in (2, 1) if letters[:n] in VISEME_BY_SYMBOL), "")
        unknown += not known
        shape = VISEME_BY_SYMBOL.get(known, FALLBACK)
        if not shapes or shapes[-1] is not shape:
            shapes.append(shape)
        letters = letters[len(known) or 1 :]
    return tuple(shapes) or (Viseme.SIL,), unknown


def _letters(symbol: str) -> str:
    decomposed = unicodedata.normalize("NFD", _LANGUAGE_SWITCH.sub("", symbol))
    return "".join(c for c in decomposed if unicodedata.category(c) in ("Ll", "Lu", "Lo"))


class MouthTrack:
    """Turns phones into cues as they come in, for engines that stream.

    A phone of several shapes (a diphthong) shares its time among them, so its later cues are known
    when the next phone is. Cues come out in order of time; equal neighbours are one cue.
    """

    def __init__(self) -> None:
        self.unknown_symbols = 0
        self._shown: Viseme | None = None
        self._waiting: tuple[Viseme, ...] = ()
        self._waiting_since = 0.0
        self._at_seconds = 0.0

    @property
    def settled_seconds(self) -> float:
        """Every cue before this time is out, as far as phones were added."""
        return self._waiting_since if self._waiting else float("inf")

    def add(self, phone: Phone) -> list[MouthCue]:
        """The cues that this phone makes known. A time before the last one counts as equal."""
        at_seconds = max(phone.at_seconds, self._at_seconds)
        cues = self._opening(at_seconds) + self._rest(at_seconds)
        shapes, unknown = visemes_of(phone.symbol)
        self.unknown_symbols += unknown
        cues += self._show(shapes[0], at_seconds)
        self._waiting, self._waiting_since = shapes[1:], at_seconds
        self._at_seconds = at_seconds
        return cues

    def finish(self, at_seconds: float) -> list[MouthCue]:
        """The cues up to the end of the sound, where the mouth closes."""
        end = max(at_seconds, self._at_seconds)
        cues = self._opening(end) + self._rest(end)
        return cues + self._show(Viseme.SIL, end)

    def _opening(self, at_seconds: float) -> list[MouthCue]:
        """A sound that does not begin with its first phone begins with a closed mouth."""
        begun = self._shown is not None or at_seconds == 0
        return [] if begun else self._show(Viseme.SIL, 0.0)

    def _rest(self, until_seconds: float) -> list[MouthCue]:
        cues: list[MouthCue] = []
        share = (until_seconds - self._waiting_since) / (len(self._waiting) + 1)
        for number, shape in enumerate(self._waiting, start=1):
            cues += self._show(shape, self._waiting_since + number * share)
        self._waiting = ()
        return cues

    def _show(self, shape: Viseme, at_seconds: float) -> list[MouthCue]:
        if shape is self._shown:
            return []
        self._shown = shape
        return [MouthCue(at_seconds=round(at_seconds, 4), viseme=shape)]


def mouth_of_phones(phones: Iterable[Phone], duration_seconds: float) -> MouthTimeline:
    """The mouth of a whole sound, from its phones in order of time."""
    track = MouthTrack()
    cues = [cue for phone in phones for cue in track.add(phone)]
    cues += track.finish(duration_seconds)
    return MouthTimeline(tuple(cues), track.unknown_symbols)


def mouth_of_loudness(samples: NDArray[np.int16], sample_rate_hz: int) -> MouthTimeline:
    """The mouth of a sound whose phones are not known: open where it is loud.

    Steps of `LOUDNESS_STEP_SECONDS`; the weight of a cue is its loudness against the loudest step.
    """
    step = max(1, int(LOUDNESS_STEP_SECONDS * sample_rate_hz))
    shares = _loudness_shares(samples, step)
    cues = [MouthCue(at_seconds=0.0, viseme=Viseme.SIL)]
    for number, share in enumerate(shares):
        shape, weight = _shape_of_loudness(float(share))
        changed = shape is not cues[-1].viseme
        if changed or abs(weight - cues[-1].weight) > 0.2:
            at_seconds = round(number * step / sample_rate_hz, 4)
            cues.append(MouthCue(at_seconds=at_seconds, viseme=shape, weight=weight))
    if cues[-1].viseme is not Viseme.SIL:
        cues.append(MouthCue(at_seconds=len(samples) / sample_rate_hz, viseme=Viseme.SIL))
    return MouthTimeline(tuple(cues))


def _loudness_shares(samples: NDArray[np.int16], step: int) -> NDArray[np.float64]:
    """The effective value of each step, as a share of the loudest one."""
    steps = -(-len(samples) // step)
    padded = np.zeros(steps * step, dtype=np.float64)
    padded[: len(samples)] = samples / 32768.0
    loudness: NDArray[np.float64] = np.sqrt(np.mean(padded.reshape(steps, step) ** 2, axis=1))
    loudest = float(loudness.max(initial=0.0))
    return loudness / loudest if loudest > SILENCE_PEAK else np.zeros(steps)


def _shape_of_loudness(share: float) -> tuple[Viseme, float]:
    if share < CLOSED_SHARE:
        return Viseme.SIL, 1.0
    if share < WIDE_SHARE:
        return Viseme.E, round(max(0.3, share / WIDE_SHARE), 2)
    return Viseme.AA, round(share, 2)
