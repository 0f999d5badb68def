"""How likely a window of sound is a voice: Silero, or its level alone where Silero is not here."""

import importlib.util
import logging
from collections import deque
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from apps.asr_worker.windows import WINDOW_SAMPLES, WINDOW_SECONDS, level_of

#: The model file in faster-whisper's package, and how much sound before a window it wants.
ASSET = "assets/silero_vad_v6.onnx"
CONTEXT_SAMPLES = 64
#: Width of the model's memory (two states).
STATE = 128

#: The energy gate: so far above the noise it is a voice for sure, and so far it may be one.
ENERGY_SURE_DB = 16.0
ENERGY_MAYBE_DB = 8.0
#: No room is so quiet that this is a voice.
ENERGY_LOWEST_DBFS = -50.0
#: A voice is loud in so many windows together; the click of a key is not.
ENERGY_WINDOWS = 3
ENERGY_FLOOR_RISES_DB_PER_SECOND = 1.0
ENERGY_FLOOR_FALLS_DB_PER_SECOND = 30.0

MEND = "pip install 'kitsu-vtuber[listening]'"

log = logging.getLogger("kitsu.asr_worker")


class VoiceModel(Protocol):
    """Looks at windows of 512 samples at 16 kHz, in order."""

    @property
    def name(self) -> str: ...

    @property
    def problem(self) -> str:
        """Why it is not the best one, with the step that mends it."""
        ...

    def probability(self, samples: NDArray[np.float32]) -> float:
        """0..1 for the next window."""
        ...

    def reset(self) -> None:
        """The next window does not follow the last one."""
        ...


class SileroModel:
    """Silero VAD version 6 as it is packed with faster-whisper, fed window by window.

    It takes [1, 576] samples (the last 64 of the window before, then 512) and two states
    [1, 1, 128] that it hands back. One thread: a window costs a tenth of a millisecond.
    """

    name = "silero"
    problem = ""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        self._session: Any = onnxruntime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"], sess_options=options
        )
        self._input = np.zeros((1, CONTEXT_SAMPLES + WINDOW_SAMPLES), dtype=np.float32)
        self._h: Any = None
        self._c: Any = None
        self.reset()

    def probability(self, samples: NDArray[np.float32]) -> float:
        self._input[0, :CONTEXT_SAMPLES] = self._input[0, -CONTEXT_SAMPLES:]
        self._input[0, CONTEXT_SAMPLES:] = samples
        feed = {"input": self._input, "h": self._h, "c": self._c}
        found, self._h, self._c = self._session.run(None, feed)
        return float(found.reshape(-1)[0])

    def reset(self) -> None:
        self._input.fill(0.0)
        self._h = np.zeros((1, 1, STATE), dtype=np.float32)
        self._c = np.zeros((1, 1, STATE), dtype=np.float32)


class EnergyModel:
    """The level over the noise, for want of better: it takes any loud noise for a voice."""

    name = "level"

    def __init__(self, why: str = "") -> None:
        self._floor_dbfs: float | None = None
        self._recent: deque[float] = deque(maxlen=ENERGY_WINDOWS)
        reason = f" ({why})" if why else ""
        self.problem = f"voices are told from noise by loudness only{reason}; {MEND}"

    def probability(self, samples: NDArray[np.float32]) -> float:
        self._recent.append(level_of(samples))
        level = min(self._recent)
        floor = level if self._floor_dbfs is None else self._floor_dbfs
        if level > floor:
            self._floor_dbfs = floor + min(
                level - floor, ENERGY_FLOOR_RISES_DB_PER_SECOND * WINDOW_SECONDS
            )
        else:
            self._floor_dbfs = floor - min(
                floor - level, ENERGY_FLOOR_FALLS_DB_PER_SECOND * WINDOW_SECONDS
            )
        if level < ENERGY_LOWEST_DBFS:
            return 0.0
        above = (level - floor - ENERGY_MAYBE_DB) / (ENERGY_SURE_DB - ENERGY_MAYBE_DB)
        return float(min(1.0, max(0.0, above)))

    def reset(self) -> None:
        self._recent.clear()  # the noise stays what it was


def silero_path() -> Path | None:
    """Where faster-whisper keeps it; nothing of that package is imported for it."""
    try:
        spec = importlib.util.find_spec("faster_whisper")
    except (ImportError, ValueError):
        return None
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder) / ASSET
        if path.is_file():
            return path
    return None


def voice_model() -> VoiceModel:
    """The best one of this machine. Loads; to be called in a thread."""
    path = silero_path()
    if path is None:
        return EnergyModel("faster-whisper is not installed")
    try:
        model = SileroModel(path)
        model.probability(np.zeros(WINDOW_SAMPLES, dtype=np.float32))
    except ImportError:
        return EnergyModel("onnxruntime is not installed")
    except Exception as error:
        log.warning("the voice model cannot be loaded", exc_info=error)
        return EnergyModel(f"its model cannot be loaded: {type(error).__name__}")
    model.reset()
    return model
