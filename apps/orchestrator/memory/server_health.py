"""Whether the server of an embedding model can be asked now, and what is wrong with it."""

import time

from apps.orchestrator.engines.base import EmbeddingError, TooSlow

#: A server that failed is left alone for so long.
PAUSE_SECONDS = 30.0
#: So many questions in a row may be late; after that none is asked for a while.
LATE_IN_A_ROW = 3
SLOW_PAUSE_SECONDS = 60.0
#: So many answers in a row of the same other length mean that the model has changed.
CHANGED_IN_A_ROW = 3


class ServerHealth:
    """Not well until it has answered: nobody waits for a model that is still being loaded."""

    def __init__(self, label: str) -> None:
        self._label = label
        self.well = False
        self._error: EmbeddingError | None = None
        self._tried_again_at = 0.0
        self._late = 0
        self._slow = False
        self._asked_again_at = 0.0
        self._other_length = 0
        self._times_other = 0

    @property
    def may_be_tried(self) -> bool:
        """With what nobody waits for."""
        return time.monotonic() >= self._tried_again_at

    @property
    def may_be_asked(self) -> bool:
        """With a question that somebody waits for."""
        return self.well and time.monotonic() >= self._asked_again_at

    @property
    def complaint(self) -> str:
        """For people; empty: nothing is wrong."""
        error = self._error or (TooSlow() if self._slow else None)
        if error is None:
            return ""
        what = error.code.replace("_", " ")
        return f"memories are found by words alone: {self._label}: {what}: {error.mend}"

    def failed(self, error: EmbeddingError) -> None:
        self.well = False
        self._error = error
        self._tried_again_at = time.monotonic() + PAUSE_SECONDS

    def answered(self) -> None:
        self.well = True
        self._error = None

    def was_late(self) -> None:
        """A question was not answered in time; that the server is slow has to show a few times."""
        self._late += 1
        if self._late >= LATE_IN_A_ROW or self._slow:
            self._slow = True
            self._asked_again_at = time.monotonic() + SLOW_PAUSE_SECONDS

    def was_in_time(self) -> None:
        self._late, self._slow = 0, False

    def settled_on(self, length: int, known: int) -> bool:
        """Whether vectors of this length are what the model makes: one odd answer is a mistake,
        some in a row are another model under the same name."""
        if length == known:
            self._times_other = 0
            return True
        same = length == self._other_length
        self._times_other = self._times_other + 1 if same else 1
        self._other_length = length
        return self._times_other >= CHANGED_IN_A_ROW
