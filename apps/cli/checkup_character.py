"""What `kitsu doctor` says of the drawn character: her file, the pictures that it names, and what
can be shown beside her."""

from pydantic import TypeAdapter, ValidationError

from apps.cli.check import Check
from apps.cli.settings import CliSettings
from libs.settings.character_pictures import refused_pictures
from libs.settings.characters import (
    CHARACTERS_FOLDER,
    FILE_NAME,
    FOX,
    CharacterError,
    Name,
    find_character,
    load_character,
)
from libs.settings.items import ItemsError, load_items

RESTART = "kitsu restart stage"
_NAME: TypeAdapter[str] = TypeAdapter(Name)


def character(settings: CliSettings) -> list[Check]:
    """The character that the stage would draw now; while Kitsu runs, after a restart of the
    stage."""
    name, chosen = "character", settings.stage_character
    try:
        _NAME.validate_python(chosen)
    except ValidationError:
        return []  # told by the check of the settings
    own = settings.kitsu_data_dir / "characters"
    try:
        folder = find_character(chosen, (own, CHARACTERS_FOLDER))
    except CharacterError as problem:
        mend = f"Set STAGE_CHARACTER in .env to one of them, then: {RESTART}"
        return [Check(name, "warn", f"{problem}; the usual fox is drawn", mend)]
    try:
        found = load_character(folder)
    except CharacterError as problem:
        return [_wrong(problem, shipped=folder == CHARACTERS_FOLDER / FOX)]
    if refused := refused_pictures(folder, found.files):
        mend = f"Put a good one there or take it out of {folder / FILE_NAME}, then: {RESTART}"
        return [Check(name, "warn", "; ".join(refused), mend)]
    return [Check(name, "ok", f"{found.title} ({folder})")]


def drawn_items(settings: CliSettings) -> list[Check]:
    """Nothing where all is well with the file."""
    try:
        load_items()
    except ItemsError as problem:
        told = "; ".join(str(problem).splitlines())
        mend = "Correct that; it counts at once. Until then Kitsu goes on without it."
        return [Check("items file", "warn", told, mend)]
    return []


def _wrong(problem: CharacterError, shipped: bool) -> Check:
    told = "; ".join(str(problem).splitlines())
    if shipped:  # there is nobody else to draw
        mend = f"Correct that, or install Kitsu's own file again, then: {RESTART}"
        return Check("character", "fail", f"{told}; the stage does not start", mend)
    return Check(
        "character", "warn", f"{told}; the usual fox is drawn", f"Correct that, then: {RESTART}"
    )
