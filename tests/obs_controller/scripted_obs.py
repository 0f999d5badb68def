"""An OBS in memory, behind the same connection contract as the real one."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.obs_controller.engines.base import (
    NOT_FOUND,
    SUCCESS,
    CannotConnect,
    ConnectionLost,
    Hear,
    Request,
    Result,
)

GENERIC_FAILURE = 702


@dataclass
class MemoryObs:
    """What an OBS has and does. `asked` is every request in the order in which it was done."""

    scenes: list[str] = field(default_factory=lambda: ["Starting", "Live", "BRB"])
    scene: str = "Live"
    inputs: dict[str, str] = field(
        default_factory=lambda: {
            "Mic": "pulse_input_capture",
            "Voice": "ffmpeg_source",
            "Caption": "text_ft2_source",
            "Avatar": "color_source",
        }
    )
    muted: dict[str, bool] = field(default_factory=lambda: {"Mic": False, "Voice": False})
    volume_db: dict[str, float] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    items: dict[str, list[str]] = field(default_factory=lambda: {"Live": ["Avatar", "Caption"]})
    hidden: set[tuple[str, str]] = field(default_factory=set)
    filters: dict[tuple[str, str], bool] = field(default_factory=lambda: {("Live", "Panic"): False})
    transitions: dict[str, str] = field(
        default_factory=lambda: {"Schnitt": "cut_transition", "Fade": "fade_transition"}
    )
    transition: str = "Fade"
    overrides: dict[str, str | None] = field(default_factory=dict)
    also_seen: set[str] = field(default_factory=set)
    """Scenes that are on air beside `scene`: a switch that is not over, until there is another."""
    slow: bool = False
    """A switch is not over until there is another."""
    collection: str = "show"
    kinds: list[str] = field(
        default_factory=lambda: ["browser_source", "text_ft2_source_v2", "color_source_v3"]
    )
    asked: list[Request] = field(default_factory=list)
    refuses: dict[str, int] = field(default_factory=dict)
    """Status code by request kind."""
    gate: threading.Event = field(default_factory=threading.Event)
    """Requests wait for it (cleared: OBS hangs)."""
    loses_answers: bool = False
    """Does what it is asked, but the answer does not come."""
    there: bool = True
    cannot: CannotConnect | None = None
    hears: list[Hear] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    def connect(self) -> "MemoryConnection":
        return MemoryConnection(self)

    def says(self, kind: str, **data: Any) -> None:
        """An event, to whoever is connected."""
        for hear in list(self.hears):
            hear(kind, data)

    def kinds_asked(self, *, changing: bool = True) -> list[str]:
        """Kinds of the requests done so far; those that only read left out."""
        return [r.kind for r in self.asked if not (changing and r.kind.startswith("Get"))]

    def do(self, request: Request) -> Result:
        self.asked.append(request)
        kind = request.kind
        if kind in self.refuses:
            return Result(kind, False, self.refuses[kind], "told to refuse")
        answer = _ANSWERS.get(kind)
        if answer is None:
            return Result(kind, True, SUCCESS)
        try:
            return Result(kind, True, SUCCESS, data=answer(self, request.data) or {})
        except KeyError as missing:
            return Result(kind, False, NOT_FOUND, f"No such thing: {missing}")


class MemoryConnection:
    def __init__(self, obs: MemoryObs) -> None:
        self._obs = obs
        self._hear: Hear | None = None
        self.closed = threading.Event()

    def open(self, hear: Hear) -> None:
        if self._obs.cannot is not None:
            raise self._obs.cannot
        self._hear = hear
        self._obs.hears.append(hear)

    def send(self, requests: Sequence[Request]) -> list[Result]:
        if not self._obs.gate.wait(timeout=0.3):
            raise ConnectionLost("OBS does not answer", hanging=True)
        if self.closed.is_set() or not self._obs.there:
            raise ConnectionLost("The connection to OBS broke")
        answers = [self._obs.do(request) for request in requests]
        if self._obs.loses_answers:
            raise ConnectionLost("OBS does not answer", hanging=True)
        return answers

    @property
    def alive(self) -> bool:
        return not self.closed.is_set() and self._obs.there

    def close(self) -> None:
        self.closed.set()
        if self._hear in self._obs.hears:
            self._obs.hears.remove(self._hear)


Answer = Callable[[MemoryObs, Mapping[str, Any]], dict[str, Any] | None]


def _one_of(there: Any, name: str) -> str:
    if name not in there:
        raise KeyError(name)
    return name


def _set_scene(obs: MemoryObs, data: Mapping[str, Any]) -> None:
    name = _one_of(obs.scenes, data["sceneName"])
    if name != obs.scene:
        obs.also_seen = {obs.scene} if obs.slow else set()
    obs.scene = name
    obs.says("CurrentProgramSceneChanged", sceneName=obs.scene)


def _set_mute(obs: MemoryObs, data: Mapping[str, Any]) -> None:
    name = _one_of(obs.muted, data["inputName"])
    obs.muted[name] = data["inputMuted"]
    obs.says("InputMuteStateChanged", inputName=name, inputMuted=data["inputMuted"])


def _set_volume(obs: MemoryObs, data: Mapping[str, Any]) -> None:
    obs.volume_db[_one_of(obs.muted, data["inputName"])] = data["inputVolumeDb"]


def _set_transition(obs: MemoryObs, data: Mapping[str, Any]) -> None:
    obs.transition = _one_of(obs.transitions, data["transitionName"])
    obs.says("CurrentSceneTransitionChanged", transitionName=obs.transition)


def _set_override(obs: MemoryObs, data: Mapping[str, Any]) -> None:
    obs.overrides[_one_of(obs.scenes, data["sceneName"])] = data["transitionName"]


def _get_override(obs: MemoryObs, data: Mapping[str, Any]) -> dict[str, Any]:
    name = obs.overrides.get(_one_of(obs.scenes, data["sceneName"]))
    return {"transitionName": name, "transitionDuration": 300}


def _set_filter(obs: MemoryObs, data: Mapping[str, Any]) -> None:
    key = (data["sourceName"], data["filterName"])
    obs.filters[_one_of(obs.filters, key)] = data["filterEnabled"]  # type: ignore[index,arg-type]


def _set_text(obs: MemoryObs, data: Mapping[str, Any]) -> None:
    name = _one_of(obs.inputs, data["inputName"])
    obs.settings.setdefault(name, {}).update(data["inputSettings"])


def _filter_list(obs: MemoryObs, data: Mapping[str, Any]) -> dict[str, Any]:
    found = [name for source, name in obs.filters if source == data["sourceName"]]
    return {"filters": [{"filterName": name} for name in found]}


def _item_id(obs: MemoryObs, data: Mapping[str, Any]) -> dict[str, Any]:
    items = obs.items.get(data["sceneName"], [])
    return {"sceneItemId": items.index(_one_of(items, data["sourceName"])) + 1}


def _enable_item(obs: MemoryObs, data: Mapping[str, Any]) -> None:
    key = (data["sceneName"], obs.items[data["sceneName"]][data["sceneItemId"] - 1])
    (obs.hidden.discard if data["sceneItemEnabled"] else obs.hidden.add)(key)


def _create_scene(obs: MemoryObs, data: Mapping[str, Any]) -> None:
    obs.scenes.append(data["sceneName"])


def _create_input(obs: MemoryObs, data: Mapping[str, Any]) -> None:
    name, kind = data["inputName"], data["inputKind"]
    obs.inputs[name] = kind.rpartition("_v")[0] or kind
    obs.settings[name] = dict(data["inputSettings"])
    obs.items.setdefault(_one_of(obs.scenes, data["sceneName"]), []).append(name)
    if kind == "browser_source":
        obs.muted[name] = False


_ANSWERS: dict[str, Answer] = {
    "GetVersion": lambda obs, data: {"obsVersion": "31.0.0"},
    "GetSceneCollectionList": lambda obs, data: {"currentSceneCollectionName": obs.collection},
    "GetSceneList": lambda obs, data: {
        "currentProgramSceneName": obs.scene,
        "scenes": [{"sceneName": name} for name in reversed(obs.scenes)],
    },
    "GetInputList": lambda obs, data: {
        "inputs": [
            {"inputName": name, "unversionedInputKind": kind}
            for name, kind in reversed(obs.inputs.items())
        ]
    },
    "GetSourceActive": lambda obs, data: {
        "videoActive": data["sourceName"] in {obs.scene, *obs.also_seen}
    },
    "GetSpecialInputs": lambda obs, data: {"mic1": "Mic", "mic2": None, "desktop1": None},
    "GetSceneTransitionList": lambda obs, data: {
        "currentSceneTransitionName": obs.transition,
        "transitions": [
            {"transitionName": name, "transitionKind": kind}
            for name, kind in obs.transitions.items()
        ],
    },
    "GetCurrentProgramScene": lambda obs, data: {"currentProgramSceneName": obs.scene},
    "GetCurrentSceneTransition": lambda obs, data: {"transitionName": obs.transition},
    "GetInputMute": lambda obs, data: {"inputMuted": obs.muted[data["inputName"]]},
    "GetInputVolume": lambda obs, data: {
        "inputVolumeDb": obs.volume_db.get(_one_of(obs.muted, data["inputName"]), 0.0)
    },
    "GetInputSettings": lambda obs, data: {"inputSettings": obs.settings[data["inputName"]]},
    "GetInputKindList": lambda obs, data: {"inputKinds": obs.kinds},
    "GetVideoSettings": lambda obs, data: {"baseWidth": 1280, "baseHeight": 720},
    "GetSourceFilterList": _filter_list,
    "GetSourceFilter": lambda obs, data: {
        "filterEnabled": obs.filters[(data["sourceName"], data["filterName"])]
    },
    "GetSceneItemId": _item_id,
    "GetSceneItemList": lambda obs, data: {
        "sceneItems": [{"sourceName": name} for name in obs.items.get(data["sceneName"], [])]
    },
    "GetSceneSceneTransitionOverride": _get_override,
    "SetCurrentProgramScene": _set_scene,
    "SetInputMute": _set_mute,
    "SetInputVolume": _set_volume,
    "SetCurrentSceneTransition": _set_transition,
    "SetSceneSceneTransitionOverride": _set_override,
    "SetSourceFilterEnabled": _set_filter,
    "SetInputSettings": _set_text,
    "SetSceneItemEnabled": _enable_item,
    "CreateScene": _create_scene,
    "CreateInput": _create_input,
    "StopRecord": lambda obs, data: {"outputPath": "recording.mkv"},
    "GetSourceScreenshot": lambda obs, data: {"imageData": "data:image/jpg;base64,AAEC"},
}
