"""What she does with a sentence, until that sentence is heard."""

from collections import OrderedDict
from dataclasses import dataclass, field

from libs.contracts.conversation import ActionChosen, ChosenOrder

#: Utterances whose orders wait at the same time; of more, the oldest lose theirs.
MAXIMUM_UTTERANCES = 200
#: Orders of one utterance; more is a broken or hostile policy worker.
MAXIMUM_ORDERS = 50


@dataclass
class _Waiting:
    by_sentence: dict[int, list[ChosenOrder]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)


class WaitingOrders:
    """Orders by utterance and sentence.

    Promises: each is given out once, when its sentence or a later one has begun, in the order of
    the sentences; those of an utterance that was dropped are not given any more; bounded.
    """

    def __init__(self) -> None:
        self._utterances: OrderedDict[str, _Waiting] = OrderedDict()

    def __contains__(self, utterance_id: str) -> bool:
        waiting = self._utterances.get(utterance_id)
        return waiting is not None and bool(waiting.by_sentence)

    def add(self, event: ActionChosen) -> bool:
        """False when it is known already, or one too many."""
        waiting = self._utterances.setdefault(event.utterance_id or "", _Waiting())
        if event.event_id in waiting.known or len(waiting.known) >= MAXIMUM_ORDERS:
            return False
        waiting.known.add(event.event_id)
        waiting.by_sentence.setdefault(event.index, []).append(event.order)
        if len(self._utterances) > MAXIMUM_UTTERANCES:
            self._utterances.popitem(last=False)
        return True

    def due(self, utterance_id: str, begun: int) -> list[ChosenOrder]:
        """What belongs to sentences up to number `begun`."""
        waiting = self._utterances.get(utterance_id, _Waiting())
        indexes = sorted(index for index in waiting.by_sentence if index <= begun)
        return [order for index in indexes for order in waiting.by_sentence.pop(index)]

    def drop(self, utterance_id: str) -> None:
        self._utterances.pop(utterance_id, None)
