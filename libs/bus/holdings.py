"""Which entries this process is at work on."""

import asyncio
from collections.abc import Collection

Reference = tuple[str, str, str]
"""Key, group, entry id."""

#: An entry that was handed to us and not renewed for this long was given up by its handler. Longer
#: than the idle limit, so that a handler whose renewal is a little late is not run twice.
GIVEN_UP_AFTER_SECONDS = 1.3
#: Above this many entries, those that were given up (and taken over elsewhere) are forgotten.
_TIDY_ABOVE = 1_000


class Holdings:
    """Entries handed to this process's handlers, so that it does not take them from itself."""

    def __init__(self) -> None:
        self._touched_at: dict[Reference, float] = {}

    def touch(self, reference: Reference) -> None:
        self._touched_at[reference] = asyncio.get_running_loop().time()
        if len(self._touched_at) > _TIDY_ABOVE:
            self._touched_at = {
                held: at for held, at in self._touched_at.items() if self.at_work(held)
            }

    def finish(self, reference: Reference) -> None:
        """Done, but the server may not know yet: never hand it out here again."""
        self._touched_at[reference] = float("inf")

    def forget(self, reference: Reference) -> None:
        self._touched_at.pop(reference, None)

    def any_at_work(self, keys: Collection[str], group: str) -> bool:
        return any(
            reference[1] == group and reference[0] in keys and self.at_work(reference)
            for reference in self._touched_at
        )

    def at_work(self, reference: Reference) -> bool:
        touched_at = self._touched_at.get(reference)
        if touched_at is None:
            return False
        return asyncio.get_running_loop().time() - touched_at < GIVEN_UP_AFTER_SECONDS
