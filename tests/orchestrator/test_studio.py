"""OBS from the orchestrator's side; the obs_controller is played by a script."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import websockets

from apps.orchestrator import order_desk
from libs.contracts.envelope import Event
from libs.contracts.stage import StageCommandDone, SwitchScene
from libs.contracts.studio import (
    ControlMedia,
    ControlRecording,
    ControlReplay,
    RequestStageAction,
    SetFilterEnabled,
    SetInputMute,
    SetInputVolume,
    SetSourceText,
    SetSourceVisible,
    SetTransition,
    StudioChanged,
    StudioLink,
)
from libs.telemetry import clock
from libs.worker.problems import Problem
from libs.worker.runtime import running
from tests.orchestrator.scripted_studio import PICTURE, ScriptedStudio
from tests.orchestrator.stand import Stand
from tests.worker.test_runtime import until

LONG = "x" * 201


@pytest.fixture
async def obs(show: Stand) -> AsyncIterator[ScriptedStudio]:
    """An OBS that is ready, and known to be."""
    async with ScriptedStudio.beside(show) as studio:
        await studio.tell()
        await until(lambda: show.worker.studio.status().link == "ready")
        yield studio


# How it is -------------------------------------------------------------------------------------


async def test_status_says_how_obs_is(show: Stand, obs: ScriptedStudio) -> None:
    status = await show.get("/status")
    assert status["scene"] == "Live"
    studio = status["studio"]
    assert studio["link"] == "ready"
    assert studio["scenes"] == ["Live", "Chatting", "BRB"]
    assert studio["inputs"][0]["role"] == "mic"
    assert studio["panic"] == "off"
    document = await show.get("/obs")
    assert document["type"] == "studio.studio_changed"
    assert document["transitions"] == ["Cut", "Fade"]


async def test_without_an_obs_controller_obs_is_not_there_and_says_what_to_do(
    show: Stand,
) -> None:
    status = await show.get("/status")
    assert status["scene"] is None
    assert status["studio"]["link"] == "not_there"
    assert "kitsu restart obs_controller" in status["studio"]["detail"]
    assert (await show.get("/obs"))["link"] == "not_there"


async def test_a_restarted_orchestrator_knows_obs_from_the_latch(stand: Stand) -> None:
    async with ScriptedStudio.beside(stand) as studio:
        await studio.keep(scene="Chatting")
        async with running(stand.worker, stand.worker.bus):
            await until(lambda: stand.worker.studio.scene == "Chatting")


@pytest.mark.parametrize("latched", [{"link": "on fire"}, {"scenes": 5}, {"link": None}, {}])
async def test_a_latch_that_makes_no_sense_is_as_none(stand: Stand, latched: Any) -> None:
    await stand.bus.set_latch("main", "studio", latched)
    async with running(stand.worker, stand.worker.bus), ScriptedStudio.beside(stand):
        await until(lambda: stand.worker.studio.status().link == "waiting")


async def test_news_that_come_late_do_not_overrule_what_is_newer(show: Stand) -> None:
    desk, now = show.worker.studio, clock.now()
    async with ScriptedStudio.beside(show):
        await until(lambda: show.worker.roster.beats("obs_controller"))
        desk.changed(StudioChanged(link=StudioLink.READY, scene="new", emitted_at=now), 0.0)
        desk.changed(StudioChanged(link=StudioLink.READY, scene="old", emitted_at=now - 60), 60.0)
        assert desk.scene == "new"
        # The other machine's clock was set back: what is fresh counts all the same.
        desk.changed(StudioChanged(link=StudioLink.READY, scene="fresh", emitted_at=now - 60), 0.0)
        assert desk.scene == "fresh"


async def test_an_obs_controller_that_falls_silent_is_forgotten(
    show: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.orchestrator.roster.SILENT_SECONDS", 0.7)
    async with ScriptedStudio.beside(show) as studio:
        await studio.tell()
        await until(lambda: show.worker.studio.scene == "Live")
    await until(lambda: show.worker.studio.status().link == "not_there")
    answer = await show.request("POST", "/obs/scene", {"scene": "Live"})
    assert answer.status_code == 503


# Orders ----------------------------------------------------------------------------------------

ORDERS: list[tuple[str, dict[str, Any], type[Event]]] = [
    ("scene", {"scene": "Chatting"}, SwitchScene),
    ("scene", {"scene": ""}, SwitchScene),
    ("mute", {"input": "Mic/Aux", "muted": True}, SetInputMute),
    ("volume", {"input": "Mic/Aux", "volume_db": -12.5}, SetInputVolume),
    ("volume", {"input": "Mic/Aux", "volume_db": 0}, SetInputVolume),
    ("source", {"source": "Cam", "visible": False}, SetSourceVisible),
    ("source", {"scene": "Live", "source": "Cam", "visible": True}, SetSourceVisible),
    ("filter", {"source": "Cam", "filter": "Blur", "enabled": True}, SetFilterEnabled),
    ("text", {"source": "Now", "text": "<b>ä\U0001f98a\n"}, SetSourceText),
    ("media", {"source": "Intro", "action": "restart"}, ControlMedia),
    ("record", {"action": "start"}, ControlRecording),
    ("replay", {"action": "save"}, ControlReplay),
    ("transition", {"transition": "Fade", "duration_ms": 300}, SetTransition),
    ("transition", {"transition": "Cut"}, SetTransition),
    ("action", {"action": "wave"}, RequestStageAction),
]


@pytest.mark.parametrize(("path", "body", "kind"), ORDERS)
async def test_an_order_reaches_obs_and_its_answer_comes_back(
    show: Stand, obs: ScriptedStudio, path: str, body: dict[str, Any], kind: type[Event]
) -> None:
    answer = await show.post(f"/obs/{path}", body)
    assert answer["done"].startswith("did ")
    (order,) = obs.orders
    assert isinstance(order, kind)
    assert {name: getattr(order, name) for name in body} == body
    assert order.expires_at is not None
    assert 3 < order.expires_at - order.emitted_at < 5
    assert len(show.worker.studio) == 0


async def test_what_the_answer_brings_is_handed_on(show: Stand, obs: ScriptedStudio) -> None:
    obs.answer = lambda order: StageCommandDone.caused_by(
        order, command="x", message="saved", result={"path": "replay.mkv", "done": "no"}
    )
    assert await show.post("/obs/replay", {"action": "save"}) == {
        "done": "saved",
        "path": "replay.mkv",
    }


async def test_the_programme_picture_comes_as_an_image(show: Stand, obs: ScriptedStudio) -> None:
    answer = await show.request("GET", "/obs/screenshot?width=320&format=jpg")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content == PICTURE


REFUSED = {
    "not_found": 404,
    "not_allowed": 403,
    "panic": 409,
    "obs_not_ready": 503,
    "obs_not_configured": 503,
    "timeout": 504,
    "bad_value": 422,
    "request_failed": 502,
    "": 502,
}


@pytest.mark.parametrize(("code", "status"), REFUSED.items())
async def test_a_refusal_keeps_its_code_and_its_sentence(
    show: Stand, obs: ScriptedStudio, code: str, status: int
) -> None:
    obs.refuse(code)
    for method, path, body in (
        ("POST", "/obs/scene", {"scene": "Gmae"}),
        ("GET", "/obs/screenshot", None),
    ):
        answer = await show.request(method, path, body)
        assert answer.status_code == status
        problem = answer.json()
        assert problem["code"] == (code or "obs_failed")
        assert problem["detail"] == "No scene 'Gmae'; did you mean 'Game'?"
    assert len(show.worker.studio) == 0


@pytest.mark.parametrize("link", ["waiting", "wrong_password", "wrong_program", "hanging"])
async def test_an_order_is_refused_at_once_while_obs_is_not_ready(
    show: Stand, obs: ScriptedStudio, link: str
) -> None:
    await obs.tell(link=link, detail="Start OBS.", scene=None)
    await until(lambda: show.worker.studio.status().link == link)
    answer = await show.request("POST", "/obs/mute", {"input": "Mic", "muted": True})
    assert answer.status_code == 503
    assert answer.json()["code"] == "obs_not_ready"
    assert answer.json()["detail"] == "Start OBS."
    assert obs.orders == []


async def test_an_order_without_a_configured_obs_says_so(show: Stand, obs: ScriptedStudio) -> None:
    await obs.tell(link="not_configured", detail="Set OBS_WS_URL.")
    await until(lambda: show.worker.studio.status().link == "not_configured")
    answer = await show.request("GET", "/obs/screenshot")
    assert (answer.status_code, answer.json()["code"]) == (503, "obs_not_configured")


async def test_an_order_that_nobody_answers_ends_and_leaves_nothing_behind(
    show: Stand, obs: ScriptedStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_desk, "ANSWER_SECONDS", 0.2)
    obs.answer = lambda order: None
    answer = await show.request("POST", "/obs/record", {"action": "start"})
    assert (answer.status_code, answer.json()["code"]) == (504, "timeout")
    assert len(show.worker.studio) == 0
    # The answer comes after all, to nobody.
    await obs.publish(StageCommandDone.caused_by(obs.orders[0], command="late"))
    await asyncio.sleep(0.1)
    assert (await show.get("/status"))["studio"]["link"] == "ready"


async def test_a_thousand_orders_at_once_each_get_their_own_answer(
    show: Stand, obs: ScriptedStudio
) -> None:
    obs.delay_seconds = 0.3  # so that answers overtake each other
    desk = show.worker.studio

    async def switch(number: int) -> None:
        done = await desk.order(SwitchScene(scene=f"scene {number}"))
        assert done.result["scene"] == f"scene {number}"

    await asyncio.gather(*(switch(number) for number in range(1_000)))
    assert len(obs.orders) == 1_000
    assert len(desk) == 0


async def test_refused_answered_and_unanswered_orders_do_not_mix(
    show: Stand, obs: ScriptedStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_desk, "ANSWER_SECONDS", 2.0)
    desk = show.worker.studio

    def answer(order: Event) -> Event | None:
        assert isinstance(order, SetInputMute)
        if order.input.startswith("silent"):
            return None
        if order.input.startswith("refused"):
            obs.refuse("not_found", order.input)
            refusal = obs.answer(order)
            obs.answer = answer
            return refusal
        return obs.done(order)

    async def mute(name: str) -> str:
        try:
            await desk.order(SetInputMute(input=name, muted=True))
        except Problem as problem:
            return f"{problem.code} {problem.detail}" if problem.code == "not_found" else "silent"
        return "done"

    obs.answer = answer
    names = [f"{('good', 'refused', 'silent')[n % 3]} {n}" for n in range(60)]
    outcomes = await asyncio.gather(*(mute(name) for name in names))
    expected = [
        {"good": "done", "refused": f"not_found {name}", "silent": "silent"}[name.split()[0]]
        for name in names
    ]
    assert outcomes == expected
    assert len(desk) == 0


async def test_an_order_that_is_given_up_by_who_gave_it_is_forgotten(
    show: Stand, obs: ScriptedStudio
) -> None:
    obs.answer = lambda order: None
    order = asyncio.create_task(show.worker.studio.order(SwitchScene(scene="Live")))
    await until(lambda: len(show.worker.studio) == 1)
    order.cancel()
    await asyncio.gather(order, return_exceptions=True)
    assert len(show.worker.studio) == 0


# Hostile input ---------------------------------------------------------------------------------

BAD: list[tuple[str, str]] = [
    ("scene", '{"scene": 5}'),
    ("scene", '{"scene": null}'),
    ("scene", "{}"),
    ("scene", '["Live"]'),
    ("scene", "Live"),
    ("scene", json.dumps({"scene": LONG})),
    ("scene", '{"scene": "Live", "file": "/etc/passwd"}'),
    ("scene", '{"scene": "\\ud800"}'),
    ("mute", '{"input": "Mic", "muted": "maybe"}'),
    ("mute", '{"input": "Mic", "muted": "yes"}'),
    ("mute", '{"input": "", "muted": true}'),
    ("volume", '{"input": "Mic", "volume_db": NaN}'),
    ("volume", '{"input": "Mic", "volume_db": -Infinity}'),
    ("volume", '{"input": "Mic", "volume_db": 0.1}'),
    ("volume", '{"input": "Mic", "volume_db": -100.1}'),
    ("volume", '{"input": "Mic", "volume_db": "loud"}'),
    ("volume", '{"input": "Mic", "volume_db": 1e999}'),
    ("source", '{"source": "Cam", "visible": 1}'),
    ("source", json.dumps({"source": "Cam", "scene": LONG, "visible": True})),
    ("filter", json.dumps({"source": "Cam", "filter": LONG, "enabled": True})),
    ("text", json.dumps({"source": "Now", "text": "x" * 1_001})),
    ("media", '{"source": "Intro", "action": "delete"}'),
    ("media", '{"source": "Intro", "action": "play", "file": "/etc/passwd"}'),
    ("record", '{"action": "START"}'),
    ("replay", '{"action": ["save"]}'),
    ("transition", '{"transition": "Fade", "duration_ms": 1e9}'),
    ("transition", '{"transition": "Fade", "duration_ms": true}'),
    ("action", json.dumps({"action": "x" * 65})),
    ("action", '{"action": "../scenes"}{'),
]


@pytest.mark.parametrize(("path", "body"), BAD)
async def test_a_bad_order_is_refused_and_never_reaches_obs(
    show: Stand, obs: ScriptedStudio, path: str, body: str
) -> None:
    answer = await show.raw("POST", f"/obs/{path}", body.encode())
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert obs.orders == []


@pytest.mark.parametrize("query", ["width=9999", "width=x", "format=gif", "width=-1"])
async def test_a_bad_picture_size_is_refused(show: Stand, obs: ScriptedStudio, query: str) -> None:
    assert (await show.request("GET", f"/obs/screenshot?{query}")).status_code == 422
    assert obs.orders == []


async def test_obs_is_for_the_operator_only(show: Stand, obs: ScriptedStudio) -> None:
    for scope, status in (("overlay", 403), ("hook", 403), ("", 401)):
        for method, path in (("GET", "/obs"), ("GET", "/obs/screenshot"), ("POST", "/obs/scene")):
            answer = await show.raw(method, path, b'{"scene": "Live"}', scope=scope)
            assert answer.status_code == status, (scope, path)
    assert obs.orders == []


# The panel's stream ----------------------------------------------------------------------------


class Listener:
    """A panel: everything that it is told, as it comes."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.told: list[dict[str, Any]] = []

    async def ack(self, command_id: str) -> dict[str, Any]:
        return await self.next(lambda m: m["type"] == "ack" and m["id"] == command_id)

    async def next(self, matches: Any) -> dict[str, Any]:
        async with asyncio.timeout(5):
            while not (found := [m for m in self.told if matches(m)]):
                self.told += json.loads(await self.socket.recv())
        return found[0]


@pytest.fixture
async def listener(show: Stand) -> AsyncIterator[Listener]:
    url = show.url.replace("http", "ws") + "/stream"
    async with websockets.connect(url, additional_headers=show.headers) as socket:
        yield Listener(socket)


async def test_a_panel_commands_obs_and_is_told_what_became_of_it(
    show: Stand, obs: ScriptedStudio, listener: Listener
) -> None:
    for number, (path, body, kind) in enumerate(ORDERS):
        command = {"id": str(number), "command": f"obs_{path}", **body}
        await listener.socket.send(json.dumps(command))
        assert (await listener.ack(str(number)))["ok"]
        assert isinstance(obs.orders[-1], kind)
    obs.refuse("not_found")
    await listener.socket.send('{"id": "x", "command": "obs_scene", "scene": "Gmae"}')
    refusal = await listener.ack("x")
    assert not refusal["ok"]
    assert refusal["error"]["detail"] == "No scene 'Gmae'; did you mean 'Game'?"
    await listener.socket.send('{"id": "y", "command": "obs_volume", "input": "a"}')
    assert (await listener.ack("y"))["error"]["title"] == "Not understood"


async def test_a_panic_does_not_wait_for_an_obs_that_hangs(
    show: Stand, obs: ScriptedStudio, listener: Listener
) -> None:
    obs.answer = lambda order: None
    await listener.socket.send('{"id": "1", "command": "obs_scene", "scene": "Live"}')
    await until(lambda: obs.orders)
    await listener.socket.send('{"id": "2", "command": "panic", "on": true}')
    assert (await listener.ack("2"))["ok"]
    assert show.worker.panic.engaged
    assert len(show.worker.studio) == 1  # it still waits


async def test_what_obs_does_reaches_a_panel_without_waiting_for_the_next_status(
    show: Stand, obs: ScriptedStudio, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a status that is sent at once can come within the hour that this one is kept back."""
    monkeypatch.setattr("apps.orchestrator.status_teller.STATUS_SECONDS", 3600)
    show.worker.status_changed()
    for scene in ("Chatting", "BRB", "Live"):
        await obs.tell(scene=scene)
        await listener.next(lambda m, s=scene: m["type"] == "status" and m["scene"] == s)
