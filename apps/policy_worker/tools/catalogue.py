"""What a server offers, and how much of it is taken.

Names, descriptions and schemas come from another program: they are bounded, and judged by the gate,
before a model reads them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from apps.policy_worker.engines.base import Tool
from apps.policy_worker.tools.errors import ToolArgumentsRefused
from libs.contracts.safety import GateAction
from libs.safety import Gate, clean_chat

if TYPE_CHECKING:
    from mcp.types import Tool as ListedTool

MAXIMUM_DESCRIPTION_CHARACTERS = 500
MAXIMUM_SCHEMA_CHARACTERS = 6_000
MAXIMUM_ARGUMENT_CHARACTERS = 4_000

#: Parts of a schema with regular expressions in them: one from outside can take for ever. The
#: server looks at its arguments itself.
_EXPRESSIONS = frozenset({"pattern", "patternProperties"})


@dataclass(frozen=True)
class OfferedTool:
    """A tool that models may be told of: under a name of ours, with its arguments' schema."""

    tool: Tool
    original: str

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments, as they may be sent. Raises `ToolArgumentsRefused`."""
        from jsonschema import Draft202012Validator
        from referencing import Registry

        try:
            given: dict[str, Any] = json.loads(json.dumps(dict(arguments), allow_nan=False))
            large = len(json.dumps(given)) > MAXIMUM_ARGUMENT_CHARACTERS
            schema = _without(self.tool.parameters, _EXPRESSIONS)
            fits = Draft202012Validator(schema, registry=Registry()).is_valid(given)
        except Exception:  # noqa: BLE001 - a schema from outside is supervised here
            raise ToolArgumentsRefused("cannot be checked") from None
        if large or not fits:
            raise ToolArgumentsRefused("do not fit the schema")
        return given


@dataclass(frozen=True)
class Catalogue:
    """`refused` and `missing` are for people: a reason by name, and names that nobody offers."""

    offered: Mapping[str, OfferedTool] = field(default_factory=dict)
    """By the name that models use."""
    refused: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    others: int = 0
    """Tools of the server that are not on the list."""


def catalogue_of(listed: Iterable["ListedTool"], names: Mapping[str, str], gate: Gate) -> Catalogue:
    """`names`: the allowed tools, and what models call them."""
    offered, refused, others = dict[str, OfferedTool](), dict[str, str](), 0
    for tool in listed:
        name = names.get(tool.name)
        if name is None:
            others += 1
        elif name in offered or tool.name in refused:
            offered.pop(name, None)
            refused[tool.name] = "listed_twice"
        elif reason := _why_not(tool, gate):
            refused[tool.name] = reason
        else:
            description = clean_chat(tool.description or "", MAXIMUM_DESCRIPTION_CHARACTERS)
            schema = _without(tool.input_schema, frozenset({"$schema"}))
            offered[name] = OfferedTool(Tool(name, description, schema), tool.name)
    there = {tool.original for tool in offered.values()} | set(refused)
    return Catalogue(offered, refused, tuple(n for n in names if n not in there), others)


def _why_not(tool: "ListedTool", gate: Gate) -> str:
    """A reason code; empty for a tool that may be offered."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    schema = tool.input_schema
    try:
        if len(json.dumps(schema)) > MAXIMUM_SCHEMA_CHARACTERS:
            return "schema_too_large"
        if schema.get("type", "object") != "object":
            return "schema_wrong"
        Draft202012Validator.check_schema(_without(schema, _EXPRESSIONS))
    except (SchemaError, RecursionError, ValueError, TypeError):
        return "schema_wrong"
    texts = [(tool.description or "")[:MAXIMUM_DESCRIPTION_CHARACTERS], *_strings(schema)]
    blocked = any(gate.check(text, "input").action is GateAction.BLOCK for text in texts if text)
    return "description_blocked" if blocked else ""


def _strings(value: Any) -> Iterator[str]:
    """All that a model would read of a schema."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _without(value: Any, keywords: frozenset[str], names: bool = False) -> Any:
    """A schema without some keywords; what stands under `properties` are names, not keywords."""
    if isinstance(value, Mapping):
        return {
            key: _without(item, keywords, names=not names and key in ("properties", "$defs"))
            for key, item in value.items()
            if names or key not in keywords
        }
    if isinstance(value, list):
        return [_without(item, keywords) for item in value]
    return value
