"""The mouth at this moment, from what the stage tells once of each sentence."""

import math
from collections.abc import Callable

from apps.avatar_controller.engines.base import Mouth, Vowels
from apps.avatar_controller.mouth_form import (
    CLOSED,
    MouthMotion,
    Target,
    by_loudness,
    faded,
    loudness_of,
    shaped,
)
from apps.avatar_controller.mouth_track import MouthTrack
from apps.avatar_controller.stage_news import StageNews
from libs.contracts.speaking import MouthChunk
from libs.speech.playback_clock import PlaybackClock

#: Utterances of which something is kept: the one that is said, and what follows it.
MAXIMUM_TRACKS = 4
#: Lips move no faster than `MouthMotion` lets them: shapes are begun so much before their sound.
EARLY_SECONDS = 0.03
#: A word of the stage that puts the position back by less than this is a rounding: it stands.
ROUNDING_SECONDS = 0.1
#: Where nothing is known of what she says: syllables of this pace, about half open.
SYLLABLES_HZ, SYLLABLE_OPEN = 5.0, 0.55


class MouthPlayer:
    """Plays `MouthChunk`s on the clock of her playback.

    Promises: the mouth is shut while nothing of hers is heard, and at once when she is stopped or
    paused; it moves within a few hundredths of a second of the sound (`offset_seconds` later); also
    of an utterance of which nothing is known it moves; where the stage falls silent it fades shut
    within about a second, and goes on with its next word; memory is bounded.
    """

    def __init__(
        self,
        clock: PlaybackClock,
        offset_seconds: float = 0.0,
        hears: Callable[[], bool] = lambda: True,
    ) -> None:
        """`hears`: whether the bus is there."""
        self._clock = clock
        self._news = StageNews(clock, hears)
        self._early = EARLY_SECONDS - offset_seconds
        self._tracks: dict[str, MouthTrack] = {}
        self._motion = MouthMotion()
        self._place: tuple[str, float] = ("", 0.0)
        self.loudness = 0.0
        """How loud she is where the mouth is now, 0 to 1."""

    def take(self, chunk: MouthChunk) -> None:
        identity = chunk.utterance_id
        if not identity or self._clock.has_ended(identity):
            return
        if identity not in self._tracks:
            playing = self._clock.utterance_id
            while len(self._tracks) >= MAXIMUM_TRACKS:
                del self._tracks[next(known for known in self._tracks if known != playing)]
            self._tracks[identity] = MouthTrack()
        self._tracks[identity].take(chunk)

    def ended(self, utterance_id: str | None) -> None:
        """Nothing more of it will be heard."""
        self._tracks.pop(utterance_id or "", None)

    def clear(self) -> None:
        self._tracks.clear()
        self._motion.rest()

    def at(self, now: float) -> Mouth:
        """The mouth at this moment of the show's clock; called for one moment after the other."""
        heard = self._clock.heard(now)
        if heard is None or heard.stands:
            self.loudness = 0.0
            return self._motion.rest()
        moment = now + self._early
        anchor = self._clock.anchor(moment) or heard
        position = self._onward(anchor.utterance_id, anchor.position_at(moment))
        target = self._target(anchor.utterance_id, position)
        share = self._news.share(now)
        self.loudness *= share
        return self._motion.move(faded(target, share), now)

    def _onward(self, identity: str, position: float) -> float:
        """It does not go back for a rounding."""
        said, before = self._place
        if said == identity and 0 < before - position < ROUNDING_SECONDS:
            position = before
        self._place = (identity, position)
        return position

    def _target(self, identity: str, position: float) -> Target:
        if position < 0:
            self.loudness = 0.0
            return CLOSED
        track = self._tracks.get(identity)
        found = track.at(position) if track is not None else None
        level = found[0].level_at(found[1]) if found is not None else None
        if found is None or level is None:
            return self._syllables(position)
        self.loudness = loudness_of(level)
        shape = found[0].shape_at(found[1])
        if shape is None:
            return by_loudness(self.loudness) if self.loudness else CLOSED
        return shaped(*shape, self.loudness)

    def _syllables(self, position: float) -> Target:
        share = (1 - math.cos(2 * math.pi * SYLLABLES_HZ * position)) / 2
        self.loudness = share * SYLLABLE_OPEN
        return Target(Mouth(self.loudness, 0.0, Vowels(a=share)))
