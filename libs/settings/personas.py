"""Personas: who she is, from `configs/personas/<name>.yaml`."""

import re
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from libs.settings.base import ROOT

PERSONAS = ROOT / "configs" / "personas"

#: A persona file is a few kilobytes; a larger one is a mistake.
MAXIMUM_FILE_BYTES = 256 * 1024

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

Lines = tuple[str, ...]


class PersonaError(ValueError):
    """A persona cannot be used; the message names the file, the line and what is allowed."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StockLines(_Strict):
    """What she says when nobody has written anything for her: whole sentences, in character."""

    greeting: Lines = Field(min_length=1)
    redirect: Lines = Field(min_length=1)
    """Instead of something that must not be said."""
    care: Lines = Field(min_length=1)
    """When someone writes of hurting themselves."""
    all_failed: Lines = Field(min_length=1)
    """When no engine gives an answer."""
    unfinished: Lines = Field(min_length=1)
    """After an answer that broke off."""


class ScriptedLines(_Strict):
    """Words of the scripted engine. `{name}`, `{topic}` and `{earlier}` are filled in.

    `by_style` has openings for each style; the other lists are shared.
    """

    nameless: str = "friend"
    """Said instead of a name that cannot be said."""
    empty_words: str = ""
    """Words that say nothing of what a line is about, with spaces between them."""
    by_style: dict[str, Lines] = {}
    hello: Lines = Field(min_length=1)
    thanks: Lines = Field(min_length=1)
    laugh: Lines = Field(min_length=1)
    question: Lines = Field(min_length=1)
    topic: Lines = Field(min_length=1)
    no_topic: Lines = Field(min_length=1)
    refer_back: Lines = Field(min_length=1)
    chaos: Lines = Field(min_length=1)
    calm_end: Lines = Field(min_length=1)
    lively_end: Lines = Field(min_length=1)
    idle: Lines = Field(min_length=1)

    @cached_property
    def empty_word_set(self) -> frozenset[str]:
        return frozenset(self.empty_words.split())


class Persona(_Strict):
    """One persona file. `style_notes` says for each style how she speaks in it."""

    name: str = Field(min_length=1, max_length=64)
    language: str = Field(default="en", pattern=r"^[a-z]{2}(-[A-Z]{2})?$")
    voice: str = Field(default="", max_length=128)
    system_text: str = Field(min_length=1, max_length=8_000)
    style_notes: dict[str, str] = Field(alias="styles", min_length=1)
    stock: StockLines
    scripted: ScriptedLines

    @property
    def styles(self) -> tuple[str, ...]:
        """The styles she has; the first one is how she starts."""
        return tuple(self.style_notes)


def persona_names(folder: Path = PERSONAS) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load_persona(name: str, folder: Path = PERSONAS) -> Persona:
    """The persona in `configs/personas/<name>.yaml`. Raises `PersonaError`."""
    path = folder / f"{name}.yaml"
    if not _NAME.fullmatch(name) or not path.is_file():
        there = ", ".join(persona_names(folder)) or "none"
        raise PersonaError(f"there is no persona '{name[:64]}' in {folder}; there are: {there}")
    if path.stat().st_size > MAXIMUM_FILE_BYTES:
        raise PersonaError(f"{path.name} is larger than {MAXIMUM_FILE_BYTES} bytes")
    try:
        text = path.read_text("utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        return Persona.model_validate(yaml.safe_load(text))
    except UnicodeDecodeError:
        raise PersonaError(f"{path.name} is not UTF-8 text") from None
    except yaml.YAMLError as error:
        raise PersonaError(f"{path.name}{_where(error)}: not valid YAML") from None
    except ValidationError as error:
        lines = [_line(path.name, root, dict(item)) for item in error.errors()]
        raise PersonaError("\n".join(lines)) from None


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}" if mark is not None else ""


def _line(file: str, root: yaml.Node | None, item: dict[str, Any]) -> str:
    setting = ".".join(str(part) for part in item["loc"]) or "the file"
    allowed = str(item["msg"]).replace("Input should be", "must be")
    if item["type"] == "extra_forbidden":
        allowed = "is not a setting of a persona"
    return f"{file}, line {_line_of(root, item['loc'])}: {setting}: {allowed}"


def _line_of(node: yaml.Node | None, path: tuple[int | str, ...]) -> int:
    """The line of the deepest part of `path` that the file has."""
    line = 1
    for part in path:
        if node is None:
            break
        line = node.start_mark.line + 1
        key, node = _step(node, part)
        if key is not None:
            line = key.start_mark.line + 1
    return line


def _step(node: yaml.Node, part: int | str) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The node that names this part, and the node below it."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None, None
