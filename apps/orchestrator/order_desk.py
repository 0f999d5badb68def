"""Orders to a module that answers them: each is sent, waited for, and told in words."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from libs.bus.base import Delivery
from libs.contracts.envelope import Event
from libs.contracts.stage import StageCommandDone, StageCommandFailed
from libs.telemetry import clock
from libs.worker.problems import Problem

#: A module drops an order that it has not begun after this long.
ORDER_SECONDS = 4.0
#: Whoever gave an order hears of it after this long, whatever happens.
ANSWER_SECONDS = 5.0

Publish = Callable[[Event], Awaitable[None]]


@dataclass(frozen=True)
class OrderWords:
    """What people are told of orders that were not carried out."""

    unanswered: str
    look: str
    """What to do when nobody answered."""
    failed: str
    failed_code: str
    refusals: Mapping[str, tuple[int, str]]
    """How a refusal is answered over HTTP, by its code; any other is a 502."""


class OrderDesk:
    """Promises: an order is answered once, within `ANSWER_SECONDS`, and then forgotten."""

    def __init__(self, show: str, publish: Publish, words: OrderWords) -> None:
        self._show = show
        self._publish = publish
        self._words = words
        self._waiting: dict[str, asyncio.Future[Delivery]] = {}

    def __len__(self) -> int:
        """Orders that wait for their answer."""
        return len(self._waiting)

    async def order(self, order: Event) -> StageCommandDone:
        """Raises `Problem` when it cannot be done, will not be, or nobody says."""
        answer = (await self.answer_to(order)).event
        assert isinstance(answer, StageCommandDone)
        return answer

    async def answer_to(self, order: Event) -> Delivery:
        """The same for orders that are answered by something else. Raises as `order` does."""
        order = order.model_copy(
            update={"show": self._show, "expires_at": clock.now() + ORDER_SECONDS}
        )
        answer: asyncio.Future[Delivery] = asyncio.get_running_loop().create_future()
        self._waiting[order.event_id] = answer
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._publish(order)
                found = await answer
        except TimeoutError:
            raise Problem(504, self._words.unanswered, self._words.look, "timeout") from None
        finally:
            del self._waiting[order.event_id]
        if isinstance(found.event, StageCommandFailed):
            raise self._refusal(found.event)
        return found

    def answered(self, delivery: Delivery) -> None:
        """Some order was answered, ours perhaps."""
        waiting = self._waiting.get(delivery.event.cause_id or "")
        if waiting is not None and not waiting.done():
            waiting.set_result(delivery)

    def _refusal(self, event: StageCommandFailed) -> Problem:
        status, title = self._words.refusals.get(event.code, (502, self._words.failed))
        code = event.code[:64] or self._words.failed_code
        return Problem(status, title, event.message[:500], code)
