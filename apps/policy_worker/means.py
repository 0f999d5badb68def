"""What a reply is made with."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from apps.policy_worker.acknowledgement import Acknowledging
from apps.policy_worker.engine_ladder import EngineLadder
from apps.policy_worker.engines.base import Picture, ReplyEngine
from apps.policy_worker.engines.errors import EngineError
from apps.policy_worker.guard import Guard
from apps.policy_worker.patience import Patience
from apps.policy_worker.prompt_teller import PromptTeller
from apps.policy_worker.tools.box import ToolBox
from apps.policy_worker.tools.errors import ToolError
from libs.safety import Gate
from libs.settings.personas import Persona

#: Takes a picture of the programme; None where there is nothing to be seen.
Look = Callable[[], Awaitable[Picture | None]]


class Listener(Protocol):
    """Who is told of what people should know."""

    async def engine_failed(self, engine: ReplyEngine, error: EngineError) -> None: ...

    async def tool_failed(self, error: ToolError) -> None: ...


@dataclass(frozen=True)
class Means:
    persona: Persona
    gate: Gate
    ladder: EngineLadder
    patience: Patience
    counters: Counter[str]
    listener: Listener
    prompts: PromptTeller
    acknowledging: Acknowledging
    stage_names: tuple[str, ...] = ()
    """What OBS offers in this show."""
    items: tuple[str, ...] = ()
    """What can be shown in the overlay."""
    look: Look | None = None
    tools: ToolBox | None = None
    guard: Guard | None = None
    """Who judges the sentences of touchy turns."""
    deflect_touchy: bool = True
    """Without a guard such turns are turned aside."""
