"""Carries out orders: checks the names first, then asks OBS, and says what came of it."""

import asyncio
import base64
import binascii
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from apps.obs_controller.caption_text import MAXIMUM_DIFFERENT_CHARACTERS, Alphabet, lines_of
from apps.obs_controller.engines.base import NOT_FOUND, Result, StudioError
from apps.obs_controller.link import Held, NotConnected, ObsLink
from apps.obs_controller.names import mic_inputs, nearest, voice_inputs
from apps.obs_controller.settings import ObsControllerSettings, names
from apps.obs_controller.studio_state import StudioState
from libs.contracts.stage import SwitchScene
from libs.contracts.studio import (
    ControlMedia,
    ControlRecording,
    ControlReplay,
    SetFilterEnabled,
    SetInputMute,
    SetInputVolume,
    SetSourceText,
    SetSourceVisible,
    SetTransition,
    StudioLink,
    TakeScreenshot,
)

Order = (
    SwitchScene
    | SetInputMute
    | SetInputVolume
    | SetSourceVisible
    | SetFilterEnabled
    | SetSourceText
    | ControlMedia
    | ControlRecording
    | ControlReplay
    | SetTransition
)

Shown = str | int | float | bool | None

_MEDIA = {
    "play": "OBS_WEBSOCKET_MEDIA_INPUT_ACTION_PLAY",
    "pause": "OBS_WEBSOCKET_MEDIA_INPUT_ACTION_PAUSE",
    "restart": "OBS_WEBSOCKET_MEDIA_INPUT_ACTION_RESTART",
    "stop": "OBS_WEBSOCKET_MEDIA_INPUT_ACTION_STOP",
}
_RECORDING = {
    "start": ("StartRecord", "recording"),
    "stop": ("StopRecord", "recording stopped"),
    "pause": ("PauseRecord", "recording paused"),
    "resume": ("ResumeRecord", "recording goes on"),
}
_REPLAY = {
    "start": ("StartReplayBuffer", "replay buffer on"),
    "stop": ("StopReplayBuffer", "replay buffer off"),
    "save": ("SaveReplayBuffer", "replay saved"),
}


#: Refusals for which OBS has no words of its own (RequestStatus).
_SAID = {
    500: "it is running already",
    501: "it is not running",
    502: "it is paused already",
    503: "it is not paused (yet): try again in a moment",
    504: "it is switched off in OBS's settings",
    505: "it is switched on already",
    506: "it is switched off",
}


#: Between two looks at what OBS has done so far.
LOOK_SECONDS = 0.05
#: OBS has told that it began to switch scenes after this long.
TOLD_SECONDS = 0.1
LONGEST_SWITCH_SECONDS = 5.0
PAUSING_SECONDS = 1.0


class OrderRefused(Exception):
    """Nothing was changed. `code` is one of not_found, not_allowed, panic, obs_not_ready,
    obs_not_configured, timeout, bad_value, obs_refused; the message is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Done:
    message: str
    result: dict[str, Shown] = field(default_factory=dict)


class Orders:
    """The same way for everybody: panel, HTTP, command line, chat, actions."""

    def __init__(
        self, settings: ObsControllerSettings, link: ObsLink, state: Callable[[], StudioState]
    ) -> None:
        self._settings = settings
        self._link = link
        self._known_state = state
        self._switch_told_at = 0.0

    @property
    def _state(self) -> StudioState:
        return self._known_state()

    @property
    def scene(self) -> str | None:
        """The scene on air."""
        return self._state.scene

    def allowed_scenes(self) -> list[str]:
        """Those that OBS has and `OBS_SCENES` lists (or all)."""
        listed = names(self._settings.obs_scenes)
        return [name for name in self._state.scenes if not listed or name in listed]

    async def carry_out(self, order: Order) -> Done:
        """Raises `OrderRefused`."""
        self._check_link()
        try:
            return await self._dispatch(order)
        except StudioError as problem:
            raise self._refusal(problem) from None

    async def screenshot(self, order: TakeScreenshot) -> tuple[str, bytes]:
        """The scene on air and its picture. Raises `OrderRefused`."""
        self._check_link()
        try:
            scene = await self._scene_now()
            result = await self._link.call(
                "GetSourceScreenshot",
                sourceName=scene,
                imageFormat=order.format,
                imageWidth=order.width,
            )
        except StudioError as problem:
            raise self._refusal(problem) from None
        self._must(result, f"There is no picture of '{scene}'.")
        _, _, encoded = str(result.data.get("imageData", "")).partition(",")
        try:
            return scene, base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise OrderRefused("obs_refused", "OBS sent a picture that is none.") from None

    def _check_link(self) -> None:
        if self._link.ready:
            return
        missing = self._link.state is StudioLink.NOT_CONFIGURED
        code = "obs_not_configured" if missing else "obs_not_ready"
        raise OrderRefused(code, self._link.detail or "OBS is not connected.")

    def _refusal(self, problem: StudioError) -> OrderRefused:
        if isinstance(problem, Held):
            step = "Release it first (hold the button, or `kitsu panic --release`)."
            return OrderRefused("panic", f"Panic is engaged. {step}")
        if isinstance(problem, NotConnected):
            return OrderRefused("obs_not_ready", self._link.detail)
        return OrderRefused(
            "timeout", f"{problem}; it is not known whether the order was carried out."
        )

    async def _dispatch(self, order: Order) -> Done:
        match order:
            case SwitchScene():
                return await self._scene(order.scene)
            case SetInputMute() | SetInputVolume():
                return await self._sound(order)
            case SetSourceVisible():
                return await self._visible(order)
            case SetFilterEnabled():
                return await self._filter(order)
            case SetSourceText():
                return await self._text(order)
            case ControlMedia():
                return await self._media(order)
            case ControlRecording():
                return await self._recording(order.action)
            case ControlReplay():
                return await self._output(*_REPLAY[order.action])
            case SetTransition():
                return await self._transition(order)

    # Each of them -----------------------------------------------------------------------------

    async def _scene(self, wanted: str) -> Done:
        name = wanted or self._settings.twitch_default_scene
        if not name:
            raise OrderRefused("bad_value", "Name a scene, or set TWITCH_DEFAULT_SCENE.")
        listed = names(self._settings.obs_scenes)
        if listed and name not in listed:
            near = nearest(name, self.allowed_scenes())
            raise OrderRefused("not_allowed", f"OBS_SCENES does not list '{name}'.{near}")
        self._find("scene", name, self._state.scenes)
        was = self._state.scene
        self._switch_told_at = math.inf
        try:
            self._must(await self._link.call("SetCurrentProgramScene", sceneName=name), name)
        finally:
            self._switch_told_at = asyncio.get_running_loop().time() + TOLD_SECONDS
        return Done(f"scene '{name}'", {"scene": name, "was": was})

    async def _sound(self, order: SetInputMute | SetInputVolume) -> Done:
        self._sounding(order.input)
        if isinstance(order, SetInputVolume):
            result = await self._link.call(
                "SetInputVolume", inputName=order.input, inputVolumeDb=order.volume_db
            )
            said, shown = f"at {order.volume_db:g} dB", {"volume_db": order.volume_db}
        else:
            result = await self._link.call(
                "SetInputMute", inputName=order.input, inputMuted=order.muted
            )
            said, shown = "muted" if order.muted else "unmuted", {"muted": order.muted}
        self._must(result, order.input)
        return Done(f"'{order.input}' {said}", {"input": order.input, **shown})

    async def _visible(self, order: SetSourceVisible) -> Done:
        scene = order.scene or await self._scene_now()
        self._find("scene", scene, self._state.scenes)
        found = await self._link.call("GetSceneItemId", sceneName=scene, sourceName=order.source)
        if not found.ok:
            items = await self._link.call("GetSceneItemList", sceneName=scene)
            there = [str(item["sourceName"]) for item in items.data.get("sceneItems", [])]
            self._find("source", order.source, there, f" in the scene '{scene}'")
            raise OrderRefused("obs_refused", "OBS was changed at this moment: try it again.")
        where = {"sceneName": scene, "sceneItemId": found.data["sceneItemId"]}
        was = (await self._link.call("GetSceneItemEnabled", **where)).data.get("sceneItemEnabled")
        result = await self._link.call(
            "SetSceneItemEnabled", **where, sceneItemEnabled=order.visible
        )
        self._must(result, order.source)
        said = "shown" if order.visible else "hidden"
        shown: dict[str, Shown] = {"scene": scene, "source": order.source, "visible": order.visible}
        return Done(f"'{order.source}' {said}", {**shown, "was": was})

    async def _filter(self, order: SetFilterEnabled) -> Done:
        sources = (*self._state.scenes, *self._state.inputs)
        self._find("source", order.source, sources)
        there = self._state.filters.get(order.source, [])
        self._find("filter", order.filter, there, f" on '{order.source}'")
        where = {"sourceName": order.source, "filterName": order.filter}
        was = (await self._link.call("GetSourceFilter", **where)).data.get("filterEnabled")
        result = await self._link.call(
            "SetSourceFilterEnabled", **where, filterEnabled=order.enabled
        )
        self._must(result, order.filter)
        said = "on" if order.enabled else "off"
        shown: dict[str, Shown] = {"source": order.source, "filter": order.filter}
        done = {**shown, "enabled": order.enabled, "was": was}
        return Done(f"filter '{order.filter}' {said}", done)

    async def _text(self, order: SetSourceText) -> Done:
        texts = [name for name, one in self._state.inputs.items() if one.kind.startswith("text_")]
        self._find("text source", order.source, texts)
        columns = self._settings.obs_caption_columns
        lines = [line for part in order.text.split("\n") for line in lines_of(part, columns)]
        text = Alphabet(MAXIMUM_DIFFERENT_CHARACTERS).fit("\n".join(lines))
        settings = (await self._link.call("GetInputSettings", inputName=order.source)).data
        was = str(settings.get("inputSettings", {}).get("text", ""))
        result = await self._link.call(
            "SetInputSettings", inputName=order.source, inputSettings={"text": text}, overlay=True
        )
        self._must(result, order.source)
        shown: dict[str, Shown] = {"source": order.source, "text": text, "was": was}
        return Done(f"'{order.source}' shows the text", shown)

    async def _media(self, order: ControlMedia) -> Done:
        media = [
            name
            for name, known in self._state.inputs.items()
            if known.kind in ("ffmpeg_source", "vlc_source")
        ]
        self._find("media source", order.source, media)
        result = await self._link.call(
            "TriggerMediaInputAction", inputName=order.source, mediaAction=_MEDIA[order.action]
        )
        self._must(result, order.source)
        shown: dict[str, Shown] = {"source": order.source, "action": order.action}
        return Done(f"'{order.source}': {order.action}", shown)

    async def _recording(self, action: str) -> Done:
        if action not in ("pause", "resume"):
            return await self._output(*_RECORDING[action])
        if not (await self._link.call("GetRecordStatus")).data.get("outputActive"):
            raise OrderRefused("obs_refused", "OBS is not recording: start a recording first.")
        done = await self._output(*_RECORDING[action])
        for _ in range(round(PAUSING_SECONDS / LOOK_SECONDS)):  # OBS says yes before it has tried
            status = (await self._link.call("GetRecordStatus")).data
            if bool(status.get("outputPaused")) is (action == "pause"):
                return done
            await asyncio.sleep(LOOK_SECONDS)
        step = "It cannot when Recording Quality is 'Same as stream': choose another in OBS."
        raise OrderRefused("obs_refused", f"OBS did not {action} the recording. {step}")

    async def _output(self, kind: str, message: str) -> Done:
        result = await self._link.call(kind)
        self._must(result, kind)
        shown: dict[str, Shown] = {}
        if path := result.data.get("outputPath"):
            shown["file"] = str(path)
        return Done(message, shown)

    async def _transition(self, order: SetTransition) -> Done:
        self._find("transition", order.transition, self._state.transitions)
        await self._switch_is_over()
        result = await self._link.call("SetCurrentSceneTransition", transitionName=order.transition)
        self._must(result, order.transition)
        if order.duration_ms is not None:  # a fixed transition like Cut has none: not an error
            await self._link.call(
                "SetCurrentSceneTransitionDuration", transitionDuration=order.duration_ms
            )
        return Done(f"transition '{order.transition}'", {"transition": order.transition})

    async def _switch_is_over(self) -> None:
        """OBS 29 stays between two scenes for ever when the transition changes on the way."""
        loop = asyncio.get_running_loop()
        limit = loop.time() + LONGEST_SWITCH_SECONDS
        while loop.time() < self._switch_told_at or self._state.switching:
            if loop.time() > limit:
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _scene_now(self) -> str:
        """The scene on air by OBS's own word: its event comes only with the next picture."""
        data = (await self._link.call("GetCurrentProgramScene")).data
        return str(data.get("sceneName") or data.get("currentProgramSceneName") or "")

    # Checks -----------------------------------------------------------------------------------

    def _sounding(self, name: str) -> None:
        state = self._state
        with_sound = [one for one, known in state.inputs.items() if known.muted is not None]
        first = [*mic_inputs(self._settings, state), *voice_inputs(self._settings, state)]
        self._find("input with sound", name, dict.fromkeys([*first, *with_sound]))
        if name not in state.inputs:
            raise OrderRefused("not_found", f"There is no input '{name}' in OBS.")

    def _find(self, what: str, name: str, there: Iterable[str], where: str = " in OBS") -> None:
        known = list(there)
        if name not in known:
            message = f"There is no {what} '{name}'{where}.{nearest(name, known)}"
            raise OrderRefused("not_found", message)

    def _must(self, result: Result, what: str) -> None:
        if result.ok:
            return
        code = "not_found" if result.code == NOT_FOUND else "obs_refused"
        said = _SAID.get(result.code) or result.comment or f"code {result.code}"
        raise OrderRefused(code, f"OBS refused it ({what}): {said}")
