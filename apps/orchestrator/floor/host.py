"""Whether the host speaks: then nobody else is answered."""

from collections import OrderedDict
from dataclasses import dataclass

from apps.orchestrator.floor.rules import HostRules

#: One speech may begin before the words of the one before it are there; never so many.
MOST_SPEECHES = 8
#: A voice that never ends is none of his (music, a film): so many times `at_most_seconds`.
LONGEST_SPEECH_TIMES = 10
#: Speeches that are known to be over, should their beginning be told again.
REMEMBERED_SPEECHES = 50


@dataclass
class _Speech:
    began_at: float
    over_at: float
    ended: bool = False


class HostSpeech:
    """From the host's first sound until the words are there, or are not coming. A speech has an id;
    one without ("") is any that is under way.

    Promises: it never lasts longer than `at_most_seconds` after the last sign of it, whatever is
    not told, nor ten times that in all; a speech that is over does not begin again; bounded.
    """

    def __init__(self, rules: HostRules) -> None:
        self._rules = rules
        self._speeches: OrderedDict[str, _Speech] = OrderedDict()
        self._over: OrderedDict[str, None] = OrderedDict()

    def started(self, at: float, speech_id: str = "") -> None:
        if speech_id in self._over:
            return
        self._speeches[speech_id] = _Speech(at, at + self._rules.at_most_seconds)
        if len(self._speeches) > MOST_SPEECHES:
            self._speeches.popitem(last=False)

    def heard(self, at: float, speech_id: str = "") -> bool:
        """The host still speaks. False: that speech is over already."""
        if speech_id and speech_id not in self._speeches:
            self.started(at, speech_id)
        those = self._those(speech_id)
        at_most = self._rules.at_most_seconds
        for speech in those:
            if not speech.ended:
                latest = speech.began_at + LONGEST_SPEECH_TIMES * at_most
                speech.over_at = max(speech.over_at, min(at + at_most, latest))
        return bool(those)

    def ended(self, at: float, speech_id: str = "") -> None:
        """The words are still to come."""
        for speech in self._those(speech_id):
            if speech.over_at > at:
                speech.over_at = min(speech.over_at, at + self._rules.grace_seconds)
            speech.ended = True

    def understood(self, speech_id: str = "") -> None:
        """The words are there, or will not come."""
        for known in [speech_id] if speech_id else list(self._speeches):
            self._speeches.pop(known, None)
            if known:
                self._over[known] = None
        while len(self._over) > REMEMBERED_SPEECHES:
            self._over.popitem(last=False)

    def began_at(self, speech_id: str) -> float | None:
        """When a speech began whose words are still to come; None: it is not known."""
        speech = self._speeches.get(speech_id)
        return speech.began_at if speech is not None else None

    def goes_on(self, now: float) -> bool:
        return now < self.over_at

    @property
    def over_at(self) -> float:
        """When it will have been over, as far as is known."""
        return max((speech.over_at for speech in self._speeches.values()), default=float("-inf"))

    def _those(self, speech_id: str) -> list[_Speech]:
        known = self._speeches.get(speech_id)
        if speech_id:
            return [known] if known is not None else []
        return list(self._speeches.values())
