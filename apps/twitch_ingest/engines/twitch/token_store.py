"""The file with the tokens: its owner's only, whole at any moment, never thrown away."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from libs.worker.private_file import PrivateFile

log = logging.getLogger("kitsu.twitch_ingest")

VERSION = 1

SIGN_IN_AGAIN = "Sign in again: kitsu twitch login"


class TokenStore:
    """`<data folder>/secrets/twitch.json`. A refresh token of Twitch works once: whoever loses the
    newest one must sign in again, so each is on the disk itself when `write` returns."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "secrets" / "twitch.json"
        self._file = PrivateFile(self.path)

    def read(self) -> tuple[list[dict[str, Any]], str]:
        """The accounts as they were written, and what is wrong (empty: nothing)."""
        try:
            raw = self._file.read()
        except OSError as error:
            said = f"{self.path} cannot be read ({error.strerror})"
            return [], f"{said}: make it yours, or delete it and sign in again"
        if raw is None:
            return [], ""
        try:
            document = json.loads(raw)
            accounts = document["accounts"]
            sound = document["version"] == VERSION and all(type(a) is dict for a in accounts)
        except (ValueError, KeyError, TypeError, RecursionError):
            sound, accounts = False, []
        return (accounts, "") if sound else ([], self.set_aside())

    def set_aside(self) -> str:
        """Keeps a file that cannot be used under another name; says so."""
        try:
            aside = self._file.set_aside()
        except OSError as error:
            return f"{self.path} is broken and cannot be moved ({error.strerror}): delete it"
        log.warning("the file with the Twitch tokens could not be used; kept as %s", aside)
        return f"The stored sign-in was broken (kept as {aside}). {SIGN_IN_AGAIN}"

    def write(self, accounts: Sequence[dict[str, Any]]) -> str:
        """What went wrong; empty: nothing, and the file is on the disk."""
        text = json.dumps({"version": VERSION, "accounts": list(accounts)}, indent=1)
        try:
            self._file.write(text)
        except OSError as error:
            log.error("the Twitch tokens could not be written: %s", error.strerror)  # noqa: TRY400 - the traceback says no more
            return (
                f"The Twitch sign-in cannot be written to {self.path} ({error.strerror}): "
                "it will be lost when Kitsu stops. Make room, or make the folder yours."
            )
        return ""
