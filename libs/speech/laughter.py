"""Whether a voice laughs: the same short sound again and again, in a steady beat."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from libs.speech.bands import WINDOW_SECONDS, Floats

#: A burst stands this far above what lies before and behind it.
DEPTH_DB = 9.0
#: So many bursts, one behind the other, are a laugh.
BURSTS = 3
#: Between two bursts (people laugh four to six times a second).
SHORTEST_SECONDS, LONGEST_SECONDS = 0.11, 0.36
#: How unequal the beats may be: the longest against the shortest.
UNEVENNESS = 1.9
#: Correlation of the bursts' spectra: words change their vowels, a laugh does not.
SAMENESS = 0.75
#: Bands this far below a burst's loudest say nothing.
_RANGE_DB = 35.0


def laughs(bands: Sequence[Floats]) -> bool:
    """For the band levels (`BandLevels`) of a voice, window by window from its first one on.
    When in doubt it is speech."""
    levels = [float(10 * np.log10(np.sum(10 ** (row / 10)))) for row in bands]
    bursts = _bursts(levels)
    return any(
        _steady(bursts[at : at + BURSTS])
        and all(_alike(bands[a], bands[b]) for a, b in _neighbours(bursts[at : at + BURSTS]))
        for at in range(len(bursts) - BURSTS + 1)
    )


def _neighbours(places: Sequence[int]) -> list[tuple[int, int]]:
    return list(pairwise(places))


def _steady(bursts: Sequence[int]) -> bool:
    beats = [(later - earlier) * WINDOW_SECONDS for earlier, later in _neighbours(bursts)]
    within = all(SHORTEST_SECONDS <= beat <= LONGEST_SECONDS for beat in beats)
    return within and max(beats) <= UNEVENNESS * min(beats)


def _alike(one: Floats, other: Floats) -> bool:
    shapes = [np.maximum(row, row.max() - _RANGE_DB) for row in (one, other)]
    centred = [shape - shape.mean() for shape in shapes]
    size = float(np.sqrt(np.sum(centred[0] ** 2) * np.sum(centred[1] ** 2)))
    return float(np.dot(*centred)) >= SAMENESS * max(size, 1e-9)


def _bursts(levels: Sequence[float]) -> list[int]:
    """Places of the peaks between dips that are `DEPTH_DB` lower."""
    peaks: list[int] = []
    low, high, at, rising = float("inf"), float("-inf"), 0, True
    for place, level in enumerate(levels):
        if rising:
            if level > high:
                high, at = level, place
            elif level < high - DEPTH_DB:
                peaks.append(at)
                rising, low = False, level
        elif level < low:
            low = level
        elif level > low + DEPTH_DB:
            rising, high, at = True, level, place
    if rising and high > low + DEPTH_DB:
        peaks.append(at)
    return peaks
