"""What Kitsu would like to find in OBS, and making what is missing. It changes nothing that exists.

A panel dock cannot be made over obs-websocket: its address is given to be pasted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from apps.obs_controller.engines.base import Request, Result, StudioError
from apps.obs_controller.link import Held, ObsLink
from apps.obs_controller.names import is_overlay, nearest, panic_filters
from apps.obs_controller.settings import ObsControllerSettings
from apps.obs_controller.studio_state import BROWSER_KIND, StudioState
from libs.worker.access import Access, Scope

TEXT_KINDS = ("text_gdiplus_v3", "text_gdiplus_v2", "text_ft2_source_v2")
COLOR_KIND = "color_source_v3"

#: Night blue, as OBS stores colours (ABGR).
BRB_COLOR = 0xFF402010


@dataclass(frozen=True)
class Item:
    """One thing Kitsu uses. `missing` can be made; `differs` is somebody's own to change."""

    id: str
    what: str
    state: Literal["there", "missing", "differs"]
    detail: str = ""


@dataclass(frozen=True)
class Made:
    id: str
    ok: bool
    message: str


class Setup:
    def __init__(
        self, settings: ObsControllerSettings, link: ObsLink, state: Callable[[], StudioState]
    ) -> None:
        self._settings = settings
        self._link = link
        self._known_state = state

    def items(self) -> list[Item]:
        """What is there and what is not, from what is known of OBS."""
        settings, state = self._settings, self._known_state()
        found = [self._scene("brb_scene", settings.obs_brb_scene, "what viewers see in a panic")]
        if settings.twitch_default_scene:
            found.append(
                self._scene("default_scene", settings.twitch_default_scene, "the default scene")
            )
        found.append(self._overlay(state))
        texts = {
            "caption": settings.obs_caption_source,
            "now_playing": settings.obs_now_playing_source,
        }
        found += [self._text(key, name, state) for key, name in texts.items() if name]
        for source, name in panic_filters(settings, state):
            if not source or name not in state.filters.get(source, []):
                detail = "add it in OBS (Filters of a scene or source), or correct OBS_PANIC_FILTER"
                found.append(Item("panic_filter", f"filter '{name}'", "differs", detail))
        return found

    def missing(self) -> tuple[str, ...]:
        return tuple(item.what for item in self.items() if item.state == "missing")

    async def make(self, wanted: list[str] | None) -> list[Made]:
        """Makes the wanted items that are missing (None: all of them)."""
        known = {item.id: item for item in self.items()}
        made = []
        for name in known if wanted is None else wanted:
            item = known.get(name)
            if item is None:
                made.append(Made(name[:64], False, f"there is no such item.{nearest(name, known)}"))
            elif item.state == "missing":
                made.append(await self._make(item))
            elif wanted is not None:
                made.append(Made(name, item.state == "there", item.detail or "is there already"))
        return made

    def _scene(self, item_id: str, name: str, purpose: str) -> Item:
        there = name in self._known_state().scenes
        return Item(item_id, f"scene '{name}' ({purpose})", "there" if there else "missing")

    def _overlay(self, state: StudioState) -> Item:
        settings = self._settings
        found = [
            (name, known) for name, known in state.inputs.items() if is_overlay(settings, known)
        ]
        if not found:
            if settings.obs_overlay_source in state.inputs:
                detail = (
                    "a source of this name shows something else: rename it or OBS_OVERLAY_SOURCE"
                )
                return Item("overlay", f"'{settings.obs_overlay_source}'", "differs", detail)
            what = f"browser source '{settings.obs_overlay_source}' (avatar, captions, voice)"
            return Item("overlay", what, "missing")
        name, known = found[0]
        what = f"browser source '{name}' (avatar, captions, voice)"
        if known.controls_audio:
            return Item("overlay", what, "there")
        detail = (
            "switch on 'Control audio via OBS' in its properties: "
            "without it OBS cannot mute her voice"
        )
        return Item("overlay", what, "differs", detail)

    def _text(self, item_id: str, name: str, state: StudioState) -> Item:
        known = state.inputs.get(name)
        if known is None:
            return Item(item_id, f"text source '{name}'", "missing")
        if known.kind.startswith("text_"):
            return Item(item_id, f"text source '{name}'", "there")
        return Item(item_id, f"text source '{name}'", "differs", "this source shows no text")

    # Making -----------------------------------------------------------------------------------

    async def _make(self, item: Item) -> Made:
        try:
            match item.id:
                case "brb_scene":
                    result = await self._make_brb(self._settings.obs_brb_scene)
                case "default_scene":
                    name = self._settings.twitch_default_scene
                    result = await self._link.call("CreateScene", sceneName=name)
                case "overlay":
                    return await self._make_overlay(item)
                case "caption":
                    result = await self._make_text(self._settings.obs_caption_source, "")
                case _:
                    result = await self._make_text(self._settings.obs_now_playing_source, "")
        except Held:
            return Made(item.id, False, "panic is engaged: release it first")
        except StudioError as problem:
            return Made(item.id, False, str(problem))
        return _made(item, result)

    async def _make_brb(self, name: str) -> Result:
        result = await self._link.call("CreateScene", sceneName=name)
        if result.ok:
            width, height = await self._canvas()
            await self._create(
                name,
                f"{name} background",
                COLOR_KIND,
                {"color": BRB_COLOR, "width": width, "height": height},
            )
            await self._make_text(f"{name} text", "Be right back", name, height // 9)
        return result

    async def _make_overlay(self, item: Item) -> Made:
        kinds = await self._kinds()
        if BROWSER_KIND not in kinds:
            message = "this OBS has no browser sources: install the one from obsproject.com"
            return Made(item.id, False, message)
        settings = self._settings
        key = Access(settings.kitsu_data_dir).token(Scope.OVERLAY)
        width, height = await self._canvas()
        result = await self._create(
            self._home_scene(),
            settings.obs_overlay_source,
            BROWSER_KIND,
            {
                "url": f"http://{settings.kitsu_host}:{settings.stage_port}/?key={key}",
                "width": width,
                "height": height,
                "reroute_audio": True,
                "shutdown": False,
                "restart_when_active": False,
            },
        )
        return _made(item, result)

    async def _make_text(
        self, name: str, text: str, scene: str = "", size: int | None = None
    ) -> Result:
        kinds = await self._kinds()
        kind = next((kind for kind in TEXT_KINDS if kind in kinds), TEXT_KINDS[-1])
        _, height = await self._canvas()
        font = {"face": "Arial", "size": size or height // 16, "style": "Regular", "flags": 0}
        return await self._create(
            scene or self._home_scene(), name, kind, {"text": text, "font": font}
        )

    async def _create(self, scene: str, name: str, kind: str, wanted: dict[str, Any]) -> Result:
        return await self._link.call(
            "CreateInput",
            sceneName=scene,
            inputName=name,
            inputKind=kind,
            inputSettings=wanted,
            sceneItemEnabled=True,
        )

    def _home_scene(self) -> str:
        """Where sources are put: the default scene, or the one on air unless it is BRB."""
        settings, state = self._settings, self._known_state()
        wished = (settings.twitch_default_scene, state.scene, *state.scenes)
        others = [name for name in wished if name in state.scenes]
        return next((n for n in others if n != settings.obs_brb_scene), settings.obs_brb_scene)

    async def _kinds(self) -> list[str]:
        result = await self._link.call("GetInputKindList", unversioned=False)
        return [str(kind) for kind in result.data.get("inputKinds", [])]

    async def _canvas(self) -> tuple[int, int]:
        result = (await self._link.batch([Request("GetVideoSettings")]))[0]
        return int(result.data.get("baseWidth", 1_920)), int(result.data.get("baseHeight", 1_080))


def _made(item: Item, result: Result) -> Made:
    message = "made" if result.ok else f"OBS refused it: {result.comment or result.code}"
    return Made(item.id, result.ok, message)
