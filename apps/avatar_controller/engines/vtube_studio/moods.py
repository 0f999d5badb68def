"""Which expression of a model shows which mood."""

from collections.abc import Mapping
from functools import partial

from apps.avatar_controller.engines.vtube_studio.model import Expression, Model
from apps.avatar_controller.mood_map import Faces, MoodMap, moods_in_file
from apps.avatar_controller.names import found_by_name, found_by_words
from libs.contracts.speaking import Mood
from libs.settings.avatar import AvatarFile


def _file_of(expression: Expression) -> str:
    return expression.file


def expression_named(model: Model, name: str) -> Expression | None:
    return found_by_name(name, model.expressions, _file_of)


def mood_map(model: Model, file: AvatarFile, chosen: Mapping[Mood, str]) -> MoodMap[Expression]:
    """`chosen`: live, by an expression's name."""
    faces = Faces(
        kind="an expression",
        named=partial(expression_named, model),
        with_words=lambda words: found_by_words(words, model.expressions, _file_of),
        name_of=lambda expression: expression.name,
    )
    return MoodMap(faces, file.moods.words, moods_in_file(file, model.name), chosen)
