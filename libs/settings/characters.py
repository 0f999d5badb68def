"""`configs/characters/<name>/character.yaml`: who is drawn in the overlay, and in which colours."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationInfo,
    field_validator,
)

from libs.contracts.avatar import Bearing
from libs.contracts.speaking import Mood
from libs.settings.base import ROOT
from libs.settings.items import Colour
from libs.settings.strict_yaml import FileError, SettingsFile, Strict

CHARACTERS_FOLDER = ROOT / "configs" / "characters"
FILE_NAME = "character.yaml"
#: Comes with Kitsu, and is drawn where another one cannot be.
FOX = "kitsu"

#: A file of this kind is a few kilobytes; a larger one is a mistake.
MAXIMUM_FILE_BYTES = 64 * 1024
MAXIMUM_LAYERS = 40
MAXIMUM_PICTURES_OF_A_LAYER = 40

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Title = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")]
#: A file beside the YAML: no folders, nothing hidden.
PictureName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.-]{0,99}\.(png|jpg|jpeg|webp|svg)$")
]
#: How much a layer takes part in a movement; 1 is the usual amount, negative is against it.
Share = Annotated[float, Field(ge=-5, le=5)]
Pixels = Annotated[int, Field(ge=16, le=4_096)]

FoxColour = Literal[
    "ink",
    "fur",
    "fur_shade",
    "fur_deep",
    "fur_light",
    "dark_fur",
    "cream",
    "cream_shade",
    "ear",
    "hair",
    "hair_shade",
    "hair_light",
    "brow",
    "iris",
    "iris_dark",
    "iris_light",
    "blush",
    "mouth",
    "tongue",
    "hoodie",
    "hoodie_shade",
    "hoodie_light",
    "cord",
    "phones",
    "phones_light",
    "light",
]


class CharacterError(FileError):
    """The character cannot be shown; the message says where and what is allowed."""


class FoxCharacter(Strict):
    """The fox that comes with Kitsu, in colours of one's choice."""

    title: Title
    rig: Literal["fox"]
    palettes: dict[Name, dict[FoxColour, Colour]] = Field(default={}, max_length=40)
    """Colours that are not named are the usual ones; shades follow their colour."""
    palette: Name | None = None
    """The palette in use, by its name; without one the usual colours."""

    @field_validator("palette")
    @classmethod
    def _is_there(cls, palette: str | None, info: ValidationInfo) -> str | None:
        there = info.data.get("palettes")  # None where they are wrong themselves
        if palette is not None and there is not None and palette not in there:
            listed = ", ".join(there) or "none"
            raise ValueError(f"there is no palette {palette}; there are: {listed}")
        return palette

    @property
    def files(self) -> tuple[str, ...]:
        return ()

    def told(self) -> dict[str, Any]:
        """What the overlay page needs to draw it."""
        colours = self.palettes.get(self.palette, {}) if self.palette else {}
        return {"title": self.title, "rig": self.rig, "colours": colours}


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _as_picture(value: object) -> object:
    return {"file": value} if isinstance(value, str) else value


Sign = Literal["sparkle", "tear", "vein", "bang", "dots", "snooze", "note"]
MouthWord = Literal["closed", "open", "small", "wide", "round", "large"]


class When(Strict):
    """Each line names what may be; all lines must hold."""

    mouth: Annotated[tuple[MouthWord, ...], BeforeValidator(_as_list)] = ()
    """`open` is every mouth that is not closed."""
    eyes: Annotated[tuple[Literal["open", "shut"], ...], BeforeValidator(_as_list)] = ()
    mood: Annotated[tuple[Mood, ...], BeforeValidator(_as_list)] = ()
    bearing: Annotated[tuple[Bearing, ...], BeforeValidator(_as_list)] = ()


class Picture(Strict):
    file: PictureName
    when: When = When()


class Layer(Strict):
    name: Annotated[str, Field(max_length=60)] = ""
    """For whoever reads the file."""
    part: Literal["figure", "head", "body", "still"] = "figure"
    """With what it moves: the whole figure sways and bounces; the head also tilts and nods; the
    body breathes; `still` does not move."""
    pictures: tuple[Annotated[Picture, BeforeValidator(_as_picture)], ...] = Field(
        min_length=1, max_length=MAXIMUM_PICTURES_OF_A_LAYER
    )
    """The first one whose `when` holds is drawn; none: the layer is empty."""
    alpha: float = Field(default=1.0, gt=0, le=1)
    turn: Share = 0.0
    """Shifts when the head turns: what is nearer shifts further."""
    gaze: Share = 0.0
    """Shifts with where she looks."""
    swing: Share = 0.0
    """Hangs loose: swings after the head, around `pivot`."""
    wave: Share = 0.0
    """Is raised and swings when she waves, around `pivot`."""
    raised: float | None = Field(default=None, ge=-360, le=360)
    """So far it is raised for a wave, in degrees, clockwise; without it 70."""
    perk: Share = 0.0
    """Turns with the ears' mood around `pivot`: down when sad, up when listening."""
    stretch: Share = 0.0
    """Grows in height with the open mouth, from `pivot` on."""
    pivot: tuple[float, float] | None = None
    """In pixels of the pictures."""


class PictureCharacter(Strict):
    """Pictures of one's own, in layers."""

    title: Title
    rig: Literal["pictures"]
    licence: Annotated[str, Field(max_length=500)] = ""
    """Whose pictures they are, and under which terms."""
    size: tuple[Pixels, Pixels]
    """Width and height for which the pictures were drawn, in pixels; all have the same."""
    neck: tuple[float, float] | None = None
    """Around it the head tilts, in pixels; usually in the middle, a little below half-way down."""
    signs: tuple[Sign, ...] = get_args(Sign)
    """Small signs beside the head that the page draws by itself."""
    layers: tuple[Layer, ...] = Field(min_length=1, max_length=MAXIMUM_LAYERS)
    """Back to front."""

    @property
    def files(self) -> tuple[str, ...]:
        """The pictures it names, each once."""
        return tuple(dict.fromkeys(p.file for layer in self.layers for p in layer.pictures))

    def told(self) -> dict[str, Any]:
        """What the overlay page needs to draw it."""
        shown = self.model_dump(mode="json", exclude_defaults=True, exclude={"licence"})
        for layer in shown["layers"]:
            layer.pop("name", None)
        return {**shown, "signs": self.signs}


Character = FoxCharacter | PictureCharacter
_CHARACTER: TypeAdapter[Character] = TypeAdapter(Annotated[Character, Field(discriminator="rig")])


def find_character(name: str, folders: Sequence[Path]) -> Path:
    """The folder of a character: the first of that name. Raises `CharacterError`."""
    for folder in folders:
        if (folder / name / FILE_NAME).is_file():
            return folder / name
    there = sorted({file.parent.name for f in folders for file in f.glob(f"*/{FILE_NAME}")})
    raise CharacterError(
        f"STAGE_CHARACTER: there is no character {name} in {folders[-1].name}; "
        f"there are: {', '.join(there) or 'none'}"
    )


def load_character(folder: Path) -> Character:
    """What stands in a character's file. Raises `CharacterError`."""
    try:
        file = SettingsFile(
            folder / FILE_NAME,
            CharacterError,
            name=f"{folder.name}/{FILE_NAME}",
            maximum_bytes=MAXIMUM_FILE_BYTES,
            aliases=False,  # characters come from other people
        )
    except FileNotFoundError:
        raise CharacterError(f"there is no {FILE_NAME} in {folder}") from None
    return file.check(_CHARACTER, below=1)  # the first part is the rig
