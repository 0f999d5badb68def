"""Which input parameters of VTube Studio the mouth and the pose move, and their values.

The names are those of the app's own list of inputs. What a model makes of them is its user's
mapping: some map `MouthOpen`, some `VoiceVolumePlusMouthOpen`, so both get the same value.
"""

import math
from collections.abc import Iterable, Mapping

from apps.avatar_controller.engines.base import Mouth, Pose
from libs.settings.avatar import MouthSettings

#: Made by Kitsu where `mouth.own_parameter` is set: 4 to 32 letters and digits.
OWN_PARAMETER = "AiMouthOpen"

OPENNESS = ("MouthOpen", "VoiceVolumePlusMouthOpen")
SMILE = "MouthSmile"
SMILE_AND_PITCH = "VoiceFrequencyPlusMouthSmile"
VOWELS = ("VoiceA", "VoiceI", "VoiceU", "VoiceE", "VoiceO")
SILENCE = "VoiceSilence"
MOUTH = (*OPENNESS, SMILE, SMILE_AND_PITCH, *VOWELS, SILENCE)

#: `form` 0 in both parameters for it, which go from 0 to 1.
SMILE_AT_REST = 0.5

HEAD = ("FaceAngleX", "FaceAngleY", "FaceAngleZ")
GAZE = ("EyeLeftX", "EyeRightX", "EyeLeftY", "EyeRightY")
LIDS = ("EyeOpenLeft", "EyeOpenRight")
BROWS = ("BrowLeftY", "BrowRightY", "Brows")
BREATH = "FacePositionY"

#: A face that Kitsu moves counts as found, so that the app does not play its animation for a lost
#: one; what nobody says of a face is then at 0: eyes shut, brows down. So these are always said.
ALWAYS = (*LIDS, *BROWS)
BROWS_AT_REST = 0.5

#: `FacePositionY` goes from -15 to 15; a breath is a small part of it.
BREATH_HEIGHT = 1.0

#: Inputs that every version of the app has.
USUAL_INPUTS = frozenset((*OPENNESS, SMILE, SMILE_AND_PITCH, *HEAD, *GAZE, *ALWAYS, BREATH))

#: By name: value and weight.
Values = dict[str, tuple[float, float]]

#: What a parameter moves, for people.
MOVES = {
    **dict.fromkeys((*MOUTH, OWN_PARAMETER), "the mouth"),
    **dict.fromkeys(HEAD, "the head"),
    **dict.fromkeys(GAZE, "the eyes"),
    **dict.fromkeys(LIDS, "the eyelids"),
    **dict.fromkeys(BROWS, "the brows"),
    BREATH: "the breath",
}


def mouth_inputs(inputs: Iterable[str], wish: MouthSettings) -> tuple[str, ...]:
    """Of the inputs that are there those that move the mouth."""
    there = frozenset(inputs)
    if wish.own_parameter:
        return (OWN_PARAMETER,) if OWN_PARAMETER in there else ()
    names = MOUTH if wish.vowels else (*OPENNESS, SMILE, SMILE_AND_PITCH)
    return tuple(name for name in names if name in there)


def mouth_values(mouth: Mouth) -> Values:
    """All that a mouth could be sent to."""
    opened = _within(mouth.open, 0, 1)
    smile = _within(SMILE_AT_REST + mouth.form / 2, 0, 1)
    vowels = (mouth.vowels.a, mouth.vowels.i, mouth.vowels.u, mouth.vowels.e, mouth.vowels.o)
    shapes = [_within(vowel, 0, 1) for vowel in vowels]
    return {
        **dict.fromkeys((*OPENNESS, OWN_PARAMETER), (opened, 1.0)),
        SMILE: (smile, 1.0),
        SMILE_AND_PITCH: (smile, 1.0),
        **{name: (shape, 1.0) for name, shape in zip(VOWELS, shapes, strict=True)},
        SILENCE: (_within(1 - max([opened, *shapes]), 0, 1), 1.0),
    }


def pose_values(pose: Pose) -> Values:
    """All that a pose could be sent to. As the app's own set-up maps them, a head turns to the side
    that its angle says, and eyes to the other one."""
    body = _within(pose.weight, 0, 1)
    eyes = _within(pose.weight * pose.eyes_weight, 0, 1)
    to_the_side = (_within(-pose.gaze_x, -1, 1), eyes)
    up = (_within(pose.gaze_y, -1, 1), eyes)
    lids = (_within(pose.lids, 0, 1), eyes)
    return {
        "FaceAngleX": (_within(pose.yaw, -30, 30), body),
        "FaceAngleY": (_within(pose.pitch, -30, 30), body),
        "FaceAngleZ": (_within(pose.roll, -30, 30), body),
        "EyeLeftX": to_the_side,
        "EyeRightX": to_the_side,
        "EyeLeftY": up,
        "EyeRightY": up,
        "EyeOpenLeft": lids,
        "EyeOpenRight": lids,
        **dict.fromkeys(BROWS, (BROWS_AT_REST, body)),
        BREATH: (_within(pose.breath * BREATH_HEIGHT, -15, 15), body),
    }


def at_rest(pose: Pose) -> Mapping[str, bool]:
    """Which of a pose's inputs it leaves where they would be anyway."""
    still = not (pose.yaw or pose.pitch or pose.roll)
    ahead = not (pose.gaze_x or pose.gaze_y)
    return {
        **dict.fromkeys(HEAD, still),
        **dict.fromkeys(GAZE, ahead),
        **dict.fromkeys(ALWAYS, False),
        BREATH: not pose.breath,
    }


def _within(value: float, least: float, most: float) -> float:
    """What is no number counts as nothing."""
    return min(max(value, least), most) if math.isfinite(value) else max(least, 0.0)
