"""Files of settings in YAML, read strictly: what is wrong is told with its line."""

import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn, TypeGuard, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from libs.settings.plain_complaints import plainly, without_echoes
from libs.settings.yaml_lines import first_duplicate, line_of
from libs.settings.yaml_text import LOADER, NestedTooDeep, safe_events, value_of

#: A file of this kind is a few kilobytes; a larger one is a mistake.
MAXIMUM_BYTES = 256 * 1024
#: So many complaints are told at once.
MAXIMUM_TOLD = 10

#: Where in a file: the keys, and numbers in lists, on the way to a value.
Place = tuple[int | str, ...]
Complaint = tuple[Place, str]

Content = TypeVar("Content")


class Strict(BaseModel):
    """Part of such a file: nothing stands in it that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileError(ValueError):
    """The file cannot be used; the message says where and what is allowed."""


class SettingsFile:
    """One file that was read.

    Promises: whatever stands in it, reading and checking end with its contents or with `error`,
    whose message is for people; keys that stand twice are refused, where YAML would keep one.
    """

    def __init__(
        self,
        path: Path,
        error: type[FileError],
        *,
        name: str = "",
        maximum_bytes: int = MAXIMUM_BYTES,
        aliases: bool = True,
    ) -> None:
        """`name`: as people are told of it. `aliases`: whether `*name` may repeat `&name`; a few
        lines of them can stand for millions. Raises `error`, and `FileNotFoundError`."""
        self.name = name or path.name
        self._error = error
        self._root: yaml.Node | None = None
        self.document: Any = None
        """What stands in it; an empty file counts as one that says nothing."""
        text = ""
        try:
            text = self._text_of(path, maximum_bytes)
            self._take(text, aliases)
        except (FileNotFoundError, error):
            raise
        except UnicodeDecodeError:
            raise error(f"{self.name} is not UTF-8 text") from None
        except NestedTooDeep as problem:
            raise error(f"{self.name}, line {problem.line}: {problem}") from None
        except (yaml.YAMLError, RecursionError, ValueError) as problem:
            mark = getattr(problem, "problem_mark", None)
            last = text.count("\n")  # the end is told as the beginning of a line behind it
            where = f", line {min(mark.line, last) + 1}" if mark is not None else ""
            raise error(f"{self.name}{where}: not valid YAML") from None
        except OSError as problem:
            raise error(f"{self.name} cannot be read: {problem.strerror}") from None

    def _text_of(self, path: Path, maximum_bytes: int) -> str:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe or a device is read for ever
            raise self._error(f"{self.name} cannot be read: it is no file")
        with path.open("rb") as file:
            content = file.read(maximum_bytes + 1)
        if len(content) > maximum_bytes:
            raise self._error(f"{self.name} is larger than {maximum_bytes} bytes")
        return content.decode("utf-8")

    def _take(self, text: str, aliases: bool) -> None:
        for event in safe_events(text):
            if isinstance(event, yaml.AliasEvent) and not aliases:
                line = event.start_mark.line + 1 if event.start_mark else 1
                self._refuse([f"line {line}: *{event.anchor}: write it out instead"])
        self._root = yaml.compose(text, Loader=LOADER)
        if (twice := first_duplicate(self._root)) is not None:
            self._refuse([f"line {twice.line}: {twice.key}: stands here twice"])
        document = value_of(text)
        self.document = {} if document is None else document

    def check(self, content: type[Content] | TypeAdapter[Content], below: int = 0) -> Content:
        """`below`: so many parts of a place that pydantic tells stand for kinds, not for keys.
        Raises `error` with a line for each complaint."""
        adapter = content if isinstance(content, TypeAdapter) else TypeAdapter(content)
        try:
            return adapter.validate_python(self.document)
        except ValidationError as problem:
            found = without_echoes(problem.errors())
        known = (_keys_beside(content, item["loc"]) for item in found)
        return self.complain(
            (item["loc"][below:], plainly(dict(item), keys))
            for item, keys in zip(found, known, strict=True)
        )

    def complain(self, complaints: Iterable[Complaint]) -> NoReturn:
        """Raises `error` with a line for each of them, up to `MAXIMUM_TOLD`."""
        self._refuse([self._line(place, what) for place, what in complaints])

    def _line(self, place: Place, what: str) -> str:
        known = tuple(part for part in place if part != "[key]")
        setting = ".".join(map(str, known)) or "the file"
        return f"line {line_of(self._root, known)}: {setting}: {what}"

    def _refuse(self, lines: list[str]) -> NoReturn:
        told = [f"{self.name}, {line}" for line in lines[:MAXIMUM_TOLD]]
        raise self._error("\n".join(told)) from None


def _keys_beside(content: object, place: Place) -> tuple[str, ...]:
    """Which keys may stand where `place` is, as far as `content` has names for them."""
    for part in place[:-1]:
        if not _is_model(content):
            return ()
        field = content.model_fields.get(str(part))
        content = field.annotation if field is not None else None
    return tuple(content.model_fields) if _is_model(content) else ()


def _is_model(content: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(content, type) and issubclass(content, BaseModel)
