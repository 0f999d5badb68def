"""How far a reply has come, kept on the bus so that another worker can go on with it."""

from dataclasses import dataclass, field
from typing import Any, Self
from uuid import NAMESPACE_URL, UUID, uuid5

_NAMESPACE = UUID(str(uuid5(NAMESPACE_URL, "kitsu:reply")))

#: A turn that nobody took over for this long has expired long ago.
LIFETIME_SECONDS = 120.0


def event_id_of(utterance_id: str, part: int | str) -> str:
    """The same id each time the same part of the same reply is sent."""
    return str(uuid5(_NAMESPACE, f"{utterance_id}/{part}"))


def note_name(utterance_id: str) -> str:
    return f"reply:{utterance_id}"


@dataclass
class Progress:
    """The sentences of one reply that were sent, with what is needed to send the last one again.

    It is written down before a sentence is sent: so what was sent is always in it, and the last
    one in it may or may not have been sent.
    """

    said: list[str] = field(default_factory=list)
    last_sentence: dict[str, Any] | None = None
    """The last `SpeakSentence` as JSON."""
    last_actions: list[dict[str, Any]] = field(default_factory=list)
    """What she does with it: each `ActionChosen` as JSON."""
    acknowledged: bool = False
    """The first of them only says that the question was heard."""
    end: dict[str, Any] | None = None
    """The `ReplyFinished` as JSON, once the reply is over."""

    @classmethod
    def from_note(cls, note: dict[str, Any] | None) -> Self:
        """An empty progress for a note that is missing or does not fit."""
        note = note or {}
        said, last, end = note.get("said"), note.get("last_sentence"), note.get("end")
        if not isinstance(said, list) or not all(isinstance(text, str) for text in said):
            return cls()
        chosen = note.get("last_actions")
        return cls(
            said,
            last if isinstance(last, dict) else None,
            [one for one in chosen if isinstance(one, dict)] if isinstance(chosen, list) else [],
            note.get("acknowledged") is True and bool(said),
            end if isinstance(end, dict) else None,
        )

    def as_note(self) -> dict[str, Any]:
        return {
            "said": self.said,
            "last_sentence": self.last_sentence,
            "last_actions": self.last_actions,
            "acknowledged": self.acknowledged,
            "end": self.end,
        }
