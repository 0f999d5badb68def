"""What VTube Studio (or whoever took its place) says may be anything, and harms nothing."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from apps.avatar_controller.engines.vtube_studio import link as link_module
from apps.avatar_controller.engines.vtube_studio.errors import VtsAway, VtsRefused, VtsSilent
from apps.avatar_controller.engines.vtube_studio.sign_in import SignIn
from apps.avatar_controller.engines.vtube_studio.token_store import TokenStore
from apps.avatar_controller.settings import AvatarControllerSettings
from libs.contracts.avatar import AvatarLink
from libs.vtube_studio.wire import LONGEST_MESSAGE_BYTES, read_message
from tests.avatar_controller.vtube_studio.link_stand import FRAME, LinkStand
from tests.avatar_controller.vtube_studio.scripted_vts import (
    TOKEN,
    Request,
    ScriptedVts,
    answer,
    error,
    message,
    nothing,
    until,
    usual,
)

STRAY: Request = {"requestID": "somebody-else", "messageType": "CurrentModelRequest"}

NONSENSE: list[str | bytes] = [
    "",
    "no JSON",
    b"\xff\xfe\x00",
    "[" * 100_000,
    "null",
    "[]",
    "7",
    '"text"',
    "{}",
    '{"apiName": "VTubeStudioPublicAPI"}',
    '{"apiName": "VTubeStudioPublicAPI", "messageType": 5, "requestID": []}',
    '{"apiName": ["VTubeStudioPublicAPI"], "messageType": "X"}',
    message(STRAY, "CurrentModelResponse", None),
    message(STRAY, "CurrentModelResponse", [1, 2]),
    message({"requestID": {"a": 1}}, "CurrentModelResponse", {}),
    message({}, "", {}),
    message(STRAY, "APIError", {"errorID": "fifty", "message": 7}),
    message(STRAY, "APIError", "none"),
    message({"requestID": "frame99999999"}, "APIError", {"errorID": True}),
    message({"requestID": "frame"}, "InjectParameterDataResponse", None),
    message(STRAY, "Event", {}),
]


async def test_nonsense_between_answers_changes_nothing(tmp_path: Path) -> None:
    async with ScriptedVts() as vts, LinkStand(vts.url, tmp_path) as stand:
        await stand.ready()
        for raw in NONSENSE:
            await vts.tell(raw)
        assert await stand.link.request("StatisticsRequest") == {}
        assert stand.link.ready
        assert stand.link.connections == 1


@pytest.mark.parametrize("data", [None, 5, [], "text", True])
async def test_an_answer_whose_data_is_no_object_is_an_empty_one(
    data: object, tmp_path: Path
) -> None:
    async with ScriptedVts() as vts, LinkStand(vts.url, tmp_path) as stand:
        await stand.ready()
        vts.scripts["StatisticsRequest"] = lambda request: [answer(request, data)]
        assert await stand.link.request("StatisticsRequest") == {}


async def test_of_two_answers_to_one_request_the_first_counts(tmp_path: Path) -> None:
    async with ScriptedVts() as vts, LinkStand(vts.url, tmp_path) as stand:
        await stand.ready()
        vts.scripts["StatisticsRequest"] = lambda request: [
            answer(request, {"n": 1}),
            answer(request, {"n": 2}),
            error(request, 0, "late"),
        ]
        assert await stand.link.request("StatisticsRequest") == {"n": 1}
        assert await stand.link.request("CurrentModelRequest") == {}


async def test_an_event_with_the_id_of_a_request_is_no_answer_to_it(tmp_path: Path) -> None:
    """VTube Studio's events carry the id of the request that subscribed them."""
    async with ScriptedVts() as vts, LinkStand(vts.url, tmp_path) as stand:
        await stand.ready()
        vts.scripts["StatisticsRequest"] = lambda request: [
            message(request, "ModelLoadedEvent", {"modelLoaded": True}),
            answer(request, {"uptime": 3}),
        ]
        assert await stand.link.request("StatisticsRequest") == {"uptime": 3}
        assert stand.events == [("ModelLoadedEvent", {"modelLoaded": True})]


@pytest.mark.parametrize(
    ("error_id", "said", "known"),
    [(202, "x", 202), ("202", None, -1), (None, [], -1), (True, "x", -1), (10**30, "x", 10**30)],
)
async def test_an_error_of_any_form_is_a_refusal(
    error_id: object, said: object, known: int, tmp_path: Path
) -> None:
    async with ScriptedVts() as vts, LinkStand(vts.url, tmp_path) as stand:
        await stand.ready()
        vts.scripts["HotkeyTriggerRequest"] = lambda request: [error(request, error_id, said)]
        with pytest.raises(VtsRefused) as refused:
            await stand.link.request("HotkeyTriggerRequest")
        assert refused.value.error_id == known
        assert len(str(refused.value)) < 500


async def test_a_message_that_is_too_long_costs_the_connection_and_nothing_else(
    tmp_path: Path,
) -> None:
    async with ScriptedVts() as vts, LinkStand(vts.url, tmp_path) as stand:
        await stand.ready()
        huge = answer(STRAY, {"text": "x" * LONGEST_MESSAGE_BYTES})
        vts.scripts["StatisticsRequest"] = lambda request: [huge]
        with pytest.raises(VtsAway):
            await stand.link.request("StatisticsRequest")
        await stand.ready(times=2)


async def test_a_reader_of_events_that_fails_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with ScriptedVts() as vts, LinkStand(vts.url, tmp_path) as stand:
        await stand.ready()

        def fails(kind: str, data: dict[str, Any]) -> None:
            raise KeyError(kind)

        stand.link._on_event = fails
        await vts.tell(message(STRAY, "ModelLoadedEvent", {}))
        assert await stand.link.request("StatisticsRequest") == {}
        assert stand.link.ready
    assert "could not be taken" in caplog.text


async def test_a_reading_of_the_model_that_fails_leaves_the_link_ready(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stand = LinkStand("", tmp_path)

    async def fails() -> None:
        raise TypeError("no list")

    stand.on_ready = fails  # type: ignore[method-assign]
    async with ScriptedVts() as vts:
        stand.settings = stand.settings.model_copy(update={"vts_url": vts.url})
        async with stand:
            await stand.ready()
            assert await stand.link.request("StatisticsRequest") == {}
    assert "could not be read" in caplog.text


async def test_a_reading_of_the_model_without_an_answer_is_tried_until_it_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "READY_PAUSES_SECONDS", (0.0, 0.01))
    stand = LinkStand("", tmp_path)
    read: list[dict[str, Any]] = []

    async def reads() -> None:
        read.append(await stand.link.request("CurrentModelRequest", timeout_seconds=0.05))

    stand.on_ready = reads  # type: ignore[method-assign]
    lost = 8

    def late(request: Request) -> list[str | bytes]:
        nonlocal lost
        lost -= 1
        return [] if lost >= 0 else usual(request)

    async with ScriptedVts() as vts:
        vts.scripts["CurrentModelRequest"] = late
        stand.settings = stand.settings.model_copy(update={"vts_url": vts.url})
        async with stand:
            await until(lambda: read)
            assert stand.link.connections == 1
            assert stand.times_ready == 9


async def test_a_request_without_an_answer_ends_in_time(tmp_path: Path) -> None:
    async with ScriptedVts() as vts, LinkStand(vts.url, tmp_path) as stand:
        await stand.ready()
        vts.scripts["StatisticsRequest"] = nothing
        with pytest.raises(VtsSilent):
            await stand.link.request("StatisticsRequest", timeout_seconds=0.05)
        assert await stand.link.request("CurrentModelRequest") == {}
        assert stand.link.ready


async def test_requests_end_with_their_connection(tmp_path: Path) -> None:
    async with ScriptedVts() as vts, LinkStand(vts.url, tmp_path) as stand:
        await stand.ready()
        vts.scripts["StatisticsRequest"] = nothing
        asked = [asyncio.create_task(stand.link.request("StatisticsRequest")) for _ in range(9)]
        await until(lambda: vts.kinds().count("StatisticsRequest") == 9)
        vts.connections[-1].transport.abort()
        async with asyncio.timeout(2.0):
            results = await asyncio.gather(*asked, return_exceptions=True)
        assert all(type(result) is VtsAway for result in results)


@pytest.mark.parametrize("token", [None, "", 7, [], "x" * 257, "with\nnewline", "ü" * 8])
async def test_a_token_that_is_none_is_not_kept(token: object, tmp_path: Path) -> None:
    async with ScriptedVts() as vts, LinkStand(vts.url, tmp_path) as stand:
        given = {"authenticationToken": token}
        vts.scripts["AuthenticationTokenRequest"] = lambda request: [answer(request, given)]
        await stand.reach(AvatarLink.WAITING, "gave a token that is none")
        assert stand.store.read().token == ""


@pytest.mark.parametrize("said", ["yes", 1, None, "true"])
async def test_only_a_plain_yes_signs_in(said: object, tmp_path: Path) -> None:
    async with ScriptedVts() as vts, LinkStand(vts.url, tmp_path) as stand:
        given = {"authenticated": said}
        vts.scripts["AuthenticationRequest"] = lambda request: [answer(request, given)]
        detail = await stand.reach(AvatarLink.DENIED)
        assert "it has just given" in detail
        await asyncio.sleep(0.1)
        assert vts.kinds().count("AuthenticationTokenRequest") == 1


async def test_the_token_is_said_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Also where VTube Studio itself repeats it."""
    caplog.set_level(logging.DEBUG)
    async with ScriptedVts() as vts, LinkStand(vts.url, tmp_path) as stand:
        await stand.ready()
        said = f"the token {TOKEN} is odd"
        vts.scripts["StatisticsRequest"] = lambda request: [error(request, 7777, said)]
        vts.scripts["InjectParameterDataRequest"] = lambda request: [error(request, 453, said)]
        with pytest.raises(VtsRefused) as refused:
            await stand.link.request("StatisticsRequest")
        stand.link.send_values(FRAME)
        await until(lambda: stand.frame_errors)
        vts.scripts["AuthenticationRequest"] = lambda request: [error(request, 7777, said)]
        vts.connections[-1].transport.abort()
        await stand.reach(AvatarLink.WAITING, "refuses")
        seen = [stand.told, stand.frame_errors, repr(refused.value), refused.value.said]
        seen += [repr(stand.link), repr(stand.store.read()), repr(stand.settings)]
    assert TOKEN in json.dumps(vts.heard)
    assert TOKEN not in repr(seen)
    ours = [one for one in caplog.records if one.name != "websockets.server"]
    assert TOKEN[-12:] not in repr([one.getMessage() for one in ours])


@pytest.mark.parametrize("shown", range(4, len(TOKEN)))
def test_no_part_of_the_token_is_said_where_what_vtube_studio_wrote_is_cut(
    tmp_path: Path, shown: int
) -> None:
    settings = AvatarControllerSettings(
        _env_file=None, vts_auth_token=TOKEN, kitsu_data_dir=tmp_path
    )
    sign_in = SignIn(settings, TokenStore(tmp_path, "main"), lambda link, detail: None)
    said = "x" * (300 - shown) + TOKEN
    found = read_message(error({"requestID": "a"}, 7777, said))
    assert found is not None
    assert TOKEN[:4] not in sign_in.hide(found.error_message)


def test_what_vtube_studio_writes_cannot_steer_a_terminal_or_turn_a_line_round() -> None:
    found = read_message(error({"requestID": "a"}, 7777, "a\x1b[2Jb\u202ec\ud800d\x00\ne"))
    assert found is not None
    said = found.error_message
    assert said.isprintable()
    said.encode()
    assert "\u202e" not in said
