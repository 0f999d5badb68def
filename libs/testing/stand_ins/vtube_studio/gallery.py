"""Models to load: an ordinary one, and those that a plugin must not stumble over."""

from collections.abc import Iterable

from libs.testing.stand_ins.vtube_studio.models import (
    EXPRESSION_SUFFIX,
    Driven,
    Expression,
    Hotkey,
    Model,
    made_id,
)

VOWELS = "AIUEO"

#: Names as Live2D's standard parameter list has them, moved by what VTube Studio suggests.
FACE = (
    Driven("ParamAngleX", "FaceAngleX", (-30, 30), (-30, 30)),
    Driven("ParamAngleY", "FaceAngleY", (-30, 30), (-30, 30)),
    Driven("ParamAngleZ", "FaceAngleZ", (-30, 30), (-30, 30)),
    Driven("ParamEyeLOpen", "EyeOpenLeft", neutral=1.0),
    Driven("ParamEyeROpen", "EyeOpenRight", neutral=1.0),
    Driven("ParamEyeBallX", "EyeRightX", (-1, 1), (-1, 1)),
    Driven("ParamEyeBallY", "EyeRightY", (-1, 1), (-1, 1)),
    Driven("ParamBrowLY", "BrowLeftY", (0, 1), (-1, 1), neutral=0.0),
    Driven("ParamBrowRY", "BrowRightY", (0, 1), (-1, 1), neutral=0.0),
    Driven("ParamBodyAngleX", "FaceAngleX", (-30, 30), (-10, 10)),
)
MOUTH = (
    Driven("ParamMouthOpenY", "VoiceVolumePlusMouthOpen"),
    Driven("ParamMouthForm", "VoiceFrequencyPlusMouthSmile", (0, 1), (-1, 1)),
)
VOWEL_MOUTH = tuple(Driven(f"Param{vowel}", f"Voice{vowel}") for vowel in VOWELS)

ART_MESHES = ("hair_front", "hair_back", "eye_white_left", "eye_white_right", "mouth", "body")

#: Names that people and their tools really give files, and a few that they might.
ODD_NAMES = (
    "笑顔",
    "😊 Smile!!",
    "Улыбка ё",
    "a.b.c",
    "../../etc/passwd",
    "C:\\Models\\happy",
    "<b>happy</b>",
    "happy\u202eyppah",
    "n\u0303andu\u0301",
    " leading and trailing ",
    "happy",
    "Happy",
    "HAPPY",
    "x" * 400,
    "'; drop table moods; --",
    "line\nbreak",
    "nul\x00inside",
    "",
)


def expressions(names: Iterable[str]) -> list[Expression]:
    return [Expression(f"{name}{EXPRESSION_SUFFIX}") for name in names]


def hotkey(model: str, name: str, action: str, file: str = "") -> Hotkey:
    return Hotkey(made_id(model, name, action, file), name, action, file)


def toggles(model: str, names: Iterable[str]) -> list[Hotkey]:
    """A hotkey for each expression, as VTube Studio makes them when a model is set up."""
    return [
        hotkey(model, name.capitalize(), "ToggleExpression", f"{name}{EXPRESSION_SUFFIX}")
        for name in names
    ]


def akari(*, blinks_every_seconds: float = 0.0, breathes: bool = False) -> Model:
    """An ordinary model: five expressions, hotkeys for them, an animation."""
    moods = ("happy", "sad", "angry", "surprised", "shy")
    keys = [
        *toggles("Akari", moods),
        hotkey("Akari", "Wave", "TriggerAnimation", "wave.motion3.json"),
        hotkey("Akari", "Dance", "TriggerAnimation", "dance.motion3.json"),
        hotkey("Akari", "Clear", "RemoveAllExpressions"),
        hotkey("Akari", "Cat", "ChangeVTSModel", "Hijiki.vtube.json"),
    ]
    driven = (*FACE, *MOUTH)
    return Model(
        "Akari", keys, expressions(moods), ART_MESHES, driven, blinks_every_seconds, breathes
    )


def hijiki() -> Model:
    """A cat with next to nothing."""
    keys = [hotkey("Hijiki", "Meow", "TriggerAnimation", "meow.motion3.json")]
    return Model("Hijiki", keys, expressions(("cat",)), ART_MESHES[:3], (*FACE[:3], *MOUTH[:1]))


def with_vowels() -> Model:
    """Its mouth has a shape for each vowel."""
    model = akari()
    return Model(
        "Vowels", model.hotkeys, expressions(("joy",)), ART_MESHES, (*FACE, *MOUTH, *VOWEL_MOUTH)
    )


def without_mouth() -> Model:
    """Nothing of the usual moves its mouth: its user has mapped a parameter of a plugin."""
    driven = (*FACE, Driven("MyJaw", "AiMouthOpen"))
    return Model("Masked", toggles("Masked", ("smile",)), expressions(("smile",)), (), driven)


def bare() -> Model:
    """No expression, no hotkey, no parameter."""
    return Model("Bare")


def odd_names() -> Model:
    """Expressions and hotkeys with every kind of name, some of them twice."""
    model, names = "Odd 名前 🦊", (*ODD_NAMES, ODD_NAMES[0])
    keys = [hotkey(model, name, "TriggerAnimation", f"{name}.motion3.json") for name in names]
    return Model(model, keys, expressions(names), ART_MESHES, (*FACE, *MOUTH))


def many_hotkeys(count: int = 300) -> Model:
    """As in collections of toggles: clothes, props, poses."""
    names = [f"Toggle {number:03d}" for number in range(count)]
    keys = [hotkey("Wardrobe", name, "TriggerAnimation", f"{name}.motion3.json") for name in names]
    return Model("Wardrobe", keys, expressions(names), ART_MESHES, (*FACE, *MOUTH))
