"""Which words of a growing transcript will not change any more.

LocalAgreement-2 (Liu et al. 2020; Macháček et al. 2023, "Turning Whisper into Real-Time
Transcription System", section 3): a word is confirmed when two successive passes over the same,
longer and longer sound agree on it and on all before it.
"""

import re

_LETTERS = re.compile(r"[\W_]+")


class LocalAgreement:
    """Takes the passes over one speech in order.

    Promises: `confirmed` only grows, word by word; what a later pass says of a confirmed word does
    not count.
    """

    def __init__(self) -> None:
        self._confirmed: list[str] = []
        self._before: list[str] = []
        self._last: list[str] = []

    def take(self, text: str) -> str:
        """The next pass; what is confirmed now."""
        self._before, self._last = self._last, text.split()
        at = len(self._confirmed)
        for was, now in zip(self._before[at:], self._last[at:], strict=False):
            if _bare(was) != _bare(now):
                break
            self._confirmed.append(now)
        return self.confirmed

    @property
    def confirmed(self) -> str:
        return " ".join(self._confirmed)

    @property
    def text(self) -> str:
        """What is confirmed, and behind it what the last pass says beyond."""
        return " ".join([*self._confirmed, *self._last[len(self._confirmed) :]])

    @property
    def tentative(self) -> str:
        return " ".join(self._last[len(self._confirmed) :])


def _bare(word: str) -> str:
    """Case and marks change from pass to pass and mean no other word."""
    return _LETTERS.sub("", word.casefold()) or word
