"""The desk for OBS: how it is, and orders to it with what became of them."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from apps.orchestrator.order_desk import OrderDesk, OrderWords, Publish
from apps.orchestrator.panel.protocol import StudioPanicStatus, StudioStatus
from libs.bus.base import Delivery
from libs.contracts.envelope import Event
from libs.contracts.stage import StageCommandDone, StageCommandFailed
from libs.contracts.studio import (
    PanicStep,
    ScreenshotTaken,
    StudioChanged,
    StudioLink,
    StudioPanic,
    StudioPanicReported,
)
from libs.telemetry import clock
from libs.worker.problems import Problem

#: Name of the state that the obs_controller keeps on the bus.
LATCH_NAME = "studio"
#: An entry older than this is read late: it does not overrule what is known to be newer.
LATE_SECONDS = 2.0

NOT_THERE = (
    "No obs_controller is running in this show; `kitsu restart obs_controller` starts it again."
)
NOT_TOLD = "The obs_controller has not told yet how OBS is; try again in a moment."

WORDS = OrderWords(
    unanswered="OBS did not answer in time",
    look="It may or may not have been done. Look at OBS before you try again.",
    failed="OBS could not do it",
    failed_code="obs_failed",
    refusals={
        "bad_value": (422, "OBS cannot do that"),
        "not_allowed": (403, "Not allowed in OBS"),
        "not_found": (404, "Not found in OBS"),
        "obs_not_configured": (503, "OBS is not set up"),
        "obs_not_ready": (503, "OBS is not ready"),
        "panic": (409, "Panic is engaged"),
        "timeout": (504, "OBS did not answer in time"),
    },
)

Answer = StageCommandDone | StageCommandFailed | ScreenshotTaken


class StudioDesk:
    """Promises: what it says of OBS is what the obs_controller said last, and nothing when there is
    no obs_controller; an order is answered once, within `ANSWER_SECONDS`, and then forgotten."""

    def __init__(self, show: str, publish: Publish, is_there: Callable[[], bool]) -> None:
        self._is_there = is_there
        self._orders = OrderDesk(show, publish, WORDS)
        self._latest: StudioChanged | None = None
        self._panic = StudioPanicStatus(state=StudioPanic.OFF, steps=())
        self._panic_at = 0.0

    def __len__(self) -> int:
        """Orders that wait for their answer."""
        return len(self._orders)

    # How it is --------------------------------------------------------------------------------

    def restore(self, latched: Mapping[str, Any] | None) -> None:
        """What the obs_controller last left on the bus; of another build perhaps, or of nobody."""
        try:
            self.changed(StudioChanged.model_validate(latched), 0.0)
        except ValidationError:
            return

    def changed(self, event: StudioChanged, age_seconds: float) -> None:
        known = self._latest
        if known is not None and age_seconds > LATE_SECONDS and event.emitted_at < known.emitted_at:
            return
        self._latest = event
        self._panic_news(event.panic, event.panic_steps, event.emitted_at)

    def panic_reported(self, event: StudioPanicReported) -> None:
        self._panic_news(event.state, event.steps, event.emitted_at)

    def panic_answered(self, panic: StudioPanicStatus, ordered_at: float) -> None:
        """What the obs_controller's own port said; news from before the order are old news."""
        if panic.state != "unreachable":
            self._panic, self._panic_at = panic, ordered_at

    def _panic_news(
        self, state: StudioPanic, steps: tuple[PanicStep, ...], emitted_at: float
    ) -> None:
        clock_went_back = self._panic_at > clock.now() + LATE_SECONDS
        if emitted_at >= self._panic_at or clock_went_back:
            self._panic = StudioPanicStatus(state=state, steps=steps)
            self._panic_at = emitted_at

    def panic(self, engaged: bool) -> StudioPanicStatus:
        """What panic does in OBS at this moment."""
        if self._is_there():
            return self._panic
        return StudioPanicStatus(state="unreachable" if engaged else StudioPanic.OFF, steps=())

    @property
    def scene(self) -> str | None:
        return self._latest.scene if self._latest is not None and self._is_there() else None

    def status(self) -> StudioStatus:
        if not self._is_there():
            return StudioStatus(link="not_there", detail=NOT_THERE)
        if self._latest is None:
            return StudioStatus(link=StudioLink.WAITING, detail=NOT_TOLD)
        said = {name: getattr(self._latest, name) for name in StudioStatus.model_fields}
        return StudioStatus(**{**said, **self._panic_fields()})

    def document(self) -> dict[str, Any]:
        """`GET /obs`: the latest `StudioChanged`, as it counts now."""
        envelope = self._latest.model_dump(mode="json") if self._latest is not None else {}
        return {**envelope, **self.status().model_dump(mode="json")}

    def _panic_fields(self) -> dict[str, Any]:
        return {"panic": self._panic.state, "panic_steps": self._panic.steps}

    # Orders -----------------------------------------------------------------------------------

    async def order(self, order: Event) -> StageCommandDone:
        """Raises `Problem` when OBS cannot do it, will not, or does not say."""
        self._refuse_unless_ready()
        return await self._orders.order(order)

    async def picture(self, order: Event) -> tuple[ScreenshotTaken, bytes]:
        """The picture that `TakeScreenshot` asks for. Raises `Problem` like `order`."""
        self._refuse_unless_ready()
        answer = await self._orders.answer_to(order)
        if not isinstance(answer.event, ScreenshotTaken):
            raise Problem(502, "OBS sent no picture", "Try again.", "no_picture")
        return answer.event, answer.data

    def answered(self, delivery: Delivery) -> None:
        """Some order was answered, ours perhaps."""
        self._orders.answered(delivery)

    def _refuse_unless_ready(self) -> None:
        status = self.status()
        if status.link in ("not_there", StudioLink.NOT_CONFIGURED):
            raise Problem(503, "OBS is not connected", status.detail, "obs_not_configured")
        if status.link is not StudioLink.READY:
            raise Problem(503, "OBS is not ready", status.detail, "obs_not_ready")
