"""Whether somebody sounds as if he was done: a Smart Turn model (version 3) that the user has.

It takes the log-mel of the last eight seconds [1, 80, 800] and says how complete the turn is, 0..1.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.asr_worker.log_mel import MELS, RATE_HZ, log_mel
from apps.asr_worker.windows import samples_of
from libs.speech.turn_taking import Verdict

SECONDS = 8
FRAMES = 800
COMPLETE_FROM = 0.5
#: A verdict that takes longer comes too late to be of use.
ANSWER_SECONDS = 1.0
FOLDER = "smart-turn"

log = logging.getLogger("kitsu.asr_worker")


class SmartTurn:
    """Promises: `verdict` never blocks the event loop and never raises; None: it cannot tell."""

    def __init__(self, path: Path) -> None:
        """Raises `OSError`, `ValueError` or what onnxruntime raises when this is no such model."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.log_severity_level = 4
        self._session: Any = onnxruntime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"], sess_options=options
        )
        takes = self._session.get_inputs()
        if len(takes) != 1 or list(takes[0].shape)[-2:] != [MELS, FRAMES]:
            raise ValueError(f"{path.name} is no Smart Turn model of version 3")
        self._name = takes[0].name
        # A pass of its own thread that is late holds up nobody but the next one.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="smart turn")
        self._busy = False
        self.completeness(b"")

    async def verdict(self, pcm: bytes) -> Verdict | None:
        """Of the last eight seconds of `pcm` (16 kHz mono)."""
        if self._busy:
            return None
        self._busy = True
        loop = asyncio.get_running_loop()
        passing = loop.run_in_executor(self._thread, self.completeness, pcm)
        passing.add_done_callback(self._passed)
        done, _ = await asyncio.wait({passing}, timeout=ANSWER_SECONDS)
        if not done or passing.exception() is not None:
            return None
        return "complete" if passing.result() >= COMPLETE_FROM else "unfinished"

    def completeness(self, pcm: bytes) -> float:
        """0..1. Blocks for some 60 ms."""
        features = _features(samples_of(pcm[-2 * SECONDS * RATE_HZ :]))
        found = self._session.run(None, {self._name: features[None]})[0]
        return float(np.asarray(found).reshape(-1)[0])

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _passed(self, passing: "asyncio.Future[float]") -> None:
        self._busy = False
        if not passing.cancelled() and (error := passing.exception()) is not None:
            log.warning("the turn model failed", exc_info=error)


def _features(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Silence before what is shorter; made even to mean 0 and deviation 1, as in its training."""
    whole = np.zeros(SECONDS * RATE_HZ, dtype=np.float32)
    if len(samples):
        whole[-len(samples) :] = samples
    whole = (whole - whole.mean()) / np.sqrt(whole.var() + 1e-7)
    return log_mel(whole.astype(np.float32))


def smart_turn_path(models_dir: Path) -> Path | None:
    """The model in `smart-turn` of the models' folder: a file, or the first `.onnx` in a folder."""
    place = models_dir / FOLDER
    files = sorted(place.glob("*.onnx")) if place.is_dir() else []
    if files:
        return files[0]
    alone = models_dir / f"{FOLDER}.onnx"
    return alone if alone.is_file() else None


def smart_turn(models_dir: Path) -> tuple[SmartTurn | None, str]:
    """The model, or why there is none with the step that mends it. Loads: call it in a thread."""
    path = smart_turn_path(models_dir)
    if path is None:
        where = models_dir / FOLDER
        return None, f"no turn model: put a Smart Turn v3 .onnx file into {where}; words decide"
    try:
        return SmartTurn(path), ""
    except ImportError:
        return None, "the turn model needs onnxruntime; words decide until then"
    except Exception as error:
        log.warning("the turn model cannot be loaded", exc_info=error)
        return None, f"{path} cannot be loaded ({type(error).__name__}): get it again; words decide"
