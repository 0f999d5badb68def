"""What every engine in a host does: load a model, and understand one piece of sound.

Standard library and numpy only, of Python 3.10 too: an engine's environment may hold nothing of
ours.

    load        data: what the engine needs, and `again` (model, seconds_per_pass) where it ran
                before; answer: label, languages, word_times, hot_words,
                seconds_per_pass, and what more is worth knowing
    transcribe  data: language, words, final; payload: 16 kHz mono s16le
                answer: text, words [[text, start, end, confidence]], language, confidence,
                no_speech_probability, mean_log_probability, compression_ratio
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

from libs.engine_host.child import HostError, Order

RATE_HZ = 16_000
#: What a pass is measured with.
MEASURED_SECONDS = 3.0


class Engine(Protocol):
    def load(self, order: Order) -> dict[str, Any]: ...

    def transcribe(self, order: Order) -> dict[str, Any]: ...


def worked_off(engine: Engine) -> Callable[[Order], dict[str, Any]]:
    """The function that `serve` calls with each order."""

    def work(order: Order) -> dict[str, Any]:
        if order.type == "load":
            return engine.load(order)
        if order.type == "transcribe":
            return engine.transcribe(order)
        raise HostError("unknown_order", f"no order: {order.type[:40]}")

    return work


def samples_of(pcm: bytes) -> Any:
    """float32 in -1..1."""
    import numpy as np

    return np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float32) / 32_768.0


def measuring_sound() -> Any:
    """Something like a voice, so that a pass over it costs what a pass over speech does."""
    import numpy as np

    at = np.arange(int(MEASURED_SECONDS * RATE_HZ)) / RATE_HZ
    pitch = 2 * np.pi * 140 * at + 3 * np.sin(2 * np.pi * 2 * at)
    voice = sum(np.sin(harmonic * pitch) / harmonic for harmonic in range(1, 12))
    return (0.1 * voice * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * at))).astype(np.float32)


def measured(order: Order, work: Callable[[Any], object]) -> float:
    """Seconds of one pass; the first one, which warms everything up, does not count. A host that is
    started again knows them from before."""
    if "again" in order.data:
        return float(order.data["again"]["seconds_per_pass"])
    sound = measuring_sound()
    work(sound)
    begun = time.perf_counter()
    work(sound)
    return time.perf_counter() - begun


def threads() -> int:
    """For one pass: more than four gain little, and the show needs some too."""
    import os

    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(4, count or 1))
