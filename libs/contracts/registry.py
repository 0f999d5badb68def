"""Finds every event class by its wire tag, and turns stored bytes back into events."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache

from pydantic import ValidationError

import libs.contracts
from libs.contracts.envelope import Event, UnknownEvent

#: Each event class has its version here by its `version` default; a higher one on the wire is
#: unknown to this build.


def _subclasses(parent: type[Event]) -> Iterator[type[Event]]:
    for child in parent.__subclasses__():
        yield child
        yield from _subclasses(child)


@cache
def event_types() -> dict[str, type[Event]]:
    """Every event class of `libs.contracts` by wire tag (`file.snake_name`)."""
    for module in pkgutil.iter_modules(libs.contracts.__path__):
        importlib.import_module(f"libs.contracts.{module.name}")
    return {
        child.model_fields["type"].default: child
        for child in _subclasses(Event)
        if child is not UnknownEvent and child.__module__.startswith("libs.contracts.")
    }


def encode(event: Event) -> bytes:
    """The event as JSON (UTF-8)."""
    return event.model_dump_json().encode()


def decode(tag: str, version: int, raw: bytes) -> Event:
    """The event stored under this tag and version; an `UnknownEvent` where that cannot be."""
    known = event_types().get(tag)
    if known is None:
        return UnknownEvent(type=tag[:100], version=version, raw=raw, reason="unknown_type")
    if version > int(known.model_fields["version"].default):
        return UnknownEvent(type=tag, version=version, raw=raw, reason="unknown_version")
    try:
        return known.model_validate_json(raw)
    except ValidationError:
        return UnknownEvent(type=tag, version=version, raw=raw, reason="malformed")
