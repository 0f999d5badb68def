"""Viewers' names as a model may have them: it reads them aloud."""

from functools import lru_cache
from typing import TypeVar

from libs.contracts.conversation import HistoryLine, TurnCommitted
from libs.contracts.people import Author
from libs.safety import Gate

Named = TypeVar("Named", Author, HistoryLine)


def with_sayable_names(turn: TurnCommitted, gate: Gate, stand_in: str) -> TurnCommitted:
    """The turn with `stand_in` for each name that is not to be said, in its input and its history.
    Who is who stays known to everybody else: ids are left as they are."""

    def named(one: Named) -> Named:
        name = _sayable(one.name, gate, stand_in)
        return one if name == one.name else one.model_copy(update={"name": name})

    author = named(turn.input.author)
    history = tuple(named(line) if line.speaker == "viewer" else line for line in turn.history)
    changed = turn.input.model_copy(update={"author": author})
    return turn.model_copy(update={"input": changed, "history": history})


@lru_cache(maxsize=2_000)
def _sayable(name: str, gate: Gate, stand_in: str) -> str:
    return gate.name(name, stand_in).text
