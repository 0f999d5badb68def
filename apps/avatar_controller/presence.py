"""What she is doing and which mood she is in, told to every avatar when it changes."""

import asyncio
from collections.abc import Callable, Sequence

from apps.avatar_controller.attention import Attention
from apps.avatar_controller.engines.base import Avatar, Changed
from libs.contracts.avatar import Bearing
from libs.contracts.envelope import Event
from libs.contracts.speaking import Mood, PlaybackProgressed, PlaybackStarted
from libs.settings.avatar import AvatarFile
from libs.speech.mood_keeper import MoodKeeper
from libs.speech.playback_clock import PlaybackClock
from libs.telemetry import clock as show_clock

#: While she speaks it is looked this often whether she still does.
SPEAKING_LOOK_SECONDS = 0.5


class Presence:
    """Promises: avatars are told of each change of mood and bearing once, at once when something
    happened, and when something is over because its time is."""

    def __init__(
        self,
        avatars: Sequence[Avatar],
        file: AvatarFile,
        playback: PlaybackClock,
        changed: Changed,
        now: Callable[[], float],
        show_now: Callable[[], float] = show_clock.now,
    ) -> None:
        self._avatars = avatars
        self._rules = file.moods
        self._playback = playback
        self._changed = changed
        self._now, self._show_now = now, show_now
        self._moods = MoodKeeper(file.moods.hold_seconds)
        self._attention = Attention(file.idle.sleep_after_minutes * 60, now())
        self._spoke = False
        self._wake = asyncio.Event()
        self.mood = Mood.NEUTRAL
        self.bearing = Bearing.IDLE

    def take_file(self, file: AvatarFile) -> None:
        """From now on this one counts."""
        self._rules = file.moods
        self._moods.hold_seconds = file.moods.hold_seconds
        self._attention.sleeps_after(file.idle.sleep_after_minutes * 60)
        self._wake.set()

    def take(self, event: Event) -> None:
        """An event of the conversation, after the playback's clock has it."""
        now = self._now()
        self._attention.take(event, now)
        heard = self._playback.utterance_id
        if isinstance(event, PlaybackStarted) and heard and event.utterance_id == heard:
            self._moods.began(event.mood)
        self._wake.set()

    def joined(self, event: Event) -> None:
        """She was speaking already."""
        if isinstance(event, PlaybackProgressed):
            self._moods.began(event.mood)
        self.stir()

    def order(self, mood: Mood, hold_seconds: float | None) -> None:
        now = self._now()
        self._moods.order(mood, hold_seconds, now)
        self._attention.stir(now)
        self._wake.set()

    def stir(self) -> None:
        """Something happened: she is awake."""
        self._attention.stir(self._now())
        self._wake.set()

    def panic(self, engaged: bool) -> None:
        """Neutral, and nothing else, until the release."""
        now = self._now()
        self._moods.panic(engaged)
        self._attention.rest(now)
        self._attention.stir(now)
        self.look()
        self._wake.set()

    def look(self) -> None:
        """Tells avatars what has changed."""
        now = self._now()
        speaking = self._playback.heard(self._show_now()) is not None
        if self._spoke and not speaking:
            self._moods.finished(now, self._rules.neutral_after_seconds)
        self._spoke = speaking
        mood = self._moods.look(now)
        bearing = self._attention.look(now, speaking)
        told = (self.mood, self.bearing)
        if mood is not self.mood:
            self.mood = mood
            for avatar in self._avatars:
                avatar.set_mood(mood, self._rules.fade_seconds)
        if bearing is not self.bearing:
            self.bearing = bearing
            for avatar in self._avatars:
                avatar.bear(bearing)
        if told != (self.mood, self.bearing):
            self._changed()

    async def keep_looking(self) -> None:
        """For ever."""
        while True:
            self._wake.clear()
            self.look()
            try:
                async with asyncio.timeout(self._pause()):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _pause(self) -> float | None:
        now = self._now()
        due = [self._moods.due(now), self._attention.due(now)]
        if self._spoke:
            due.append(now + SPEAKING_LOOK_SECONDS)
        moments = [at for at in due if at is not None]
        return max(0.001, min(moments) - now) if moments else None
