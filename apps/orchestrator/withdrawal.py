"""What is taken back from the show: a line, all of a viewer, or all of a chat. Pure rules."""

from dataclasses import dataclass

from libs.contracts.conversation import Asker, TurnInput, TurnSource

#: What a viewer wrote. What the host said and the operator ordered is not theirs to take back.
_WRITTEN = frozenset({TurnSource.CHAT, TurnSource.PAID})


@dataclass(frozen=True)
class Withdrawal:
    """One of the three is given."""

    message_id: str = ""
    viewer_id: str = ""
    platform: str = ""

    def left_of(self, given: TurnInput) -> TurnInput | None:
        """What is left of an input: itself, itself with somebody or something less, or nothing.

        It quotes the first of its lines: without that one, or its author, nothing is left of it.
        """
        if self._takes(given.author.viewer_id, given.source) or (
            self.message_id and self.message_id in given.message_ids[:1]
        ):
            return None
        lines = tuple(one for one in given.message_ids if one != self.message_id or not one)
        askers = tuple(one for one in given.asked_by if not self._takes_asker(one))
        if (lines, askers) == (given.message_ids, given.asked_by):
            return given
        return given.model_copy(update={"message_ids": lines, "asked_by": askers})

    def _takes(self, viewer_id: str, source: TurnSource) -> bool:
        if self.viewer_id:
            return viewer_id == self.viewer_id
        return bool(self.platform) and source in _WRITTEN and is_of(self.platform, viewer_id)

    def _takes_asker(self, asker: Asker) -> bool:
        by_message = bool(self.message_id) and asker.message_id == self.message_id
        return by_message or self._takes(asker.viewer_id, TurnSource.CHAT)


def is_of(platform: str, viewer_id: str) -> bool:
    """Whether a viewer is of this platform. Ids of viewers begin with their platform's name and a
    colon; one that does not may be of any."""
    of, colon, _ = viewer_id.partition(":")
    return not colon or of == platform
