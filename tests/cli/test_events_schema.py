"""`kitsu events schema`."""

import json
import re
from typing import Any

from click.testing import CliRunner

from apps.cli.__main__ import kitsu
from libs.contracts.registry import event_types
from libs.contracts.streams import TOPICS


def schema() -> dict[str, Any]:
    result = CliRunner().invoke(kitsu, ["events", "schema"])
    assert result.exit_code == 0
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(references(value) for value in node))
    return set()


def test_it_is_an_asyncapi_3_document_with_all_streams_and_all_events() -> None:
    document = schema()
    assert document["asyncapi"] == "3.0.0"
    assert set(document["info"]) >= {"title", "version"}
    assert set(document["channels"]) == {topic.name for topic in TOPICS}
    assert set(document["components"]["messages"]) == set(event_types())
    sent = [name for channel in document["channels"].values() for name in channel["messages"]]
    assert sorted(sent) == sorted(event_types())


def test_every_reference_in_it_leads_somewhere() -> None:
    document = schema()
    for reference in references(document):
        assert reference.startswith("#/")
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_component_names_and_parameters_keep_the_rules() -> None:
    document = schema()
    for kind in ("messages", "schemas"):
        for name in document["components"][kind]:
            assert re.fullmatch(r"[\w.-]+", name)
    for channel in document["channels"].values():
        in_address = set(re.findall(r"\{(\w+)\}", channel["address"]))
        assert in_address == set(channel.get("parameters", {}))
    for operation in document["operations"].values():
        assert operation["action"] in ("send", "receive")
