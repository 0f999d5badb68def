"""The accounts that are signed in: what they may, and their tokens."""

import asyncio
import logging
import time
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from apps.twitch_ingest.engines.twitch.token_store import TokenStore

log = logging.getLogger("kitsu.twitch_ingest")

Role = Literal["streamer", "bot"]
ROLES: tuple[Role, ...] = ("streamer", "bot")


class Account(BaseModel):
    """One Twitch account and the tokens that it gave us."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    role: Role
    user_id: str = Field(min_length=1, max_length=64)
    login: str = Field(min_length=1, max_length=64)
    client_id: str
    scopes: tuple[str, ...] = ()
    access_token: str = Field(min_length=1, repr=False)
    refresh_token: str = Field(default="", repr=False)
    expires_at: float
    """Unix time."""
    ended: str = ""
    """Why Twitch takes nothing of it any more; empty: it does."""
    kept: bool = True
    """Whether it is written down. A token out of the settings is not."""

    def may(self, scope: str) -> bool:
        return not scope or scope in self.scopes

    def told(self) -> dict[str, object]:
        """What may be shown of it."""
        return {
            "login": self.login,
            "user_id": self.user_id,
            "scopes": list(self.scopes),
            "expires_at": self.expires_at,
        }


class Accounts:
    """At most one account per role. Promises: a token is on disk before anything uses it."""

    def __init__(self, store: TokenStore) -> None:
        self._store = store
        self._by_role: dict[Role, Account] = {}
        self.changed = asyncio.Event()
        """Set when somebody signed in or out, or a sign-in ended; not by a mere refresh."""
        self.complaint = ""
        """What is wrong with the file, and the step that mends it."""

    def load(self) -> None:
        found, self.complaint = self._store.read()
        for raw in found:
            try:
                account = Account.model_validate(raw)
            except ValueError:
                self.complaint = self._store.set_aside()
                self._by_role = {}
                return
            self._by_role[account.role] = account

    def get(self, role: Role) -> Account | None:
        return self._by_role.get(role)

    def all(self) -> list[Account]:
        return [self._by_role[role] for role in ROLES if role in self._by_role]

    def of_user(self, user_id: str) -> Account | None:
        return next((a for a in self._by_role.values() if a.user_id == user_id), None)

    @property
    def reader(self) -> Account | None:
        """Whoever hears chat and writes in it: the bot, where there is one."""
        living = [a for a in (self.get("bot"), self.get("streamer")) if a and not a.ended]
        return living[0] if living else None

    def put(self, account: Account) -> None:
        """Raises nothing for a full disk: then the account works until the process ends."""
        before = self._by_role.get(account.role)
        self._by_role[account.role] = account
        self._write()
        if before is None or _identity(before) != _identity(account):
            self.changed.set()

    def end(self, account: Account, why: str) -> None:
        """Twitch takes nothing of it any more; it stays listed, so that people see why."""
        log.warning("the Twitch sign-in of the %s has ended: %s", account.role, why)
        self.put(account.model_copy(update={"ended": why}))

    def remove(self, role: Role) -> Account | None:
        account = self._by_role.pop(role, None)
        if account is not None:
            self._write()
            self.changed.set()
        return account

    def _write(self) -> None:
        kept = [a.model_dump(exclude={"kept"}) for a in self._by_role.values() if a.kept]
        self.complaint = self._store.write(kept)


def login_step(role: Role) -> str:
    """What is run to sign this account in."""
    return "kitsu twitch login" if role == "streamer" else "kitsu twitch login --account bot"


def expires_at(expires_in_seconds: float) -> float:
    return time.time() + expires_in_seconds


def _identity(account: Account) -> tuple[object, ...]:
    """What of it matters to whoever listens with it."""
    return account.user_id, account.ended, account.scopes
