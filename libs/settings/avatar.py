"""`configs/avatar.yaml`: which expression shows which mood, animations, items, idle life."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from libs.contracts.speaking import Mood
from libs.settings.base import ROOT, ShowSettings
from libs.settings.followed_file import FollowedFile
from libs.settings.strict_yaml import FileError, SettingsFile, Strict

AVATAR_FILE = ROOT / "configs" / "avatar.yaml"

MAXIMUM_ITEMS = 40

#: A name, or a part of one, as people write them in the avatar's program.
Word = Annotated[str, Field(min_length=1, max_length=200)]
Words = Annotated[tuple[Word, ...], Field(max_length=50)]
GestureName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9 _-]{0,63}$")]
ItemName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9 _-]{0,31}$")]


def _as_word(value: object) -> object:
    return ("off", "on")[value] if isinstance(value, bool) else value


#: YAML reads `on` and `off` as true and false.
Switch = Annotated[
    Literal["auto", "on", "off"],
    BeforeValidator(_as_word),
]


class AvatarFileError(FileError):
    """The file cannot be used; the message says where and what is allowed."""


#: As in the shipped file, for moods that a file says nothing of.
MOOD_WORDS: dict[Mood, tuple[str, ...]] = {
    Mood.HAPPY: ("happy", "joy", "smile", "glad", "fun", "feliz", "alegre", "笑", "喜"),
    Mood.EXCITED: (
        *("excited", "star eyes", "sparkle", "hype", "yay"),
        *("happy", "joy", "smile"),
    ),
    Mood.SAD: ("sad", "cry", "tears", "sorrow", "triste", "悲", "泣"),
    Mood.ANGRY: ("angry", "anger", "mad", "rage", "pout", "enojado", "raiva", "怒"),
    Mood.SURPRISED: ("surprised", "surprise", "shock", "wow", "gasp", "驚"),
    Mood.THINKING: ("thinking", "think", "hmm", "curious"),
    Mood.SLEEPY: ("sleepy", "sleep", "tired", "drowsy", "眠"),
    Mood.SMUG: ("smug", "smirk", "sly", "teasing", "wink", "ドヤ"),
}
GESTURE_WORDS: dict[str, tuple[str, ...]] = {
    "wave": ("wave", "hello", "greet"),
    "dance": ("dance",),
    "clap": ("clap", "applause"),
}


class Moods(Strict):
    """Words by which an expression is found that shows a mood: the first that is there counts. A
    mood that is not named keeps its own words; an empty list takes them away."""

    words: dict[Mood, Words] = MOOD_WORDS
    fade_seconds: float = Field(default=0.3, ge=0, le=2)
    hold_seconds: float = Field(default=4.0, ge=0, le=60)
    """A mood stays at least so long before another one follows."""
    neutral_after_seconds: float = Field(default=12.0, ge=1, le=600)
    """Her face is neutral again so long after she last spoke."""

    @field_validator("words")
    @classmethod
    def _beside_the_usual(cls, words: dict[Mood, Words]) -> dict[Mood, Words]:
        return {**MOOD_WORDS, **words}


class AvatarItem(Strict):
    """A picture or animation that VTube Studio has in its items folder."""

    file: Annotated[str, Field(pattern=r"^[^/\\]{1,120}\.(png|jpg|jpeg|gif)$")]
    seconds: float = Field(default=6.0, ge=0.5, le=120)
    size: float = Field(default=0.32, ge=0, le=1)
    x: float = Field(default=0.4, ge=-1, le=1)
    """Where it is; the screen is from -1 (left, bottom) to 1."""
    y: float = Field(default=0.2, ge=-1, le=1)
    throw: bool = False
    """It flies at her from the side and falls, instead of standing there."""


class IdleLife(Strict):
    """What keeps her alive while nothing is asked of her."""

    blink: Switch = "auto"
    """auto: only where the model does not blink by itself."""
    breath: Switch = "off"
    """Most models breathe by themselves."""
    gaze: bool = True
    sway_degrees: float = Field(default=3.0, ge=0, le=10)
    """How far the head sways; 0: not at all."""
    nods: bool = True
    """With what she stresses while she speaks."""
    sleep_after_minutes: float = Field(default=10.0, ge=0, le=600)
    """Asleep when nothing has happened for so long; 0: never."""


class MouthSettings(Strict):
    own_parameter: bool = False
    """Only a parameter of Kitsu's own (`AiMouthOpen`) is moved, to be mapped in VTube Studio: for
    those whose camera moves the mouth as well."""
    vowels: bool = True
    """Also inputs of single vowels, where VTube Studio has them."""


class AvatarFile(Strict):
    moods: Moods = Moods()
    models: dict[Word, dict[Mood, Annotated[str, Field(max_length=200)]]] = Field(
        default={}, max_length=100
    )
    """By a model's name: the expression for a mood, by its name there; empty: nothing shows it."""
    gestures: dict[GestureName, Words] = Field(default=GESTURE_WORDS, max_length=100)
    """Words by which a hotkey of the model is found; beside those of `GESTURE_WORDS`."""
    hotkey_pause_seconds: float = Field(default=5.0, ge=0, le=600)
    """The same hotkey is not pressed again sooner."""
    items: dict[ItemName, AvatarItem] = Field(default={}, max_length=MAXIMUM_ITEMS)
    idle: IdleLife = IdleLife()
    mouth: MouthSettings = MouthSettings()

    @field_validator("gestures")
    @classmethod
    def _beside_the_usual(cls, gestures: dict[str, Words]) -> dict[str, Words]:
        return {**GESTURE_WORDS, **gestures}


class AvatarFileSettings(ShowSettings):
    """For those that read the file."""

    avatar_file: Path = Path("configs/avatar.yaml")

    @field_validator("avatar_file")
    @classmethod
    def _avatar_file_beside_the_code(cls, path: Path) -> Path:
        """Empty: the usual one."""
        if path == Path():
            return AVATAR_FILE
        return (ROOT / path.expanduser()).resolve()


def load_avatar_file(path: Path = AVATAR_FILE) -> AvatarFile:
    """What stands in the file; where the shipped one was taken away, the defaults. Raises
    `AvatarFileError`."""
    try:
        return SettingsFile(path, AvatarFileError).check(AvatarFile)
    except FileNotFoundError:
        if path == AVATAR_FILE:
            return AvatarFile()
        raise AvatarFileError(f"AVATAR_FILE: there is no file {path}") from None


def followed_avatar_file(path: Path = AVATAR_FILE) -> FollowedFile[AvatarFile]:
    """The file as it is from now on. What is wrong with it is the avatar_controller's to say."""
    return FollowedFile(path, load_avatar_file, AvatarFile)
