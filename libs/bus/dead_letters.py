"""How a dead letter is stored: the entry's own fields, and why and where it died."""

import json
from typing import NamedTuple

from libs.bus.base import BusError, DeadLetter, Delivery
from libs.bus.codec import DATA, JSON, LIFETIME, TAG, VERSION, Fields, fields_of
from libs.bus.reading import Burial
from libs.bus.stream_store import StoredEntry
from libs.contracts.streams import TOPICS

#: Dead letters kept; the oldest go first.
MAXIMUM_DEAD_LETTERS = 10_000

_ORIGINAL = (TAG, VERSION, JSON, LIFETIME, DATA)
_KEY = b"key"
_ENTRY = b"entry"
_TOPIC = b"topic"
_SHOW = b"show"
_GROUP = b"group"
_REASON = b"reason"
_DELIVERIES = b"deliveries"


class Original(NamedTuple):
    """A dead letter as it was on its stream, and the bound of that stream."""

    key: str
    fields: Fields
    maximum_entries: int


def burial_of(delivery: Delivery, show: str, reason: str) -> Burial:
    """For a delivery that a handler refuses for good."""
    fields = fields_of(delivery.event, delivery.data)
    if delivery.ttl_seconds is not None:
        fields[LIFETIME] = b"%d" % round(delivery.ttl_seconds * 1_000)
    entry = StoredEntry(delivery.key, delivery.entry_id, fields)
    return Burial(entry, delivery.topic, show, delivery.group, reason, delivery.deliveries)


def dead_fields(burial: Burial) -> Fields:
    """What is stored. Replaying puts the original fields back as they were."""
    fields = burial.entry.fields or {}
    return {
        **{name: fields[name] for name in _ORIGINAL if name in fields},
        _KEY: burial.entry.key.encode(),
        _ENTRY: burial.entry.entry_id.encode(),
        _TOPIC: burial.topic.name.encode(),
        _SHOW: (_named_show(fields) or burial.show).encode("utf-8", "replace"),
        _GROUP: burial.group.encode(),
        _REASON: burial.reason.encode("utf-8", "replace")[:500],
        _DELIVERIES: b"%d" % burial.deliveries,
    }


def dead_letter_of(entry: StoredEntry) -> DeadLetter:
    fields = entry.fields or {}

    def text(name: bytes) -> str:
        return fields.get(name, b"").decode("utf-8", "replace")

    deliveries = text(_DELIVERIES)
    return DeadLetter(
        entry_id=entry.entry_id,
        topic=text(_TOPIC),
        show=text(_SHOW),
        tag=text(TAG),
        reason=text(_REASON),
        deliveries=int(deliveries) if deliveries.isdecimal() else 0,
        group=text(_GROUP),
        died_at=entry.stored_at,
        event_json=text(JSON),
        data=fields.get(DATA, b""),
    )


def original_of(entry: StoredEntry) -> Original | None:
    """What a dead letter was before it died; None when that cannot be told.

    Raises `BusError` when its topic is unknown to this version.
    """
    fields = entry.fields or {}
    key = fields.get(_KEY, b"").decode("utf-8", "replace")
    if not key:
        return None
    name = fields.get(_TOPIC, b"").decode("utf-8", "replace")
    topic = next((topic for topic in TOPICS if topic.name == name), None)
    if topic is None or not key.startswith("kitsu:"):
        raise BusError(f"the topic {name!r} of dead letter {entry.entry_id} is unknown here")
    original = {name: fields[name] for name in _ORIGINAL if name in fields}
    return Original(key, original, topic.maximum_entries)


def _named_show(fields: Fields) -> str:
    """The show an event of a pooled stream names; empty when it cannot be read."""
    try:
        document = json.loads(fields.get(JSON, b""))
        show = document.get("show", "")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return show[:100] if isinstance(show, str) else ""
