"""All events and streams as an AsyncAPI 3.0 document (https://www.asyncapi.com/docs/reference)."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from libs.contracts.envelope import Event
from libs.contracts.registry import event_types
from libs.contracts.streams import TOPICS, StreamClass, Topic

#: How each class of stream is delivered, in words.
DELIVERY: dict[StreamClass, str] = {
    StreamClass.CONTROL: "Every instance reads all of it with a cursor of its own; never dropped.",
    StreamClass.WORK: "One member of a consumer group does each entry; deadline, reclaim, dead "
    "letters.",
    StreamClass.FACTS: "Every consumer group sees each entry; durable, trimmed by length.",
    StreamClass.AUDIO: "Short and bounded; the show's stage reads it. The PCM travels as raw bytes "
    "beside the JSON.",
    StreamClass.LIVE: "Pub/sub: whoever listens now gets it; may be lost.",
}


def document() -> dict[str, Any]:
    """The document, as JSON-ready values."""
    events = sorted(event_types().items())
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Kitsu",
            "version": _version(),
            "description": "The events of one show, on Redis or Valkey streams.",
            "license": {"name": "GPL-3.0-or-later"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic, events) for topic in TOPICS},
        "operations": {
            f"{direction}_{topic.name}": {
                "action": direction,
                "channel": {"$ref": f"#/channels/{topic.name}"},
            }
            for topic in TOPICS
            for direction in ("send", "receive")
        },
        "components": {
            "messages": {_key(tag): _message(tag, kind) for tag, kind in events},
            "schemas": {_key(tag): _schema(kind, _key(tag)) for tag, kind in events},
        },
    }


def _channel(topic: Topic, events: list[tuple[str, type[Event]]]) -> dict[str, Any]:
    messages = {
        _key(tag): {"$ref": f"#/components/messages/{_key(tag)}"}
        for tag, kind in events
        if kind.topic is topic
    }
    channel: dict[str, Any] = {
        "address": topic.key("{show}") if not topic.pooled else topic.key(""),
        "description": DELIVERY[topic.stream_class],
        "messages": messages,
        "x-stream-class": topic.stream_class.value,
        "x-maximum-entries": topic.maximum_entries,
    }
    if not topic.pooled:
        # In Redis the braces stand around the show as a cluster hash tag.
        channel["address"] = f"kitsu:{{show}}:{topic.name}"
        channel["x-redis-key"] = topic.key("<show>")
        if topic.stream_class is StreamClass.LIVE:
            channel["x-redis-channels"] = topic.key("<show>") + ":<type>"
        channel["parameters"] = {"show": {"description": "Name of the show.", "default": "main"}}
    return channel


def _message(tag: str, kind: type[Event]) -> dict[str, Any]:
    return {
        "name": tag,
        "title": kind.__name__,
        "summary": _first_paragraph(kind),
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{_key(tag)}"},
        "x-fenced-by-epoch": kind.fenced,
    }


def _schema(kind: type[Event], name: str) -> dict[str, Any]:
    """The event's JSON Schema, its own definitions inside it."""
    template = f"#/components/schemas/{name}/$defs/{{model}}"
    return kind.model_json_schema(ref_template=template)


def _key(tag: str) -> str:
    """Names of components may have letters, digits, `-`, `_` and `.`."""
    return tag.replace("/", "_")


def _first_paragraph(kind: type[Event]) -> str:
    own = kind.__doc__ if kind.__doc__ and kind.__doc__ != Event.__doc__ else ""
    return " ".join((own or kind.__name__).split("\n\n")[0].split())


def _version() -> str:
    try:
        return version("kitsu-vtuber")
    except PackageNotFoundError:
        return "0"
