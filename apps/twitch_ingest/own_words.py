"""Which lines of our own account are hers: with one account, the streamer writes with it too."""

import unicodedata
from collections import deque

#: What was sent comes back as a line of chat within this time, or not at all.
ECHO_SECONDS = 60.0
#: A platform may change a line. So soon after one of hers, no line of the account is taken for the
#: streamer's: she must never answer herself.
DOUBT_SECONDS = 3.0
#: She is paced: more lines than this are not under way at once.
_KEPT = 100


class OwnWords:
    """Promises: bounded; a line that she sent is known as hers for a minute. Times are seconds."""

    def __init__(self) -> None:
        self._said: deque[tuple[float, str]] = deque(maxlen=_KEPT)

    def said(self, text: str, at: float) -> None:
        """To be called before the line is handed to the platform: it may come back at once."""
        self._said.append((at, _key(text)))

    def are_hers(self, text: str, at: float) -> bool:
        wanted = _key(text)
        return any(
            at - then < DOUBT_SECONDS or (at - then < ECHO_SECONDS and key == wanted)
            for then, key in self._said
        )


def _key(text: str) -> str:
    """Letters and digits, for spaces and signs may change on the way; without any, the text."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(filter(str.isalnum, plain)) or plain.strip()
