"""YAML as its own reader in C takes it, and how deep a text may nest."""

from collections.abc import Iterator
from typing import Any

import yaml

#: Lists and mappings inside each other. Files of settings have six at most; to read thousands takes
#: seconds, and a deep stack.
MAXIMUM_DEPTH = 32

#: The same as `yaml.SafeLoader`, and ten times as fast, where it was built.
LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class NestedTooDeep(yaml.YAMLError):
    """More than `MAXIMUM_DEPTH` lists and mappings inside each other."""

    def __init__(self, line: int) -> None:
        """`line`: counted from 1."""
        self.line = line
        super().__init__(f"more than {MAXIMUM_DEPTH} lists and mappings inside each other")


def safe_events(text: str) -> Iterator[yaml.Event]:
    """The events of a text; looking at them costs little whatever it is. Raises `yaml.YAMLError`,
    and as one of these `NestedTooDeep`."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAXIMUM_DEPTH:
                raise NestedTooDeep(event.start_mark.line + 1 if event.start_mark else 1)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        yield event


def value_of(text: str) -> Any:
    """What stands in a text that is ours, or of which all `safe_events` were looked at: how deep it
    nests is not bounded here. Raises `yaml.YAMLError`."""
    try:
        return yaml.load(text, Loader=LOADER)
    except (ValueError, LookupError, AttributeError) as problem:
        # a date that is none, or `!!bool`, `!!int`, `!!timestamp` before what is none
        raise yaml.YAMLError(f"a value is not what it says it is: {problem}") from None


def document_of(text: str) -> Any:
    """What stands in a text. Raises `yaml.YAMLError`."""
    for _ in safe_events(text):
        pass
    return value_of(text)
