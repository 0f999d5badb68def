"""Whether a voice says no words: laughter, "uh-huh", "aaah" are one sound over and over."""

from collections.abc import Sequence

import numpy as np

from libs.speech.bands import Floats

#: So many loud windows are needed to tell (a third of a second).
FEWEST_WINDOWS = 10
#: Windows this far below the loudest are the silence between two sounds.
LOUD_WITHIN_DB = 15.0
#: Neighbours are alike in every voice: compared are windows this far apart (130 ms).
APART = 4
#: Words change their vowels; of a laugh three in four pairs of windows are this alike.
SAMENESS, SHARE = 0.8, 0.75
#: Bands this far below a window's loudest say nothing.
_RANGE_DB = 25.0


def wordless(bands: Sequence[Floats]) -> bool:
    """For the band levels (`BandLevels`) of a voice, window by window. When in doubt it is
    speech: a quick "no no no" changes too much to be taken for a laugh."""
    if len(bands) < FEWEST_WINDOWS:
        return False
    rows = np.stack(list(bands))
    levels = 10 * np.log10(np.sum(10 ** (rows / 10), axis=1))
    loud = rows[levels > levels.max() - LOUD_WITHIN_DB]
    if len(loud) < FEWEST_WINDOWS:
        return False
    shapes = np.maximum(loud, loud.max(axis=1, keepdims=True) - _RANGE_DB)
    shapes = shapes - shapes.mean(axis=1, keepdims=True)
    shapes /= np.maximum(np.linalg.norm(shapes, axis=1, keepdims=True), 1e-6)
    alike = (shapes @ shapes.T)[np.triu_indices(len(shapes), APART)]
    return bool(np.mean(alike >= SAMENESS) >= SHARE)
