"""The model that VTube Studio has loaded: its inputs, expressions and hotkeys."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from apps.avatar_controller.engines.vtube_studio.errors import VtsRefused
from apps.avatar_controller.engines.vtube_studio.parameters import USUAL_INPUTS
from apps.avatar_controller.names import shown_name

log = logging.getLogger("kitsu.avatar_controller.vtube_studio")

Part = TypeVar("Part")

#: More than any model has; what is beyond is left out.
MAXIMUM_ROWS = 5000

#: Asks VTube Studio for one thing and gives its answer's data. Raises `VtsRefused` or `VtsAway`.
Ask = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Expression:
    file: str
    """What VTube Studio knows it by."""
    active: bool = False

    @property
    def name(self) -> str:
        return shown_name(self.file)


@dataclass(frozen=True, slots=True)
class Hotkey:
    id: str
    name: str
    """As the user wrote it; may be empty."""
    action: str
    """`TriggerAnimation`, `ToggleExpression` ..."""
    file: str = ""

    @property
    def shown(self) -> str:
        return shown_name(self.name or self.file or self.action)


@dataclass(frozen=True, slots=True)
class Model:
    id: str
    name: str
    inputs: frozenset[str] = frozenset()
    """Names of all input parameters that can be injected."""
    parameters: frozenset[str] = frozenset()
    """Names of the model's own (Live2D) parameters."""
    expressions: tuple[Expression, ...] = ()
    hotkeys: tuple[Hotkey, ...] = ()
    unread: tuple[str, ...] = ()
    """Which of these the app refused to tell."""

    @property
    def key(self) -> str:
        """By what its choices are kept."""
        return self.id or self.name


async def read_model(ask: Ask) -> Model | None:
    """The model as it is now; None: none is loaded. What the app refuses to tell is left empty and
    said in `unread`. Raises `VtsRefused`, `VtsAway`."""
    current = await ask("CurrentModelRequest", {})
    if current.get("modelLoaded") is not True:
        return None
    unread: list[str] = []

    async def read(what: str, part: Awaitable[Part], nothing: Part) -> Part:
        try:
            return await part
        except VtsRefused as refused:
            log.warning("VTube Studio does not tell its %s: %s", what, refused)
            unread.append(what)
            return nothing

    inputs, parameters, expressions, hotkeys = await asyncio.gather(
        read("inputs", read_inputs(ask), USUAL_INPUTS),
        read("parameters", read_parameters(ask), {}),
        read("expressions", read_expressions(ask), ()),
        read("hotkeys", read_hotkeys(ask), ()),
    )
    return Model(
        id=text_of(current, "modelID")[:64],
        name=shown_name(text_of(current, "modelName")),
        inputs=inputs,
        parameters=frozenset(parameters),
        expressions=expressions,
        hotkeys=hotkeys,
        unread=tuple(unread),
    )


async def read_inputs(ask: Ask) -> frozenset[str]:
    answer = await ask("InputParameterListRequest", {})
    rows = rows_of(answer, "defaultParameters") + rows_of(answer, "customParameters")
    return frozenset(text_of(row, "name") for row in rows) - {""}


async def read_parameters(ask: Ask) -> dict[str, tuple[float, float, float]]:
    """The model's own parameters: value, least and greatest."""
    rows = rows_of(await ask("Live2DParameterListRequest", {}), "parameters")
    return {
        name: (number_of(row, "value"), number_of(row, "min"), number_of(row, "max"))
        for row in rows
        if (name := text_of(row, "name"))
    }


async def read_expressions(ask: Ask) -> tuple[Expression, ...]:
    rows = rows_of(await ask("ExpressionStateRequest", {"details": False}), "expressions")
    found = {
        file: Expression(file, row.get("active") is True)
        for row in rows
        if (file := text_of(row, "file"))
    }
    return tuple(found.values())


async def read_hotkeys(ask: Ask) -> tuple[Hotkey, ...]:
    return tuple(
        Hotkey(key, text_of(row, "name"), text_of(row, "type"), text_of(row, "file"))
        for row in rows_of(await ask("HotkeysInCurrentModelRequest", {}), "availableHotkeys")
        if (key := text_of(row, "hotkeyID"))
    )


def rows_of(answer: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """A list of objects out of an answer; whatever else stands there is left out."""
    rows = answer.get(key)
    if not isinstance(rows, list):
        return []
    return [row for row in rows[:MAXIMUM_ROWS] if isinstance(row, dict)]


def text_of(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    return value if isinstance(value, str) else ""


def number_of(row: Mapping[str, Any], key: str) -> float:
    value = row.get(key)
    if not isinstance(value, int | float):
        return 0.0
    try:
        number = float(value)
    except OverflowError:  # an integer of a thousand digits
        return 0.0
    return number if math.isfinite(number) else 0.0
