"""Names of a model as they are told to everybody."""

from collections.abc import Iterable

from libs.contracts.avatar import MAXIMUM_NAMES

#: All of them are told again at every change of an avatar, and the last two thousand are kept.
MAXIMUM_BYTES = 12_000


def told_names(names: Iterable[str]) -> tuple[str, ...]:
    """Each once, no more than may be told; a model may have more."""
    told: list[str] = []
    room = MAXIMUM_BYTES
    for name in dict.fromkeys(names):
        room -= len(name.encode("utf-8", "replace"))
        if room < 0 or len(told) >= MAXIMUM_NAMES:
            break
        told.append(name)
    return tuple(told)
