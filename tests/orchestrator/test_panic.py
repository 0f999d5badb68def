"""Panic from the orchestrator's side: who latched, and what it did in OBS."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from apps.orchestrator.studio_words import panic_line, severity
from libs.contracts.control import EngagePanic
from libs.contracts.health import ModuleState, WorkerBeat
from libs.contracts.modules import MODULES
from libs.contracts.studio import PanicStep, StudioPanic, StudioPanicReported
from libs.worker.http_port import HttpPort, bind
from tests.orchestrator.scripted_studio import ScriptedStudio
from tests.orchestrator.stand import Stand
from tests.worker.test_runtime import until

MUTED = PanicStep(what="mute", target="Mic/Aux", ok=True)
CUT = PanicStep(what="transition", target="Cut", ok=True)
BRB = PanicStep(what="scene", target="BRB", ok=True)
NO_FILTER = PanicStep(what="filter", target="Panic", ok=False, message="no source has it")
STEPS = (MUTED, CUT, BRB, NO_FILTER)


@contextlib.asynccontextmanager
async def answering(stand: Stand, module: str, answer: Any) -> AsyncIterator[list[Any]]:
    """Whoever listens on a module's port, and what it was asked."""
    asked: list[Any] = []

    async def panic(request: Request) -> JSONResponse:
        asked.append(await request.json())
        return JSONResponse(answer)

    paths = ("/panic", "/panic/release")
    app = Starlette(routes=[Route(path, panic, methods=["POST"]) for path in paths])
    port = HttpPort(app, bind("127.0.0.1", stand.settings.port_of(module), "TEST"))
    await port.open()
    yield asked
    await port.close()


def of_obs(state: str, *steps: PanicStep, engaged: bool = True) -> dict[str, Any]:
    obs = {"state": state, "steps": [step.model_dump() for step in steps]}
    return {"module": "obs_controller", "engaged": engaged, "highest_epoch": 0, "obs": obs}


async def test_a_panic_says_what_it_did_in_obs(show: Stand) -> None:
    async with (
        ScriptedStudio.beside(show) as studio,
        answering(show, "obs_controller", of_obs("partly", *STEPS)),
    ):
        await studio.tell()
        await until(lambda: show.worker.studio.scene == "Live")
        report = await show.post("/panic")
        assert report["modules"]["obs_controller"] == "latched"
        assert report["obs"]["state"] == "partly"
        assert report["obs"]["steps"][3]["message"] == "no source has it"
        assert (await show.get("/status"))["panic"]["obs"] == report["obs"]
        await studio.publish(
            StudioPanicReported(ordinal=1, engaged=True, state=StudioPanic.PARTLY, steps=STEPS)
        )
        await until(lambda: len(show.worker.studio.panic(True).steps) == 4)
        lines = [i["message"] for i in (await show.get("/incidents"))["incidents"]]
    assert (
        "OBS: Mic/Aux muted, transition Cut, BRB on air; filter 'Panic': no source has it" in lines
    )


async def test_a_panic_that_obs_has_not_taken_yet_is_told_as_pending(show: Stand) -> None:
    async with (
        ScriptedStudio.beside(show) as studio,
        answering(show, "obs_controller", of_obs("pending")),
    ):
        await studio.tell(link="hanging", detail="OBS does not answer.")
        report = await show.post("/panic")
        assert report["obs"] == {"state": "pending", "steps": []}
        incidents = (await show.get("/incidents"))["incidents"]
        assert any("as soon as it does" in incident["message"] for incident in incidents)
        await studio.tell(panic="applied", panic_steps=(MUTED, CUT, BRB))
        await until(lambda: show.worker.studio.panic(True).state == "applied")
        status = await show.get("/status")
    assert [step["target"] for step in status["panic"]["obs"]["steps"]] == ["Mic/Aux", "Cut", "BRB"]
    assert status["studio"]["panic"] == "applied"


async def test_news_from_before_the_panic_do_not_hide_it(show: Stand) -> None:
    async with (
        ScriptedStudio.beside(show) as studio,
        answering(show, "obs_controller", of_obs("applied", MUTED)),
    ):
        await until(lambda: show.worker.roster.beats("obs_controller"))
        report = await show.worker.panic_desk.engage("", "test")
        assert report.obs.state == "applied"
        await studio.tell(emitted_at=show.worker.now() - 1, scene="old", panic="off")
        await until(lambda: show.worker.studio.scene == "old")
        assert show.worker.studio.panic(True).state == "applied"


async def test_without_an_obs_controller_a_panic_says_that_obs_was_not_reached(
    show: Stand,
) -> None:
    report = await show.post("/panic")
    assert report["obs"] == {"state": "unreachable", "steps": []}
    assert (await show.get("/status"))["panic"]["obs"]["state"] == "unreachable"
    await show.post("/panic/release")
    assert (await show.get("/status"))["panic"]["obs"]["state"] == "off"


FOREIGN_ANSWERS: list[Any] = [
    [],
    "yes",
    {"engaged": True},
    {"module": "stage", "engaged": "perhaps"},
    {"module": "obs_controller", "engaged": True},
    {"module": "stage", "engaged": True, "highest_epoch": "many"},
]


@pytest.mark.parametrize("answer", FOREIGN_ANSWERS)
async def test_whoever_else_answers_on_a_modules_port_is_not_taken_for_it(
    show: Stand, answer: Any
) -> None:
    async with answering(show, "stage", answer):
        report = await show.post("/panic")
    assert report["engaged"] is True
    assert report["modules"]["stage"] == "unreachable"


async def test_a_module_that_answers_but_did_not_latch_is_not_called_silent(show: Stand) -> None:
    async with answering(show, "stage", {"module": "stage", "engaged": False}):
        report = await show.post("/panic")
    assert report["modules"]["stage"] == "released"


async def test_every_instance_of_a_pool_must_latch(show: Stand) -> None:
    second = show.settings.port_of("tts_worker") + 1
    for slot, port in ((0, show.settings.port_of("tts_worker")), (1, second)):
        await show.bus.publish(
            WorkerBeat(
                module="tts_worker",
                instance=f"tts_worker@here#{slot}",
                pid=1,
                port=port,
                state=ModuleState.READY,
                panic=slot == 0,
            )
        )
    await until(lambda: len(show.worker.roster.beats("tts_worker")) == 2)
    async with answering(show, "tts_worker", {"module": "tts_worker", "engaged": True}):
        assert (await show.post("/panic"))["modules"]["tts_worker"] == "unreachable"
    status = await show.get("/status")
    assert status["panic"]["modules"]["tts_worker"] == "unreachable"
    assert set(status["modules"]["tts_worker"]["ports"]) == {second - 1, second}


async def stage_beats(show: Stand, ordinal: int, **more: str) -> None:
    """A stage that is in panic."""
    await show.bus.publish(
        WorkerBeat(
            module="stage",
            instance="stage@here#0",
            pid=1,
            port=show.settings.stage_port,
            state=ModuleState.READY,
            panic=True,
            panic_ordinal=ordinal,
            **more,
        )
    )


async def test_a_newer_order_at_a_modules_own_port_is_no_second_panic(show: Stand) -> None:
    """The panel presses both ways: at the orchestrator, and at each module itself."""
    await show.post("/panic", {"by": "mia", "reason": "doxxing"})
    later = show.worker.panic.state.ordinal + 1_000
    await stage_beats(show, later)
    await until(lambda: show.worker.panic.state.ordinal == later)
    state = show.worker.panic.state
    assert (state.by, state.reason) == ("mia", "doxxing")
    assert len(await show.all(EngagePanic)) == 1
    await show.post("/panic/release")
    assert show.worker.panic.state.ordinal > later  # so the module takes the release for newer
    await stage_beats(show, later)
    await asyncio.sleep(0.1)
    assert not show.worker.panic.engaged


async def test_a_show_that_follows_its_module_says_who_pressed_there_and_why(show: Stand) -> None:
    now_ms = time.time_ns() // 1_000_000
    await stage_beats(show, now_ms + 1_000, panic_reason="doxxing", panic_by="mia")
    await until(lambda: show.worker.panic.engaged)
    panic = (await show.get("/status"))["panic"]
    assert panic["reason"] == "doxxing"
    [order] = await show.all(EngagePanic)
    assert (order.by, order.reason) == ("mia", "doxxing")


async def test_a_panic_that_others_ordered_shows_who_latched_too(show: Stand) -> None:
    await stage_beats(show, 0)
    await until(lambda: show.worker.roster.beats("stage"))
    show.worker.panic.engage("by hand", "test")
    modules = (await show.get("/status"))["panic"]["modules"]
    assert modules["stage"] == "latched"
    assert modules["policy_worker"] == "unreachable"


async def test_the_page_may_connect_to_the_output_modules_and_nowhere_else(show: Stand) -> None:
    await show.bus.publish(
        WorkerBeat(
            module="tts_worker",
            instance="tts_worker@here#1",
            pid=1,
            port=9_999,
            state=ModuleState.READY,
        )
    )
    await until(lambda: show.worker.roster.beats("tts_worker"))
    policy = (await show.request("GET", "/")).headers["content-security-policy"]
    (allowed,) = [p.split()[1:] for p in policy.split("; ") if p.startswith("connect-src")]
    outputs = [module.id for module in MODULES if module.output]
    ports = {9_999, *(show.settings.port_of(module) for module in outputs)}
    own = {"'self'", "ws:", "wss:"}
    assert set(allowed) == own | {f"http://127.0.0.1:{port}" for port in ports}
    elsewhere = (await show.request("GET", "/docs")).headers["content-security-policy"]
    assert "http://" not in elsewhere


def test_the_incident_line_says_what_was_put_back_and_what_was_not() -> None:
    steps = (
        PanicStep(what="scene", target="BRB", ok=True, message="back to 'Live'"),
        PanicStep(what="mute", target="Mic/Aux", ok=True, message="unmuted"),
        PanicStep(what="mute", target="Desk", ok=False, message="it is not there any more"),
    )
    event = StudioPanicReported(ordinal=1, engaged=False, state=StudioPanic.OFF, steps=steps)
    assert panic_line(event) == (
        "OBS after the panic: scene back to 'Live', Mic/Aux unmuted; "
        "mute of 'Desk': it is not there any more"
    )
    assert severity(event) == "warning"


def test_the_incident_line_says_when_panic_was_applied_once_more() -> None:
    event = StudioPanicReported(
        ordinal=1, engaged=True, state=StudioPanic.APPLIED, steps=(MUTED, BRB), again=True
    )
    assert panic_line(event) == "OBS, once more: Mic/Aux muted, BRB on air"
    assert severity(event) == "info"
