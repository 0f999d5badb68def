"""How the link to Twitch is, for health, panel and command line."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from apps.twitch_ingest.engines.base import Gap, PlatformHealth
from apps.twitch_ingest.engines.twitch.accounts import Account, Accounts, login_step
from apps.twitch_ingest.engines.twitch.ear import KEPT_GAPS
from apps.twitch_ingest.engines.twitch.errors import LACKS
from apps.twitch_ingest.engines.twitch.options import TwitchOptions
from apps.twitch_ingest.engines.twitch.sign_in import MAKE_CLIENT
from apps.twitch_ingest.engines.twitch.sign_in_view import SignInState, SignInView
from apps.twitch_ingest.engines.twitch.topics import WRITE_CHAT, TopicBoard
from libs.contracts.health import ModuleState

ENGINE = "twitch"
LOGIN = "kitsu twitch login"

BARE_LIMITS = (
    "TWITCH_OAUTH_TOKEN cannot be renewed: it ends after about 4 hours. "
    f"For more than a try, sign in with: {LOGIN}"
)


class LinkState(StrEnum):
    """As panel and orchestrator know them."""

    NOT_CONFIGURED = "not_configured"
    NEEDS_SIGN_IN = "needs_sign_in"
    SIGNING_IN = "signing_in"
    REFUSED = "refused"
    """Twitch takes nothing of a sign-in any more, or the sign-in lacks what chat needs."""
    RECONNECTING = "reconnecting"
    READY = "ready"


_MODULE_STATES = {
    LinkState.NOT_CONFIGURED: ModuleState.NOT_CONFIGURED,
    LinkState.NEEDS_SIGN_IN: ModuleState.NOT_CONFIGURED,
    LinkState.SIGNING_IN: ModuleState.NOT_CONFIGURED,
    LinkState.REFUSED: ModuleState.DEGRADED,
    LinkState.RECONNECTING: ModuleState.DEGRADED,
    LinkState.READY: ModuleState.READY,
}
CONNECTING = "Connecting to Twitch."


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
        module = _MODULE_STATES[state]
        if state is LinkState.READY and self._lacking():
            module = ModuleState.DEGRADED
        if detail == CONNECTING:
            module = ModuleState.STARTING
        return PlatformHealth(module, detail, ENGINE)

    def document(self) -> dict[str, Any]:
        """The shape of `GET /link`."""
        state, detail = self._state()
        newest = sorted(self.gaps, key=lambda gap: gap.ended_at)[-KEPT_GAPS:]
        return link_document(
            mode="twitch",
            accounts=self._accounts(),
            state=state.value,
            detail=detail,
            lacking=self._lacking() if state is LinkState.READY else "",
            channel=self.channel or self.options.channel,
            account=_told(self.accounts.get("streamer")),
            bot_account=_told(self.accounts.get("bot")),
            topics=self.board.told(),
            gaps=[asdict(gap) for gap in newest],
            sign_in=self.sign_in.told() if self.sign_in else None,
        )

    def _accounts(self) -> str:
        accounts = [account for account in self.accounts.all() if not account.ended]
        if not accounts:
            return "none"
        if any(not account.kept for account in accounts):
            return "bare_token"
        return "two" if len(accounts) == 2 else "one"

    def _state(self) -> tuple[LinkState, str]:
        if self.accounts.reader is None:
            return self._nobody()
        if not self.up:
            return self._down()
        return LinkState.READY, self._lacking() or self._listening()

    def _down(self) -> tuple[LinkState, str]:
        if self._ended:
            return LinkState.REFUSED, _of_ended(self._ended[0])
        if not self.trouble:
            return LinkState.RECONNECTING, CONNECTING
        said = f"{self.trouble[:1].upper()}{self.trouble[1:].rstrip('.')}"
        if self.trouble.startswith(LACKS):
            return LinkState.REFUSED, said
        rest = "" if "kitsu " in self.trouble else ". It is tried again all the time."
        return LinkState.RECONNECTING, f"{said}{rest}"

    def _nobody(self) -> tuple[LinkState, str]:
        """Why there is nobody to listen with."""
        if self.sign_in is not None and self.sign_in.state is SignInState.WAITING:
            return LinkState.SIGNING_IN, self.sign_in.message
        if self._ended:
            return LinkState.REFUSED, _of_ended(self._ended[0])
        if self.bare_refused:
            said = f"Twitch refuses TWITCH_OAUTH_TOKEN ({self.bare_refused}): it may be older than "
            return LinkState.REFUSED, f"{said}4 hours. Sign in with: {LOGIN}"
        if self.accounts.complaint:
            return LinkState.NEEDS_SIGN_IN, self.accounts.complaint
        if not self.options.configured:
            return LinkState.NOT_CONFIGURED, f"{MAKE_CLIENT}, and {LOGIN}"
        return LinkState.NEEDS_SIGN_IN, f"Nobody is signed in to Twitch. Sign in with: {LOGIN}"

    @property
    def _ended(self) -> list[Account]:
        return [account for account in self.accounts.all() if account.ended]

    def _lacking(self) -> str:
        """What the sign-in lacks, with the mending step; empty: nothing."""
        if self.accounts.complaint:
            return self.accounts.complaint
        if self._ended:
            return _of_ended(self._ended[0])
        reader = self.accounts.reader
        if reader is not None and not reader.may(WRITE_CHAT):
            step = login_step(reader.role)
            return f"Nothing can be sent: {LACKS} the scope {WRITE_CHAT}: {step}"
        for topic, reason in self.board.refused():
            if reason.startswith(LACKS):
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


def link_document(**given: Any) -> dict[str, Any]:
    """The shape of `GET /link`; what is not given is empty. `lacking`: what a sign-in that works
    was not allowed, with the step that mends it."""
    return {
        "platform": "twitch",
        "mode": "off",
        "accounts": "none",
        "state": "",
        "detail": "",
        "lacking": "",
        "channel": "",
        "account": None,
        "bot_account": None,
        "topics": [],
        "gaps": [],
        "sign_in": None,
        **given,
    }


def _told(account: Account | None) -> dict[str, object] | None:
    return account.told() if account is not None and not account.ended else None


def _of_ended(account: Account) -> str:
    who = f"The Twitch sign-in of {account.login} has ended"
    return f"{who}: {account.ended}. Sign in again with: {login_step(account.role)}"
