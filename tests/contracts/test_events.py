"""Every event of the contracts: found, named by the rule, and the same after the wire."""

import dataclasses
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import libs.contracts
from libs.contracts.envelope import Event, UnknownEvent
from libs.contracts.identity import new_id
from libs.contracts.registry import decode, encode, event_types
from libs.contracts.streams import TOPICS, StreamClass
from libs.settings import ROOT

EVENTS = sorted(event_types().items())
ENVELOPE = {
    "event_id", "type", "version", "show", "turn_id", "utterance_id", "epoch",
    "cause_id", "source", "emitted_at", "expires_at",
}  # fmt: skip

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


def values_of(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Values of any event or part of one, from its own JSON schema."""
    return st.builds(dict, **_field_values(model.model_json_schema()))


def _field_values(schema: dict[str, Any]) -> dict[str, st.SearchStrategy[Any]]:
    parts = schema.get("$defs", {})
    fields = schema.get("properties", {})
    return {name: _values(field, parts) for name, field in fields.items() if name != "type"}


def _values(schema: dict[str, Any], parts: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _values(parts[schema["$ref"].rpartition("/")[2]], parts)
    if "anyOf" in schema:
        return st.one_of([_values(option, parts) for option in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    if schema["type"] == "array":
        return st.lists(_values(schema["items"], parts), max_size=3)
    if "properties" in schema:
        inner = {name: _values(field, parts) for name, field in schema["properties"].items()}
        return st.fixed_dictionaries(inner)
    if schema["type"] == "object":
        return st.dictionaries(texts, _values(schema["additionalProperties"], parts), max_size=3)
    if schema["type"] == "string":
        return texts.map(lambda text: text[: schema.get("maxLength", len(text))])
    return _plain_values(schema["type"], schema.get("minimum", 0), schema.get("maximum", 9_999))


def _plain_values(kind: str, least: float, most: float) -> st.SearchStrategy[Any]:
    return {
        "integer": st.integers(int(least), int(most)),
        "number": st.floats(least, most, allow_nan=False),
        "boolean": st.booleans(),
        "null": st.none(),
    }[kind]


def test_every_event_class_is_found() -> None:
    written = {
        found[1]
        for path in Path(libs.contracts.__file__).parent.glob("*.py")
        for found in re.finditer(r"^class (\w+)\(Event\):", path.read_text("utf-8"), re.MULTILINE)
    } - {"UnknownEvent"}

    assert {event_type.__name__ for _, event_type in EVENTS} == written
    assert len(written) > 40


@pytest.mark.parametrize(("tag", "event_type"), EVENTS)
def test_a_tag_is_the_file_and_the_name(tag: str, event_type: type[Event]) -> None:
    file = event_type.__module__.rpartition(".")[2]
    snake_name = re.sub(r"(?<!^)(?=[A-Z])", "_", event_type.__name__).lower()

    assert tag == f"{file}.{snake_name}"
    assert tag.isascii()
    assert " " not in tag


@pytest.mark.parametrize(("tag", "event_type"), EVENTS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_an_event_is_the_same_after_the_wire(
    tag: str, event_type: type[Event], data: st.DataObject
) -> None:
    fields = data.draw(values_of(event_type))
    event = event_type.model_validate({**fields, "version": 1})

    decoded = decode(tag, event.version, encode(event))

    assert type(decoded) is event_type
    assert decoded == event


@pytest.mark.parametrize(("tag", "event_type"), EVENTS)
def test_an_event_has_the_whole_envelope_and_its_topic(tag: str, event_type: type[Event]) -> None:
    assert set(event_type.model_fields) >= ENVELOPE
    assert event_type.topic in TOPICS
    assert event_type.model_fields["version"].default >= 1
    # Fenced are pieces of work for one reply, never facts.
    if event_type.fenced:
        assert event_type.topic.stream_class in (StreamClass.WORK, StreamClass.AUDIO)


@pytest.mark.parametrize(("tag", "event_type"), EVENTS)
def test_an_event_cannot_be_changed_and_ignores_fields_of_a_later_version(
    tag: str, event_type: type[Event]
) -> None:
    assert event_type.model_config["frozen"] is True
    assert event_type.model_config["extra"] == "ignore"
    assert inspect.isclass(event_type)


@pytest.mark.parametrize(
    ("tag", "version", "raw", "reason"),
    [
        ("chat.nothing", 1, b"{}", "unknown_type"),
        ("libs.contracts.chat.ChatGap", 1, b"{}", "unknown_type"),
        ("", 1, b"{}", "unknown_type"),
        ("unknown", 1, b"{}", "unknown_type"),
        ("chat.chat_gap", 2, b"{}", "unknown_version"),
        ("chat.chat_gap", 1, b"{}", "malformed"),
        ("chat.chat_gap", 1, b"", "malformed"),
        ("chat.chat_gap", 1, b"\xff", "malformed"),
    ],
)
def test_what_is_unknown_is_kept_and_never_acted_on(
    tag: str, version: int, raw: bytes, reason: str
) -> None:
    event = decode(tag, version, raw)

    assert type(event) is UnknownEvent
    assert (event.reason, event.raw) == (reason, raw)


@given(tag=st.text(), version=st.integers(), raw=st.binary())
def test_no_bytes_can_make_decoding_fail(tag: str, version: int, raw: bytes) -> None:
    assert isinstance(decode(tag, version, raw), Event)


def test_one_event_cannot_pass_for_another() -> None:
    banned = {"viewer_id": "1", "platform": "test", "type": "chat.chat_gap"}

    with pytest.raises(ValidationError):
        event_types()["chat.viewer_banned"].model_validate(banned)


def test_an_event_caused_by_another_stays_in_its_turn_and_epoch() -> None:
    cause = UnknownEvent(show="s", turn_id="t", utterance_id="u", epoch=7)
    effect = UnknownEvent.caused_by(cause, reason="x")

    assert (effect.show, effect.turn_id, effect.utterance_id, effect.epoch) == ("s", "t", "u", 7)
    assert effect.cause_id == cause.event_id
    assert effect.event_id != cause.event_id


_TOGETHER = """
import sys, threading
from pydantic import ValidationError
from libs.contracts.envelope import Value
from libs.contracts.registry import event_types

sys.setswitchinterval(1e-6)
wrong, kinds = [], [Value, *event_types().values()]
for kind in kinds:
    kinds.extend(each for each in kind.__subclasses__() if each not in kinds)

def use(kind, begin):
    begin.wait()
    try:
        told = type(kind.model_validate({})).__name__
    except ValidationError as problem:
        told = problem.title
    except Exception as problem:
        told = repr(problem)
    if told != kind.__name__:
        wrong.append((kind.__name__, told))

for kind in kinds:
    begin = threading.Barrier(6)
    threads = [threading.Thread(target=use, args=(kind, begin)) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
print(len(kinds) > 90, wrong)
"""


def test_an_event_is_itself_for_threads_that_use_it_first_at_the_same_time() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _TOGETHER], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True []\n"


def test_ids_are_uuid_version_7_and_sort_by_time() -> None:
    ids = [new_id() for _ in range(1_000)]
    pattern = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"

    assert all(re.fullmatch(pattern, one) for one in ids)
    assert len(set(ids)) == 1_000
    assert [one[:13] for one in ids] == sorted(one[:13] for one in ids)


# The stream table -------------------------------------------------------------------------------


def test_stream_names_and_keys_are_unique_and_shows_do_not_mix() -> None:
    keys = [topic.key(show) for topic in TOPICS for show in ("a", "b")]
    pooled = [topic for topic in TOPICS if topic.pooled]

    assert len({topic.name for topic in TOPICS}) == len(TOPICS)
    assert len(set(keys)) == len(keys) - len(pooled)
    assert all(key.startswith(("kitsu:{", "kitsu:pool:")) for key in keys)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_stream_is_bounded_by_its_class(topic: Any) -> None:
    stored = topic.stream_class is not StreamClass.LIVE

    assert (topic.maximum_entries > 0) == stored
    assert topic.pooled == (topic.stream_class is StreamClass.WORK)
    with pytest.raises(dataclasses.FrozenInstanceError):
        topic.name = "x"
