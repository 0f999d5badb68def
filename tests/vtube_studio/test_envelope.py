"""What every message to VTube Studio has to be."""

import json
from typing import Any

import pytest
from websockets.asyncio.client import connect

from libs.testing.stand_ins.vtube_studio import ErrorId, VTubeStudioStandIn
from tests.vtube_studio.plain_plugin import PlainPlugin

GOOD = {
    "apiName": "VTubeStudioPublicAPI",
    "apiVersion": "1.0",
    "requestID": "mine",
    "messageType": "APIStateRequest",
}


async def answer_to(vts: VTubeStudioStandIn, raw: str | bytes) -> dict[str, Any]:
    async with connect(vts.url) as connection:
        await connection.send(raw)
        return dict(json.loads(await connection.recv()))


@pytest.mark.parametrize(
    ("raw", "error_id"),
    [
        ("no JSON", 2),
        ("[]", 2),
        ("[" * 100_000, 2),
        (b"\xff\xfe", 2),
        (json.dumps({**GOOD, "apiName": "OBS"}), 3),
        (json.dumps({**GOOD, "apiVersion": "2.0"}), 4),
        (json.dumps({**GOOD, "requestID": "x" * 65}), 5),
        (json.dumps({**GOOD, "requestID": "é"}), 5),
        (json.dumps({**GOOD, "requestID": 7}), 5),
        (json.dumps({**GOOD, "messageType": ""}), 6),
        (json.dumps({**GOOD, "messageType": None}), 6),
        (json.dumps({**GOOD, "messageType": "MakeCoffeeRequest"}), 7),
        (json.dumps({**GOOD, "messageType": "HotkeyTriggerRequest"}), 8),
    ],
)
async def test_an_envelope_that_is_wrong_gets_the_error_that_says_so(
    vts: VTubeStudioStandIn, raw: str | bytes, error_id: int
) -> None:
    answer = await answer_to(vts, raw)
    assert (answer["messageType"], answer["data"]["errorID"]) == ("APIError", error_id)


@pytest.mark.parametrize("sent", [json.dumps(GOOD), json.dumps(GOOD).encode()])
async def test_text_and_bytes_are_understood_alike(
    vts: VTubeStudioStandIn, sent: str | bytes
) -> None:
    answer = await answer_to(vts, sent)
    assert (answer["messageType"], answer["requestID"]) == ("APIStateResponse", "mine")
    assert answer["data"]["currentSessionAuthenticated"] is False
    assert answer["timestamp"] > 1_700_000_000_000


@pytest.mark.parametrize("missing", [{}, {"requestID": ""}, {"requestID": None}])
async def test_a_request_without_an_id_gets_one(
    vts: VTubeStudioStandIn, missing: dict[str, Any]
) -> None:
    bare = {key: value for key, value in GOOD.items() if key != "requestID"}
    answer = await answer_to(vts, json.dumps({**bare, **missing}))
    assert len(answer["requestID"]) == 32


async def test_an_api_that_is_switched_off_answers_everything_with_error_1(
    vts: VTubeStudioStandIn,
) -> None:
    async with PlainPlugin(vts) as plugin:
        vts.studio.api_active = False
        assert await plugin.error("APIStateRequest") == ErrorId.API_SWITCHED_OFF
        vts.studio.api_active = True
        assert (await plugin.ask("APIStateRequest"))["active"] is True


@pytest.mark.parametrize(
    "data",
    [
        {"parameterValues": [None]},
        {"parameterValues": [{"id": ["MouthOpen"], "value": 1}]},
        {"parameterValues": {"id": "MouthOpen"}},
        {"hotkeyID": 7},
        {"itemsToMove": "all"},
        {"colorTint": [], "artMeshMatcher": 3},
        {"eventName": {"a": 1}, "subscribe": "yes", "config": []},
        {"timeInSeconds": True, "valuesAreRelativeToModel": []},
    ],
)
async def test_fields_of_a_wrong_kind_never_break_the_connection(
    vts: VTubeStudioStandIn, data: dict[str, Any]
) -> None:
    kinds = (
        "InjectParameterDataRequest",
        "HotkeyTriggerRequest",
        "ItemMoveRequest",
        "ItemLoadRequest",
        "ColorTintRequest",
        "EventSubscriptionRequest",
        "MoveModelRequest",
        "ParameterCreationRequest",
        "PostProcessingUpdateRequest",
    )
    async with PlainPlugin(vts) as plugin:
        for kind in kinds:
            await plugin.send(kind, data)
        assert (await plugin.ask("APIStateRequest"))["currentSessionAuthenticated"]
