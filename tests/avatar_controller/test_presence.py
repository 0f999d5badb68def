"""Mood and bearing as avatars are told of them, in virtual time."""

import pytest

from apps.avatar_controller.presence import Presence
from libs.contracts.speaking import (
    Mood,
    PlaybackFinished,
    PlaybackOutcome,
    PlaybackProgressed,
    PlaybackStarted,
)
from libs.settings.avatar import AvatarFile, Moods
from libs.speech.playback_clock import PlaybackClock
from tests.avatar_controller.scripted_avatar import ScriptedAvatar

HAPPY, SAD, SMUG, NEUTRAL = Mood.HAPPY, Mood.SAD, Mood.SMUG, Mood.NEUTRAL
#: `neutral_after_seconds` of the file.
STAYS_SECONDS = 12.0


class SeenPresence:
    """Her presence with one avatar, in a world whose clock only moves when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.avatar = ScriptedAvatar()
        self.playback = PlaybackClock()
        self.presence = Presence(
            [self.avatar],
            AvatarFile(moods=Moods(hold_seconds=0, neutral_after_seconds=STAYS_SECONDS)),
            self.playback,
            lambda: None,
            lambda: self.now,
            lambda: self.now,
        )
        self._utterance = 0
        self._began_at = 0.0

    def says(self, mood: Mood) -> None:
        """From now on, until `falls_silent`."""
        self._utterance += 1
        self._began_at = self.now
        event = PlaybackStarted(
            utterance_id=f"u{self._utterance}", turn_id="t", epoch=1, text="x", mood=mood,
            output="o", started_at=self.now, first_chunk_at=self.now,
        )  # fmt: skip
        self._take(event)

    def falls_silent(self) -> None:
        event = PlaybackFinished(
            utterance_id=f"u{self._utterance}", outcome=PlaybackOutcome.COMPLETED, heard_text="",
            full_text="", position_seconds=1, duration_seconds=1,
        )  # fmt: skip
        self._take(event)

    def goes_on(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now += 0.25
            if self.playback.begun:
                event = PlaybackProgressed(
                    utterance_id=f"u{self._utterance}", turn_id="t", epoch=1, index=0, text="x",
                    position_seconds=self.now - self._began_at, known_seconds=99,
                    emitted_at=self.now,
                )  # fmt: skip
                self.playback.take(event)
            self.presence.look()

    def _take(self, event: PlaybackStarted | PlaybackFinished) -> None:
        self.playback.take(event)
        self.presence.take(event)
        self.presence.look()


@pytest.fixture
def she() -> SeenPresence:
    return SeenPresence()


def test_what_she_says_shows_its_mood_and_a_while_longer(she: SeenPresence) -> None:
    she.says(HAPPY)
    she.goes_on(5.0)
    she.falls_silent()
    she.goes_on(STAYS_SECONDS - 1)
    assert she.avatar.moods == [HAPPY]
    she.goes_on(2.0)
    assert she.avatar.moods == [HAPPY, NEUTRAL]


def test_an_order_for_a_time_wins_over_what_she_is_saying_and_what_she_says_next(
    she: SeenPresence,
) -> None:
    she.says(HAPPY)
    she.goes_on(1.0)
    she.presence.order(SMUG, 4.0)
    she.goes_on(1.0)
    she.falls_silent()
    she.says(SAD)
    she.goes_on(1.0)
    assert she.avatar.moods == [HAPPY, SMUG]
    she.goes_on(3.0)
    assert she.avatar.moods == [HAPPY, SMUG, SAD]


def test_an_order_until_further_notice_wins_until_she_says_the_next_thing(
    she: SeenPresence,
) -> None:
    she.says(HAPPY)
    she.goes_on(1.0)
    she.presence.order(SMUG, None)
    she.goes_on(5.0)
    assert she.avatar.moods == [HAPPY, SMUG]
    she.falls_silent()
    she.says(SAD)
    she.goes_on(1.0)
    she.falls_silent()
    she.goes_on(STAYS_SECONDS + 1)
    assert she.avatar.moods == [HAPPY, SMUG, SAD, SMUG]
