"""All that Kitsu may ever do in OBS. A request that is not listed here is not sent.

Left out on purpose: starting and stopping the stream, files and paths, removing or renaming what
people made, settings other than a text, profiles, hotkeys, vendor requests.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.obs_controller.engines.base import Request

#: Inputs that set-up may create.
CREATED_KINDS = frozenset(
    {
        "browser_source",
        "color_source_v3",
        "text_ft2_source_v2",
        "text_gdiplus_v2",
        "text_gdiplus_v3",
    }
)

CREATED_SETTINGS = frozenset(
    {
        "url",
        "width",
        "height",
        "reroute_audio",
        "shutdown",
        "restart_when_active",
        "text",
        "font",
        "color",
    }
)

#: Pictures asked for are no wider than this.
MAXIMUM_WIDTH = 1_920

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Permission:
    """`on_air`: it changes what is seen or heard, so panic holds it back.

    `fits` looks at the request's data where its kind alone says too little.
    """

    on_air: bool = False
    fits: Callable[[Data], bool] = lambda data: True


class NotAllowed(Exception):
    """A request outside the list: a mistake in the code that asked."""


def _only_text(data: Data) -> bool:
    return set(data.get("inputSettings", {})) == {"text"} and data.get("overlay") is True


def _of_ours(data: Data) -> bool:
    """What set-up makes: no file, and no page but one of this show."""
    settings = data.get("inputSettings", {})
    page = str(settings.get("url", "http://"))
    known = data.get("inputKind") in CREATED_KINDS and set(settings) <= CREATED_SETTINGS
    return known and page.startswith("http://")


def _small_picture(data: Data) -> bool:
    small = set(data) <= {"sourceName", "imageFormat", "imageWidth"}
    return small and data.get("imageWidth", 0) <= MAXIMUM_WIDTH


_READ = Permission()
_ON_AIR = Permission(on_air=True)
_RECORDING = Permission()

ALLOWED: dict[str, Permission] = {
    **dict.fromkeys(
        (
            "GetVersion",
            "GetStats",
            "GetVideoSettings",
            "GetSceneCollectionList",
            "GetSceneList",
            "GetCurrentProgramScene",
            "GetSceneItemList",
            "GetSceneItemId",
            "GetSceneItemEnabled",
            "GetInputList",
            "GetInputKindList",
            "GetSpecialInputs",
            "GetInputSettings",
            "GetInputMute",
            "GetInputVolume",
            "GetSourceActive",
            "GetSourceFilterList",
            "GetSourceFilter",
            "GetSceneTransitionList",
            "GetCurrentSceneTransition",
            "GetSceneSceneTransitionOverride",
            "GetMediaInputStatus",
            "GetStreamStatus",
            "GetRecordStatus",
            "GetReplayBufferStatus",
        ),
        _READ,
    ),
    "GetSourceScreenshot": Permission(fits=_small_picture),
    "SetCurrentProgramScene": _ON_AIR,
    "SetInputMute": _ON_AIR,
    "SetInputVolume": _ON_AIR,
    "SetSceneItemEnabled": _ON_AIR,
    "SetSourceFilterEnabled": _ON_AIR,
    "SetInputSettings": Permission(on_air=True, fits=_only_text),
    "TriggerMediaInputAction": _ON_AIR,
    "SetCurrentSceneTransition": _ON_AIR,
    "SetCurrentSceneTransitionDuration": _ON_AIR,
    "SetSceneSceneTransitionOverride": _ON_AIR,
    "StartRecord": _RECORDING,
    "StopRecord": _RECORDING,
    "PauseRecord": _RECORDING,
    "ResumeRecord": _RECORDING,
    "StartReplayBuffer": _RECORDING,
    "StopReplayBuffer": _RECORDING,
    "SaveReplayBuffer": _RECORDING,
    "CreateScene": _ON_AIR,
    "CreateInput": Permission(on_air=True, fits=_of_ours),
}


def check(request: Request) -> Permission:
    """The request's permission. Raises `NotAllowed`."""
    permission = ALLOWED.get(request.kind)
    if permission is None or not permission.fits(request.data):
        raise NotAllowed(f"{request.kind} in this form is not on the list of allowed requests")
    return permission
