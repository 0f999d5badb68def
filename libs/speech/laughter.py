"""Whether a voice laughs, by its rhythm: short bursts in a steady beat, silence between them."""

from collections.abc import Sequence

#: A burst stands this far above what lies before and behind it.
DEPTH_DB = 9.0
FEWEST_BURSTS = 3
#: Between two bursts (people laugh four to six times a second).
SHORTEST_SECONDS, LONGEST_SECONDS = 0.11, 0.36
#: How unequal the beats may be: the longest against the shortest.
UNEVENNESS = 1.9


def laughs(levels_dbfs: Sequence[float], window_seconds: float) -> bool:
    """For the levels of a voice from its first window on. Speech is seldom so even and so deeply
    parted; when in doubt it is speech."""
    bursts = _bursts(levels_dbfs)
    if len(bursts) < FEWEST_BURSTS:
        return False
    beats = [(b - a) * window_seconds for a, b in zip(bursts, bursts[1:], strict=False)]
    within = all(SHORTEST_SECONDS <= beat <= LONGEST_SECONDS for beat in beats)
    return within and max(beats) <= UNEVENNESS * min(beats)


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
