"""Changing settings in `.env` without touching anything else in it."""

import contextlib
import io
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from apps.cli.failures import Failed

_LINE = re.compile(
    r"(?P<head>\s*(?:export[^\S\r\n]+)?[^\s=]+[^\S\r\n]*=[^\S\r\n]*)"
    r"(?P<value>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\r\n]*?)"
    r"(?P<comment>(?:[^\S\r\n]+#[^\r\n]*)?)[^\S\r\n]*(?P<end>\r\n|\n|\r|)",
    re.DOTALL,
)
_PLAIN = re.compile(r"[\w.:/@%+,-]*", re.ASCII)


def set_in_env_file(path: Path, values: Mapping[str, str]) -> None:
    """Sets these names, keeps every other line and the file's newlines, and lets nobody but its
    owner read it from now on. All or nothing.

    Raises `Failed` where the file cannot be changed so; it never names a value.
    """
    path = path.resolve()  # a link stays a link
    try:
        text = path.read_bytes().decode("utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(_by_hand(path, values, f"cannot be read ({error})")) from None
    changed = text
    for name, value in values.items():
        changed = _with(changed, name, value)
    if not _says(changed, text, values):
        raise Failed(_by_hand(path, values, "cannot hold that value, or is written unusually"))
    try:
        _replace(path, changed.encode("utf-8"))
    except OSError as error:
        raise Failed(_by_hand(path, values, f"cannot be written ({error.strerror})")) from None


def _with(text: str, name: str, value: str) -> str:
    """The text with that name set: where it was set last, or else below its example, or else at
    the end."""
    statements = _statements(text)
    own = [
        n
        for n, one in enumerate(statements)
        if (one.key or "").upper() == name and one.value is not None
    ]
    pieces = [one.original.string for one in statements]
    newline = "\r\n" if "\r\n" in text else "\n"
    fresh = f"{name}={_quoted(value)}{newline}"
    if own:
        pieces[own[-1]] = _changed(pieces[own[-1]], value)
        return "".join(pieces)
    example = re.compile(rf"\s*#\s*{name}\s*=", re.IGNORECASE)
    examples = [n for n, piece in enumerate(pieces) if example.match(piece)]
    place = examples[-1] + 1 if examples else len(pieces)
    if place and not pieces[place - 1].endswith(("\n", "\r")):
        fresh = newline + fresh
    return "".join([*pieces[:place], fresh, *pieces[place:]])


def _changed(statement: str, value: str) -> str:
    found = _LINE.fullmatch(statement)
    if found is None:
        return statement
    return f"{found['head']}{_quoted(value)}{found['comment']}{found['end']}"


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _says(changed: str, before: str, values: Mapping[str, str]) -> bool:
    """Whether the values are read back as they are, and all others as before."""
    if any("${" in value or not value.isprintable() for value in values.values()):
        return False  # the one would be filled in when read, the other would break the line
    others = [(one.key, one.value) for one in _statements(before) if not _is_one(one, values)]
    now = _statements(changed)
    last = {(one.key or "").upper(): one.value for one in now}
    return others == [(one.key, one.value) for one in now if not _is_one(one, values)] and all(
        last.get(name) == value for name, value in values.items()
    )


def _is_one(statement: Binding, values: Mapping[str, str]) -> bool:
    """One of ours; or no setting at all."""
    return statement.key is None or statement.key.upper() in values


def _statements(text: str) -> list[Binding]:
    return list(parse_stream(io.StringIO(text, newline="")))


def _replace(path: Path, raw: bytes) -> None:
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        if hasattr(os, "chown") and path.exists():  # not on Windows
            with contextlib.suppress(OSError):
                os.chown(fresh, path.stat().st_uid, path.stat().st_gid)
        Path(fresh).replace(path)
    except OSError:
        Path(fresh).unlink(missing_ok=True)
        raise


def _by_hand(path: Path, values: Mapping[str, str], why: str) -> str:
    return f"{path} {why}.\nSet {' and '.join(values)} there by hand."
