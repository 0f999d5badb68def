"""Several who see what is on air, as one."""

from apps.stage.player import Watcher
from apps.stage.utterance import Utterance
from libs.contracts.interruption import SpeechHold
from libs.contracts.speaking import PlaybackOutcome


class Watchers:
    """Each of them sees everything, one after the other, in the order in which they were named."""

    def __init__(self, *watchers: Watcher) -> None:
        self._watchers = watchers

    def began(self, utterance: Utterance, number: int) -> None:
        for watcher in self._watchers:
            watcher.began(utterance, number)

    def moved(self, utterance: Utterance, position: int) -> None:
        for watcher in self._watchers:
            watcher.moved(utterance, position)

    def held(self, hold: SpeechHold) -> None:
        for watcher in self._watchers:
            watcher.held(hold)

    def ended(self, utterance: Utterance, outcome: PlaybackOutcome) -> None:
        for watcher in self._watchers:
            watcher.ended(utterance, outcome)
