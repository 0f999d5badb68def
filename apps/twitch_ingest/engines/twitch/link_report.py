"""How the link to Twitch is, for health, panel and command line."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from apps.twitch_ingest.engines.base import Gap, PlatformHealth
from apps.twitch_ingest.engines.twitch.accounts import Account, Accounts, login_step
from apps.twitch_ingest.engines.twitch.ear import KEPT_GAPS
from apps.twitch_ingest.engines.twitch.options import TwitchOptions
from apps.twitch_ingest.engines.twitch.sign_in import MAKE_CLIENT, SignInView
from apps.twitch_ingest.engines.twitch.topics import WRITE_CHAT, TopicBoard
from libs.contracts.health import ModuleState

ENGINE = "twitch"
LOGIN = "kitsu twitch login"

BARE_LIMITS = (
    "TWITCH_OAUTH_TOKEN cannot be renewed: it ends after about 4 hours. "
    f"For more than a try, sign in with: {LOGIN}"
)


class LinkState(StrEnum):
    NOT_CONFIGURED = "not_configured"
    SIGNED_OUT = "signed_out"
    SIGN_IN_ENDED = "sign_in_ended"
    CONNECTING = "connecting"
    DOWN = "down"
    LISTENING = "listening"
    INCOMPLETE = "incomplete"
    """Listening, but the sign-in lacks something."""


_MODULE_STATES = {
    LinkState.NOT_CONFIGURED: ModuleState.NOT_CONFIGURED,
    LinkState.SIGNED_OUT: ModuleState.NOT_CONFIGURED,
    LinkState.SIGN_IN_ENDED: ModuleState.DEGRADED,
    LinkState.CONNECTING: ModuleState.STARTING,
    LinkState.DOWN: ModuleState.DEGRADED,
    LinkState.LISTENING: ModuleState.READY,
    LinkState.INCOMPLETE: ModuleState.DEGRADED,
}


@dataclass(frozen=True)
class LinkReport:
    options: TwitchOptions
    accounts: Accounts
    board: TopicBoard
    gaps: tuple[Gap, ...]
    sign_in: SignInView | None
    channel: str
    up: bool
    trouble: str
    bare_refused: str

    def health(self) -> PlatformHealth:
        state, detail = self._state()
        return PlatformHealth(_MODULE_STATES[state], detail, ENGINE)

    def document(self) -> dict[str, Any]:
        """The shape of `GET /link`."""
        state, detail = self._state()
        newest = sorted(self.gaps, key=lambda gap: gap.ended_at)[-KEPT_GAPS:]
        return {
            "platform": "twitch",
            "mode": self._mode(),
            "state": state.value,
            "detail": detail,
            "channel": self.channel or self.options.channel,
            "account": _told(self.accounts.get("streamer")),
            "bot_account": _told(self.accounts.get("bot")),
            "topics": self.board.told(),
            "gaps": [asdict(gap) for gap in newest],
            "sign_in": self.sign_in.told() if self.sign_in else None,
        }

    def _mode(self) -> str:
        accounts = self.accounts.all()
        if not accounts:
            return "none"
        if any(not account.kept for account in accounts):
            return "bare_token"
        return "two_accounts" if len(accounts) == 2 else "one_account"

    def _state(self) -> tuple[LinkState, str]:
        if (signed_in := self._signed_in()) is not None:
            return signed_in
        if not self.up:
            return self._down()
        if lacking := self._lacking():
            return LinkState.INCOMPLETE, lacking
        return LinkState.LISTENING, self._listening()

    def _down(self) -> tuple[LinkState, str]:
        ended = [account for account in self.accounts.all() if account.ended]
        if ended:
            return LinkState.DOWN, _of_ended(ended[0])
        if not self.trouble:
            return LinkState.CONNECTING, "Connecting to Twitch."
        rest = "" if "kitsu " in self.trouble else ". It is tried again all the time."
        return LinkState.DOWN, f"{self.trouble[:1].upper()}{self.trouble[1:].rstrip('.')}{rest}"

    def _signed_in(self) -> tuple[LinkState, str] | None:
        """Why there is nobody to listen with; None: there is somebody."""
        if self.accounts.reader is not None:
            return None
        ended = [account for account in self.accounts.all() if account.ended]
        if ended:
            return LinkState.SIGN_IN_ENDED, _of_ended(ended[0])
        if self.bare_refused:
            said = f"Twitch refuses TWITCH_OAUTH_TOKEN ({self.bare_refused}): it may be older than "
            return LinkState.SIGN_IN_ENDED, f"{said}4 hours. Sign in with: {LOGIN}"
        if self.accounts.complaint:
            return LinkState.SIGN_IN_ENDED, self.accounts.complaint
        if not self.options.configured:
            return LinkState.NOT_CONFIGURED, f"{MAKE_CLIENT}; then run: {LOGIN}"
        return LinkState.SIGNED_OUT, f"Nobody is signed in to Twitch. Sign in with: {LOGIN}"

    def _lacking(self) -> str:
        """What the sign-in lacks, with the mending step; empty: nothing."""
        if self.accounts.complaint:
            return self.accounts.complaint
        for account in self.accounts.all():
            if account.ended:
                return _of_ended(account)
        reader = self.accounts.reader
        if reader is not None and not reader.may(WRITE_CHAT):
            step = login_step(reader.role)
            return f"Nothing can be sent: the sign-in lacks the scope {WRITE_CHAT}: {step}"
        for topic, reason in self.board.refused():
            if reason.startswith("the sign-in lacks"):
                return f"Not done: {topic.why}; {reason}"
        return ""

    def _listening(self) -> str:
        detail = f"Listening to {self.channel}"
        reader = self.accounts.reader
        if reader is not None and reader.login != self.channel:
            detail += f" as {reader.login}"
        detail += "."
        if refused := self.board.refused():
            detail += " Not done: " + ", ".join(topic.why for topic, _ in refused) + "."
        if reader is not None and not reader.kept:
            detail += f" {BARE_LIMITS}"
        return detail


def _told(account: Account | None) -> dict[str, object] | None:
    return account.told() if account is not None else None


def _of_ended(account: Account) -> str:
    who = f"The Twitch sign-in of {account.login} has ended"
    return f"{who}: {account.ended}. Sign in again with: {login_step(account.role)}"
