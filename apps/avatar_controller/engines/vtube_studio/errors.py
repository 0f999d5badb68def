"""What VTube Studio refuses, and how a connection to it ends.

Error ids: github.com/DenchiSoft/VTubeStudio, Files/ErrorID.cs.
"""

from libs.contracts.avatar import AvatarLink

API_DEACTIVATED = 1
NOT_SIGNED_IN = 8
DENIED = 50
"""The user said no, or has taken the permission back."""
QUESTION_OPEN = 51

ENDED = "The connection to VTube Studio ended: start it again if it was closed."

#: With one of these every request is refused until the plugin signs in anew.
RIGHTS_LOST = frozenset({NOT_SIGNED_IN, DENIED})

_IN_PLAIN_WORDS = {
    0: "it failed inside VTube Studio",
    API_DEACTIVATED: "its plugin API is switched off",
    2: "it could not read what Kitsu sent",
    7: "this VTube Studio is too old for that: update it",
    NOT_SIGNED_IN: "Kitsu is not signed in",
    9: "it needs a permission that the user has not given",
    DENIED: "its user does not allow Kitsu",
    QUESTION_OPEN: "a question for its user is open already",
    100: "the token is missing",
    152: "there is no such model",
    153: "a model was loaded a moment ago: wait two seconds",
    154: "a window is open in VTube Studio: close it",
    200: "too many hotkeys wait already",
    201: "no model is loaded",
    202: "the model has no such hotkey",
    203: "that hotkey was played a moment ago: wait five seconds",
    204: "that hotkey is not set up in VTube Studio",
    205: "VTube Studio cannot play hotkeys right now",
    206: "VTube Studio could not play that hotkey",
    350: "the parameter's name is not allowed",
    352: "another plugin owns that parameter",
    355: "Kitsu has too many parameters there",
    356: "plugins have too many parameters there",
    450: "no values were sent",
    451: "a value is out of range",
    452: "a weight is out of range",
    453: "the model's parameter does not exist",
    454: "another plugin moves that parameter",
    650: "that is no expression file",
    651: "the model has no such expression",
    652: "no model is loaded",
    751: "there is no such item file",
    752: "an item was loaded a moment ago: wait",
    753: "a window is open in VTube Studio: close it",
    754: "the scene is full of items: remove some",
    1200: "a window is open in VTube Studio: close it",
}


def in_plain_words(error_id: int, message: str = "") -> str:
    """What an error id means; one that is not known as VTube Studio itself says it."""
    known = _IN_PLAIN_WORDS.get(error_id, "")
    return f"{known} ({error_id})" if known else f"error {error_id}: {message}".removesuffix(": ")


class VtsRefused(Exception):
    """VTube Studio answered a request with an error. The message is for people; `said` is what
    VTube Studio wrote."""

    def __init__(self, error_id: int, said: str) -> None:
        super().__init__(f"VTube Studio refuses: {in_plain_words(error_id, said)}")
        self.error_id = error_id
        self.said = said


class VtsAway(Exception):
    """There is no connection, or it ended before the answer came. The message is for people."""

    link = AvatarLink.WAITING


class VtsSilent(VtsAway):
    """No answer came in time."""

    link = AvatarLink.HANGING


class VtsRightsLost(VtsAway):
    """Its user took the permission back, or it has forgotten us: sign in anew."""

    def __init__(self) -> None:
        super().__init__("VTube Studio no longer allows Kitsu: it is asked again.")
