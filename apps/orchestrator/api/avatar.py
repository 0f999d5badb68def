"""Avatars: how they are, and what can be ordered from them."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, model_validator

from apps.orchestrator import avatar_orders as orders
from apps.orchestrator.api import actions
from apps.orchestrator.api.worker_of import TheWorker
from apps.orchestrator.avatar_orders import AnyAvatarOrder
from apps.orchestrator.panel.avatar_messages import AvatarsStatus
from libs.contracts.speaking import Mood

router = APIRouter(tags=["avatar"])

#: How long an expression is shown where nobody says.
EXPRESSION_SECONDS = 3.0


class Expression(BaseModel):
    """A mood (`mood`), or anything that has a name (`expression`): a mood, one of the persona's own
    words for moods, or an expression of the model."""

    model_config = ConfigDict(extra="forbid")

    mood: Mood | None = None
    expression: orders.Name | None = None
    seconds: orders.Seconds | None = None
    """How long; without it a mood stays, and an expression of the model is shown for 3 s."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "Expression":
        if (self.mood is None) == (self.expression is None):
            raise ValueError("give either mood or expression")
        return self


class Shown(BaseModel):
    mood: Mood | None = None
    expression: str | None = None
    """The model's expression that is shown, by its name there."""


@router.get("/avatar")
async def get_avatar(worker: TheWorker) -> AvatarsStatus:
    """All avatars, how they are connected, what they have and lack; her mood and bearing."""
    return worker.avatar.status()


@router.post("/vts/expr", status_code=202, response_model_exclude_none=True)
async def post_expression(wish: Expression, worker: TheWorker) -> Shown:
    """Sets her mood, or shows an expression of the model for a moment."""
    mood = wish.mood
    if wish.expression is not None:
        mood = worker.session.mood_named(wish.expression)
    if mood is not None:
        await actions.set_expression(worker, mood, wish.seconds)
        return Shown(mood=mood)
    assert wish.expression is not None
    seconds = wish.seconds or EXPRESSION_SECONDS
    moods = worker.session.mood_words
    name = await worker.avatar.show_named(wish.expression, seconds, "operator", moods)
    return Shown(expression=name)


@router.post("/avatar/sign-in")
async def post_sign_in(order: orders.SignInOrder, worker: TheWorker) -> dict[str, Any]:
    """Asks the avatar's program (again) whether Kitsu may; click Allow there."""
    return await _done(order, worker)


@router.put("/avatar/moods")
async def put_mood(order: orders.MapMoodOrder, worker: TheWorker) -> dict[str, Any]:
    """From now on the model that is loaded shows this mood so. Empty: nothing shows it; null: as
    `configs/avatar.yaml` says, or as it is found by name."""
    return await _done(order, worker)


@router.post("/avatar/try")
async def post_try(order: orders.TryOrder, worker: TheWorker) -> dict[str, Any]:
    """Shows one expression of the model for a moment, whatever the mood."""
    return await _done(order, worker)


@router.post("/avatar/hotkey")
async def post_hotkey(order: orders.HotkeyOrder, worker: TheWorker) -> dict[str, Any]:
    """Makes a gesture, or presses a hotkey of the model."""
    return await _done(order, worker)


@router.post("/avatar/item")
async def post_item(order: orders.ItemOrder, worker: TheWorker) -> dict[str, Any]:
    """Shows an item; only names of `configs/avatar.yaml` and `configs/items.yaml`."""
    return await _done(order, worker)


async def _done(order: AnyAvatarOrder, worker: TheWorker) -> dict[str, Any]:
    """Answers when it was done."""
    answer = await worker.avatar.order(order, "operator")
    return {**answer.result, "done": answer.message or "done"}
