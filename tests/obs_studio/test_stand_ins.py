"""The stand-ins for OBS behave as the real one does, to the client library that people use."""

import asyncio
import gc
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import obsws_python
import pytest
from obsws_python.error import OBSSDKError, OBSSDKRequestError, OBSSDKTimeoutError
from websocket import (
    WebSocketBadStatusException,
    WebSocketException,
    WebSocketTimeoutException,
)
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from libs.testing.obs_studio import Gone, Observer, ObsStudio, Refused
from libs.testing.obs_studio.conversation import Conversation
from libs.testing.stand_ins.not_obs import OldObsServer, PlainWebServer, SilentServer
from libs.testing.stand_ins.obs_websocket import ObsWebSocketStandIn

PASSWORD = "the-password"


@contextmanager
def req_client(port: int, password: str = "", **more: Any) -> Iterator[obsws_python.ReqClient]:
    client = obsws_python.ReqClient(host="127.0.0.1", port=port, password=password, **more)
    try:
        yield client
    finally:
        client.base_client.ws.shutdown()


def failure_of_req_client(port: int, password: str = "", timeout: float = 5.0) -> type[Exception]:
    """What the real client raises; it leaves its socket open then, which Python warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            obsws_python.ReqClient(port=port, password=password, timeout=timeout)
        except (OBSSDKError, WebSocketException) as problem:
            found = type(problem)
        gc.collect()
    return found


# The library's own clients ---------------------------------------------------------------------


@pytest.mark.parametrize("password", ["", PASSWORD])
async def test_the_real_request_client_works_with_it(password: str) -> None:
    def talk() -> None:
        with req_client(obs.port, password, timeout=5) as client:
            assert client.get_version().obs_version == "29.0.2"
            scenes = [scene["sceneName"] for scene in client.get_scene_list().scenes]
            assert scenes == ["BRB", "Live", "Starting"]
            client.set_current_program_scene("BRB")
            client.set_input_mute("Mic", True)
            assert client.get_input_mute("Mic").input_muted is True
            with pytest.raises(OBSSDKRequestError) as refused:
                client.get_input_mute("nobody")
            assert refused.value.code == 600

    async with ObsWebSocketStandIn(password) as obs:
        await asyncio.to_thread(talk)
        assert (obs.studio.scene, obs.studio.inputs["Mic"].muted) == ("BRB", True)
        assert [r.kind for r in obs.requests][-1] == "GetInputMute"


async def test_the_real_event_client_hears_what_happens() -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def on_current_program_scene_changed(data: Any) -> None:
        loop.call_soon_threadsafe(heard.put_nowait, data.scene_name)

    def on_exit_started(data: Any) -> None:
        loop.call_soon_threadsafe(heard.put_nowait, "exit")

    def listening() -> obsws_python.EventClient:
        client = obsws_python.EventClient(host="127.0.0.1", port=obs.port, password=PASSWORD)
        client.callback.register([on_current_program_scene_changed, on_exit_started])
        return client

    async with ObsWebSocketStandIn(PASSWORD) as obs, asyncio.timeout(20):
        client = await asyncio.to_thread(listening)
        async with Observer(obs.port, PASSWORD) as eye:
            await eye.call("SetCurrentProgramScene", sceneName="Live")
        obs.emit("ExitStarted")
        assert [await heard.get(), await heard.get()] == ["Live", "exit"]
        await asyncio.to_thread(client.disconnect)


@pytest.mark.parametrize("password", ["", "wrong"])
async def test_a_wrong_password_is_refused_with_4009(password: str) -> None:
    async with ObsWebSocketStandIn(PASSWORD) as obs:
        failure = await asyncio.to_thread(failure_of_req_client, obs.port, password)
        assert failure is OBSSDKError
        with pytest.raises(Gone, match="4009"):
            await Conversation.open(obs.port, "wrong")
        assert obs.identified == 0


async def test_an_answer_that_is_late_is_a_timeout_for_the_real_client() -> None:
    def ask() -> None:
        with (
            req_client(obs.port, timeout=0.3) as client,
            pytest.raises(OBSSDKTimeoutError),
        ):
            client.get_version()

    async with ObsWebSocketStandIn(answer_seconds=3.0) as obs:
        await asyncio.to_thread(ask)


# Misbehaviour ----------------------------------------------------------------------------------


@pytest.fixture
async def partner() -> Any:
    async with ObsWebSocketStandIn() as obs, Observer(obs.port, "") as eye:
        yield obs, eye


async def test_while_it_loads_it_refuses_everything_with_207(partner: Any) -> None:
    obs, eye = partner
    obs.not_ready = True
    with pytest.raises(Refused) as refused:
        await eye.scene()
    assert refused.value.code == 207
    obs.not_ready = False
    assert await eye.scene() == "Starting"


async def test_a_kind_of_request_is_refused_with_any_code(partner: Any) -> None:
    obs, eye = partner
    obs.refused["GetStats"] = 205
    with pytest.raises(Refused) as refused:
        await eye.call("GetStats")
    assert refused.value.code == 205


async def test_it_can_fall_silent_and_lose_its_connections(partner: Any) -> None:
    obs, eye = partner
    obs.silent_from = "request"
    asked = asyncio.create_task(eye.scene())
    await asyncio.sleep(0.1)
    assert not asked.done()
    obs.drop()
    with pytest.raises(Gone):
        await asked


@pytest.mark.parametrize("word", ["hello", "identified"])
async def test_it_can_be_silent_before_one_is_known(word: str) -> None:
    async with ObsWebSocketStandIn(silent_from=word) as obs:
        failure = await asyncio.to_thread(failure_of_req_client, obs.port, timeout=0.3)
        assert failure is WebSocketTimeoutException


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("no json", 4002),
        ('{"op": 6}', 4002),
        ('{"op": "six", "d": {}}', 4002),
        ('{"op": 6, "d": {}}', 4007),
        ('{"op": 1, "d": {"rpcVersion": 2}}', 4010),
    ],
)
async def test_who_breaks_the_protocol_is_told_by_the_close_code(said: str, code: int) -> None:
    async with ObsWebSocketStandIn() as obs, connect(obs.url) as socket:
        await socket.recv()
        await socket.send(said)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code


# As the real one --------------------------------------------------------------------------------

BATCH: list[dict[str, Any]] = [
    {"requestType": "SetInputMute", "requestData": {"inputName": "Mic", "inputMuted": True}},
    {"requestType": "SetInputMute", "requestData": {"inputName": "nobody", "inputMuted": True}},
    {"requestType": "GetInputMute", "requestData": {"inputName": "Caption"}},
    {"requestType": "NoSuchRequest"},
    {"requestType": "SetInputMute", "requestData": {"inputName": "Mic"}},
    {"requestType": "GetInputMute", "requestData": {"inputName": "Mic"}},
]


async def batch_of(port: int, password: str, halt: bool) -> list[tuple[str, bool, int, Any]]:
    """What a server makes of `BATCH`: of each request kind, result, code and data."""
    asking = await Conversation.open(port, password)
    try:
        answers = await asking.ask_batch(BATCH, halt)
    finally:
        await asking.close()
    return [
        (
            one["requestType"],
            one["requestStatus"]["result"],
            one["requestStatus"]["code"],
            one.get("responseData"),
        )
        for one in answers
    ]


@pytest.mark.parametrize(
    ("halt", "codes"), [(False, [100, 600, 604, 204, 300, 100]), (True, [100, 600])]
)
async def test_a_batch_goes_on_or_halts_as_asked(halt: bool, codes: list[int]) -> None:
    async with ObsWebSocketStandIn() as obs:
        assert [row[2] for row in await batch_of(obs.port, "", halt)] == codes


@pytest.mark.real_obs
@pytest.mark.parametrize("halt", [False, True])
async def test_the_real_obs_answers_the_same_batch_alike(real_obs: ObsStudio, halt: bool) -> None:
    async with ObsWebSocketStandIn() as stand_in:
        expected = await batch_of(real_obs.port, real_obs.password, halt)
        assert await batch_of(stand_in.port, "", halt) == expected


#: Answers whose form is compared: every field of the stand-in's is one of the real OBS's, alike.
QUESTIONS: dict[str, dict[str, Any]] = {
    "GetVersion": {},
    "GetStats": {},
    "GetSceneCollectionList": {},
    "GetSceneList": {},
    "GetCurrentProgramScene": {},
    "GetInputList": {},
    "GetSpecialInputs": {},
    "GetInputVolume": {"inputName": "Mic"},
    "GetInputSettings": {"inputName": "Caption"},
    "GetSourceFilterList": {"sourceName": "Live"},
    "GetSourceFilter": {"sourceName": "Live", "filterName": "Panic"},
    "GetSceneTransitionList": {},
    "GetCurrentSceneTransition": {},
    "GetSceneSceneTransitionOverride": {"sceneName": "Live"},
    "GetStreamStatus": {},
    "GetRecordStatus": {},
    "GetReplayBufferStatus": {},
}


def shape(value: Any) -> Any:
    """Types in place of values; a list by its first item."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if type(value) in (int, float) else type(value).__name__


def contains(large: Any, small: Any) -> bool:
    if isinstance(small, dict):
        return all(key in large and contains(large[key], item) for key, item in small.items())
    if isinstance(small, list):
        return isinstance(large, list) and (not large or contains(large[0], small[0]))
    return bool(large == small)


@pytest.mark.real_obs
async def test_the_stand_ins_answers_have_the_form_of_the_real_ones(eye: Observer) -> None:
    async with ObsWebSocketStandIn() as obs, Observer(obs.port, "") as other:
        for kind, data in QUESTIONS.items():
            real, ours = await eye.call(kind, **data), await other.call(kind, **data)
            assert contains(shape(real), shape(ours)), (kind, shape(real), shape(ours))


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("SetInputMute", {"inputName": "Mic", "inputMuted": True}),
    (
        "SetSourceFilterEnabled",
        {"sourceName": "Live", "filterName": "Panic", "filterEnabled": True},
    ),
    ("SetCurrentSceneTransition", {"transitionName": "Fade"}),
    ("SetCurrentProgramScene", {"sceneName": "Live"}),
    ("SetInputVolume", {"inputName": "Mic", "inputVolumeDb": 0}),
]


@pytest.mark.real_obs
async def test_the_stand_ins_events_are_the_real_ones(eye: Observer) -> None:
    async with ObsWebSocketStandIn() as obs, Observer(obs.port, "") as other:
        obs.studio.transition = "Cut"
        for kind, data in CHANGES:
            await eye.call(kind, **data)
            await other.call(kind, **data)
        await other.until_event("InputVolumeChanged")
        assert len(other.events) == len(CHANGES)
        for event in other.events:
            await eye.until_event(event.kind, **event.data)


# No OBS at all ---------------------------------------------------------------------------------


async def test_a_silent_server_takes_the_connection_and_says_nothing() -> None:
    async with SilentServer() as server:
        failure = await asyncio.to_thread(failure_of_req_client, server.port, timeout=0.3)
        assert failure is WebSocketTimeoutException
        assert server.connections == 1


async def test_a_web_server_answers_without_upgrading() -> None:
    async with PlainWebServer() as server:
        failure = await asyncio.to_thread(failure_of_req_client, server.port)
        assert failure is WebSocketBadStatusException


async def test_an_old_obs_says_its_version_when_asked_in_its_own_words() -> None:
    async with OldObsServer() as server, connect(f"ws://127.0.0.1:{server.port}") as socket:
        for said, status in (
            ({"request-type": "GetVersion", "message-id": "7"}, "ok"),
            ({"request-type": "NoSuch", "message-id": "7"}, "error"),
            ({"op": 1, "d": {}}, "error"),
        ):
            await socket.send(json.dumps(said))
            answer = json.loads(await socket.recv())
            assert answer["status"] == status
        await socket.send(json.dumps({"request-type": "GetVersion", "message-id": "8"}))
        answer = json.loads(await socket.recv())
        assert (answer["message-id"], answer["obs-websocket-version"]) == ("8", "4.9.1")
