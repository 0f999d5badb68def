"""What a model is made of: hotkeys, expressions, ArtMeshes, and what moves its parts.

Source: github.com/DenchiSoft/VTubeStudio, README.md, "Requesting list of hotkeys ..." and
"Requesting current expression state list"; Files/HotkeyAction.cs.
"""

import uuid
from dataclasses import dataclass, field

#: What an expression's file must end in.
EXPRESSION_SUFFIX = ".exp3.json"
#: Seconds, where a request says none.
USUAL_FADE_SECONDS = 0.25


def made_id(*names: str) -> str:
    """The same for the same names: 32 hexadecimal characters."""
    return uuid.uuid5(uuid.NAMESPACE_OID, "\n".join(names)).hex


@dataclass(frozen=True)
class Hotkey:
    """`action`: TriggerAnimation, ToggleExpression, RemoveAllExpressions, ChangeVTSModel, Unset."""

    id: str
    name: str
    action: str
    file: str = ""
    broken: bool = False
    """Its file is missing."""


@dataclass
class Expression:
    """One expression file. It fades in over `fade_seconds`, and out over the same."""

    file: str
    active: bool = False
    fade_seconds: float = USUAL_FADE_SECONDS
    changed_at: float = float("-inf")

    @property
    def name(self) -> str:
        return self.file.removesuffix(EXPRESSION_SUFFIX)

    def switch(self, active: bool, at: float, fade_seconds: float | None = None) -> None:
        if active and fade_seconds is not None:
            self.fade_seconds = min(2.0, max(0.0, fade_seconds))
        if active != self.active:
            self.active, self.changed_at = active, at

    def weight(self, now: float) -> float:
        """How much of it is seen, 0 to 1."""
        if self.fade_seconds <= 0:
            return float(self.active)
        share = min(1.0, (now - self.changed_at) / self.fade_seconds)
        return share if self.active else 1.0 - share


@dataclass(frozen=True)
class Driven:
    """A Live2D parameter and the input that moves it: from the range `reads` to `writes`.

    `neutral`: where it stands while no face is found and nobody injects that input.
    """

    name: str
    by: str
    reads: tuple[float, float] = (0.0, 1.0)
    writes: tuple[float, float] = (0.0, 1.0)
    neutral: float | None = None

    def output(self, value: float) -> float:
        (low, high), (bottom, top) = self.reads, self.writes
        share = min(1.0, max(0.0, (value - low) / (high - low)))
        return bottom + share * (top - bottom)


@dataclass
class Model:
    """`blinks_every_seconds` and `breathes`: what it does by itself, as its user has switched on
    (auto blink, auto breath); 0: it does not blink."""

    name: str
    hotkeys: list[Hotkey] = field(default_factory=list)
    expressions: list[Expression] = field(default_factory=list)
    art_meshes: tuple[str, ...] = ()
    driven: tuple[Driven, ...] = ()
    blinks_every_seconds: float = 0.0
    breathes: bool = False
    id: str = ""

    def __post_init__(self) -> None:
        self.id = self.id or made_id(self.name)

    def expression(self, name: str) -> Expression:
        """By file, or by its name. Raises `KeyError`."""
        for expression in self.expressions:
            if name in (expression.file, expression.name):
                return expression
        raise KeyError(name)

    def active(self) -> list[str]:
        """The files of the expressions that are on."""
        return [expression.file for expression in self.expressions if expression.active]

    def hotkey(self, wanted: str) -> Hotkey | None:
        """By id; else by name, whatever its case, the first of that name."""
        by_id = next((hotkey for hotkey in self.hotkeys if hotkey.id == wanted), None)
        if by_id is not None or not wanted:
            return by_id
        name = wanted.lower()
        return next((hotkey for hotkey in self.hotkeys if hotkey.name.lower() == name), None)
