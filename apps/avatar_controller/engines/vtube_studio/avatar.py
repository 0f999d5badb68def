"""VTube Studio as an avatar."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import Any

from apps.avatar_controller.engines.base import (
    SHUT,
    STRAIGHT,
    AvatarRefused,
    Capability,
    Changed,
    Mouth,
    Pose,
)
from apps.avatar_controller.engines.vtube_studio import report
from apps.avatar_controller.engines.vtube_studio.camera import Camera
from apps.avatar_controller.engines.vtube_studio.errors import VtsAway, VtsRefused
from apps.avatar_controller.engines.vtube_studio.expressions import Expressions
from apps.avatar_controller.engines.vtube_studio.frames import injection
from apps.avatar_controller.engines.vtube_studio.hotkeys import REMOVES_EXPRESSIONS, Hotkeys
from apps.avatar_controller.engines.vtube_studio.items import Items
from apps.avatar_controller.engines.vtube_studio.link import VtsLink
from apps.avatar_controller.engines.vtube_studio.loaded_model import AVATAR, LoadedModel
from apps.avatar_controller.engines.vtube_studio.model import Expression, Model
from apps.avatar_controller.engines.vtube_studio.model_life import ModelLifeKeeper
from apps.avatar_controller.engines.vtube_studio.moods import expression_named
from apps.avatar_controller.engines.vtube_studio.steering import Frame, Steering
from apps.avatar_controller.engines.vtube_studio.switched_on import SwitchedOn
from apps.avatar_controller.engines.vtube_studio.taken_inputs import TakenInputs
from apps.avatar_controller.mood_choices import MoodChoices
from apps.avatar_controller.names import shown_name
from apps.avatar_controller.settings import AvatarControllerSettings
from libs.contracts.avatar import AvatarId, AvatarLink, AvatarRefusal, AvatarStatus, Bearing
from libs.contracts.speaking import Mood
from libs.settings.avatar import AvatarFile

#: Panic waits so long for the app, and goes on in any case.
PANIC_SECONDS = 0.2
CLOSE_SECONDS = 0.5


class VTubeStudioAvatar:
    """See `engines.base.Avatar`. Moves the model that is loaded in VTube Studio."""

    id: AvatarId = AVATAR

    def __init__(
        self,
        settings: AvatarControllerSettings,
        file: AvatarFile,
        choices: MoodChoices,
        changed: Changed,
    ) -> None:
        self._changed = changed
        self.link = VtsLink(
            settings,
            on_ready=self._on_ready,
            on_event=self._on_event,
            on_changed=self._on_link,
            on_frame_error=lambda error_id, _: self._taken.frame_refused(error_id),
        )
        ask = self.link.request
        kept = settings.kitsu_data_dir / "avatar" / f"switched-on-{settings.kitsu_show}.json"
        self.steering = Steering(file.mouth, time.monotonic)
        self._loaded = LoadedModel(ask, file, choices, self._take_up)
        self._expressions = Expressions(ask, SwitchedOn(kept), self._loaded.is_old)
        self._hotkeys = Hotkeys(ask, file.gestures, file.hotkey_pause_seconds, time.monotonic)
        self._items = Items(ask, file.items, changed)
        self._camera = Camera(ask, time.monotonic)
        self.model_life = ModelLifeKeeper(
            ask, self.steering, file.idle, lambda: self._camera.tracks
        )
        self._taken = TakenInputs(
            ask, self.steering, self._frame, changed, file.mouth.own_parameter
        )
        self._mouth, self._pose = SHUT, STRAIGHT
        self._mood, self._fade_seconds = Mood.NEUTRAL, file.moods.fade_seconds
        self._silent = False
        self._connection = 0
        self._letting_go: asyncio.Task[None] | None = None

    @property
    def capabilities(self) -> frozenset[Capability]:
        able = set[Capability]()
        if self._moves:
            able.add(Capability.FRAMES)
        if self._model is not None and self._model.hotkeys:
            able.add(Capability.GESTURES)
        if self.link.ready and self._items.names:
            able.add(Capability.ITEMS)
        return frozenset(able)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for part in (self._loaded, self._expressions, self._taken, self._camera, self._items):
                tasks.create_task(part.run())
            tasks.create_task(self.model_life.run())
            tasks.create_task(self.link.run())

    def take_file(self, file: AvatarFile) -> None:
        self.steering.wish = file.mouth
        self._taken.own_parameter = file.mouth.own_parameter
        self._loaded.file = file
        self._hotkeys.take(file.gestures, file.hotkey_pause_seconds)
        self._items.take(file.items)
        self.model_life.idle = file.idle
        if self.link.ready:
            self._loaded.is_old()  # what is loaded is taken up anew

    async def close(self) -> None:
        await self._let_go(CLOSE_SECONDS)

    # Frames -----------------------------------------------------------------------------------

    def set_mouth(self, mouth: Mouth) -> None:
        self._mouth = mouth

    def look(self, pose: Pose) -> None:
        self._pose = pose

    def send_frame(self) -> None:
        if not self._silent and self._moves:
            self.link.send_values(self._frame())

    @property
    def _moves(self) -> bool:
        """After a broken connection at once: what was loaded before is most likely still there."""
        return self.link.ready and self._camera.is_known and self._loaded.model is not None

    def _frame(self) -> Frame:
        return self.steering.frame(self._mouth, self._pose, self._camera.pose_weight())

    # Moods and orders -------------------------------------------------------------------------

    def set_mood(self, mood: Mood, fade_seconds: float) -> None:
        self._mood, self._fade_seconds = mood, fade_seconds
        self._show_mood()

    def bear(self, bearing: Bearing) -> None:
        """Her pose shows it; a model has nothing else for that."""

    async def gesture(self, name: str) -> None:
        self._must_be_there()
        hotkey = self._hotkeys.find(name)
        await self._hotkeys.press(hotkey)
        if hotkey.action == REMOVES_EXPRESSIONS:
            self._loaded.is_old()

    async def show_expression(self, name: str, hold_seconds: float) -> None:
        self._expressions.try_out(self._expression(name).file, hold_seconds)
        await self._expressions.settle()

    async def map_mood(self, mood: Mood, expression: str | None) -> None:
        self._must_be_there()
        chosen = self._expression(expression).name if expression else expression
        await self._loaded.choose(mood, chosen)
        self._show_mood()
        self._changed()

    async def show_item(self, name: str) -> None:
        self._must_be_connected()
        await self._items.show(name)

    async def sign_in(self) -> None:
        await self.link.ask_again()

    def status(self) -> AvatarStatus:
        if not self.link.ready:
            return report.away(self.link.link, self.link.detail)
        return report.there(
            self._loaded, self.steering, self._hotkeys, self._items, self.link.detail
        )

    def counts(self) -> Mapping[str, int]:
        frames = self.link.counters
        return {
            "frames_sent": frames.sent,
            "frames_skipped": frames.skipped,
            "frames_unanswered": frames.forgotten,
            "frames_refused": sum(frames.errors.values()),
        }

    # Panic ------------------------------------------------------------------------------------

    async def panic(self, engaged: bool) -> None:
        if engaged:
            await self._let_go(PANIC_SECONDS)
            return
        self._silent = self._taken.quiet = False
        self._show_mood()

    async def _let_go(self, at_most_seconds: float) -> None:
        shut_by_request = False
        if not self._silent:
            self._silent = self._taken.quiet = True
            shut_by_request = not self.link.send_values(self.steering.shut())
        self._mouth, self._pose, self._mood = SHUT, STRAIGHT, Mood.NEUTRAL
        self._expressions.forget_trial()
        self._expressions.want(None, 0.0)
        await asyncio.wait({self._begin_to_let_go(shut_by_request)}, timeout=at_most_seconds)

    def _begin_to_let_go(self, shut_by_request: bool = False) -> "asyncio.Task[None]":
        """Anew each time: what was put there after an earlier panic goes as well."""
        if self._letting_go is not None:
            self._letting_go.cancel()
        self._letting_go = asyncio.create_task(self._take_all_away(shut_by_request))
        return self._letting_go

    async def _take_all_away(self, shut_by_request: bool = False) -> None:
        """`shut_by_request`: the app is behind with frames; a request is worked on in any case."""
        shut = self.steering.shut() if shut_by_request else []
        await asyncio.gather(self._shut(shut), self._clear_items(), self._expressions.settle())

    async def _shut(self, shut: Frame) -> None:
        if shut:
            with contextlib.suppress(VtsAway, VtsRefused):
                await self.link.request("InjectParameterDataRequest", injection(shut))

    async def _clear_items(self) -> None:
        with contextlib.suppress(VtsAway, VtsRefused):
            await self._items.clear()

    # What the app tells -----------------------------------------------------------------------

    @property
    def _model(self) -> Model | None:
        return self._loaded.model if self.link.ready and self._loaded.is_read else None

    def _on_link(self) -> None:
        if self.link.link not in (AvatarLink.READY, AvatarLink.HANGING):
            self._loaded.forget()
        self._changed()

    async def _on_ready(self) -> None:
        if self._connection != self.link.connections:
            self._connection = self.link.connections
            self._items.forget()
        if not self._camera.is_known:
            await self._camera.begin()
        if not await self._loaded.read():
            raise VtsAway("VTube Studio does not tell its model.")
        if self._silent:
            self._begin_to_let_go()
        await self._items.read_folder()
        self._changed()

    def _on_event(self, kind: str, data: Mapping[str, Any]) -> None:
        if kind == "ModelLoadedEvent":
            self._loaded.is_old()
        elif kind == "ModelConfigChangedEvent":
            self._loaded.is_old()
            self.model_life.forget()
        elif kind == "TrackingStatusChangedEvent":
            self._camera.told(data.get("faceFound") is True)

    def _take_up(self, model: Model | None) -> None:
        """The model as it is from now on."""
        self.steering.begin(model.inputs if model else ())
        self._hotkeys.begin(model.hotkeys if model else ())
        self._show_mood()
        expressions = model.expressions if model else ()
        self._expressions.begin(model.key if model else "", expressions, self._loaded.asked_at)
        self.model_life.begin(model.key if model else "")
        self._changed()

    def _show_mood(self) -> None:
        moods = self._loaded.moods
        face = moods.face_of(self._mood) if moods and not self._silent else None
        self._expressions.want(face.file if face else None, self._fade_seconds)

    # Refusals ---------------------------------------------------------------------------------

    def _must_be_connected(self) -> None:
        if self._silent:
            raise AvatarRefused(AvatarRefusal.PANIC, "Panic is on: release it first.")
        if not self.link.ready:
            raise AvatarRefused(
                AvatarRefusal.NOT_READY, self.link.detail or "VTube Studio is not connected."
            )

    def _must_be_there(self) -> Model:
        self._must_be_connected()
        if self._model is None:
            why = report.nothing_loaded(self._loaded.is_read)
            raise AvatarRefused(AvatarRefusal.NOT_READY, why)
        return self._model

    def _expression(self, name: str) -> Expression:
        model = self._must_be_there()
        found = expression_named(model, name)
        if found is None:
            raise AvatarRefused(
                AvatarRefusal.NOT_FOUND,
                f"The model “{model.name}” has no expression “{shown_name(name)}”: choose another.",
            )
        return found
