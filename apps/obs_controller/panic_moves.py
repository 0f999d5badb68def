"""The single things that panic sets in OBS: how each is read, what it becomes, how it is set."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.obs_controller.engines.base import Request
from apps.obs_controller.panic_memory import Remembered, What


@dataclass(frozen=True)
class Move:
    """One thing that panic sets: how to read it, what it becomes, and how to set it."""

    what: What
    target: str
    read: Request
    value_of: Callable[[Mapping[str, Any]], Any]
    panic_value: Any
    set_to: Callable[[Any], Request]
    source: str = ""
    key_of: Callable[[Any], Any] = lambda value: value
    """What of a value counts when two are compared."""

    def is_panic(self, value: Any) -> bool:
        return bool(self.key_of(value) == self.key_of(self.panic_value))

    def remembered(self, before: Any) -> Remembered:
        return Remembered(self.what, self.target, self.source, before)


def mute(name: str) -> Move:
    return Move(
        "mute",
        name,
        Request("GetInputMute", {"inputName": name}),
        lambda data: bool(data["inputMuted"]),
        True,
        lambda value: Request("SetInputMute", {"inputName": name, "inputMuted": value}),
    )


def transition(cut: str) -> Move:
    return Move(
        "transition",
        cut,
        Request("GetCurrentSceneTransition"),
        lambda data: str(data["transitionName"]),
        cut,
        lambda value: Request("SetCurrentSceneTransition", {"transitionName": value}),
    )


def override(scene: str, cut: str) -> Move:
    """A scene can have a transition of its own, which would win over the current one."""

    def set_to(value: Mapping[str, Any]) -> Request:
        return Request("SetSceneSceneTransitionOverride", {"sceneName": scene, **value})

    def value_of(data: Mapping[str, Any]) -> dict[str, Any]:
        return {key: data.get(key) for key in ("transitionName", "transitionDuration")}

    read = Request("GetSceneSceneTransitionOverride", {"sceneName": scene})
    panic_value = {"transitionName": cut, "transitionDuration": None}
    return Move(
        "override",
        scene,
        read,
        value_of,
        panic_value,
        set_to,
        key_of=lambda value: value["transitionName"],
    )


def scene(name: str) -> Move:
    return Move(
        "scene",
        name,
        Request("GetCurrentProgramScene"),
        lambda data: str(data.get("sceneName") or data["currentProgramSceneName"]),
        name,
        lambda value: Request("SetCurrentProgramScene", {"sceneName": value}),
    )


def filter_on(source: str, name: str) -> Move:
    where = {"sourceName": source, "filterName": name}
    return Move(
        "filter",
        name,
        Request("GetSourceFilter", where),
        lambda data: bool(data["filterEnabled"]),
        True,
        lambda value: Request("SetSourceFilterEnabled", {**where, "filterEnabled": value}),
        source,
    )
