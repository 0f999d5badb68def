"""What a route answers when the disk will not take what it was asked to write."""

import contextlib
import sqlite3
from collections.abc import Iterator

from apps.orchestrator.memory.late_writes import cannot_now
from libs.worker.problems import Problem


@contextlib.contextmanager
def if_it_can_be_written() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        why = cannot_now(error)
        if not why:
            raise
        detail = f"Nothing was changed: {why}, then try again."
        raise Problem(503, "The memory cannot be written", detail, "not_written") from None
