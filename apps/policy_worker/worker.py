"""The policy worker: a turn comes in, judged sentences go out."""

import asyncio
from collections.abc import Mapping

from starlette.routing import BaseRoute, Route

from apps.policy_worker.acknowledgement import Acknowledging
from apps.policy_worker.answering import Retried
from apps.policy_worker.engine_ladder import EngineLadder
from apps.policy_worker.engine_troubles import EngineTroubles
from apps.policy_worker.engines.base import Picture
from apps.policy_worker.engines.errors import EngineError
from apps.policy_worker.eyes import Eyes
from apps.policy_worker.guard import Guard
from apps.policy_worker.means import Look, Means
from apps.policy_worker.model_api import ModelApi
from apps.policy_worker.patience import Patience
from apps.policy_worker.persona_shelf import PersonaShelf
from apps.policy_worker.pictures import NoPicture, picture_of
from apps.policy_worker.progress import event_id_of
from apps.policy_worker.prompt_teller import PromptTeller
from apps.policy_worker.providers import engines_of, guard_model
from apps.policy_worker.replies import RepliesInWork
from apps.policy_worker.reply import Reply
from apps.policy_worker.respond import MAXIMUM_BODY_BYTES, Respond
from apps.policy_worker.sender import Publish, ReplySender
from apps.policy_worker.settings import PolicySettings
from apps.policy_worker.stage_orders import StageNames
from apps.policy_worker.summary_writer import SummaryWriter
from apps.policy_worker.token_feed import TokenFeed
from apps.policy_worker.tools.api import ToolApi
from apps.policy_worker.tools.box import ToolBox
from apps.policy_worker.tools_file import load_tools
from libs.bus.base import Bus, BusError, Delivery
from libs.contracts.control import SetPersona
from libs.contracts.conversation import ReplyAbandoned, TurnCommitted
from libs.contracts.health import ModuleState
from libs.contracts.memory import WriteSummary
from libs.contracts.studio import ScreenshotTaken
from libs.safety import Gate
from libs.settings.avatar import followed_avatar_file
from libs.settings.items import followed_items
from libs.telemetry.logs import secret_values
from libs.telemetry.redaction import Redactor
from libs.worker.worker import Health, Worker, handles


class PolicyWorker(Worker):
    """Answers turns of any show. Each turn it takes ends with one `ReplyFinished` or one
    `ReplyAbandoned`."""

    module = "policy_worker"
    work_concurrency = 4
    settings: PolicySettings

    def __init__(self, settings: PolicySettings, bus: Bus) -> None:
        super().__init__(settings, bus)
        self.gate = Gate.load(settings.policy_family_friendly)
        self._items_file = followed_items()
        self._avatar_file = followed_avatar_file(settings.avatar_file)
        self.personas = PersonaShelf(settings.policy_persona)
        self.ladder = EngineLadder(
            engines_of(settings, self.gate),
            settings.policy_retry_attempts,
            settings.policy_retry_backoff,
        )
        self.replies = RepliesInWork()
        self._summaries = SummaryWriter(self.ladder, self.personas, self.publish)
        self.replies.when_begun = lambda: self._summaries.drop("turn_came")
        self.stage_names = StageNames(bus.latch)
        self._eyes = Eyes(self.show, self.publish)
        self.patience = Patience(settings.policy_first_token_seconds)
        self._acknowledging = Acknowledging(settings.policy_acknowledge_ms / 1_000)
        self._troubles = EngineTroubles(self.report)
        self.guard = self._make_guard()
        self._models = ModelApi(self.ladder, settings.ollama_url)
        secrets = secret_values(settings)
        self.tools = ToolBox(load_tools(settings.policy_tools_file), self.gate, secrets)
        self._redact = Redactor(secrets)

    # Life -------------------------------------------------------------------------------------

    async def start(self) -> None:
        self.spawn("prepare the gate", asyncio.to_thread(self.gate.prepare))
        self.tools.start()
        await self.ladder.start()
        await self.stage_names.read(self.show)
        if self.ladder.needs_probing:
            self.spawn("probe engines", self.ladder.keep_probing())
        if self.guard is not None:
            await self.guard.start()

    def _make_guard(self) -> Guard | None:
        model, settings = guard_model(self.settings), self.settings
        if model is None:
            return None

        async def tell(error: EngineError) -> None:
            self.counters[f"guard_{error.code}"] += 1
            await self._troubles.engine_failed(model, error)

        return Guard(model, settings.guard_model_name, settings.guard_deadline_ms / 1_000, tell)

    async def stop(self) -> None:
        if self.guard is not None:
            await self.guard.stop()
        await self._models.stop()
        await self.stage_names.stop()
        await self.ladder.stop()
        await self.tools.stop()  # last: a stubborn program takes seconds to end

    def health(self) -> Health:
        engine = self.ladder.current
        parts = [f"answers: {engine.label}", self.tools.summary]
        parts += [*self.ladder.complaints, *self.tools.complaints]
        if self.guard is not None:
            parts.append(f"guard: {self.guard.state}")
        state = ModuleState.READY if self.ladder.available else ModuleState.DEGRADED
        return Health(state, "; ".join(filter(None, parts)), engine.name)

    def routes(self) -> list[BaseRoute]:
        respond = Route("/respond", Respond(self).answer, methods=["POST"])
        return [respond, *self._models.routes(), *ToolApi(self.tools).routes()]

    def body_limits(self) -> Mapping[str, int]:
        return {"/respond": MAXIMUM_BODY_BYTES}

    # Turns ------------------------------------------------------------------------------------

    @handles(TurnCommitted)
    async def answer(self, event: TurnCommitted, delivery: Delivery) -> None:
        if event.utterance_id is None:
            self.counters["turns_without_utterance"] += 1
            return
        if not self.enabled:
            await self._abandon(event, "off")
            return
        try:
            given_up = await self.replies.run(event, self._reply_to(event, delivery).run)
        except BusError:
            raise
        except Exception as error:  # a turn must end whatever went wrong in answering it
            self.log.exception("answering failed", extra={"turn_id": event.turn_id})
            kind = type(error).__name__
            await self.report(
                "reply_failed", f"A reply broke off ({kind}); see the log of the brain."
            )
            given_up = "internal_error"
        if given_up:
            await self._abandon(event, given_up)

    def _reply_to(self, turn: TurnCommitted, delivery: Delivery) -> Reply:
        again = turn.again or delivery.deliveries > 1
        sender = ReplySender(turn, self.bus, self.publish, again)
        return self.reply_with(sender, self.publish, self._picture_of(turn, delivery.data))

    def _picture_of(self, turn: TurnCommitted, data: bytes) -> Picture | None:
        """The picture that came with a turn; what is none is counted, and the words answered."""
        if not turn.input.picture:
            return None
        try:
            return picture_of(data)
        except NoPicture:
            self.counters["pictures_refused"] += 1
            return None

    def reply_with(
        self,
        sender: ReplySender,
        publish: Publish,
        picture: Picture | None = None,
        retried: Retried = lambda engine, code: None,
    ) -> Reply:
        """A reply to the sender's turn, with this worker's engines, personas and gate."""
        turn = sender.turn
        means = Means(
            persona=self.personas.of(turn.persona),
            gate=self.gate.in_mode(turn.persona.family_mode).with_own_rules(turn.own_rules),
            ladder=self.ladder,
            patience=self.patience,
            counters=self.counters,
            listener=self._troubles,
            prompts=PromptTeller(turn, publish, self._redact),
            acknowledging=self._acknowledging,
            stage_names=self.stage_names.of(turn.show),
            items=tuple(dict.fromkeys([*self._items_file.now, *self._avatar_file.now.items])),
            look=self._look_for(turn),
            tools=self.tools,
            guard=self.guard,
            deflect_touchy=self.settings.policy_touchy == "deflect",
        )
        return Reply(sender, means, TokenFeed(turn, publish), picture, retried)

    def _look_for(self, turn: TurnCommitted) -> Look | None:
        if not self.stage_names.obs_is_ready(turn.show):
            return None
        return lambda: self._eyes.look(turn)

    @handles(ScreenshotTaken)
    async def see(self, event: ScreenshotTaken, delivery: Delivery) -> None:
        self._eyes.taken(event, delivery.data)

    @handles(SetPersona)
    async def persona_chosen(self, event: SetPersona, delivery: Delivery) -> None:
        """Her file may be new, or changed since this worker started."""
        if event.persona is not None:
            await asyncio.to_thread(self.personas.refresh, event.persona)

    async def _abandon(self, turn: TurnCommitted, reason: str) -> None:
        self.counters[f"abandoned_{reason}"] += 1
        event_id = event_id_of(str(turn.utterance_id), "abandoned")
        await self.publish(ReplyAbandoned.caused_by(turn, event_id=event_id, reason=reason))

    # Summaries --------------------------------------------------------------------------------

    @handles(WriteSummary)
    async def write_summary(self, event: WriteSummary, delivery: Delivery) -> None:
        """Only while there is nothing else to do: a model writes one text after the other."""
        if self.panic.engaged:
            await self._summaries.abandon(event, "panic")
        elif not self.enabled:
            await self._summaries.abandon(event, "off")
        elif len(self.replies):
            await self._summaries.abandon(event, "turn_came")
        else:
            await self._summaries.write(event)

    # Giving up --------------------------------------------------------------------------------

    async def panic_engaged(self, reason: str) -> None:
        self.replies.give_up("panic", lambda turn: True)
        self._summaries.drop("panic")

    async def epoch_raised(self, show: str, epoch: int) -> None:
        self.replies.give_up("interrupted", lambda turn: turn.show == show and self._stale(turn))

    async def turn_cut(self, show: str, turn_id: str, reason: str = "") -> None:
        self.replies.give_up("retracted", lambda turn: turn.turn_id == turn_id)

    async def enabled_changed(self, enabled: bool) -> None:
        if not enabled:
            self.replies.give_up("off", lambda turn: True)
            self._summaries.drop("off")

    def _stale(self, turn: TurnCommitted) -> bool:
        return self.fences.stale(turn.show, turn.epoch, turn.turn_id)
