"""A sign-in as people see it."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from apps.twitch_ingest.engines.twitch.accounts import Role
from apps.twitch_ingest.engines.twitch.errors import TwitchError
from apps.twitch_ingest.engines.twitch.options import is_twitch

ACTIVATE = "https://www.twitch.tv/activate"

_USER_CODE = re.compile(r"[A-Za-z0-9-]{4,20}")


class SignInState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    DENIED = "denied"
    EXPIRED = "expired"
    FAILED = "failed"


@dataclass(frozen=True)
class SignInView:
    """A sign-in as people see it. `address` is where they go, with `user_code` where there is one;
    `message` one line, with the step that mends it when it did not work."""

    account: Role
    state: SignInState = SignInState.WAITING
    user_code: str = ""
    address: str = ""
    expires_at: float | None = None
    message: str = ""
    """When it is done: the login."""

    def told(self) -> dict[str, object]:
        return {
            "state": self.state.value,
            "user_code": self.user_code,
            "address": self.address,
            "expires_at": self.expires_at,
            "account": self.account,
            "message": self.message,
        }


def read_device(answer: Mapping[str, Any], role: Role) -> tuple[str, SignInView, float]:
    """The device code, what people see, and the seconds between questions."""
    try:
        code, user_code = str(answer["device_code"]), _USER_CODE.fullmatch(answer["user_code"])
        interval, lifetime = float(answer.get("interval", 5)), float(answer["expires_in"])
    except (KeyError, TypeError, ValueError):
        raise TwitchError(502, "the answer for a code is not as documented") from None
    if user_code is None:
        raise TwitchError(502, "the answer for a code is not as documented")
    given = str(answer.get("verification_uri", ""))
    address = given if is_twitch(given, ("https", "https")) and len(given) < 300 else ACTIVATE
    ends_at = time.time() + min(max(lifetime, 0.0), 3_600.0)
    message = f"Open the address and enter the code {user_code[0]}."
    view = SignInView(role, SignInState.WAITING, user_code[0], address, ends_at, message)
    return code, view, max(0.01, interval)
