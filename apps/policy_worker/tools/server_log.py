"""What a server's program writes on standard error, as lines of our log."""

import logging
import os
import threading
from contextlib import suppress
from typing import IO

from libs.telemetry.redaction import Redactor

_LOG = logging.getLogger("kitsu.policy_worker.tools")

#: A longer line goes into the log in pieces.
LINE_BYTES = 2_000
#: Of one run of a program so many lines are kept; who writes more fills the disk.
MAXIMUM_LINES = 2_000


class ServerLog:
    """A pipe and a thread that reads it until nobody can write to it any more.

    `file` is what the program gets as its standard error. Close it here (`let_go`) as soon as the
    program has it.
    """

    def __init__(self, server: str, redact: Redactor) -> None:
        self._server = server
        self._redact = redact
        read, write = os.pipe()
        self.file = os.fdopen(write, "w", encoding="utf-8")
        source = os.fdopen(read, "rb")
        self._thread = threading.Thread(
            target=self._follow, args=(source,), name=f"log of {server}", daemon=True
        )
        self._thread.start()

    def let_go(self) -> None:
        with suppress(OSError):
            self.file.close()

    def _follow(self, source: IO[bytes]) -> None:
        lines = 0
        with source, suppress(OSError, ValueError):
            while line := source.readline(LINE_BYTES):
                lines += 1
                if lines <= MAXIMUM_LINES:
                    text = self._redact(line.decode("utf-8", "replace").strip())
                    _LOG.info("%s: %s", self._server, text, extra={"server": self._server})
