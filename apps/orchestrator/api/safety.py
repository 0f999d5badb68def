"""The gate's words of the show itself, and what it stopped lately."""

from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter
from fastapi import Path as PathValue
from pydantic import BaseModel, ConfigDict, Field, model_validator

from apps.orchestrator.api.disk import if_it_can_be_written
from apps.orchestrator.api.worker_of import TheWorker
from libs.worker.problems import Problem

router = APIRouter(tags=["safety"])

#: Longer than a rule may be, for what falls away in cleaning.
_RAW_CHARACTERS = 500
_ID = r"^[\w-]{1,64}$"

RuleId = Annotated[str, PathValue(pattern=_ID)]


class NewRule(BaseModel):
    model_config = ConfigDict(extra="forbid")

    action: Literal["allow", "block"]
    text: str | None = Field(default=None, min_length=1, max_length=_RAW_CHARACTERS)
    blocked_id: str | None = Field(default=None, pattern=_ID)
    """Instead of a text: the words that made this text be blocked."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.text is None) == (self.blocked_id is None):
            raise ValueError("give either text or blocked_id")
        return self


@router.get("/safety/rules")
async def get_rules(worker: TheWorker) -> dict[str, Any]:
    """What this show allows or blocks beside the shipped rules, the newest first."""
    return worker.safety.rules_as_json()


@router.post("/safety/rules", status_code=201)
async def post_rule(new: NewRule, worker: TheWorker) -> dict[str, Any]:
    """Allows or blocks words from the next turn on. The same again changes nothing; the other
    action for the same words replaces their rule; `replaced` says what it did."""
    with if_it_can_be_written():
        if new.blocked_id is not None:
            added = await worker.safety.add_for(new.action, new.blocked_id, "operator")
        else:
            added = await worker.safety.add(new.action, new.text or "", "operator")
    return {**added.rule.model_dump(), "new": added.new, "replaced": added.replaced}


@router.delete("/safety/rules/{rule_id}")
async def delete_rule(rule_id: RuleId, worker: TheWorker) -> dict[str, Any]:
    """The shipped rules alone count for these words again."""
    with if_it_can_be_written():
        rule = await worker.safety.remove(rule_id, "operator")
    if rule is None:
        raise Problem(404, "No such rule", "It may be removed already.", "not_found")
    return {"rule_id": rule.rule_id}


@router.get("/safety/blocked")
async def get_blocked(worker: TheWorker) -> dict[str, Any]:
    """The texts that the gate changed or stopped in the last quarter of an hour (50 at most), the
    newest first, with their words. They are kept in memory only."""
    return {"blocked": await worker.safety.blocked_as_json()}
