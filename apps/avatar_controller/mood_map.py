"""Which of a model's faces shows which mood, whatever draws them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from apps.avatar_controller.names import plain
from libs.contracts.avatar import MoodShown
from libs.contracts.speaking import Mood
from libs.settings.avatar import AvatarFile

Face = TypeVar("Face")


@dataclass(frozen=True, slots=True)
class Faces(Generic[Face]):
    """What a model has to show moods with."""

    kind: str
    """For people: "an expression"."""
    named: Callable[[str], Face | None]
    """By its name there."""
    with_words: Callable[[Iterable[str]], Face | None]
    """By words that its name has."""
    name_of: Callable[[Face], str]


class MoodMap(Generic[Face]):
    """Promises: what was chosen live counts before the file, the file before what is found by name;
    a choice that the model does not have is said in `missing`, and its mood is looked for by name.
    """

    def __init__(
        self,
        faces: Faces[Face],
        words: Mapping[Mood, Iterable[str]],
        in_file: Mapping[Mood, str],
        chosen: Mapping[Mood, str],
    ) -> None:
        """`words`: those by which a mood's face is found. `in_file`, `chosen`: faces by name; an
        empty one: nothing shows that mood."""
        self._faces = faces
        self._by_mood: dict[Mood, Face] = {}
        self.shown: tuple[MoodShown, ...] = ()
        self.missing: tuple[str, ...] = ()
        for mood in Mood:
            if mood in chosen:
                self._choose(mood, chosen[mood], "panel", words.get(mood, ()))
            elif mood in in_file:
                self._choose(mood, in_file[mood], "file", words.get(mood, ()))
            else:
                self._find(mood, words.get(mood, ()))

    def face_of(self, mood: Mood) -> Face | None:
        """None: nothing shows it."""
        return self._by_mood.get(mood)

    def _choose(
        self, mood: Mood, name: str, by: Literal["file", "panel"], words: Iterable[str]
    ) -> None:
        face = self._faces.named(name) if name else None
        if name and face is None:
            kind = self._faces.kind
            self.missing += (f"{kind} “{name}” for {mood.value}: choose another one",)
            self._find(mood, words)
            return
        self._show(mood, face, by)

    def _find(self, mood: Mood, words: Iterable[str]) -> None:
        self._show(mood, self._faces.with_words(words), "name")

    def _show(self, mood: Mood, face: Face | None, by: Literal["name", "file", "panel"]) -> None:
        if face is not None:
            self._by_mood[mood] = face
        name = self._faces.name_of(face) if face is not None else ""
        self.shown += (MoodShown(mood=mood, expression=name, chosen_by=by),)


def moods_in_file(file: AvatarFile, *names: str) -> Mapping[Mood, str]:
    """What `configs/avatar.yaml` says of a model of one of these names."""
    known = {plain(name) for name in names}
    return next((moods for model, moods in file.models.items() if plain(model) in known), {})
