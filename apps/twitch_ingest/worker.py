"""Chat in, commands, and chat out."""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.routing import BaseRoute

from apps.twitch_ingest.backlog import Backlog
from apps.twitch_ingest.chat_rules import ChatRules
from apps.twitch_ingest.effects import Effects
from apps.twitch_ingest.engines.base import ChatPlatform, Gap, PlatformEvent
from apps.twitch_ingest.engines.no_chat import NoChat
from apps.twitch_ingest.engines.replay import ReplayPlatform
from apps.twitch_ingest.intake import Intake
from apps.twitch_ingest.platforms import platform_of, sign_in_web
from apps.twitch_ingest.replay_desk import ReplayDesk, replay_told
from apps.twitch_ingest.rules_file import ChatRulesError, load_chat_rules
from apps.twitch_ingest.sender import Sender, Silence
from apps.twitch_ingest.settings import TwitchIngestSettings
from apps.twitch_ingest.web import IngestWeb
from libs.bus.base import Bus, BusError, Delivery
from libs.contracts.chat import ChatMessageSent, SendChatMessage
from libs.contracts.health import ModuleState
from libs.safety import Gate, LateGate
from libs.telemetry import clock
from libs.worker.access import Scope
from libs.worker.panic_call import PanicCall
from libs.worker.problems import CannotRun
from libs.worker.worker import Health, Worker, handles

#: A platform that ended although it should not is begun again after this long.
RESTART_SECONDS = 5.0
#: A platform that takes longer to close is not waited for.
CLOSE_SECONDS = 1.0
#: A panic that is being told when this worker stops is told to its end, for so long.
PANIC_SECONDS = 2.0
#: Commands are few: more than this while the bus is away is somebody's mischief.
MAXIMUM_COMMANDS = 200


class TwitchIngestWorker(Worker):
    """Tells the show what chat says, and says in chat what the show wants said.

    Switched off, chat is not heard at all: no lines, and no commands either, not even a panic (the
    panel, `kitsu panic` and the host's voice have theirs).
    """

    module = "twitch_ingest"
    drop_work_in_panic = False
    settings: TwitchIngestSettings

    def __init__(
        self,
        settings: TwitchIngestSettings,
        bus: Bus,
        platform: ChatPlatform | None = None,
        gate: Gate | None = None,
    ) -> None:
        super().__init__(settings, bus)
        rules = _rules(settings)
        self.platform = platform or platform_of(settings)
        gate = gate or (LateGate() if isinstance(self.platform, NoChat) else Gate.load())
        self._gate = gate
        self._chat = Backlog(self.publish, self._connected, self.counters)
        self._commands = Backlog(self.publish, self._connected, self.counters, MAXIMUM_COMMANDS)
        self.sender = Sender(self.platform, rules.prefix, gate, self.publish)
        self.intake = Intake(
            self.show,
            rules,
            Effects(rules, gate),
            self._chat,
            self._commands,
            self._order_panic,
            lambda: self.panic.engaged,
            self.sender.own_words,
            self.counters,
        )
        self.replays = ReplayDesk(self._hear_replay, self.spawn)
        self._panic_call = PanicCall(settings, self.publish, bus.set_latch, self._connected)
        self._web = IngestWeb(self.sender.document, self.replays, lambda: self.enabled)
        self._sign_in = sign_in_web(self.platform, self.link_document)
        self._listening: asyncio.Task[None] | None = None
        self._panics: set[asyncio.Task[None]] = set()
        self._started = False
        self._off_since = clock.now()

    # Life -------------------------------------------------------------------------------------

    async def start(self) -> None:
        if not isinstance(self.platform, NoChat):
            # Before anything is heard: beside a flood, half a second of work slows all for longer.
            await asyncio.to_thread(self._gate.prepare)
        self._started = True
        self._settle_silence()
        self.spawn("chat lines", self._chat.run())
        self.spawn("chat commands", self._commands.run())
        self.spawn("sender", self.sender.run())
        if self.enabled:
            self._listen()

    async def stop(self) -> None:
        await self._stop_listening()
        await self.sender.tell_dropped(self.sender.silence("off"), "off")
        if self._panics:
            await asyncio.wait(self._panics, timeout=PANIC_SECONDS)
        await self._panic_call.close()

    async def enabled_changed(self, enabled: bool) -> None:
        self._settle_silence()
        if not enabled:
            self._off_since = clock.now()
            await self._stop_listening()
        elif self._started and self._listening is None:
            if not isinstance(self.platform, NoChat):
                self._take(self.platform, Gap(self._off_since, clock.now(), "switched off"))
            self._listen()

    def health(self) -> Health:
        told = self.platform.health()
        off = self.intake.desk.clock_off_seconds
        if told.state is ModuleState.READY and off:
            harm = "commands in chat look too old" if off > 0 else "old commands look new"
            detail = (
                f"The clock of this machine is about {abs(off):.0f} s "
                f"{'ahead' if off > 0 else 'behind'}, so that {harm}: set it."
            )
            return Health(ModuleState.DEGRADED, detail, told.engine)
        return Health(told.state, told.detail, told.engine)

    def gauges(self) -> dict[str, int]:
        return {
            "queued": self.sender.queued,
            "sent": self.sender.sent,
            "waiting": len(self._chat),
            "gaps": self.counters["gaps"],
            "replay_percent": self.replays.percent,
        }

    def routes(self) -> list[BaseRoute]:
        return [*self._web.routes(), *self._sign_in.routes()]

    def access_rules(self) -> Mapping[str, Scope]:
        return self._sign_in.access_rules()

    def link_document(self) -> dict[str, Any]:
        """What this worker adds to what is told of its platform's link."""
        replay = self.replays.told()
        if isinstance(self.platform, ReplayPlatform):
            replay = replay or replay_told(self.platform, self.platform.path.name)
        return {"sender": self.sender.document(), "replay": replay}

    # Panic ------------------------------------------------------------------------------------

    async def panic_engaged(self, reason: str) -> None:
        self._settle_silence()

    async def panic_released(self) -> None:
        self._settle_silence()

    async def panic_answer(self) -> Mapping[str, Any]:
        return {"queued": self.sender.queued}

    def _order_panic(self, reason: str, by: str) -> int:
        """At once, and whatever becomes of the command on its way to the orchestrator."""
        reason, ordinal = reason or "ordered in chat", self.panic.next_ordinal()
        task = self.spawn("panic by chat", self._call_panic(reason, by, ordinal))
        self._panics.add(task)
        task.add_done_callback(self._panics.discard)
        return ordinal

    async def _call_panic(self, reason: str, by: str, ordinal: int) -> None:
        missing = await self._panic_call.engage(reason, by, ordinal)
        if missing:
            names = ", ".join(missing)
            await self._complain(
                "panic_unreachable",
                f"Panic by chat: no answer on the port of {names}. If something can still be "
                "heard, run: kitsu panic",
            )

    async def _complain(self, code: str, message: str) -> None:
        """A bus that fails must not end what is told of here."""
        try:
            await self.report(code, message)
        except BusError:
            self.log.warning("the error %s could not be told", code)

    def _settle_silence(self) -> None:
        why: Silence = "panic" if self.panic.engaged else "" if self.enabled else "off"
        dropped = self.sender.silence(why)
        if dropped:
            self.spawn("tell of silence", self.sender.tell_dropped(dropped, why))

    # In ---------------------------------------------------------------------------------------

    def _listen(self) -> None:
        self._listening = self.spawn("platform", self._keep_listening())

    async def _stop_listening(self) -> None:
        await self.replays.stop()
        task, self._listening = self._listening, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task}, timeout=CLOSE_SECONDS)

    async def _keep_listening(self) -> None:
        while True:
            try:
                await self.platform.run(self._hear)
            except Exception as error:  # noqa: BLE001 - a platform is supervised here
                name = type(error).__name__  # its text may hold secrets
                await self._complain(
                    "platform_failed",
                    f"{self.platform.name} broke off ({name}); it is begun again in "
                    f"{RESTART_SECONDS:.0f} s",
                )
            await asyncio.sleep(RESTART_SECONDS)

    async def _hear(self, told: PlatformEvent) -> None:
        if isinstance(self.platform, ReplayPlatform):
            await self._chat.room()
        self._take(self.platform, told)

    async def _hear_replay(self, platform: ReplayPlatform, told: PlatformEvent) -> None:
        """A recording can be made to wait; nothing of it is dropped."""
        await self._chat.room()
        self._take(platform, told)

    def _take(self, platform: ChatPlatform, told: PlatformEvent) -> None:
        try:
            self.intake.hear(platform, told)
        except ValueError as error:  # what no contract takes (pydantic's errors are ValueErrors)
            self.counters["not_understood"] += 1
            name, kind = type(error).__name__, type(told).__name__
            self.log.warning("%s: a %s was not taken (%s)", platform.name, kind, name)

    # Out --------------------------------------------------------------------------------------

    @handles(SendChatMessage)
    async def send_chat(self, event: SendChatMessage, delivery: Delivery) -> None:
        if event.platform == self.platform.name:
            await self.sender.offer(event)
        elif event.platform == ReplayPlatform.name:
            self.log.info("replay would say: %s", event.verdict.text)
            await self.publish(
                ChatMessageSent.caused_by(
                    event, platform=event.platform, outcome="dropped", reason="refused"
                )
            )

    def _connected(self) -> bool:
        return self.bus.connected


def _rules(settings: TwitchIngestSettings) -> ChatRules:
    """The file's rules. Raises `CannotRun`: with a wrong file this worker does not start."""
    try:
        return load_chat_rules(settings.twitch_file, settings.avatar_file)
    except ChatRulesError as problem:
        raise CannotRun(str(problem)) from None
