"""The obs_controller: scenes, mutes, captions and the panic macro, in a real OBS."""

from collections.abc import Awaitable, Mapping
from typing import Any

from starlette.routing import BaseRoute

from apps.obs_controller.actions import StageActions
from apps.obs_controller.captions import Captions
from apps.obs_controller.orders import Done, OrderRefused
from apps.obs_controller.scenes_file import ScenesError, load_scenes
from apps.obs_controller.settings import ObsControllerSettings
from apps.obs_controller.studio import Studio
from apps.obs_controller.text_source import TextSource
from apps.obs_controller.web import SetupWeb
from libs.bus.base import Bus, Delivery
from libs.contracts.conversation import TurnOpened
from libs.contracts.envelope import Event
from libs.contracts.health import ErrorCategory, ModuleState
from libs.contracts.speaking import Mood, PlaybackFinished, PlaybackProgressed, PlaybackStarted
from libs.contracts.stage import (
    SetExpression,
    ShowCaption,
    StageCommandDone,
    StageCommandFailed,
    SwitchScene,
)
from libs.contracts.studio import (
    ControlMedia,
    ControlRecording,
    ControlReplay,
    RequestStageAction,
    ScreenshotTaken,
    SetFilterEnabled,
    SetInputMute,
    SetInputVolume,
    SetSourceText,
    SetSourceVisible,
    SetTransition,
    StudioLink,
    TakeScreenshot,
)
from libs.safety import Gate, LateGate
from libs.worker.problems import CannotRun
from libs.worker.worker import Health, Worker, handles

#: The answer to a panic waits this long for OBS's own; it is in force here at once.
PANIC_ANSWER_SECONDS = 0.3
#: An order without a deadline of its own that is older than this is not carried out any more.
OLD_ORDER_SECONDS = 10.0

_STATES = {
    StudioLink.READY: ModuleState.READY,
    StudioLink.NOT_CONFIGURED: ModuleState.NOT_CONFIGURED,
}


class ObsControllerWorker(Worker):
    """Carries out orders in OBS, tells how OBS is, and keeps panic in force there."""

    module = "obs_controller"
    drop_work_in_panic = False
    settings: ObsControllerSettings

    def __init__(self, settings: ObsControllerSettings, bus: Bus) -> None:
        super().__init__(settings, bus)
        try:
            scenes = load_scenes()
        except ScenesError as problem:
            raise CannotRun(str(problem)) from None
        self.studio = Studio(
            settings,
            self.panic,
            tuple(scenes.actions),
            self.publish,
            self._reconnected,
            self.report,
        )
        self._link, self._orders = self.studio.link, self.studio.orders
        self._actions = StageActions(scenes, self._orders, self.spawn)
        self._texts = {
            name: TextSource(self._link, name)
            for name in (settings.obs_caption_source, settings.obs_now_playing_source)
            if name
        }
        now_playing = settings.obs_now_playing_source if settings.obs_ws_url else ""
        self._captions = Captions(
            settings,
            self._texts.get(settings.obs_caption_source),
            self._texts.get(now_playing),
            Gate.load() if now_playing else LateGate(),
        )
        self._mood = Mood.NEUTRAL
        dock = f"http://{settings.orch_host}:{settings.orch_port}/"
        self._web = SetupWeb(self.studio, dock)

    # Life -------------------------------------------------------------------------------------

    async def wake_up(self) -> None:
        """The link, before there is a bus: panic reaches OBS without one."""
        self._link.hold(self.panic.engaged)
        if not self.settings.obs_ws_url:
            self._link.never("OBS is not used: OBS_WS_URL is empty.")
            return
        self.spawn("link", self._link.run())
        self.spawn("reread", self.studio.keep_reading())
        self.spawn("panic", self.studio.panic.run())

    async def start(self) -> None:
        self._link.hold(self.panic.engaged)  # the bus may know of a release
        self.studio.panic.wake()
        for name, text in self._texts.items():
            self.spawn(f"text {name}", text.run())
        self.spawn("news", self.studio.keep_telling(self._latch))
        self.studio.changed()

    async def stop(self) -> None:
        self._actions.stop()
        self._link.drop("Kitsu stops")

    async def _latch(self, document: dict[str, Any]) -> None:
        await self.bus.set_latch(self.show, "studio", document)

    def health(self) -> Health:
        state = _STATES.get(self.studio.link_state, ModuleState.DEGRADED)
        engine = "obs-websocket" if self._link.ready else ""
        return Health(state, self._link.detail, engine)

    def gauges(self) -> dict[str, int]:
        return {"connected": int(self._link.ready), "connections": self._link.connections}

    def routes(self) -> list[BaseRoute]:
        return self._web.routes()

    def _reconnected(self) -> None:
        for text in self._texts.values():
            text.reconnected()

    # Panic ------------------------------------------------------------------------------------

    async def panic_engaged(self, reason: str) -> None:
        self._link.hold(True)
        self._captions.clear()
        for text in self._texts.values():
            text.emptied()
        self.studio.panic.wake()
        self.studio.changed()

    async def panic_released(self) -> None:
        self._link.hold(False)
        await self.studio.panic.settle(PANIC_ANSWER_SECONDS)
        self._actions.panic_released()
        self.studio.changed()

    async def panic_answer(self) -> Mapping[str, Any]:
        """Whoever comes second, by another route, is told of OBS too, not only the first."""
        await self.studio.panic.settle(PANIC_ANSWER_SECONDS)
        panic = self.studio.panic
        steps = [step.model_dump() for step in panic.steps]
        return {"obs": {"state": panic.state.value, "steps": steps}}

    # Orders -----------------------------------------------------------------------------------

    @handles(
        SwitchScene,
        SetInputMute,
        SetInputVolume,
        SetSourceVisible,
        SetFilterEnabled,
        SetSourceText,
        ControlMedia,
        ControlRecording,
        ControlReplay,
        SetTransition,
    )
    async def take_order(self, event: Any, delivery: Delivery) -> None:
        if await self._may(event, delivery):
            await self._answer(event, self._orders.carry_out(event))

    @handles(RequestStageAction)
    async def take_request(self, event: RequestStageAction, delivery: Delivery) -> None:
        of_a_turn = event.turn_id is not None
        if of_a_turn and self.fences.stale(event.show, event.epoch, event.turn_id):
            self.counters["dropped_stale"] += 1
            await self._refuse(event, OrderRefused("stale", "Its turn was interrupted."))
        elif await self._may(event, delivery):
            await self._answer(event, self._actions.carry_out(event.action))

    @handles(TakeScreenshot)
    async def take_screenshot(self, event: TakeScreenshot, delivery: Delivery) -> None:
        if not await self._may(event, delivery):
            return
        try:
            scene, picture = await self._orders.screenshot(event)
        except OrderRefused as problem:
            await self._refuse(event, problem)
            return
        taken = ScreenshotTaken.caused_by(event, scene=scene, format=event.format)
        await self.publish(taken, picture)

    async def _may(self, event: Event, delivery: Delivery) -> bool:
        if event.expires_at is None and delivery.age_seconds > OLD_ORDER_SECONDS:
            self.counters["dropped_old"] += 1
            await self._refuse(event, OrderRefused("stale", "The order came too late."))
            return False
        if not self.enabled:
            await self._refuse(event, OrderRefused("obs_not_ready", "The OBS module is off."))
        return self.enabled

    async def _answer(self, event: Event, work: Awaitable[Done]) -> None:
        try:
            done = await work
        except OrderRefused as problem:
            await self._refuse(event, problem)
            return
        self.counters["orders"] += 1
        await self.publish(
            StageCommandDone.caused_by(
                event, command=event.type, message=done.message, result=done.result
            )
        )

    async def _refuse(self, event: Event, problem: OrderRefused) -> None:
        self.counters[f"refused_{problem.code}"] += 1
        await self.publish(
            StageCommandFailed.caused_by(
                event, command=event.type, code=problem.code, message=str(problem)
            )
        )

    # Playback truth ---------------------------------------------------------------------------

    @handles(SetExpression)
    async def set_expression(self, event: SetExpression, delivery: Delivery) -> None:
        if self._is_for_now(delivery):
            await self._act_on_mood(event.mood)

    async def _act_on_mood(self, mood: Mood) -> None:
        """Once when she gets into it, not with every sentence."""
        before, self._mood = self._mood, mood
        action = self._actions.of_mood(mood)
        if mood is before or action is None or self.panic.engaged or not self._link.ready:
            return
        try:
            await self._actions.carry_out(action)
        except OrderRefused as problem:
            await self.report(
                "stage_action", f"Mood '{mood.value}': {problem}", ErrorCategory.REFUSED
            )

    @handles(TurnOpened)
    async def turn_opened(self, event: TurnOpened, delivery: Delivery) -> None:
        self._captions.turn_opened(event.turn_id or "", event.input)

    @handles(PlaybackStarted)
    async def playback_started(self, event: PlaybackStarted, delivery: Delivery) -> None:
        if self._is_for_now(delivery):
            self._captions.started(event)
            await self._act_on_mood(event.mood)

    @handles(PlaybackProgressed)
    async def playback_progressed(self, event: PlaybackProgressed, delivery: Delivery) -> None:
        if self._is_for_now(delivery):
            self._captions.progressed(event)

    @handles(PlaybackFinished)
    async def playback_finished(self, event: PlaybackFinished, delivery: Delivery) -> None:
        self._captions.finished(event)

    @handles(ShowCaption)
    async def show_caption(self, event: ShowCaption, delivery: Delivery) -> None:
        if self._is_for_now(delivery):
            self._captions.show(event.text, event.hold_seconds)

    def _is_for_now(self, delivery: Delivery) -> bool:
        late = delivery.age_seconds > OLD_ORDER_SECONDS
        return self.enabled and not self.panic.engaged and not late
