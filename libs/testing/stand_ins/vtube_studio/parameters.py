"""Input parameters: what cameras, microphones and plugins say about a face.

Source: github.com/DenchiSoft/VTubeStudio, README.md, "Requesting list of available tracking
parameters", "Adding new tracking parameters" and "Feeding in data for default or custom
parameters". Names and ranges are those that VTube Studio lists itself; the vowels are those of its
manual on lip sync. Approximations: `VoiceVolumePlusMouthOpen` is the greater of the two, and
`VoiceFrequencyPlusMouthSmile` stays in the middle, while nobody injects them; a value holds for its
second also when its plugin has gone.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from libs.testing.stand_ins.vtube_studio.error_ids import ErrorId
from libs.testing.stand_ins.vtube_studio.wire import Data, Refusal, flag, is_number, text

#: Seconds that an injected value holds.
EXPIRY_SECONDS = 1.0
MAXIMUM_VALUE = 1_000_000
PARAMETERS_PER_PLUGIN = 100
PARAMETERS_IN_ALL = 300
EXPLANATION_CHARACTERS = 255

VOWEL_NAMES = ("VoiceA", "VoiceI", "VoiceU", "VoiceE", "VoiceO", "VoiceSilence")

#: Name → lowest, highest, value at rest.
DEFAULTS: dict[str, tuple[float, float, float]] = {
    "FacePositionX": (-15, 15, 0),
    "FacePositionY": (-15, 15, 0),
    "FacePositionZ": (-10, 10, 0),
    "FaceAngleX": (-30, 30, 0),
    "FaceAngleY": (-30, 30, 0),
    "FaceAngleZ": (-90, 90, 0),
    "MouthSmile": (0, 1, 0),
    "MouthOpen": (0, 1, 0),
    "Brows": (0, 1, 0),
    "TongueOut": (0, 1, 0),
    "CheekPuff": (0, 1, 0),
    "FaceAngry": (0, 1, 0),
    "BrowLeftY": (0, 1, 0),
    "BrowRightY": (0, 1, 0),
    "EyeOpenLeft": (0, 1, 0),
    "EyeOpenRight": (0, 1, 0),
    "EyeLeftX": (-1, 1, 0),
    "EyeLeftY": (-1, 1, 0),
    "EyeRightX": (-1, 1, 0),
    "EyeRightY": (-1, 1, 0),
    "MousePositionX": (-1, 1, 0),
    "MousePositionY": (-1, 1, 0),
    "VoiceVolume": (0, 1, 0),
    "VoiceFrequency": (0, 1, 0.5),
    "VoiceVolumePlusMouthOpen": (0, 1, 0),
    "VoiceFrequencyPlusMouthSmile": (0, 1, 0.5),
    "MouthX": (-1, 1, 0),
    "HandLeftFound": (0, 1, 0),
    "HandRightFound": (0, 1, 0),
    "BothHandsFound": (0, 1, 0),
    "HandDistance": (0, 10, 0),
    **dict.fromkeys(VOWEL_NAMES, (0, 1, 0)),
}


class Plugin(NamedTuple):
    """Who asks, as it called itself when it signed in."""

    name: str
    developer: str


class CustomParameter(NamedTuple):
    plugin: Plugin
    low: float
    high: float
    rest: float


@dataclass(slots=True)
class Injected:
    value: float
    weight: float
    until: float


class Parameters:
    """All input parameters. `tracked` is what a camera says, by name."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.expiry_seconds = EXPIRY_SECONDS
        self.defaults = dict(DEFAULTS)
        self.custom: dict[str, CustomParameter] = {}
        self.tracked: dict[str, float] = {}
        self._now = now
        self._set: dict[str, tuple[Plugin, Injected]] = {}
        self._added: dict[str, dict[Plugin, Injected]] = {}
        self._face_until = float("-inf")

    def forget_vowels(self) -> None:
        """As in versions from before lip sync by vowels."""
        for name in VOWEL_NAMES:
            del self.defaults[name]

    def has(self, name: str) -> bool:
        return name in self.defaults or name in self.custom

    # Values -----------------------------------------------------------------------------------

    def owner(self, name: str) -> Plugin | None:
        """The plugin that sets it now."""
        held = self._set.get(name)
        return held[0] if held is not None and held[1].until > self._now() else None

    def injected(self, name: str) -> bool:
        return self.owner(name) is not None or self._sum_of_added(name) is not None

    def value(self, name: str) -> float:
        """As the model sees it now. Raises `KeyError`."""
        value = self._unmoved(name)
        held = self._set.get(name)
        if held is not None and held[1].until > self._now():
            weight = held[1].weight
            value = weight * held[1].value + (1 - weight) * value
        return value + (self._sum_of_added(name) or 0.0)

    def face_injected(self) -> bool:
        """Whether a plugin says that a face is found."""
        return self._face_until > self._now()

    def _unmoved(self, name: str) -> float:
        if name in self.tracked:
            return self.tracked[name]
        if name in self.custom:
            return self.custom[name].rest
        if name == "VoiceVolumePlusMouthOpen":
            return max(self.value("VoiceVolume"), self.value("MouthOpen"))
        return self.defaults[name][2]

    def _sum_of_added(self, name: str) -> float | None:
        """None where nobody adds anything."""
        now, added = self._now(), self._added.get(name)
        living = [one.value for one in added.values() if one.until > now] if added else []
        return sum(living) if living else None

    # Injection --------------------------------------------------------------------------------

    def inject(self, plugin: Plugin, data: Data) -> None:
        """All of it or nothing. Raises `Refusal`."""
        mode = (text(data, "mode") or "set").lower()
        values = data.get("parameterValues")
        if mode not in ("set", "add"):
            raise Refusal(ErrorId.INJECT_MODE_UNKNOWN, 'Mode has to be "set" or "add".')
        if not isinstance(values, list) or not values:
            raise Refusal(ErrorId.INJECT_NO_DATA, "No parameter data provided.")
        until = self._now() + self.expiry_seconds
        fresh = [self._checked(plugin, one, mode, until) for one in values]
        for name, injected in fresh:
            if mode == "set":
                self._set[name] = (plugin, injected)
            else:
                self._added.setdefault(name, {})[plugin] = injected
        if flag(data, "faceFound"):
            self._face_until = until

    def _checked(
        self, plugin: Plugin, one: object, mode: str, until: float
    ) -> tuple[str, Injected]:
        given = one if isinstance(one, dict) else {}
        name, value, weight = text(given, "id"), given.get("value"), given.get("weight")
        if not self.has(name):
            raise Refusal(ErrorId.INJECT_NOT_FOUND, f'Parameter "{name}" not found.')
        if not is_number(value) or abs(value) > MAXIMUM_VALUE:
            raise Refusal(ErrorId.INJECT_VALUE_INVALID, f'Value for "{name}" is invalid.')
        weight = 1.0 if weight is None else weight
        if not is_number(weight) or not 0 <= weight <= 1:
            raise Refusal(ErrorId.INJECT_WEIGHT_INVALID, f'Weight for "{name}" is invalid.')
        if mode == "set" and self.owner(name) not in (None, plugin):
            said = f'Parameter "{name}" is already controlled by another plugin.'
            raise Refusal(ErrorId.INJECT_TAKEN, said)
        return name, Injected(float(value), float(weight), until)

    # Parameters of plugins --------------------------------------------------------------------

    def create(self, plugin: Plugin, data: Data) -> str:
        """Its name; creating it again is fine. Raises `Refusal`."""
        name = text(data, "parameterName")
        if name in self.defaults:
            raise Refusal(ErrorId.PARAMETER_NAME_IS_DEFAULT, "Default names are not allowed.")
        if not re.fullmatch(r"[A-Za-z0-9]{4,32}", name):
            raise Refusal(ErrorId.PARAMETER_NAME_INVALID, "4 to 32 letters and digits.")
        given = (data.get(key) for key in ("min", "max", "defaultValue"))
        numbers = [one for one in given if is_number(one) and abs(one) <= MAXIMUM_VALUE]
        if len(numbers) != 3:
            raise Refusal(ErrorId.PARAMETER_VALUES_INVALID, "Numbers of -1000000 to 1000000.")
        if len(text(data, "explanation")) > EXPLANATION_CHARACTERS:
            raise Refusal(ErrorId.PARAMETER_EXPLANATION_TOO_LONG, "Less than 256 characters.")
        self._room_for(plugin, name)
        low, high, rest = map(float, numbers)
        self.custom[name] = CustomParameter(plugin, low, high, rest)
        return name

    def _room_for(self, plugin: Plugin, name: str) -> None:
        there = self.custom.get(name)
        if there is not None:
            if there.plugin != plugin:
                said = "Another plugin has created that parameter."
                raise Refusal(ErrorId.PARAMETER_OF_OTHER_PLUGIN, said)
            return
        own = sum(one.plugin == plugin for one in self.custom.values())
        if own >= PARAMETERS_PER_PLUGIN:
            raise Refusal(ErrorId.PARAMETERS_OF_PLUGIN_FULL, "100 parameters for each plugin.")
        if len(self.custom) >= PARAMETERS_IN_ALL:
            raise Refusal(ErrorId.PARAMETERS_FULL, "300 custom parameters in all.")

    def delete(self, plugin: Plugin, name: str) -> None:
        """Raises `Refusal`."""
        if name in self.defaults:
            raise Refusal(ErrorId.DELETION_OF_DEFAULT, "Default parameters cannot be deleted.")
        if not name:
            raise Refusal(ErrorId.DELETION_NAME_INVALID, "The name is invalid.")
        if name not in self.custom:
            raise Refusal(ErrorId.DELETION_NOT_FOUND, "There is no such parameter.")
        if self.custom[name].plugin != plugin:
            said = "Another plugin has created that parameter."
            raise Refusal(ErrorId.DELETION_OF_OTHER_PLUGIN, said)
        del self.custom[name]

    def forget(self, plugin: Plugin) -> None:
        """Its rights are gone, and its parameters and values with them."""
        self.custom = {name: one for name, one in self.custom.items() if one.plugin != plugin}
        self._set = {name: held for name, held in self._set.items() if held[0] != plugin}
        for added in self._added.values():
            added.pop(plugin, None)

    def drop_values(self) -> None:
        """Nobody injects anything any more."""
        self._set.clear()
        self._added.clear()
        self._face_until = float("-inf")

    def described(self, name: str) -> Data:
        """As lists show it. Raises `KeyError`."""
        if name in self.custom:
            one = self.custom[name]
            made_by, low, high, rest = one.plugin.name, one.low, one.high, one.rest
        else:
            made_by, (low, high, _), rest = "VTube Studio", self.defaults[name], 0.0
        return {
            "name": name,
            "addedBy": made_by,
            "value": self.value(name),
            "min": low,
            "max": high,
            "defaultValue": rest,
        }
