"""The show's clock: wall time corrected to the bus server's clock.

Every machine of a show stamps its events with `now()`, so that times taken on two machines can be
subtracted. The bus sets the correction when it connects and refreshes it once a minute.
"""

import time

_offset_seconds = 0.0


def now() -> float:
    """Seconds since the Unix epoch on the bus server's clock."""
    return time.time() + _offset_seconds


def set_offset(seconds: float) -> None:
    """Server clock minus this machine's clock, in seconds."""
    global _offset_seconds
    _offset_seconds = seconds
