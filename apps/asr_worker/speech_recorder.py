"""The sound of one speech, from a little before its first syllable."""

from collections import deque
from itertools import islice

from apps.asr_worker.windows import WINDOW_BYTES, WINDOW_SECONDS

#: A first syllable may be too soft for the gate: so much before it is kept.
PRE_ROLL_SECONDS = 0.3
#: And the gate takes up to so long to open.
OPENING_SECONDS = 0.2
#: A piece that is too long is cut where it is quietest within its last seconds.
LOOK_BACK_SECONDS = 10.0
#: Quietest of all moments of about so many windows.
MOMENT_WINDOWS = 5


class SpeechRecorder:
    """Keeps windows while nobody speaks only as long as the pre-roll lasts."""

    def __init__(self) -> None:
        kept = round((PRE_ROLL_SECONDS + OPENING_SECONDS) / WINDOW_SECONDS)
        self._before: deque[tuple[bytes, float]] = deque(maxlen=kept)
        self._windows: list[bytes] = []
        self._levels: list[float] = []
        self.recording = False

    @property
    def seconds(self) -> float:
        return len(self._windows) * WINDOW_SECONDS

    def hear(self, window: bytes, level_dbfs: float) -> None:
        """The next window of 32 ms."""
        if self.recording:
            self._windows.append(window)
            self._levels.append(level_dbfs)
        else:
            self._before.append((window, level_dbfs))

    def begin(self, already_seconds: float) -> None:
        """The speech began `already_seconds` before the end of what was heard."""
        wanted = round((already_seconds + PRE_ROLL_SECONDS) / WINDOW_SECONDS)
        kept = list(islice(reversed(self._before), wanted))
        self._windows = [window for window, _ in reversed(kept)]
        self._levels = [level for _, level in reversed(kept)]
        self._before.clear()
        self.recording = True

    def pcm(self, without_last_seconds: float = 0.0) -> bytes:
        """All of the speech that was not cut off yet."""
        dropped = max(0, round(without_last_seconds / WINDOW_SECONDS))
        return b"".join(self._windows[: max(1, len(self._windows) - dropped)])

    def cut(self) -> bytes:
        """The sound up to the quietest of the last moments; what comes after it stays."""
        place = self._quietest()
        first, self._windows = self._windows[:place], self._windows[place:]
        self._levels = self._levels[place:]
        return b"".join(first)

    def end(self) -> None:
        """What was heard last is the pre-roll of the next speech."""
        self._before.extend(zip(self._windows, self._levels, strict=True))
        self._windows, self._levels = [], []
        self.recording = False

    def forget(self) -> None:
        """Nothing that was heard is kept."""
        self._before.clear()
        self._windows, self._levels = [], []
        self.recording = False

    def _quietest(self) -> int:
        levels = self._levels
        begin = max(1, len(levels) - round(LOOK_BACK_SECONDS / WINDOW_SECONDS))
        moments = range(begin, max(begin + 1, len(levels) - MOMENT_WINDOWS))
        quietest = min(moments, key=lambda at: sum(levels[at : at + MOMENT_WINDOWS]))
        return min(len(levels), quietest + MOMENT_WINDOWS // 2)


SILENT_WINDOW = bytes(WINDOW_BYTES)
