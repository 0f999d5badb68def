"""The prompts of the latest turns, in memory only."""

from collections import OrderedDict

from libs.contracts.conversation import PromptBuilt

#: So many turns, and so many characters of all their prompts, are kept.
KEPT_TURNS = 100
KEPT_CHARACTERS = 2_000_000


class PromptShelf:
    """Promises: bounded; never on disk; after `forget` nothing is left, nor taken in late, that
    quotes what was known before.

    A prompt quotes whoever spoke last, and repeats what was answered them without a name: when one
    viewer is forgotten, all prompts go.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, PromptBuilt] = OrderedDict()
        self._characters = 0
        self._forgotten_at = 0.0

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, prompt: PromptBuilt) -> None:
        if prompt.turn_id is None or prompt.committed_at <= self._forgotten_at:
            return
        self._drop(prompt.turn_id)
        self._kept[prompt.turn_id] = prompt
        self._characters += _size(prompt)
        while len(self._kept) > KEPT_TURNS or self._characters > KEPT_CHARACTERS:
            self._drop(next(iter(self._kept)))

    def of(self, turn_id: str) -> PromptBuilt | None:
        return self._kept.get(turn_id)

    def forget(self, now: float) -> None:
        self._kept.clear()
        self._characters = 0
        self._forgotten_at = now

    def _drop(self, turn_id: str) -> None:
        gone = self._kept.pop(turn_id, None)
        if gone is not None:
            self._characters -= _size(gone)


def _size(prompt: PromptBuilt) -> int:
    return sum(len(message.text) for message in prompt.messages)
