"""The token that VTube Studio gave us: one file per show."""

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path

from libs.worker.private_file import PrivateFile

log = logging.getLogger("kitsu.avatar_controller.vtube_studio")

VERSION = 1
LONGEST_TOKEN = 256


@dataclass(frozen=True, slots=True)
class Stored:
    token: str = field(default="", repr=False)
    denied: bool = False
    """The user said no, and has not been asked since."""
    trouble: str = ""
    """What is wrong with the file; for people."""


def is_token(found: object) -> bool:
    """Whether that can be a token of VTube Studio."""
    return (
        isinstance(found, str)
        and 0 < len(found) <= LONGEST_TOKEN
        and found.isascii()
        and found.isprintable()
    )


class TokenStore:
    """`<data folder>/secrets/vts-<show>.json`: its owner's only. A file that is broken is set aside
    and said, never thrown away."""

    def __init__(self, data_dir: Path, show: str) -> None:
        self.path = data_dir / "secrets" / f"vts-{show}.json"
        self._file = PrivateFile(self.path)

    def read(self) -> Stored:
        try:
            raw = self._file.read()
        except OSError as error:
            said = f"{self.path} cannot be read ({error.strerror}): make it yours, or delete it."
            return Stored(trouble=said)
        if raw is None:
            return Stored()
        try:
            document = json.loads(raw)
            token, denied = document["token"], document["denied"]
            sound = document["version"] == VERSION and type(denied) is bool
            sound = sound and (is_token(token) or token == "")
        except (ValueError, KeyError, TypeError, RecursionError):
            sound = False
        return Stored(token, denied) if sound else Stored(trouble=self._set_aside())

    def write(self, token: str, denied: bool = False) -> str:
        """What went wrong; empty: nothing, and the file is on the disk."""
        document = {"version": VERSION, "token": token, "denied": denied}
        try:
            self._file.write(json.dumps(document, indent=1))
        except OSError as error:
            log.error("the token of VTube Studio could not be written: %s", error.strerror)  # noqa: TRY400 - the traceback says no more
            return (
                f"The permission of VTube Studio cannot be written to {self.path} "
                f"({error.strerror}): it asks again when Kitsu restarts. "
                "Make room, or make the folder yours."
            )
        return ""

    def _set_aside(self) -> str:
        try:
            aside = self._file.set_aside()
        except OSError as error:
            return f"{self.path} is broken and cannot be moved ({error.strerror}): delete it."
        log.warning("the token file of VTube Studio could not be used; kept as %s", aside)
        return f"The stored permission was broken (kept as {aside})."
