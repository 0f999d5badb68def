"""The test's end of `capture_child`."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.audio.wav import decode_wav
from libs.settings.base import ROOT

#: Only a machine that stands still takes longer.
PATIENCE_SECONDS = 60.0

Report = dict[str, Any]


class ListeningChild:
    def __init__(self, process: "subprocess.Popen[str]", errors: Path) -> None:
        self.process = process
        self.last_words = ""
        self._errors = errors

    def ask(self, do: str, **more: Any) -> Report:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the child ended:\n{self._errors.read_text('utf-8', 'replace')[-2_000:]}"
        return dict(json.loads(line))

    def until(self, true: Callable[[Report], object], what: str = "") -> Report:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not true(report := self.ask("report")):
            assert time.monotonic() < deadline, f"never {what}: {report}"
            time.sleep(0.1)
        return report

    def hears_on(self, seconds: float = 0.5) -> Report:
        """After so much more sound has come."""
        before = self.ask("report")["received"]
        return self.until(lambda r: r["received"] >= before + seconds * 16_000, "more sound")

    def sound(self, path: Path) -> NDArray[np.float64]:
        """Everything heard so far, lost sound as silence."""
        self.ask("save", path=str(path))
        return samples(path)


@contextlib.contextmanager
def listening_child(
    environment: Mapping[str, str], folder: Path, *options: str, **settings: str
) -> Iterator[ListeningChild]:
    """Settings are lower-case names of `AsrSettings`."""
    folder.mkdir(parents=True, exist_ok=True)
    named = {name.upper(): value for name, value in settings.items()}
    own = {k: v for k, v in environment.items() if not k.startswith(("ASR_", "KITSU_"))}
    errors = folder / "child.log"
    with errors.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.asr_worker.capture_child", *options],
            cwd=ROOT,
            env={**own, **named, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    child = ListeningChild(process, errors)
    try:
        yield child
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            child.last_words = process.stdout.read()
            process.stdout.close()


def samples(path: Path) -> NDArray[np.float64]:
    return np.frombuffer(decode_wav(path.read_bytes()).pcm, "<i2").astype(np.float64)


def likeness(heard: NDArray[np.float64], played: NDArray[np.float64]) -> float:
    """The correlation of what was played with the place in what was heard that it fits best."""
    size = 1 << (len(heard) + len(played)).bit_length()
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(played, size))
    lag = int(np.argmax(np.abs(np.fft.irfft(product)[: len(heard)])))
    part = heard[lag : lag + len(played)]
    part = np.pad(part, (0, len(played) - len(part)))
    norm = float(np.linalg.norm(part) * np.linalg.norm(played))
    return abs(float(part @ played)) / norm if norm else 0.0
