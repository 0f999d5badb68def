"""Mute, mode and talk key: how she listens, chosen live and kept on disk."""

import json
import logging
import os
from pathlib import Path
from typing import Any

from libs.contracts.control import HoldToTalk, SetMicrophone
from libs.contracts.listening import ListeningMode
from libs.speech.addressing import TalkKey

FILE = "microphone.json"

log = logging.getLogger("kitsu.asr_worker")


class Microphone:
    """Promises: what was set holds from the moment `set` returns, also when the disk takes nothing;
    a restart finds it again. A file that is damaged, or cannot be read, counts as muted: what was
    muted must never be heard because of a disk; `problem` says so until somebody sets it anew.
    Mute is stronger than the talk key."""

    def __init__(self, folder: Path, first_mode: ListeningMode) -> None:
        self._path = folder / FILE
        self.muted = False
        self.mode = first_mode
        self.key = TalkKey()
        self.problem = ""
        self._read(first_mode)

    def set(self, order: SetMicrophone) -> bool:
        """True when something changed that is to be kept: call `keep`."""
        before = (self.muted, self.mode, self.problem)
        if order.muted is not None:
            self.muted, self.problem = order.muted, ""
        if order.mode is not None:
            self.mode = order.mode
        return (self.muted, self.mode, self.problem) != before

    def keep(self) -> None:
        """Writes it. Blocks for a disk's time: call it in a thread."""
        written = self._path.with_suffix(".new")
        document = {"muted": self.muted, "mode": self.mode.value}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(json.dumps(document), "utf-8")
            os.replace(written, self._path)  # noqa: PTH105 - the same, and atomic on Windows too
        except OSError as error:
            log.warning("the microphone's setting is not kept: %s", error.strerror)

    def hold(self, order: HoldToTalk, now: float, age_seconds: float = 0.0) -> None:
        """An order that is read late (by ears that were started again) holds for what is left."""
        self.key.hold(order.held, order.at_most_seconds - age_seconds, now)

    def listens_at(self, at: float) -> bool:
        """Whether what is heard at this time (show's clock) may be meant for her."""
        if self.muted:
            return False
        return self.mode is not ListeningMode.PUSH_TO_TALK or self.key.counts(at)

    def _read(self, first_mode: ListeningMode) -> None:
        try:
            document: Any = json.loads(self._path.read_text("utf-8"))
            muted, mode = document["muted"], ListeningMode(document["mode"])
            if not isinstance(muted, bool):
                raise TypeError("muted is yes or no")  # noqa: TRY301 - told as all other damage is
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            self.muted, self.mode = True, first_mode
            self.problem = (
                "whether it was muted could not be read, so it is muted: unmute it in the panel"
            )
        else:
            self.muted, self.mode = muted, mode
