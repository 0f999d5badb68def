"""`configs/floor.yaml`: what makes a line worth an answer."""

from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from libs.contracts.conversation import TurnSource
from libs.settings import ROOT
from libs.settings.strict_yaml import FileError, SettingsFile, Strict

FLOOR_FILE = ROOT / "configs" / "floor.yaml"

Points = Annotated[float, Field(ge=-100, le=100)]
Weight = Annotated[float, Field(ge=0, le=100)]
Word = Annotated[str, Field(min_length=1, max_length=32)]
Prompt = Annotated[str, Field(min_length=1, max_length=500)]


class FloorError(FileError):
    """The file cannot be used; the message says where and what is allowed."""


class PointRules(Strict):
    """What each part of a score counts."""

    base: Points = 1.0
    mention: Points = 3.0
    question: Points = 2.0
    first_time: Points = 2.5
    broadcaster: Points = 3.0
    moderator: Points = 1.0
    vip: Points = 0.5
    subscriber: Points = 0.5
    paid: Points = 2.0
    novelty: Points = 1.0
    asked_too: Points = 0.5
    """For each further viewer who asks the same, up to six of them."""
    greeting_again: Points = -2.0
    already_answered: Points = -12.0
    to_another: Points = -10.0
    short: Points = -1.0
    long: Points = -1.0
    imitates: Points = -4.0
    decay_a_second: Weight = 0.15


class SpamRules(Strict):
    """How much each sign speaks of spam; from `limit` on a line is."""

    limit: Weight = 5.0
    link: Weight = 6.0
    emoji: Weight = 6.0
    emoji_from: int = Field(default=12, ge=1, le=500)
    flood: Weight = 3.0
    caps: Weight = 2.0
    words: Weight = 4.0
    repeated: Weight = 3.0
    repeat_seconds: float = Field(default=30.0, ge=0, le=3_600)
    wave: Weight = 6.0
    wave_viewers: int = Field(default=3, ge=2, le=1_000)
    wave_words: int = Field(default=8, ge=2, le=100)
    wave_seconds: float = Field(default=60.0, ge=0, le=3_600)


class AlertRules(Strict):
    window_seconds: float = Field(default=6.0, ge=0, le=120)
    follows_alone: bool = False
    raid_seconds: float = Field(default=45.0, ge=0, le=600)


class HostRules(Strict):
    grace_seconds: float = Field(default=4.0, ge=0, le=30)
    at_most_seconds: float = Field(default=30.0, ge=1, le=600)
    thought: Literal["hold", "drop", "go_on"] = "hold"
    """What becomes of a reply of which nothing was heard yet when the host begins to speak."""
    goes_on_seconds: float = Field(default=3.0, ge=0, le=30)
    """So long after his own words, what he says next belongs to them."""
    interrupts: tuple[TurnSource, ...] = Field(
        default=(TurnSource.VOICE, TurnSource.PAID, TurnSource.CHAT, TurnSource.IDLE),
        max_length=len(TurnSource),
    )
    """Which turns he may cut off by his voice."""


class IdleRules(Strict):
    after_seconds: float = Field(default=0.0, ge=0, le=3_600)
    times: int = Field(default=2, ge=1, le=100)
    prompts: tuple[Prompt, ...] = Field(
        default=("nobody has said anything for a while; say something of your own",),
        min_length=1,
        max_length=100,
    )


class FloorRules(Strict):
    names: tuple[Word, ...] = Field(default=(), max_length=20)
    window_seconds: float = Field(default=0.4, ge=0, le=5)
    burst_viewers: int = Field(default=4, ge=2, le=1_000)
    waiting_lines: int = Field(default=8, ge=1, le=100)
    fresh_seconds: float = Field(default=15.0, gt=0, le=300)
    together_viewers: int = Field(default=20, ge=0, le=50)
    cooldown_seconds: float = Field(default=20.0, ge=0, le=3_600)
    answered_seconds: float = Field(default=90.0, ge=0, le=3_600)
    least_points: Points = -4.0
    paid_from: int = Field(default=100, ge=1)
    short_letters: int = Field(default=4, ge=0, le=50)
    long_letters: int = Field(default=300, ge=10, le=2_000)
    points: PointRules = PointRules()
    spam: SpamRules = SpamRules()
    alerts: AlertRules = AlertRules()
    host: HostRules = HostRules()
    idle: IdleRules = IdleRules()
    question_words: dict[str, tuple[Word, ...]] = Field(default={})
    question_signs: tuple[Word, ...] = ()

    @cached_property
    def question_word_set(self) -> frozenset[str]:
        return frozenset(word for words in self.question_words.values() for word in words)


def load_rules(path: Path = FLOOR_FILE) -> FloorRules:
    """The rules of a file; the same file is read once. Raises `FloorError`."""
    try:
        stat = path.stat()
    except OSError as error:
        raise FloorError(f"{path.name} cannot be read: {error.strerror}") from None
    return _read(path, (stat.st_ino, stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=2)
def _read(path: Path, stamp: tuple[int, int, int]) -> FloorRules:
    """`stamp` is another one when the file is."""
    return SettingsFile(path, FloorError).check(FloorRules)
