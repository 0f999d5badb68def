"""Lines by which the safety gate is measured: hostile ones, encoded, and harmless ones."""

from libs.testing.safety_corpus.corpus import (
    Attack,
    CorpusError,
    Harmless,
    Place,
    SplitAttack,
    attacks,
    blind_attacks,
    blind_harmless,
    harmless,
    split_attacks,
)

__all__ = [
    "Attack",
    "CorpusError",
    "Harmless",
    "Place",
    "SplitAttack",
    "attacks",
    "blind_attacks",
    "blind_harmless",
    "harmless",
    "split_attacks",
]
