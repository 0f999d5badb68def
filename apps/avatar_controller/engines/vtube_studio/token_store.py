"""The token that VTube Studio gave us: one file per show."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from libs.worker.private_json import PrivateJson

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
    """`<data folder>/secrets/vts-<show>.json`."""

    def __init__(self, data_dir: Path, show: str) -> None:
        self.path = data_dir / "secrets" / f"vts-{show}.json"
        self._file = PrivateJson(self.path, "permission of VTube Studio")

    def read(self) -> Stored:
        stored, trouble = self._file.read(_stored)
        return Stored(trouble=trouble) if stored is None else stored

    def write(self, token: str, denied: bool = False) -> str:
        """What went wrong; empty: nothing, and the file is on the disk."""
        document = {"version": VERSION, "token": token, "denied": denied}
        trouble = self._file.write(document)
        return trouble and f"{trouble} VTube Studio asks again when Kitsu restarts."


def _stored(document: Any) -> Stored:
    token, denied = document["token"], document["denied"]
    sound = document["version"] == VERSION and type(denied) is bool
    if not sound or not (is_token(token) or token == ""):
        raise ValueError("no permission")
    return Stored(token, denied)
