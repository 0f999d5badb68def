"""What is taken back from the show: a line, all of a viewer, or all of a chat. Pure rules."""

from dataclasses import dataclass

from libs.contracts.conversation import TurnInput, TurnSource

#: What a viewer wrote. What the host said and the operator ordered is not theirs to take back.
_WRITTEN = frozenset({TurnSource.CHAT, TurnSource.PAID})


@dataclass(frozen=True)
class Withdrawal:
    """One of the three is given."""

    message_id: str = ""
    viewer_id: str = ""
    platform: str = ""

    def left_of(self, given: TurnInput) -> TurnInput | None:
        """What is left of an input: itself, itself with a line less, or nothing.

        An input of several lines quotes its first: without that one nothing is left of it.
        """
        if self.viewer_id and given.author.viewer_id == self.viewer_id:
            return None
        if self.platform and given.source in _WRITTEN:
            return None if is_of(self.platform, given.author.viewer_id) else given
        if not self.message_id or self.message_id not in given.message_ids:
            return given
        if given.message_ids[0] == self.message_id:
            return None
        rest = tuple(one for one in given.message_ids if one != self.message_id)
        return given.model_copy(update={"message_ids": rest})


def is_of(platform: str, viewer_id: str) -> bool:
    """Whether a viewer is of this platform. Ids of viewers begin with their platform's name and a
    colon; one that does not may be of any."""
    of, colon, _ = viewer_id.partition(":")
    return not colon or of == platform
