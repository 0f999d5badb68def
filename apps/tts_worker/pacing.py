"""How far ahead of its playing an utterance's sound may be sent."""

from collections import OrderedDict

#: The audio stream holds some 30 s; sound sent earlier would push out what is not played yet.
LEAD_SECONDS = 15.0
#: Utterances remembered; one is over after a few minutes.
REMEMBERED_UTTERANCES = 64


class Pacing:
    """Knows when the sound sent so far would end if its first sample played when it left.

    Times are any steady seconds that the caller passes in.
    """

    def __init__(self, lead_seconds: float = LEAD_SECONDS) -> None:
        self._lead_seconds = lead_seconds
        self._ends_at: OrderedDict[str, float] = OrderedDict()

    def wait_seconds(self, utterance_id: str, now: float) -> float:
        """How long the next chunk has to wait."""
        return max(0.0, self._ends_at.get(utterance_id, now) - now - self._lead_seconds)

    def sent(self, utterance_id: str, seconds: float, now: float) -> None:
        """A chunk of so much sound has left."""
        self._ends_at[utterance_id] = max(self._ends_at.get(utterance_id, now), now) + seconds
        if len(self._ends_at) > REMEMBERED_UTTERANCES:
            self._ends_at.popitem(last=False)
