"""What is said to veadotube and by it.

Form: veadotube's documentation, "the API", "nodes channel" and "instance channel"
(veado.tube/docs/tech/api/nodes): text frames `<channel>:<JSON>`, which may end in zeros; avatar
states are a node of type `stateEvents` (`mini` in veadotube mini). In version 2.0 a state has an id
of its own and names may be double; from 2.1 on the id is the name.
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from apps.avatar_controller.names import shown_name

CLIENT_NAME = "Kitsu"
STATES_NODE = "stateEvents"
#: Of so many states one can be chosen; nobody draws more.
MAXIMUM_STATES = 1_000
MAXIMUM_ID = 200


@dataclass(frozen=True)
class State:
    """One picture of the avatar."""

    id: str
    name: str


@dataclass(frozen=True)
class Told:
    """One message of the program that means something here. What it does not say is None."""

    instance: str | None = None
    """How the program calls itself."""
    node: str | None = None
    """Where its avatar states are; empty: it has none."""
    states: tuple[State, ...] | None = None
    showing: str | None = None
    """The id of the state that is seen now."""


def address_with_name(url: str) -> str:
    """The server turns clients away that do not say their name (`n`)."""
    parts = urlsplit(url)
    query = f"{parts.query}&" if parts.query else ""
    return urlunsplit(parts._replace(query=f"{query}n={quote(CLIENT_NAME)}"))


def ask_nodes() -> str:
    return _nodes({"event": "list"})


def ask(node: str, event: str, **fields: str) -> str:
    """`list`, `peek`, `listen` (with a token) or `set` (a state)."""
    payload = {"event": event, **fields}
    return _nodes({"event": "payload", "type": STATES_NODE, "id": node, "payload": payload})


def _nodes(document: dict[str, Any]) -> str:
    return f"nodes:{json.dumps(document)}"


def read(raw: str | bytes) -> Told | None:
    """None: no message of veadotube's."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    channel, colon, body = text.replace("\0", "").partition(":")
    try:
        document = json.loads(body) if colon else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    match channel.strip():
        case "instance":
            name = document.get("name")
            return Told(instance=shown_name(name) if isinstance(name, str) else None)
        case "nodes":
            return _read_nodes(document)
    return None


def _read_nodes(document: dict[str, Any]) -> Told:
    if document.get("event") == "list" and isinstance(document.get("entries"), list):
        nodes = [entry for entry in document["entries"] if isinstance(entry, dict)]
        ids = [entry.get("id") for entry in nodes if entry.get("type") == STATES_NODE]
        known = [str(one)[:MAXIMUM_ID] for one in ids if isinstance(one, str | int) and one != ""]
        return Told(node=known[0] if known else "")
    payload = document.get("payload")
    if document.get("type") != STATES_NODE or not isinstance(payload, dict):
        return Told()
    states, showing = payload.get("states"), payload.get("state")
    if payload.get("event") == "list" and isinstance(states, list):
        return Told(states=tuple(_read_states(states)))
    if payload.get("event") == "peek" and isinstance(showing, str):
        return Told(showing=showing)
    return Told()


def _read_states(entries: list[Any]) -> list[State]:
    found: dict[str, State] = {}
    for entry in entries[:MAXIMUM_STATES]:
        state_id = entry.get("id") if isinstance(entry, dict) else None
        if isinstance(state_id, str) and state_id:
            name = entry.get("name")
            name = name if isinstance(name, str) and name else state_id
            found.setdefault(state_id, State(state_id, shown_name(name)))
    return list(found.values())
