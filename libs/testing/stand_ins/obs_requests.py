"""The requests of obs-websocket 5 that a live show needs, over a studio that exists on paper only.

Form and status codes: obs-websocket 5, docs/generated/protocol.md, "Requests" and "RequestStatus";
the comments are those of a real OBS 29.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

SUCCESS = 100
UNKNOWN_REQUEST = 204
NOT_READY = 207
MISSING_FIELD = 300
WRONG_FIELD_TYPE = 401
OUT_OF_RANGE = 402
OUTPUT_RUNNING = 500
OUTPUT_NOT_RUNNING = 501
NOT_FOUND = 600
WRONG_STATE = 604

#: Event subscriptions ("EventSubscription").
GENERAL, SCENES, INPUTS, TRANSITIONS = 1 << 0, 1 << 2, 1 << 3, 1 << 4
FILTERS, OUTPUTS = 1 << 5, 1 << 6

Data = dict[str, Any]
#: Is told each event: its intent (a subscription), type and data.
Emit = Callable[[int, str, Data], None]


class Refusal(Exception):
    """A request that OBS would not carry out."""

    def __init__(self, code: int, comment: str = "") -> None:
        super().__init__(comment)
        self.code = code


@dataclass
class PaperInput:
    """`muted` is None for an input without sound."""

    kind: str
    muted: bool | None = None
    volume_db: float = 0.0
    settings: Data = field(default_factory=dict)


def _some_inputs() -> dict[str, PaperInput]:
    return {
        "Mic": PaperInput("pulse_input_capture", muted=False),
        "VTuber Voice": PaperInput("ffmpeg_source", muted=False),
        "Caption": PaperInput("text_ft2_source_v2", settings={"text": "caption"}),
    }


@dataclass
class PaperStudio:
    """What `GetSceneList` and its like tell. Change it as a person at OBS would, then `emit`."""

    scenes: list[str] = field(default_factory=lambda: ["Starting", "Live", "BRB"])
    scene: str = "Starting"
    inputs: dict[str, PaperInput] = field(default_factory=_some_inputs)
    mics: tuple[str, ...] = ("Mic",)
    filters: dict[str, dict[str, bool]] = field(default_factory=lambda: {"Live": {"Panic": False}})
    transitions: dict[str, str] = field(
        default_factory=lambda: {"Fade": "fade_transition", "Cut": "cut_transition"}
    )
    transition: str = "Fade"
    overrides: dict[str, Data] = field(default_factory=dict)
    recording: bool = False
    obs_version: str = "29.0.2"
    web_socket_version: str = "5.1.0"

    def answer(self, kind: str, data: Mapping[str, Any], emit: Emit) -> Data:
        """The response's data. Raises `Refusal`."""
        if kind not in REQUESTS:
            raise Refusal(UNKNOWN_REQUEST, "Your request type is not valid.")
        found: Data | None = getattr(self, REQUESTS[kind])(data, emit)
        return found or {}

    # General ----------------------------------------------------------------------------------

    def get_version(self, data: Data, emit: Emit) -> Data:
        return {
            "obsVersion": self.obs_version,
            "obsWebSocketVersion": self.web_socket_version,
            "rpcVersion": 1,
            "availableRequests": sorted(REQUESTS),
            "supportedImageFormats": ["png", "jpg"],
            "platform": "paper",
            "platformDescription": "a stand-in",
        }

    def get_stats(self, data: Data, emit: Emit) -> Data:
        return {"cpuUsage": 1.0, "memoryUsage": 100.0, "activeFps": 30.0, "renderSkippedFrames": 0}

    def get_scene_collection_list(self, data: Data, emit: Emit) -> Data:
        return {"currentSceneCollectionName": "paper", "sceneCollections": ["paper"]}

    # Scenes -----------------------------------------------------------------------------------

    def get_scene_list(self, data: Data, emit: Emit) -> Data:
        rows = [
            {"sceneIndex": index, "sceneName": name}
            for index, name in enumerate(reversed(self.scenes))
        ]
        return {
            "currentProgramSceneName": self.scene,
            "currentPreviewSceneName": None,
            "scenes": rows,
        }

    def get_current_program_scene(self, data: Data, emit: Emit) -> Data:
        return {"currentProgramSceneName": self.scene}

    def set_current_program_scene(self, data: Data, emit: Emit) -> None:
        scene = self._a_scene(data)
        if scene != self.scene:
            self.scene = scene
            emit(SCENES, "CurrentProgramSceneChanged", {"sceneName": scene})

    def get_scene_scene_transition_override(self, data: Data, emit: Emit) -> Data:
        nothing = {"transitionName": None, "transitionDuration": None}
        return nothing | self.overrides.get(self._a_scene(data), {})

    def set_scene_scene_transition_override(self, data: Data, emit: Emit) -> None:
        keys = ("transitionName", "transitionDuration")
        self.overrides[self._a_scene(data)] = {k: data.get(k) for k in keys}

    # Inputs -----------------------------------------------------------------------------------

    def get_input_list(self, data: Data, emit: Emit) -> Data:
        rows = [
            {"inputName": name, "inputKind": one.kind, "unversionedInputKind": one.kind[:-3]}
            if one.kind.endswith(("_v2", "_v3"))
            else {"inputName": name, "inputKind": one.kind, "unversionedInputKind": one.kind}
            for name, one in reversed(self.inputs.items())
        ]
        return {"inputs": rows}

    def get_special_inputs(self, data: Data, emit: Emit) -> Data:
        names = [*self.mics, None, None, None, None]
        mics: Data = {f"mic{number}": names[number - 1] for number in range(1, 5)}
        return {"desktop1": None, "desktop2": None, **mics}

    def get_input_mute(self, data: Data, emit: Emit) -> Data:
        return {"inputMuted": self._a_sound(data).muted}

    def set_input_mute(self, data: Data, emit: Emit) -> None:
        sound, muted = self._a_sound(data), _field(data, "inputMuted", bool)
        if sound.muted is not muted:
            sound.muted = muted
            told = {"inputName": data["inputName"], "inputMuted": muted}
            emit(INPUTS, "InputMuteStateChanged", told)

    def get_input_volume(self, data: Data, emit: Emit) -> Data:
        decibels = self._a_sound(data).volume_db
        return {"inputVolumeDb": decibels, "inputVolumeMul": 10 ** (decibels / 20)}

    def set_input_volume(self, data: Data, emit: Emit) -> None:
        sound, decibels = self._a_sound(data), float(_field(data, "inputVolumeDb", (int, float)))
        if not -100 <= decibels <= 26:
            raise Refusal(OUT_OF_RANGE, "The field value of `inputVolumeDb` is out of range.")
        sound.volume_db = decibels
        told = {"inputName": data["inputName"], "inputVolumeDb": decibels}
        emit(INPUTS, "InputVolumeChanged", {**told, "inputVolumeMul": 10 ** (decibels / 20)})

    def get_input_settings(self, data: Data, emit: Emit) -> Data:
        found = self._an_input(data)
        return {"inputSettings": dict(found.settings), "inputKind": found.kind}

    def set_input_settings(self, data: Data, emit: Emit) -> None:
        settings = _field(data, "inputSettings", dict)
        found = self._an_input(data)
        found.settings = {**(found.settings if data.get("overlay", True) else {}), **settings}

    # Filters and transitions ------------------------------------------------------------------

    def get_source_filter_list(self, data: Data, emit: Emit) -> Data:
        rows = [
            {"filterName": name, "filterEnabled": on, "filterKind": "color_filter_v2"}
            for name, on in self.filters.get(self._a_source(data), {}).items()
        ]
        return {"filters": rows}

    def get_source_filter(self, data: Data, emit: Emit) -> Data:
        source, name = self._a_filter(data)
        return {"filterEnabled": self.filters[source][name], "filterKind": "color_filter_v2"}

    def set_source_filter_enabled(self, data: Data, emit: Emit) -> None:
        source, name = self._a_filter(data)
        enabled = _field(data, "filterEnabled", bool)
        if self.filters[source][name] is not enabled:
            self.filters[source][name] = enabled
            told = {"sourceName": source, "filterName": name, "filterEnabled": enabled}
            emit(FILTERS, "SourceFilterEnableStateChanged", told)

    def get_scene_transition_list(self, data: Data, emit: Emit) -> Data:
        rows = [{"transitionName": n, "transitionKind": k} for n, k in self.transitions.items()]
        return {"currentSceneTransitionName": self.transition, "transitions": rows}

    def get_current_scene_transition(self, data: Data, emit: Emit) -> Data:
        kind = self.transitions[self.transition]
        return {"transitionName": self.transition, "transitionKind": kind}

    def set_current_scene_transition(self, data: Data, emit: Emit) -> None:
        name = _field(data, "transitionName", str)
        if name not in self.transitions:
            raise Refusal(NOT_FOUND, "No scene transition was found by that name.")
        if name != self.transition:
            self.transition = name
            emit(TRANSITIONS, "CurrentSceneTransitionChanged", {"transitionName": name})

    # Outputs ----------------------------------------------------------------------------------

    def get_stream_status(self, data: Data, emit: Emit) -> Data:
        return {"outputActive": False}

    def get_replay_buffer_status(self, data: Data, emit: Emit) -> Data:
        return {"outputActive": False}

    def get_record_status(self, data: Data, emit: Emit) -> Data:
        return {"outputActive": self.recording, "outputPaused": False}

    def start_record(self, data: Data, emit: Emit) -> None:
        if self.recording:
            raise Refusal(OUTPUT_RUNNING)
        self._record(True, emit)

    def stop_record(self, data: Data, emit: Emit) -> Data:
        if not self.recording:
            raise Refusal(OUTPUT_NOT_RUNNING)
        self._record(False, emit)
        return {"outputPath": "/recordings/paper.mkv"}

    def _record(self, on: bool, emit: Emit) -> None:
        self.recording = on
        state = f"OBS_WEBSOCKET_OUTPUT_{'STARTED' if on else 'STOPPED'}"
        emit(OUTPUTS, "RecordStateChanged", {"outputActive": on, "outputState": state})

    # What requests name -----------------------------------------------------------------------

    def _a_scene(self, data: Data) -> str:
        name = str(_field(data, "sceneName", str))
        if name not in self.scenes:
            raise _no_source(name)
        return name

    def _an_input(self, data: Data) -> PaperInput:
        name = _field(data, "inputName", str)
        if name not in self.inputs:
            raise _no_source(name)
        return self.inputs[name]

    def _a_sound(self, data: Data) -> PaperInput:
        found = self._an_input(data)
        if found.muted is None:
            raise Refusal(WRONG_STATE, "The specified input does not support audio.")
        return found

    def _a_source(self, data: Data) -> str:
        name = str(_field(data, "sourceName", str))
        if name not in self.scenes and name not in self.inputs:
            raise _no_source(name)
        return name

    def _a_filter(self, data: Data) -> tuple[str, str]:
        source, name = self._a_source(data), str(_field(data, "filterName", str))
        if name not in self.filters.get(source, {}):
            raise Refusal(NOT_FOUND, f"No filter was found in the source `{source}`.")
        return source, name


#: The method's name by the request's type: `GetSceneList` is `get_scene_list`.
REQUESTS = {
    name.title().replace("_", ""): name
    for name in vars(PaperStudio)
    if name.startswith(("get_", "set_", "start_", "stop_"))
}


def _field(data: Data, name: str, kind: Any) -> Any:
    if name not in data:
        raise Refusal(MISSING_FIELD, f"Your request is missing the `{name}` field.")
    if not isinstance(data[name], kind):
        raise Refusal(WRONG_FIELD_TYPE, f"The field value of `{name}` is of another type.")
    return data[name]


def _no_source(name: str) -> Refusal:
    return Refusal(NOT_FOUND, f"No source was found by the name of `{name}`.")
