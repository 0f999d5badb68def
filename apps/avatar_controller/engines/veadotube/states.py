"""Which state of a veadotube avatar shows what."""

import re
from collections.abc import Mapping, Sequence

from apps.avatar_controller.engines.veadotube.wire import State
from apps.avatar_controller.mood_map import Faces, MoodMap
from apps.avatar_controller.names import found_by_name, found_by_words, words_of
from libs.contracts.avatar import Bearing
from libs.contracts.speaking import Mood
from libs.settings.avatar import AvatarFile

#: A state that is seen while she speaks has one of these words beside its other ones.
TALKING_WORDS = ("talking", "talk", "speaking", "speak", "mouth open", "open mouth")
LISTENING_WORDS = ("listening", "listen")
ASLEEP_WORDS = ("asleep", "sleeping", "sleep")
NEUTRAL_WORDS = ("neutral", "normal", "idle", "default", "calm")

_TALKING = re.compile(rf"\b({'|'.join(TALKING_WORDS)})\b")


class States:
    """One avatar's states.

    Promises: what was chosen live counts before the file, the file before what is found by its
    name; a state that shows no mood is never left for another one but to show a mood or bearing,
    and is what is come back to.
    """

    def __init__(
        self,
        states: Sequence[State],
        in_file: Mapping[Mood, str],
        chosen: Mapping[Mood, str],
        file: AvatarFile,
    ) -> None:
        self.all = tuple(states)
        self._silent = [state for state in self.all if not _TALKING.search(_in_words(state))]
        faces = Faces(
            kind="a state",
            named=self.named,
            with_words=lambda words: found_by_words(words, self._silent, _name_of),
            name_of=_name_of,
        )
        words = {Mood.NEUTRAL: NEUTRAL_WORDS, **file.moods.words}
        self.moods = MoodMap(faces, words, in_file, chosen)
        self._by_bearing = {
            Bearing.LISTENING: found_by_words(LISTENING_WORDS, self._silent, _name_of),
            Bearing.THINKING: self.moods.face_of(Mood.THINKING),
            Bearing.ASLEEP: found_by_words(ASLEEP_WORDS, self._silent, _name_of)
            or self.moods.face_of(Mood.SLEEPY),
        }
        self._rest: State | None = None

    @property
    def talks(self) -> bool:
        """Whether there are states for while she speaks."""
        return len(self._silent) < len(self.all)

    @property
    def rest(self) -> State | None:
        """What is seen while she shows nothing."""
        if self._rest in self.all:
            return self._rest
        plain = (state for state in self._silent if not self.shows_something(state))
        return self.moods.face_of(Mood.NEUTRAL) or next(plain, next(iter(self.all), None))

    def shows_something(self, state: State) -> bool:
        """Whether it is one of those that are chosen here: a mood, a bearing, or talking."""
        moods = [self.moods.face_of(mood) for mood in Mood if mood is not Mood.NEUTRAL]
        return state in (*moods, *self._by_bearing.values()) or state not in self._silent

    def seen(self, state_id: str) -> None:
        """It is what the avatar shows now: whoever put it there wants it back after each mood."""
        state = next((one for one in self.all if one.id == state_id), None)
        if state is not None and not self.shows_something(state):
            self._rest = state

    def keep_rest_of(self, before: "States") -> None:
        if before._rest is not None:
            self.seen(before._rest.id)

    def named(self, name: str) -> State | None:
        same = next((one for one in self.all if name in (one.name, one.id)), None)
        return same or found_by_name(name, self.all, _name_of)

    def to_show(self, mood: Mood, bearing: Bearing) -> State | None:
        """None: the avatar has no states."""
        state = self.moods.face_of(mood) if mood is not Mood.NEUTRAL else None
        posed = self._by_bearing.get(bearing)
        if state is None or bearing is Bearing.ASLEEP:
            state = posed or state
        state = state or self.rest
        if bearing is Bearing.SPEAKING and state is not None:
            return self._talking(state) or state
        return state

    def _talking(self, silent: State) -> State | None:
        """The same one talking: named like it beside the word; at rest also the word alone."""
        names = {_in_words(silent)} - {""} | ({""} if silent == self.rest else set())
        for state in self.all:
            words = _in_words(state)
            if _TALKING.search(words) and " ".join(_TALKING.sub("", words).split()) in names:
                return state
        return None


def _name_of(state: State) -> str:
    return state.name


def _in_words(state: State) -> str:
    """Its name as words with one blank between them."""
    return " ".join(words_of(state.name))
