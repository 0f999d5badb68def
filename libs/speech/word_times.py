"""When each word of a sentence is said, where the voice does not tell: told by the sound itself.

The sound is divided at its pauses; the words are given to the parts so that their lengths fit and
pauses fall on punctuation (dynamic programming over parts and words); inside a part every word
takes its share by its sounds. Where the sentence is not whole yet, the parts there are get as
many words as fit into them.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from libs.contracts.speaking import WordCue

FRAME_SECONDS = 0.01
#: Below this share of the loud moments (their 95th percentile) a frame counts as silent.
SILENT_SHARE = 0.06
#: Sound that is never louder (of full scale) is silence, whatever its shape.
SILENCE_RMS = 0.002
#: Shorter silences are inside of words: the closures of p, t and k.
PAUSE_SECONDS = 0.11
#: Shorter sounds are clicks and breaths.
SHORTEST_PART_SECONDS = 0.03
#: So much speech is needed before its pace is believed rather than the usual one.
PACE_SECONDS = 2.0
#: What is known of it may be so much faster or slower than usual.
PACES = (0.5, 2.0)
#: Tried where it is not known, and how far it usually is from 1 (in logarithms).
POSSIBLE_PACES = (0.7, 0.8, 0.9, 1.0, 1.12, 1.25, 1.4)
PACE_SPREAD = 0.2

#: Longer texts are not tried at several paces.
FEW_WORDS = 80
#: Words times parts; more is noise or no sentence, and not worth the time.
MOST_PAIRS = 6_000

#: Seconds at a usual pace (160 words a minute), fitted to embedded voices in five languages.
VOWEL_SECONDS = 0.075
CONSONANT_SECONDS = 0.052
DIGIT_SECONDS = 0.35
WORD_SECONDS = 0.044
#: A letter of a script whose letters are syllables (Chinese, kana, hangul).
SYLLABLE_SECONDS = 0.17

#: How far words usually are from these lengths, squared: for each word, and for each part.
WORD_VARIANCE = 0.008
PART_VARIANCE = 0.006
#: Costs, in the same unit as squared errors over their variance.
PAUSE_INSIDE_A_PHRASE = 4.0
NO_PAUSE_AT_A_COMMA = 1.5
NO_PAUSE_AT_AN_END = 3.0
PART_WITHOUT_WORDS = 3.0

_WORD = re.compile(r"\S+")
_SPOKEN = re.compile(r"\w")
_COMMA = re.compile(r"[,;:—–、，；：][\"'”’»)\]]*$")
_END = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")
_VOWELS = re.compile(r"[aeiouyæøœıаеёиоуыэюяіїєαεηιουω]+")
_SILENT_E = re.compile(r"[^aeiouyl]e$")


@dataclass(frozen=True)
class Part:
    """A stretch of speech between two pauses, in seconds from the first sample."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


def words_from_sound(
    text: str, pcm: bytes, rate_hz: int, whole: bool = True, pace: float | None = None
) -> list[WordCue]:
    """Times for the words of a sentence from its sound (mono signed 16-bit).

    Not `whole`: only the words that have begun in the sound there is. `pace` is how long her words
    are (1: as usual), where that is known from other sentences.
    """
    words = [match for match in _WORD.finditer(text) if _SPOKEN.search(match.group())]
    parts = spoken_parts(pcm, rate_hz)
    if not words or not parts:
        return []
    if len(words) * len(parts) > MOST_PAIRS:
        parts = [Part(parts[0].start, parts[-1].end)]
    spoken = [match.group() for match in words]
    lengths = np.array([said_seconds(word) for word in spoken])
    pace, shares = _best_pace(parts, lengths, spoken, whole, pace)
    cues: list[WordCue] = []
    for number, (part, (first, behind)) in enumerate(zip(parts, shares, strict=True)):
        open_end = not whole and number == len(parts) - 1
        starts = _inside(part, lengths[first:behind] * pace, open_end)
        cues += [_cue(words[first + n], at) for n, at in enumerate(starts)]
    return cues


def with_every_word(text: str, cues: Sequence[WordCue]) -> list[WordCue]:
    """The cues of a voice, and between two of them the words that it said as one with the first
    ("of the"): each takes its share of the time."""
    ordered = sorted(cues, key=lambda cue: cue.start)
    known = {cue.start for cue in ordered}
    found = list(ordered)
    for before, after in pairwise(ordered):
        between = [
            match
            for match in _WORD.finditer(text, before.start + before.length, after.start)
            if _SPOKEN.search(match.group()) and match.start() not in known
        ]
        if not between or text[before.start + before.length : between[0].start()].strip():
            continue
        said = [said_seconds(text[before.start : before.start + before.length])]
        said += [said_seconds(match.group()) for match in between]
        span = max(0.0, after.at_seconds - before.at_seconds) / sum(said)
        for number, match in enumerate(between, 1):
            found.append(_cue(match, before.at_seconds + span * sum(said[:number])))
    return sorted(found, key=lambda cue: cue.start)


def pace_of(text: str, seconds: float) -> float | None:
    """How long her words are against the usual, from a sentence and its length without silence."""
    usual = sum(said_seconds(word) for word in _WORD.findall(text))
    return float(np.clip(seconds / usual, *PACES)) if usual and seconds >= PACE_SECONDS else None


def said_seconds(word: str) -> float:
    """About how long a word takes at a usual pace."""
    decomposed = unicodedata.normalize("NFD", word.lower())
    letters = "".join(c for c in decomposed if c.isalnum())
    syllables = sum(_is_syllable(c) for c in unicodedata.normalize("NFC", word))
    if syllables:
        return WORD_SECONDS + syllables * SYLLABLE_SECONDS
    vowels = len(_VOWELS.findall(letters))
    if vowels > 1 and _SILENT_E.search(letters):
        vowels -= 1
    digits = sum(c.isdigit() for c in letters)
    consonants = sum(c.isalpha() for c in _VOWELS.sub("", letters))
    return (
        WORD_SECONDS
        + vowels * VOWEL_SECONDS
        + consonants * CONSONANT_SECONDS
        + digits * DIGIT_SECONDS
    )


def spoken_parts(pcm: bytes, rate_hz: int) -> list[Part]:
    """The stretches of speech between pauses."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32_768
    frame = max(1, round(rate_hz * FRAME_SECONDS))
    count = len(samples) // frame
    if not count:
        return []
    rms = np.sqrt(np.mean(np.square(samples[: count * frame].reshape(count, frame)), axis=1))
    loud = max(float(np.percentile(rms, 95)), SILENCE_RMS / SILENT_SHARE)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], rms > loud * SILENT_SHARE, [0]])))
    parts: list[Part] = []
    for start, end in edges.reshape(-1, 2) * (frame / rate_hz):
        if parts and start - parts[-1].end < PAUSE_SECONDS:
            parts[-1] = Part(parts[-1].start, float(end))
        else:
            parts.append(Part(float(start), float(end)))
    return [part for part in parts if part.seconds >= SHORTEST_PART_SECONDS]


def _best_pace(
    parts: Sequence[Part],
    lengths: NDArray[np.float64],
    words: Sequence[str],
    whole: bool,
    known: float | None,
) -> tuple[float, list[tuple[int, int]]]:
    """The pace at which the words fit best, and how they are divided then."""
    if whole:
        paces = [float(np.clip(sum(part.seconds for part in parts) / lengths.sum(), *PACES))]
    else:
        few = len(words) <= FEW_WORDS
        paces = [known] if known else list(POSSIBLE_PACES) if few else [1.0]
    found = []
    for pace in paces:
        cost, shares = _divide(parts, lengths * pace, words, whole)
        unusual = 0.0 if len(paces) == 1 else float(np.log(pace) / PACE_SPREAD) ** 2
        found.append((cost + unusual, pace, shares))
    _, pace, shares = min(found)
    return pace, shares


def _divide(
    parts: Sequence[Part], lengths: NDArray[np.float64], words: Sequence[str], whole: bool
) -> tuple[float, list[tuple[int, int]]]:
    """What it costs, and for each part the words said in it: from the first to behind the last."""
    count = len(words)
    costs = _boundary_costs(words)
    ends = np.concatenate([[0.0], np.cumsum(lengths)])
    missed = np.concatenate([[0.0], np.cumsum(costs[:, 1])])
    number = np.arange(count + 1)
    words_in = number[None, :] - number[:, None]  # from the row's word to before the column's
    said = ends[None, :] - ends[:, None]
    missed_inside = missed[np.maximum(number - 1, 0)][None, :] - missed[:, None]
    inner = np.where(words_in > 0, missed_inside, 0.0)
    best = np.full(count + 1, np.inf)
    best[0] = 0.0
    came_from: list[NDArray[np.intp]] = []
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        off = said - part.seconds
        if last and not whole:
            off = np.minimum(0.0, off)  # the last word goes on behind the sound there is
        fit = np.square(off) / (np.maximum(words_in, 1) * WORD_VARIANCE + PART_VARIANCE)
        cost = fit + inner + np.where(words_in == 0, PART_WITHOUT_WORDS, 0.0)
        cost = np.where(words_in < 0, np.inf, cost)
        if not last:
            cost = cost + np.concatenate([[0.0], costs[:, 0]])[None, :]
        total = best[:, None] + cost
        came_from.append(np.argmin(total, axis=0))
        best = np.min(total, axis=0)
    behind = count if whole else int(np.argmin(best))
    cost, shares = float(best[behind]), []
    for origin in reversed(came_from):
        shares.append((int(origin[behind]), behind))
        behind = int(origin[behind])
    return cost, shares[::-1]


def _boundary_costs(words: Sequence[str]) -> NDArray[np.float64]:
    """Of each word: what a pause behind it costs, and what none costs."""
    costs = np.zeros((len(words), 2))
    for number, word in enumerate(words):
        if _END.search(word):
            costs[number] = (0.0, NO_PAUSE_AT_AN_END)
        elif _COMMA.search(word):
            costs[number] = (0.0, NO_PAUSE_AT_A_COMMA)
        else:
            costs[number] = (PAUSE_INSIDE_A_PHRASE, 0.0)
    return costs


def _inside(part: Part, lengths: NDArray[np.float64], open_end: bool) -> list[float]:
    """When the words of a part begin: they fill it, unless its end is not here yet."""
    if not len(lengths):
        return []
    total = float(lengths.sum())
    scale = 1.0 if open_end and total > part.seconds else part.seconds / total
    begins = np.concatenate([[0.0], np.cumsum(lengths)[:-1]]) * scale
    return [part.start + float(at) for at in begins]


def _cue(match: re.Match[str], at_seconds: float) -> WordCue:
    return WordCue(at_seconds=at_seconds, start=match.start(), length=len(match.group()))


def _is_syllable(character: str) -> bool:
    return (
        "\u3040" <= character <= "\u30ff"
        or "\u3400" <= character <= "\u9fff"
        or ("\uac00" <= character <= "\ud7a3")
    )
