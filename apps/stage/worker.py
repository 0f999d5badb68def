"""The stage: plays what is to be said, and tells what was heard."""

import asyncio
from typing import Any

from starlette.routing import BaseRoute

from apps.stage.character import character_of
from apps.stage.journal import Journal, Remembered
from apps.stage.mouth_teller import MouthTeller
from apps.stage.outputs.base import Output, OutputMissing
from apps.stage.outputs.device import DeviceOutput
from apps.stage.outputs.overlay import OverlayOutput
from apps.stage.outputs.silent import SilentOutput
from apps.stage.page_reports import Report
from apps.stage.pages import Page, Pages
from apps.stage.player import Player
from apps.stage.playlist import Playlist, PlaylistRules
from apps.stage.posture import Posture
from apps.stage.props import Props
from apps.stage.screen import Screen
from apps.stage.settings import OutputKind, StageSettings
from apps.stage.utterance import Utterance
from apps.stage.watchers import Watchers
from apps.stage.web import ACCESS_RULES, StageWeb
from libs.bus.base import Bus, Delivery
from libs.contracts.avatar import PoseCharacter
from libs.contracts.conversation import ActionChosen, ReplyAbandoned, ReplyFinished
from libs.contracts.envelope import Event
from libs.contracts.health import ErrorCategory, ModuleState
from libs.contracts.interruption import HoldSpeaking, SpeechHold
from libs.contracts.speaking import AudioChunk, SentenceSynthesized
from libs.contracts.stage import SetExpression, ShowCaption, ShowItem, ShowPoll
from libs.contracts.streams import LIVE
from libs.settings.avatar import followed_avatar_file
from libs.settings.characters import CharacterError
from libs.settings.items import followed_items
from libs.telemetry import clock
from libs.worker.access import Scope
from libs.worker.problems import CannotRun
from libs.worker.worker import Health, Worker, handles

#: How often the stage looks at the clock while something plays.
LOOK_SECONDS = 0.02
#: Held moods end, frozen pages are noticed: also while nothing plays.
IDLE_LOOK_SECONDS = 0.5
#: An order of a mood that is older is not carried out any more.
OLD_SECONDS = 10.0


class StageWorker(Worker):
    """Orders sentences, plays them, and alone says what was heard."""

    module = "stage"
    audio_look_back_seconds = 30.0

    def __init__(self, settings: StageSettings, bus: Bus) -> None:
        super().__init__(settings, bus)
        self._pages = Pages()
        self._screen = Screen(self._pages)
        self._posture = Posture(self._pages)
        self._items_file = followed_items()
        self._props = Props(self._pages, lambda: self._items_file.now)
        try:
            self._character, self._wrong_character = character_of(
                settings.stage_character, settings.kitsu_data_dir / "characters"
            )
        except CharacterError as problem:
            raise CannotRun(str(problem)) from None
        self._avatar_file = followed_avatar_file(settings.avatar_file)
        self._overlay = OverlayOutput(self._pages)
        self._output = self._chosen_output(settings)
        self._journal = Journal(settings.kitsu_data_dir / "stage" / "journal.jsonl")
        self._facts: asyncio.Queue[Event] = asyncio.Queue()
        self._unmarked: list[str] = []
        self._wake = asyncio.Event()
        rules = PlaylistRules(
            gap_seconds=settings.stage_gap_ms / 1_000,
            stall_seconds=settings.stage_stall_seconds,
            maximum_age_seconds=settings.stage_maximum_age_seconds,
        )
        publish = self._facts.put_nowait
        watchers = Watchers(self._screen, MouthTeller(publish))
        self._player = Player(Playlist(rules), self._output, self._journal, publish, watchers)
        panel = tuple(f"http://{name}:{settings.orch_port}" for name in ("127.0.0.1", "localhost"))
        self._web = StageWeb(
            *(self._pages, self._character, self._welcome, self._page_reported),
            *(self.now_json, panel),
        )

    def _chosen_output(self, settings: StageSettings) -> Output:
        if settings.stage_output is OutputKind.DEVICE:
            return DeviceOutput(settings.stage_device)
        if settings.stage_output is OutputKind.SILENT:
            return SilentOutput()
        return self._overlay

    # Life --------------------------------------------------------------------------------------

    async def start(self) -> None:
        try:
            await self._output.open()
        except OutputMissing as problem:
            await self.report("output_missing", str(problem), ErrorCategory.MISSING)
        if self._wrong_character:
            await self.report("character_wrong", self._wrong_character, ErrorCategory.CONFIGURATION)
        if self._items_file.trouble:
            await self.report("items_wrong", self._items_file.trouble, ErrorCategory.CONFIGURATION)
        for trouble in self._character.troubles:
            await self.report("picture_missing", trouble, ErrorCategory.MISSING)
        self._player.restore(self._journal.open(), self._fenced)
        self.spawn("publish", self._publish_facts())
        self.spawn("look", self._keep_looking())

    async def stop(self) -> None:
        """What plays is interrupted; what waits stays in the journal for the next start."""
        self._player.halt("stage_stopped")
        while not self._facts.empty():
            await self._publish_one(self._facts.get_nowait())
        await self._output.close()
        self._journal.close()

    def health(self) -> Health:
        health = self._output.health()
        self._items_file.look()
        wrong = [one for one in (self._wrong_character, self._items_file.trouble) if one]
        if not wrong:
            return health
        if health.state is ModuleState.READY:
            return Health(ModuleState.DEGRADED, " ".join(wrong), health.engine)
        return Health(health.state, " ".join([*wrong, health.detail]), health.engine)

    def gauges(self) -> dict[str, int]:
        return {"pages": len(self._pages), "sounding_pages": int(self._pages.voice is not None)}

    # What is to be said ------------------------------------------------------------------------

    @handles(AudioChunk)
    async def take_sound(self, event: AudioChunk, delivery: Delivery) -> None:
        if self._refuses(event):
            return
        self._player.audio(event, delivery.data)
        self._count_and_wake()

    @handles(SentenceSynthesized)
    async def take_sentence_end(self, event: SentenceSynthesized, delivery: Delivery) -> None:
        if self._refuses(event):
            return
        self._player.synthesized(event)
        self._count_and_wake()

    @handles(ActionChosen)
    async def take_action(self, event: ActionChosen, delivery: Delivery) -> None:
        if not self._refuses(event):
            self._player.chosen(event)

    @handles(ReplyFinished)
    async def take_reply_end(self, event: ReplyFinished, delivery: Delivery) -> None:
        if event.sentences == 0:
            return
        reason = self._why_not(event)
        if reason:
            self._player.dropped(event, reason, event.text)
        else:
            self._player.reply_finished(event)
        self._count_and_wake()

    @handles(ReplyAbandoned)
    async def take_abandonment(self, event: ReplyAbandoned, delivery: Delivery) -> None:
        self._player.dropped(event, event.reason)
        self._wake.set()

    @handles(SetExpression)
    async def set_expression(self, event: SetExpression, delivery: Delivery) -> None:
        if self.panic.engaged or delivery.age_seconds > OLD_SECONDS:
            return
        if event.turn_id is None or not self._refuses(event):
            self._screen.set_mood(event.mood, event.hold_seconds)

    @handles(PoseCharacter)
    async def pose_character(self, event: PoseCharacter, delivery: Delivery) -> None:
        if self.enabled:
            self._posture.pose(event, delivery.age_seconds)
            self._wake.set()

    @handles(ShowCaption)
    async def show_caption(self, event: ShowCaption, delivery: Delivery) -> None:
        self._screen.show_caption(event.text, event.hold_seconds)

    @handles(ShowItem)
    async def show_item(self, event: ShowItem, delivery: Delivery) -> None:
        if self.panic.engaged or not self.enabled or (event.turn_id and self._refuses(event)):
            return
        if not self._props.show_item(event) and event.item not in self._avatar_file.now.items:
            self.counters["items_unknown"] += 1
        self._wake.set()

    @handles(ShowPoll)
    async def show_poll(self, event: ShowPoll, delivery: Delivery) -> None:
        if not self.panic.engaged:
            self._props.show_poll(event, event.ends_at - clock.now())

    # What holds it back, what stops it -----------------------------------------------------------

    @handles(HoldSpeaking)
    async def hold_speaking(self, event: HoldSpeaking, delivery: Delivery) -> None:
        left_seconds = event.at_most_seconds - delivery.age_seconds
        self._player.hold(event.by, event.hold, left_seconds)
        self._wake.set()

    async def epoch_raised(self, show: str, epoch: int) -> None:
        self._player.interrupt(lambda utterance: utterance.epoch < epoch, "stopped")
        self._props.take_item_away()
        self._wake.set()

    async def turn_cut(self, show: str, turn_id: str, reason: str = "") -> None:
        why = reason or "retracted"
        self._player.interrupt(lambda utterance: utterance.turn_id == turn_id, why)
        self._props.take_item_away(turn_id)
        self._wake.set()

    async def panic_engaged(self, reason: str) -> None:
        self._player.interrupt(lambda utterance: True, "panic")
        self._props.clear()
        self._screen.set_panic(True)
        self._posture.set_panic(True)
        self._wake.set()

    async def panic_released(self) -> None:
        self._screen.set_panic(False)
        self._posture.set_panic(False)
        self._wake.set()

    async def enabled_changed(self, enabled: bool) -> None:
        if not enabled:
            self._player.interrupt(lambda utterance: True, "off")
        self._wake.set()

    def _why_not(self, event: Event | Remembered) -> str:
        """The reason why this is not said any more; empty when it may be."""
        if self.panic.engaged:
            return "panic"
        if not self.enabled:
            return "off"
        return "stale" if self.fences.stale(event.show, event.epoch, event.turn_id) else ""

    def _fenced(self, known: Remembered) -> str:
        return self._why_not(known)

    def _refuses(self, event: Event) -> bool:
        refused = self._why_not(event)
        if refused:
            self.counters[f"dropped_{refused}"] += 1
        return bool(refused)

    # The loops ---------------------------------------------------------------------------------

    async def _keep_looking(self) -> None:
        """Every 20 ms while something plays, otherwise when something comes or is due."""
        while True:
            self._player.look()
            self._screen.refresh()
            self._props.refresh()
            playing = self._player.playlist.current is not None
            self._posture.refresh(playing and self._player.held is not SpeechHold.PAUSED)
            self._wake.clear()
            try:
                pause = LOOK_SECONDS if playing else self._idle_seconds()
                await asyncio.wait_for(self._wake.wait(), pause)
            except TimeoutError:
                continue

    def _idle_seconds(self) -> float:
        loop_now = asyncio.get_running_loop().time()
        due = self._player.wakes_at(loop_now)
        return min(IDLE_LOOK_SECONDS, max(0.001, due - loop_now)) if due else IDLE_LOOK_SECONDS

    async def _publish_facts(self) -> None:
        while True:
            await self._publish_one(await self._facts.get())

    async def _publish_one(self, event: Event) -> None:
        """Publishes in order. A fact is ticked off only when the bus really has it."""
        await self.publish(event)
        if event.topic is not LIVE:
            self._unmarked.append(event.event_id)
        if self.bus.connected:
            for event_id in self._unmarked:
                self._journal.published(event_id)
            self._unmarked.clear()

    def _count_and_wake(self) -> None:
        self.counters["chunks_refused"] = self._player.refused
        self._wake.set()

    # Pages -------------------------------------------------------------------------------------

    def _welcome(self, page: Page) -> None:
        self._screen.welcome(page)
        self._props.welcome(page)
        self._posture.welcome(page)

    def _page_reported(self, page: Page, report: Report) -> None:
        self._overlay.hear(page, report)
        self.counters["page_reports_ignored"] = self._web.ignored + self._overlay.ignored_reports
        self._wake.set()

    def now_json(self) -> dict[str, Any]:
        """What is on air: the answer of `GET /now`."""
        current = self._player.playlist.current
        return {
            "show": self.show,
            "panic": self.panic.engaged,
            "output": self._output.name,
            "hold": self._player.held.value,
            "speaking": self._speaking_json(current) if current is not None else None,
            "queue": [
                {
                    "utterance_id": utterance.id,
                    "text": utterance.full_text,
                    "known_seconds": round(utterance.known_seconds, 3),
                }
                for utterance in self._player.playlist.waiting
            ],
            "pages": self._pages.as_json(),
        }

    def _speaking_json(self, utterance: Utterance) -> dict[str, Any]:
        position = self._player.position
        return {
            "utterance_id": utterance.id,
            "turn_id": utterance.turn_id,
            "text": utterance.full_text,
            "heard_text": utterance.heard_text(position),
            "mood": utterance.mood.value,
            "position_seconds": round(position / utterance.rate_hz, 3),
            "known_seconds": round(utterance.known_seconds, 3),
        }

    def routes(self) -> list[BaseRoute]:
        return self._web.routes()

    def access_rules(self) -> dict[str, Scope]:
        return dict(ACCESS_RULES)
