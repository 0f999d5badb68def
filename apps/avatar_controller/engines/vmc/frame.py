"""What one frame says in the VMC protocol: shapes of the face, bones of the head.

Form: VMC protocol, "Marionette spec" (protocol.vmc.info/marionette-spec): OK, T, Root/Pos, Bone/Pos
(position, then quaternion, relative to the parent bone, in Unity's space), Blend/Val, Blend/Apply.
Names of shapes: BlendShape presets of VRM 0 and expression presets of VRM 1. Both are sent, with
the same value: receivers leave out what their model does not have, and those that read the old
names as the new ones get the same twice.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from apps.avatar_controller.engines.base import SHUT, STRAIGHT, Mouth, Pose, Vowels
from libs.contracts.speaking import Mood

#: One OSC message: its address and arguments.
Argument = str | int | float
Message = tuple[str, tuple[Argument, ...]]

VALUE = "/VMC/Ext/Blend/Val"

#: A thinned frame is whole again after so long.
WHOLE_SECONDS = 0.25

#: A shape as we call it, and as VRM 0 and VRM 1 do.
SHAPES: dict[str, tuple[str, ...]] = {
    "a": ("A", "aa"),
    "i": ("I", "ih"),
    "u": ("U", "ou"),
    "e": ("E", "ee"),
    "o": ("O", "oh"),
    "blink": ("Blink", "blink"),
    "joy": ("Joy", "happy"),
    "angry": ("Angry", "angry"),
    "sorrow": ("Sorrow", "sad"),
    "fun": ("Fun", "relaxed"),
    "surprised": ("Surprised", "surprised"),
    "neutral": ("Neutral", "neutral"),
    "up": ("LookUp", "lookUp"),
    "down": ("LookDown", "lookDown"),
    "left": ("LookLeft", "lookLeft"),
    "right": ("LookRight", "lookRight"),
}

#: Which shapes show a mood, and how much of each. Thinking is shown by her head and eyes.
MOOD_SHAPES: dict[Mood, dict[str, float]] = {
    Mood.NEUTRAL: {},
    Mood.HAPPY: {"joy": 0.75},
    Mood.EXCITED: {"joy": 1.0},
    Mood.SAD: {"sorrow": 1.0},
    Mood.ANGRY: {"angry": 1.0},
    Mood.SURPRISED: {"surprised": 1.0},
    Mood.THINKING: {},
    Mood.SLEEPY: {"blink": 0.45},
    Mood.SMUG: {"fun": 1.0},
}

#: Degrees of the eyes at the edge of a glance.
EYES_YAW_DEGREES, EYES_PITCH_DEGREES = 12.0, 8.0
#: The neck takes this part of the head's turn.
NECK_PART = 0.4
#: A breath lifts her by so much.
BREATH_METRES = 0.003

#: Where a bone sits in its parent, in metres: that of an ordinary model. Most receivers take only
#: the rotation; one that takes both should not find her head in her chest.
_NECK_AT = (0.0, 0.13, -0.01)
_HEAD_AT = (0.0, 0.09, 0.01)
_LEFT_EYE_AT, _RIGHT_EYE_AT = (-0.02, 0.06, 0.02), (0.02, 0.06, 0.02)

#: Our shape by any of its names.
_SHAPE_OF = {name: shape for shape, names in SHAPES.items() for name in names}

Quaternion = tuple[float, float, float, float]


def rotation(yaw: float, pitch: float, roll: float) -> Quaternion:
    """As (x, y, z, w) in Unity's left-handed space, where y is up and a model looks along z.

    Degrees as whoever watches sees them: turned to the right, up, and tilted to the right are
    positive. Her right is their left, so the signs of yaw and pitch change. Order as Unity's
    `Quaternion.Euler`: z, x, y.
    """
    half_x, half_y, half_z = (math.radians(angle) / 2 for angle in (-pitch, -yaw, roll))
    sin_x, cos_x = math.sin(half_x), math.cos(half_x)
    sin_y, cos_y = math.sin(half_y), math.cos(half_y)
    sin_z, cos_z = math.sin(half_z), math.cos(half_z)
    return (
        cos_y * sin_x * cos_z + sin_y * cos_x * sin_z,
        sin_y * cos_x * cos_z - cos_y * sin_x * sin_z,
        cos_y * cos_x * sin_z - sin_y * sin_x * cos_z,
        cos_y * cos_x * cos_z + sin_y * sin_x * sin_z,
    )


@dataclass(frozen=True)
class Face:
    """What is shown at one moment. `shapes`: how much of each shape of a mood, by our names or by
    a name of the model's own."""

    mouth: Mouth = SHUT
    pose: Pose = STRAIGHT
    shapes: Mapping[str, float] = field(default_factory=dict)

    def messages(self, seconds: float, own_shapes: frozenset[str] = frozenset()) -> list[Message]:
        """The whole frame. `own_shapes`: names beyond ours that must be told, also when they are
        not shown now."""
        return [
            ("/VMC/Ext/OK", (1,)),
            ("/VMC/Ext/T", (seconds,)),
            ("/VMC/Ext/Root/Pos", ("root", *self._root())),
            *self._bones(),
            *self._values(own_shapes),
            ("/VMC/Ext/Blend/Apply", ()),
        ]

    def _root(self) -> tuple[float, ...]:
        lift = _within(self.pose.breath, 1) * _unit(self.pose.weight) * BREATH_METRES
        return (0.0, lift, 0.0, 0.0, 0.0, 0.0, 1.0)

    def _bones(self) -> Iterator[Message]:
        weight, eyes = _unit(self.pose.weight), _unit(self.pose.eyes_weight)
        yaw, pitch, roll = (
            _within(angle, 60) * weight
            for angle in (self.pose.yaw, self.pose.pitch, self.pose.roll)
        )
        neck = rotation(yaw * NECK_PART, pitch * NECK_PART, roll * NECK_PART)
        rest = 1 - NECK_PART
        head = rotation(yaw * rest, pitch * rest, roll * rest)
        gaze = rotation(
            _within(self.pose.gaze_x, 1) * eyes * EYES_YAW_DEGREES,
            _within(self.pose.gaze_y, 1) * eyes * EYES_PITCH_DEGREES,
            0.0,
        )
        yield "/VMC/Ext/Bone/Pos", ("Neck", *_NECK_AT, *neck)
        yield "/VMC/Ext/Bone/Pos", ("Head", *_HEAD_AT, *head)
        yield "/VMC/Ext/Bone/Pos", ("LeftEye", *_LEFT_EYE_AT, *gaze)
        yield "/VMC/Ext/Bone/Pos", ("RightEye", *_RIGHT_EYE_AT, *gaze)

    def _values(self, own_shapes: frozenset[str]) -> Iterator[Message]:
        shown = self._shown()
        for shape, names in SHAPES.items():
            for name in names:
                yield VALUE, (name, _step(shown.get(shape, 0.0)))
        for name in sorted(own_shapes):
            yield VALUE, (name, _step(shown.get(name, 0.0)))

    def _shown(self) -> dict[str, float]:
        shown = {name: _unit(value) for name, value in self.shapes.items()}
        shown["neutral"] = max(0.0, 1 - sum(shown.values()))
        eyes = _unit(self.pose.eyes_weight)
        # A wide smile shuts the eyes by itself, and shut twice they go through the cheeks.
        lids = (1 - _unit(self.pose.lids)) * eyes
        shown["blink"] = max(lids, shown.get("blink", 0.0)) * (1 - shown.get("joy", 0.0))
        vowels = spoken(self.mouth)
        shown |= {"a": vowels.a, "i": vowels.i, "u": vowels.u, "e": vowels.e, "o": vowels.o}
        gaze_x, gaze_y = _within(self.pose.gaze_x, 1) * eyes, _within(self.pose.gaze_y, 1) * eyes
        shown |= {"left": max(0.0, gaze_x), "right": max(0.0, -gaze_x)}  # her left is our right
        shown |= {"up": max(0.0, gaze_y), "down": max(0.0, -gaze_y)}
        return shown


def shapes_of_mood(mood: Mood, own: Mapping[Mood, str]) -> dict[str, float]:
    """`own`: names of the model's own shapes; empty: nothing shows that mood."""
    if mood not in own:
        return MOOD_SHAPES[mood]
    name = own[mood]
    return {_SHAPE_OF.get(name, name): 1.0} if name else {}


def beyond_ours(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if name and name not in _SHAPE_OF)


class Thinned:
    """Frames for a receiver that gets every message in a packet of its own: a shape that is not
    shown is told once, and again a few times a second. (A shape that is shown must be in every
    frame: some receivers add up anew each time.)"""

    def __init__(self) -> None:
        self._told_as_none: set[str] = set()
        self._whole_at = float("-inf")

    def of(self, messages: Iterable[Message], seconds: float) -> Iterator[Message]:
        if seconds - self._whole_at >= WHOLE_SECONDS:
            self._whole_at = seconds
            self._told_as_none.clear()
        for address, arguments in messages:
            if address == VALUE:
                name, value = str(arguments[0]), arguments[1]
                if value:
                    self._told_as_none.discard(name)
                elif name in self._told_as_none:
                    continue
                else:
                    self._told_as_none.add(name)
            yield address, arguments


def spoken(mouth: Mouth) -> Vowels:
    """The vowels of a mouth, together at most 1; where none is told, from how wide it is open and
    whether it is wide or puckered."""
    told = mouth.vowels
    values = [_unit(v) for v in (told.a, told.i, told.u, told.e, told.o)]
    if not any(values):
        opened, form = _unit(mouth.open), _within(mouth.form, 1)
        wide, puckered = max(0.0, form), max(0.0, -form)
        plain = opened * (1 - 0.7 * max(wide, puckered))
        values = [plain, opened * wide * 0.2, opened * puckered * 0.3]
        values += [opened * wide * 0.5, opened * puckered * 0.4]
    whole = max(1.0, sum(values))
    return Vowels(*(value / whole for value in values))


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value)) if math.isfinite(value) else 0.0


def _within(value: float, most: float) -> float:
    return min(most, max(-most, value)) if math.isfinite(value) else 0.0


def _step(value: float) -> float:
    """In steps that nobody sees, so that few different messages are built."""
    return round(value * 200) / 200
