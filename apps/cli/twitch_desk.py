"""Talks to the twitch_ingest about the link to Twitch."""

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from apps.cli.failures import OTHER_VERSION, Failed
from apps.cli.local_api import LocalApi, Refused
from apps.cli.settings import CliSettings

MODULE = "twitch_ingest"
#: A sign-in begins with a question to Twitch.
ANSWER_SECONDS = 15.0

Shape = TypeVar("Shape", bound=BaseModel)


class TwitchAccount(BaseModel):
    login: str
    user_id: str = ""
    scopes: tuple[str, ...] = ()
    expires_at: float = 0.0


class TwitchTopic(BaseModel):
    topic: str
    state: str
    scope: str = ""
    reason: str = ""
    why: str = ""


class TwitchSignIn(BaseModel):
    state: str
    account: str = "streamer"
    user_code: str = ""
    address: str = ""
    expires_at: float | None = None
    message: str = ""


class TwitchLink(BaseModel):
    """What `GET /link` says, as far as it is shown."""

    mode: str = ""
    state: str
    detail: str = ""
    lacking: str = ""
    channel: str = ""
    account: TwitchAccount | None = None
    bot_account: TwitchAccount | None = None
    topics: tuple[TwitchTopic, ...] = ()
    sign_in: TwitchSignIn | None = None

    @property
    def works(self) -> bool:
        return self.state == "ready"


class TwitchDesk:
    """Raises `Failed` with the step that mends it."""

    def __init__(self, settings: CliSettings) -> None:
        self._api = LocalApi(settings)

    def link(self) -> tuple[dict[str, Any], TwitchLink]:
        """The answer as it came, and what is shown of it."""
        document = self._call("GET", "/link")
        return document, _read(TwitchLink, document)

    def begin(self, account: str) -> TwitchSignIn:
        return _read(TwitchSignIn, self._call("POST", "/sign-in", {"account": account}))

    def watch(self) -> Iterator[TwitchSignIn]:
        """The sign-in as it is, each time it is asked for."""
        while True:
            _, link = self.link()
            if link.sign_in is None:
                raise Failed(
                    "The sign-in was cancelled, or the twitch_ingest restarted. Begin again."
                )
            yield link.sign_in

    def cancel(self) -> None:
        self._call("DELETE", "/sign-in")

    def sign_out(self, account: str) -> bool:
        """False: it was not signed in."""
        try:
            self._call("DELETE", f"/accounts/{account}")
        except Refused as problem:
            if problem.status == 404 and "signed in" in problem.format_message():
                return False
            raise
        return True

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return self._api.call(MODULE, method, path, body, timeout_seconds=ANSWER_SECONDS)


def _read(shape: type[Shape], document: dict[str, Any]) -> Shape:
    try:
        return shape.model_validate(document)
    except ValidationError:
        raise Failed(OTHER_VERSION) from None
