"""The file with the tokens: its owner's only, whole at any moment, never thrown away."""

import contextlib
import json
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

log = logging.getLogger("kitsu.twitch_ingest")

VERSION = 1

#: On Windows a virus scanner may hold the file for a moment.
_REPLACE_PAUSES_SECONDS = (0.0, 0.02, 0.1, 0.3)

SIGN_IN_AGAIN = "Sign in again: kitsu twitch login"


class TokenStore:
    """`<data folder>/secrets/twitch.json`. A refresh token of Twitch works once: whoever loses the
    newest one must sign in again, so each is on the disk itself when `write` returns."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "secrets" / "twitch.json"

    def read(self) -> tuple[list[dict[str, Any]], str]:
        """The accounts as they were written, and what is wrong (empty: nothing)."""
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            return [], ""
        except OSError as error:
            said = f"{self.path} cannot be read ({error.strerror})"
            return [], f"{said}: make it yours, or delete it and sign in again"
        try:
            document = json.loads(raw)
            accounts = document["accounts"]
            sound = document["version"] == VERSION and all(type(a) is dict for a in accounts)
        except (ValueError, KeyError, TypeError):
            sound, accounts = False, []
        if not sound:
            return [], self.set_aside()
        if os.name == "posix" and self.path.stat().st_mode & 0o077:
            self.write(accounts)
        return accounts, ""

    def set_aside(self) -> str:
        """Keeps a file that cannot be used under another name; says so."""
        aside = self.path.with_name(f"twitch.broken-{time.time_ns()}.json")
        try:
            self.path.replace(aside)
            if os.name == "posix":
                aside.chmod(0o600)
        except OSError as error:
            return f"{self.path} is broken and cannot be moved ({error.strerror}): delete it"
        log.warning("the file with the Twitch tokens could not be used; kept as %s", aside.name)
        return f"The stored sign-in was broken (kept as {aside.name}). {SIGN_IN_AGAIN}"

    def write(self, accounts: Sequence[dict[str, Any]]) -> str:
        """What went wrong; empty: nothing, and the file is on the disk."""
        text = json.dumps({"version": VERSION, "accounts": list(accounts)}, indent=1)
        fresh = self.path.with_name(f"twitch.{os.getpid()}.new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write_private(fresh, text)
            _replace(fresh, self.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                fresh.unlink()
            log.error("the Twitch tokens could not be written: %s", error.strerror)  # noqa: TRY400 - the traceback says no more
            return (
                f"The Twitch sign-in cannot be written to {self.path} ({error.strerror}): "
                "it will be lost when Kitsu stops. Make room, or make the folder yours."
            )
        return ""


def _write_private(path: Path, text: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _replace(fresh: Path, path: Path) -> None:
    for last, pause in enumerate(_REPLACE_PAUSES_SECONDS, 1):
        time.sleep(pause)
        try:
            fresh.replace(path)
        except PermissionError:
            if last == len(_REPLACE_PAUSES_SECONDS):
                raise
        else:
            break
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
