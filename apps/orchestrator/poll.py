"""A poll: what is asked, and who voted for what. Pure; time comes in as a number."""

import re
from collections import Counter

from libs.contracts.conversation import StartPoll
from libs.contracts.stage import PollOption
from libs.safety import clean_chat
from libs.safety.normalise import fold, leet_readings, native

LONGEST_QUESTION = 120
LONGEST_OPTION = 40
OPTIONS = range(2, 6)
#: More viewers than this are not counted.
MAXIMUM_VOTERS = 100_000

#: A line that is nothing but a number, however people write that: 2, #2, 2), !2.
_NUMBER = re.compile(r"[#!(\[]?\s?([1-9])\s?[)\].!]?")


class PollRefused(ValueError):
    """`code`: malformed, alike, and what the desk has against it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Poll:
    """Promises: one vote a viewer, the last one counts; bounded.

    Raises `PollRefused` for something that cannot be voted on: no question, too few options or too
    many, two that read alike, or one that is the number of another.
    """

    def __init__(
        self, poll_id: str, question: str, options: tuple[str, ...], ends_at: float
    ) -> None:
        self.id = poll_id
        self.question = clean_chat(question, maximum=LONGEST_QUESTION)
        self.options = tuple(clean_chat(option, maximum=LONGEST_OPTION) for option in options)
        self.ends_at = ends_at
        self._keys = {_key(option): number for number, option in enumerate(self.options)}
        self._votes: dict[str, int] = {}
        self._counts: Counter[int] = Counter()
        self._refuse_what_cannot_be_voted_on()

    @classmethod
    def asked(cls, event: StartPoll, ends_at: float) -> "Poll":
        return cls(event.event_id, event.question, event.options, ends_at)

    @property
    def texts(self) -> tuple[str, ...]:
        """All that would be read of it: each part, and the whole."""
        parts = (self.question, *self.options)
        return (*parts, " ".join(parts))

    @property
    def result(self) -> tuple[PollOption, ...]:
        return tuple(
            PollOption(text=option, votes=self._counts[number])
            for number, option in enumerate(self.options)
        )

    def choice_of(self, line: str) -> int | None:
        """The option that a chat line votes for; None when it is no vote."""
        if len(line) > 2 * LONGEST_OPTION:
            return None
        line = native(line).strip()
        if (match := _NUMBER.fullmatch(line)) is not None and int(match[1]) <= len(self.options):
            return int(match[1]) - 1
        return self._keys.get(_key(line))

    def vote(self, viewer_id: str, choice: int) -> bool:
        """True when that changed something."""
        before = self._votes.get(viewer_id)
        if before == choice or (before is None and len(self._votes) >= MAXIMUM_VOTERS):
            return False
        self.withdraw(viewer_id)
        self._votes[viewer_id] = choice
        self._counts[choice] += 1
        return True

    def withdraw(self, viewer_id: str) -> bool:
        """True when this viewer had voted."""
        before = self._votes.pop(viewer_id, None)
        if before is not None:
            self._counts[before] -= 1
        return before is not None

    def _refuse_what_cannot_be_voted_on(self) -> None:
        if not self.question or len(self.options) not in OPTIONS or not all(self.options):
            raise PollRefused("malformed")
        seen: set[str] = set()
        for number, option in enumerate(self.options):
            readings = _readings(option)
            match = _NUMBER.fullmatch(native(option))
            means = int(match[1]) - 1 if match is not None else number
            if readings & seen or (means != number and means < len(self.options)):
                raise PollRefused("alike")
            seen |= readings


def _key(text: str) -> str:
    """A text as a reader takes it, whatever letters it was written with."""
    folded = fold(text)
    return "".join(c for c in folded if c.isalnum()) or native(text).strip()


def _readings(text: str) -> set[str]:
    """Its key, and what it says when digits are read as letters."""
    key = _key(text)
    return {key, *filter(None, leet_readings(key))}
