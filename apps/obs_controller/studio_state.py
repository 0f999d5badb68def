"""What is known of OBS now: read whole after each connecting, kept current by its events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from apps.obs_controller.engines.base import NOT_READY, ConnectionLost, Request, Result

Recording = Literal["off", "on", "paused"]

_PAUSED = "OBS_WEBSOCKET_OUTPUT_PAUSED"
_RESUMED = "OBS_WEBSOCKET_OUTPUT_RESUMED"

#: OBS's kinds of audio capture that are microphones.
MIC_KINDS = frozenset(
    {
        "wasapi_input_capture",
        "coreaudio_input_capture",
        "pulse_input_capture",
        "alsa_input_capture",
        "jack_output_capture",
    }
)
CUT_KIND = "cut_transition"
BROWSER_KIND = "browser_source"

#: After one of these, what is known must be read anew.
STRUCTURE_EVENTS = frozenset(
    {
        # OBS 29 says nothing of a new scene when the transition is changed right after it.
        "CurrentSceneTransitionChanged",
        "CurrentSceneCollectionChanged",
        "CurrentProfileChanged",
        "SceneListChanged",
        "SceneNameChanged",
        "InputCreated",
        "InputRemoved",
        "InputNameChanged",
        "SourceFilterCreated",
        "SourceFilterRemoved",
        "SourceFilterNameChanged",
    }
)


@dataclass
class KnownInput:
    """An input. `muted` is None where it has no sound; `url` is a browser source's address."""

    kind: str
    muted: bool | None = None
    volume_db: float | None = None
    url: str = ""
    controls_audio: bool = False
    """A browser source with "Control audio via OBS"."""


@dataclass
class StudioState:
    """OBS as far as Kitsu needs it. Lists are in OBS's own order."""

    obs_version: str = ""
    collection: str = ""
    scene: str | None = None
    scenes: list[str] = field(default_factory=list)
    inputs: dict[str, KnownInput] = field(default_factory=dict)
    mics: list[str] = field(default_factory=list)
    """The global microphones of OBS's audio settings."""
    switching: bool = False
    """OBS is on its way from one scene to another."""
    transition: str = ""
    transitions: dict[str, str] = field(default_factory=dict)
    """Kind by name."""
    filters: dict[str, list[str]] = field(default_factory=dict)
    """Names by source."""
    recording: Recording = "off"
    replay: bool = False
    streaming: bool = False

    @property
    def cut(self) -> str | None:
        """The name of the transition without one (OBS translates it)."""
        return next((name for name, kind in self.transitions.items() if kind == CUT_KIND), None)

    def hear(self, kind: str, data: Mapping[str, Any]) -> bool:
        """Takes an event in; True when it changed something that is shown."""
        change = _CHANGES.get(kind)
        if change is None:
            return False
        try:
            change(self, data)
        except (KeyError, TypeError, ValueError):
            return False  # a newer OBS may say it differently: the next resync knows better
        return True


def _mute(state: StudioState, data: Mapping[str, Any]) -> None:
    state.inputs[data["inputName"]].muted = bool(data["inputMuted"])


def _volume(state: StudioState, data: Mapping[str, Any]) -> None:
    state.inputs[data["inputName"]].volume_db = float(data["inputVolumeDb"])


def _scene(state: StudioState, data: Mapping[str, Any]) -> None:
    state.scene = str(data["sceneName"])


def _switch_began(state: StudioState, data: Mapping[str, Any]) -> None:
    state.switching = True


def _switch_ended(state: StudioState, data: Mapping[str, Any]) -> None:
    state.switching = False


def _transition(state: StudioState, data: Mapping[str, Any]) -> None:
    state.transition = str(data["transitionName"])


def _stream(state: StudioState, data: Mapping[str, Any]) -> None:
    state.streaming = bool(data["outputActive"])


def _replay(state: StudioState, data: Mapping[str, Any]) -> None:
    state.replay = bool(data["outputActive"])


def _record(state: StudioState, data: Mapping[str, Any]) -> None:
    said = data.get("outputState")
    if said in (_PAUSED, _RESUMED):
        state.recording = "paused" if said == _PAUSED else "on"
    else:
        state.recording = "on" if data["outputActive"] else "off"


_CHANGES: dict[str, Callable[[StudioState, Mapping[str, Any]], None]] = {
    "CurrentProgramSceneChanged": _scene,
    "InputMuteStateChanged": _mute,
    "InputVolumeChanged": _volume,
    "SceneTransitionStarted": _switch_began,
    "SceneTransitionEnded": _switch_ended,
    "CurrentSceneTransitionChanged": _transition,
    "StreamStateChanged": _stream,
    "ReplayBufferStateChanged": _replay,
    "RecordStateChanged": _record,
}

# Reading all of it ------------------------------------------------------------------------------

OVERVIEW = tuple(
    Request(kind)
    for kind in (
        "GetVersion",
        "GetSceneCollectionList",
        "GetSceneList",
        "GetInputList",
        "GetSpecialInputs",
        "GetSceneTransitionList",
        "GetRecordStatus",
        "GetReplayBufferStatus",
        "GetStreamStatus",
    )
)


def read_overview(results: Sequence[Result]) -> StudioState:
    """The state as far as `OVERVIEW` tells it. Raises `ConnectionLost` while OBS still loads."""
    if any(result.code == NOT_READY for result in results):
        raise ConnectionLost("OBS is still loading")
    found = {result.kind: result.data for result in results}
    scenes, transitions = found["GetSceneList"], found["GetSceneTransitionList"]
    record, special = found["GetRecordStatus"], found["GetSpecialInputs"]
    return StudioState(
        obs_version=str(found["GetVersion"].get("obsVersion", "")),
        collection=str(found["GetSceneCollectionList"].get("currentSceneCollectionName", "")),
        scene=scenes.get("currentProgramSceneName"),
        # OBS lists scenes and inputs from the bottom up.
        scenes=[str(scene["sceneName"]) for scene in reversed(scenes.get("scenes", []))],
        inputs={
            str(one["inputName"]): KnownInput(str(one.get("unversionedInputKind", "")))
            for one in reversed(found["GetInputList"].get("inputs", []))
        },
        mics=[str(name) for key, name in special.items() if key.startswith("mic") and name],
        transition=str(transitions.get("currentSceneTransitionName") or ""),
        transitions={
            str(one["transitionName"]): str(one["transitionKind"])
            for one in transitions.get("transitions", [])
        },
        recording=(
            "paused"
            if record.get("outputPaused")
            else ("on" if record.get("outputActive") else "off")
        ),
        replay=bool(found["GetReplayBufferStatus"].get("outputActive")),
        streaming=bool(found["GetStreamStatus"].get("outputActive")),
    )


def details(state: StudioState) -> list[Request]:
    """What must be asked of each input and scene by its name; read by `read_details`."""
    asked: list[Request] = []
    for name, known in state.inputs.items():
        asked.append(Request("GetInputMute", {"inputName": name}))
        asked.append(Request("GetInputVolume", {"inputName": name}))
        if known.kind == BROWSER_KIND:
            asked.append(Request("GetInputSettings", {"inputName": name}))
    for name in (*state.scenes, *state.inputs):
        asked.append(Request("GetSourceFilterList", {"sourceName": name}))
    return asked


def read_details(
    state: StudioState, asked: Sequence[Request], results: Sequence[Result]
) -> StudioState:
    """Fills in what `details` asked. A refusal (no sound, gone meanwhile) leaves its field out."""
    for request, result in zip(asked, results, strict=True):
        if not result.ok:
            continue
        data = result.data
        if request.kind == "GetSourceFilterList":
            names = [str(one["filterName"]) for one in data.get("filters", [])]
            state.filters[str(request.data["sourceName"])] = names
            continue
        known = state.inputs[str(request.data["inputName"])]
        if request.kind == "GetInputMute":
            known.muted = bool(data["inputMuted"])
        elif request.kind == "GetInputVolume":
            known.volume_db = round(float(data["inputVolumeDb"]), 1)
        else:
            settings = data.get("inputSettings", {})
            known.url = str(settings.get("url", ""))
            known.controls_audio = bool(settings.get("reroute_audio"))
    return state
