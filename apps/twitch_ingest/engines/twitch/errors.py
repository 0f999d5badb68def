"""What goes wrong with Twitch. None of these carries a secret."""

import re

from libs.safety import clean_chat

#: What could be a token in an answer of Twitch; one long word is known to be none.
_TOKEN_LIKE = re.compile(r"(?<![\w-])(?!authorization_pending\b)[A-Za-z0-9_\-]{20,}")


#: What the message of a `ScopeMissing` begins with.
LACKS = "the sign-in lacks"


class TwitchError(Exception):
    """A request that failed. `status` is HTTP's; 0: no answer came.

    `maybe_done`: the request may have been carried out all the same.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        retry_after_seconds: float | None = None,
        maybe_done: bool = False,
    ) -> None:
        self.status = status
        self.message = without_secrets(message)
        self.retry_after_seconds = retry_after_seconds
        self.maybe_done = maybe_done
        super().__init__(f"{status}: {self.message}" if status else self.message)

    @property
    def passing(self) -> bool:
        """Whether the same request may work later."""
        return self.status in (0, 408, 429) or self.status >= 500

    @property
    def token_refused(self) -> bool:
        """The access token has ended; a missing scope is another matter."""
        said = self.message.lower()
        return self.status == 401 and "invalid" in said and "token" in said


class ScopeMissing(TwitchError):
    """The sign-in was not given a right that is needed; the message says the step that mends it."""

    def __init__(self, scope: str, step: str) -> None:
        super().__init__(403, f"{LACKS} the scope {scope}: {step}")


class LinkLost(Exception):
    """The EventSub connection is no longer of use; the message says why, for people."""


class MalformedEvent(Exception):
    """An event that is not as Twitch documents it. The message names fields, never content."""


def without_secrets(message: str) -> str:
    """One line of at most 200 characters, without anything that could be a token."""
    return _TOKEN_LIKE.sub("(hidden)", clean_chat(message, 200))
