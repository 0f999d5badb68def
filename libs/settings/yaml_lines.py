"""Where in a YAML file something stands, for errors that people can act on."""

from typing import NamedTuple

import yaml


class Found(NamedTuple):
    key: str
    line: int


def line_of(node: yaml.Node | None, path: tuple[int | str, ...]) -> int:
    """The line of the deepest part of `path` that the file has, counted from 1."""
    line = 1
    for part in path:
        if node is None:
            break
        line = node.start_mark.line + 1
        key, node = _step(node, part)
        if key is not None:
            line = key.start_mark.line + 1
    return line


def first_duplicate(root: yaml.Node | None) -> Found | None:
    """The first key that stands twice in one mapping; YAML itself would keep the second one."""
    waiting, looked_at = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in looked_at:  # an alias may lead back
            continue
        looked_at.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if str(key.value) in seen:
                    return Found(str(key.value), key.start_mark.line + 1)
                seen.add(str(key.value))
                waiting.append(value)
    return None


def _step(node: yaml.Node, part: int | str) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The node that names this part, and the node below it."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None, None
