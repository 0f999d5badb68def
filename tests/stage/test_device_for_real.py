"""A held voice on a real sound server: how soon it is silent, and with which sample it goes on."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from libs.settings import ROOT
from libs.testing.sound_card import missing_programs, virtual_sound_card
from tests.conftest import need
from tests.stage.device_child import RATE_HZ, SAID_SECONDS, noise

PAUSES = 8
#: Fewer zeros than this in a row are no pause: a machine under load runs dry now and then.
SHORTEST_SILENCE = RATE_HZ // 4


class Clock:
    """Which moment of the monotonic clock a sample of a growing recording belongs to.

    The recording comes late by a little that varies: the least that was seen counts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._over = threading.Event()
        self._begins_at = float("inf")
        self._watching = threading.Thread(target=self._watch)
        self._watching.start()

    def _watch(self) -> None:
        while not self._over.wait(0.003):
            samples = self._path.stat().st_size / 2
            self._begins_at = min(self._begins_at, time.monotonic() - samples / RATE_HZ)

    def stop(self) -> None:
        self._over.set()
        self._watching.join()

    def at(self, sample: int) -> float:
        return self._begins_at + sample / RATE_HZ


def stretches(recorded: "np.ndarray[Any, Any]") -> list[tuple[int, int]]:
    """Where there is sound, from the first sample to behind the last."""
    places = np.flatnonzero(recorded)
    breaks = np.flatnonzero(np.diff(places) > SHORTEST_SILENCE)
    starts = [places[0], *places[breaks + 1]]
    ends = [*places[breaks], places[-1]]
    return [(int(start), int(end) + 1) for start, end in zip(starts, ends, strict=True)]


def place_in(said: "np.ndarray[Any, Any]", part: "np.ndarray[Any, Any]") -> int:
    """Where this part of the recording belongs in what was said."""
    size = 1 << (len(said) + len(part)).bit_length()
    product = np.fft.rfft(said, size) * np.conj(np.fft.rfft(part, size))
    return int(np.argmax(np.fft.irfft(product, size)[: len(said)]))


def test_a_pause_is_silent_within_60_ms_and_goes_on_where_it_stood(tmp_path: Path) -> None:
    need(not missing_programs(), "a virtual sound card")
    said = noise((PAUSES + 1) * SAID_SECONDS).astype(float)
    with virtual_sound_card(tmp_path) as card, card.record() as path:
        clock = Clock(path)
        try:
            child = subprocess.run(
                [sys.executable, "-m", "tests.stage.device_child", str(PAUSES)],
                cwd=ROOT,
                env=card.environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        finally:
            clock.stop()
        recorded = np.frombuffer(card.recorded(path).pcm, "<i2").astype(float)
    assert child.returncode == 0, child.stderr[-2_000:]
    *pauses, end = (json.loads(line) for line in child.stdout.splitlines())
    assert end == {"output": "device", "position": len(said)}
    parts = stretches(recorded)
    assert len(parts) == PAUSES + 1, parts
    window = RATE_HZ // 50
    silent_after, position_off, gaps = [], [], []
    for pause, (start, stop), (again, _) in zip(pauses, parts, parts[1:], strict=False):
        silent_after.append(clock.at(stop) - pause["at"])
        last = place_in(said, recorded[stop - window : stop]) + window
        first = place_in(said, recorded[again + window : again + 2 * window]) - window
        gaps.append((first - last) / RATE_HZ)
        position_off.append((pause["position"] - last) / RATE_HZ)
        assert stop - start > RATE_HZ // 4
    found = {"silent after": silent_after, "position off": position_off, "gap": gaps}
    in_ms = {name: [round(value * 1_000, 1) for value in found[name]] for name in found}
    assert np.median(silent_after) <= 0.06, in_ms
    assert np.median(np.abs(position_off)) <= 0.025, in_ms
    assert np.median(np.abs(gaps)) <= 0.025, in_ms
