"""Viewers' names as a model may have them: it reads them aloud."""

from functools import lru_cache

from libs.contracts.conversation import TurnCommitted
from libs.safety import Gate


def with_sayable_names(turn: TurnCommitted, gate: Gate, stand_in: str) -> TurnCommitted:
    """The turn with `stand_in` for each name that is not to be said, in its input and its history.
    Who is who stays known to everybody else: ids are left as they are."""
    given = turn.input
    author = given.author.model_copy(update={"name": _sayable(given.author.name, gate, stand_in)})
    history = tuple(
        line.model_copy(update={"name": _sayable(line.name, gate, stand_in)})
        if line.speaker == "viewer"
        else line
        for line in turn.history
    )
    changed = given.model_copy(update={"author": author})
    return turn.model_copy(update={"input": changed, "history": history})


@lru_cache(maxsize=2_000)
def _sayable(name: str, gate: Gate, stand_in: str) -> str:
    return gate.name(name, stand_in).text
