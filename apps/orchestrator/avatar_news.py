"""How the avatars are, as the avatar_controller said last."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from libs.contracts.avatar import AvatarChanged, AvatarStatus, Bearing, PresenceChanged
from libs.contracts.speaking import Mood

#: An entry older than this is read late: it does not overrule what is known to be newer.
LATE_SECONDS = 2.0

#: What of an avatar is told by name.
_NAMED = {"id", "moods", "expressions", "gestures", "hotkeys", "items"}


class AvatarNews:
    """Promises: of two things that were said of the same, the newer one holds, however late the
    other comes."""

    def __init__(self) -> None:
        self.avatars: tuple[AvatarStatus, ...] | None = None
        """None: nothing was said of them yet."""
        self.file_trouble = ""
        self.mood, self.bearing = Mood.NEUTRAL, Bearing.IDLE
        self._avatars_at = self._presence_at = float("-inf")
        self._names: tuple[tuple[AvatarStatus, ...] | None, tuple[str, ...], str] = (None, (), "")

    def restore(
        self, avatars: Mapping[str, Any] | None, presence: Mapping[str, Any] | None
    ) -> None:
        """What the avatar_controller last left on the bus; of another build perhaps, and one of
        them from long before the other."""
        left: list[AvatarChanged | PresenceChanged] = []
        for kind, latched in ((AvatarChanged, avatars), (PresenceChanged, presence)):
            with suppress(ValidationError):
                left.append(kind.model_validate(latched))
        for event in sorted(left, key=lambda event: event.emitted_at):
            self.take(event, 0.0)

    def take(self, event: AvatarChanged | PresenceChanged, age_seconds: float) -> None:
        late, at = age_seconds > LATE_SECONDS, event.emitted_at
        if isinstance(event, AvatarChanged) and not (late and at < self._avatars_at):
            self.avatars, self._avatars_at = event.avatars, at
            self.file_trouble = event.file_trouble
        if not (late and at < self._presence_at):
            self.mood, self.bearing, self._presence_at = event.mood, event.bearing, at

    def names(self, avatars: tuple[AvatarStatus, ...], items: tuple[str, ...]) -> str:
        """The same for the same names, also after a restart."""
        if self._names[0] is not avatars or self._names[1] != items:
            told = [avatar.model_dump(mode="json", include=_NAMED) for avatar in avatars]
            text = json.dumps([told, items]).encode()
            self._names = (avatars, items, hashlib.blake2s(text, digest_size=8).hexdigest())
        return self._names[2]
