"""The file with the tokens of Twitch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from libs.worker.private_json import PrivateJson

VERSION = 1

SIGN_IN_AGAIN = "Sign in again: kitsu twitch login"


class TokenStore:
    """`<data folder>/secrets/twitch.json`. A refresh token of Twitch works once: whoever loses the
    newest one must sign in again, so each is on the disk itself when `write` returns."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "secrets" / "twitch.json"
        self._file = PrivateJson(self.path, "Twitch sign-in")

    def read(self) -> tuple[list[dict[str, Any]], str]:
        """The accounts as they were written, and what is wrong (empty: nothing)."""
        accounts, trouble = self._file.read(_accounts)
        return accounts or [], trouble and f"{trouble} {SIGN_IN_AGAIN}"

    def set_aside(self) -> str:
        """Keeps a file that cannot be used under another name; says so."""
        return f"{self._file.set_aside()} {SIGN_IN_AGAIN}"

    def write(self, accounts: Sequence[dict[str, Any]]) -> str:
        """What went wrong; empty: nothing, and the file is on the disk."""
        trouble = self._file.write({"version": VERSION, "accounts": list(accounts)})
        return trouble and f"{trouble} Until then it is lost when Kitsu stops."


def _accounts(document: Any) -> list[dict[str, Any]]:
    accounts = document["accounts"]
    if document["version"] != VERSION or not all(type(one) is dict for one in accounts):
        raise ValueError("no accounts")
    return list(accounts)
