"""How well each strategy tells a pause from an end: `python -m apps.asr_worker.endpointing --json
--plan FILE`.

The plan names sentences in pieces, each piece a WAV file beside it, and the pauses to put between
them. Each sentence with each pause goes through the real voice model and gate; the words of the
pieces so far arrive as a recogniser would give them: so long after the pass was begun.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from apps.asr_worker.inputs.base import RATE_HZ
from apps.asr_worker.voice_models import VoiceModel, voice_model
from apps.asr_worker.windows import WINDOW_SAMPLES, WINDOW_SECONDS, level_of, samples_of
from libs.audio.wav import NotAWave, decode_wav
from libs.speech.turn_taking import (
    SPECULATE_AFTER_SECONDS,
    EndOfTurn,
    FixedSilence,
    Pause,
    TextAware,
)
from libs.speech.voice_gate import VoiceChange, VoiceGate

#: Sound before and after a sentence, and the hiss of a quiet room under it.
LEAD_SECONDS, TRAIL_SECONDS, ROOM_DBFS = 0.8, 3.0, -62.0
#: The edges of a piece are where it is louder than this.
EDGE = 0.01


class Piece(BaseModel):
    wav: str
    text: str


class Plan(BaseModel):
    sentences: list[list[Piece]] = Field(min_length=1)
    pauses_seconds: list[float] = Field(min_length=1)
    recognition_seconds: float = Field(default=0.4, ge=0, le=10)
    """From the beginning of a pass to its words; and of a quick recogniser:"""
    quick_seconds: float = Field(default=0.1, ge=0, le=10)
    usual_seconds: float = Field(default=0.6, gt=0, le=10)
    longest_seconds: float = Field(default=1.6, gt=0, le=10)


@dataclass(frozen=True)
class Strategy:
    """`full_stops`: the recogniser puts a full stop behind everything, as Whisper is prone to."""

    label: str
    rule: EndOfTurn
    recognition_seconds: float
    full_stops: bool = False


@dataclass(frozen=True)
class Case:
    """One sentence with one pause between its pieces. `ends`: where each piece's voice ends."""

    windows: list[tuple[float, float]]
    texts: list[str]
    ends: list[float]
    pause_seconds: float


@dataclass(frozen=True)
class Outcome:
    """`wait_seconds` from the last sound of the sentence; None: its end was never found."""

    cut_off: int
    pauses: int
    wait_seconds: float | None
    words_seconds: float | None


def strategies_of(plan: Plan) -> list[Strategy]:
    text = TextAware(plan.usual_seconds, plan.longest_seconds)
    fixed = sorted({0.3, plan.usual_seconds, 1.0, plan.longest_seconds})
    later, sooner = plan.recognition_seconds, plan.quick_seconds
    return [
        *(Strategy(f"fixed {wait * 1000:.0f} ms", FixedSilence(wait), later) for wait in fixed),
        Strategy("text", text, later),
        Strategy("text, a full stop behind everything", text, later, full_stops=True),
        Strategy("text, quick recogniser", text, sooner),
    ]


def cases_of(plan: Plan, folder: Path, model: VoiceModel) -> Iterator[Case]:
    """Raises `OSError` or `NotAWave` for a file that is missing or none."""
    for sentence in plan.sentences:
        sounds = [_sound(folder / piece.wav) for piece in sentence]
        texts = [piece.text for piece in sentence]
        for pause in plan.pauses_seconds:
            yield _case(sounds, texts, pause, model)


def outcome_of(case: Case, strategy: Strategy) -> Outcome:
    """One sentence under one strategy. A turn that is cut off goes on as the next one."""
    gate, cut_off = VoiceGate(), 0
    words: str | None = None
    ready_at, asked = float("inf"), False
    end = case.ends[-1]
    for number, (probability, level) in enumerate(case.windows):
        now = (number + 1) * WINDOW_SECONDS
        if now >= ready_at and words is None:
            words = _words(case, now, strategy)
        pause = Pause(words, "en", words_pending=asked and words is None)
        seconds = strategy.rule.silence_seconds(pause) if gate.paused else float("inf")
        change = gate.take(probability, level, WINDOW_SECONDS, seconds)
        if change is VoiceChange.RESUMED or change is VoiceChange.STARTED:
            words, ready_at, asked = None, float("inf"), False
        elif gate.paused and not asked and gate.silence_seconds >= SPECULATE_AFTER_SECONDS:
            asked, ready_at = True, now + strategy.recognition_seconds
        elif change is VoiceChange.ENDED:
            if now > end:
                ready_at = ready_at if asked else now + strategy.recognition_seconds
                return Outcome(cut_off, len(case.ends) - 1, now - end, max(now, ready_at) - end)
            cut_off += 1
    return Outcome(cut_off, len(case.ends) - 1, None, None)


def _words(case: Case, now: float, strategy: Strategy) -> str:
    """Of the pieces that were over when the pass began."""
    said = [text for text, end in zip(case.texts, case.ends, strict=True) if end < now]
    text = " ".join(said)
    return text.rstrip(" ,;:-") + "." if strategy.full_stops and text[-1:] not in ".?!" else text


def _case(
    sounds: Sequence[NDArray[np.float32]], texts: list[str], pause: float, model: VoiceModel
) -> Case:
    parts, ends = [np.zeros(round(LEAD_SECONDS * RATE_HZ), dtype=np.float32)], []
    for number, sound in enumerate(sounds):
        if number:
            parts.append(np.zeros(round(pause * RATE_HZ), dtype=np.float32))
        parts.append(sound)
        ends.append(sum(map(len, parts)) / RATE_HZ)
    parts.append(np.zeros(round(TRAIL_SECONDS * RATE_HZ), dtype=np.float32))
    whole = np.concatenate(parts)
    room = np.random.default_rng(len(whole)).normal(0, 10 ** (ROOM_DBFS / 20), len(whole))
    whole = (whole + room).astype(np.float32)
    model.reset()
    windows = whole[: len(whole) // WINDOW_SAMPLES * WINDOW_SAMPLES].reshape(-1, WINDOW_SAMPLES)
    return Case(
        [(model.probability(window), level_of(window)) for window in windows], texts, ends, pause
    )


def _sound(path: Path) -> NDArray[np.float32]:
    """The piece without the silence around it, at 16 kHz."""
    import soxr

    recording = decode_wav(path.read_bytes())
    samples = samples_of(recording.pcm)
    sound = np.asarray(soxr.resample(samples, recording.sample_rate_hz, RATE_HZ), np.float32)
    loud = np.flatnonzero(np.abs(sound) > EDGE)
    return sound[loud[0] : loud[-1] + 1] if len(loud) else sound[:0]


def measure(plan: Plan, folder: Path) -> dict[str, object]:
    """The document that is printed."""
    model = voice_model()
    began = time.process_time()
    cases = list(cases_of(plan, folder, model))
    cpu_seconds = time.process_time() - began
    sound_seconds = sum(len(case.windows) for case in cases) * WINDOW_SECONDS
    return {
        "voice_model": model.name,
        "cases": len(cases),
        "sound_seconds": round(sound_seconds, 1),
        "cpu_share": round(cpu_seconds / sound_seconds, 5),
        "strategies": [_row(strategy, cases, plan) for strategy in strategies_of(plan)],
    }


def _row(strategy: Strategy, cases: list[Case], plan: Plan) -> dict[str, object]:
    outcomes = [(case, outcome_of(case, strategy)) for case in cases]
    by_pause = {
        f"{pause:g}": _share([o for case, o in outcomes if case.pause_seconds == pause])
        for pause in plan.pauses_seconds
    }
    found = [outcome for _, outcome in outcomes]
    return {
        "strategy": strategy.label,
        "pauses": sum(outcome.pauses for outcome in found),
        "cut_off_share": _share(found),
        "cut_off_by_pause_seconds": by_pause,
        "wait_ms": [round(o.wait_seconds * 1000) for o in found if o.wait_seconds is not None],
        "words_ms": [round(o.words_seconds * 1000) for o in found if o.words_seconds is not None],
        "missed_ends": sum(outcome.wait_seconds is None for outcome in found),
    }


def _share(outcomes: list[Outcome]) -> float:
    pauses = sum(outcome.pauses for outcome in outcomes)
    return round(sum(outcome.cut_off for outcome in outcomes) / max(1, pauses), 4)


def main() -> None:
    """Exits 1 when the plan or one of its files is none."""
    parser = argparse.ArgumentParser(prog="python -m apps.asr_worker.endpointing")
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--json", action="store_true", help="the only form there is")
    chosen = parser.parse_args()
    try:
        plan = Plan.model_validate_json(chosen.plan.read_bytes())
        found = measure(plan, chosen.plan.parent)
    except (OSError, ValidationError, NotAWave) as problem:
        sys.exit(f"{chosen.plan} cannot be used: {problem}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
