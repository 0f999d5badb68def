"""Which expression of a model shows which mood."""

from collections.abc import Mapping

from apps.avatar_controller.engines.vtube_studio.model import Expression, Model
from apps.avatar_controller.names import (
    found_by_name,
    found_by_words,
    plain,
)
from libs.contracts.avatar import MoodShown
from libs.contracts.speaking import Mood
from libs.settings.avatar import AvatarFile


def _name_of(expression: Expression) -> str:
    return expression.file


def expression_named(model: Model, name: str) -> Expression | None:
    return found_by_name(name, model.expressions, _name_of)


class MoodMap:
    """One model's moods. Promises: what was chosen live counts before the file, the file before
    what is found by name; a choice that the model does not have is said in `missing`, and its mood
    is looked for by name."""

    def __init__(self, model: Model, file: AvatarFile, chosen: Mapping[Mood, str]) -> None:
        self._model = model
        self._files: dict[Mood, str] = {}
        self.shown: tuple[MoodShown, ...] = ()
        self.missing: tuple[str, ...] = ()
        in_file = next(
            (moods for name, moods in file.models.items() if plain(name) == plain(model.name)), {}
        )
        for mood in Mood:
            words = file.moods.words.get(mood, ())
            if mood in chosen:
                self._choose(mood, chosen[mood], "panel", words)
            elif mood in in_file:
                self._choose(mood, in_file[mood], "file", words)
            else:
                self._find(mood, words)

    def file_of(self, mood: Mood) -> str | None:
        """None: no expression shows it."""
        return self._files.get(mood)

    def _choose(self, mood: Mood, name: str, by: str, words: tuple[str, ...]) -> None:
        expression = expression_named(self._model, name) if name else None
        if name and expression is None:
            self.missing += (f"an expression “{name}” for {mood.value}: choose another one",)
            self._find(mood, words)
            return
        self._show(mood, expression, by)

    def _find(self, mood: Mood, words: tuple[str, ...]) -> None:
        self._show(mood, found_by_words(words, self._model.expressions, _name_of), "name")

    def _show(self, mood: Mood, expression: Expression | None, by: str) -> None:
        if expression is not None:
            self._files[mood] = expression.file
        self.shown += (
            MoodShown.model_validate(
                {
                    "mood": mood,
                    "expression": expression.name if expression else "",
                    "chosen_by": by,
                }
            ),
        )
