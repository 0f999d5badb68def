"""`!panic` in chat, with everything else broken."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from libs.bus.base import BusUnavailable
from libs.contracts.chat import ChatCommandIssued
from libs.contracts.control import EngagePanic
from libs.contracts.health import ErrorReported
from libs.contracts.modules import MODULES
from libs.contracts.people import Role
from libs.testing.running_show import port_name
from libs.worker.access import Access, Scope
from libs.worker.panic_call import ATTEMPTS, PanicCall
from tests.cli.module_port import ModulePort, module_port
from tests.twitch_ingest.conftest import Start, settings_in, until
from tests.twitch_ingest.scripted_platform import message

Ports = Callable[..., dict[str, ModulePort]]
OUTPUTS = [module.id for module in MODULES if module.output and module.id != "twitch_ingest"]


@pytest.fixture
def ports() -> Iterator[Ports]:
    """Plays the ports of these modules; each answers a panic."""
    with ExitStack() as stack:

        def begin(*modules: str) -> dict[str, ModulePort]:
            script = {"POST /panic": (200, {})}
            return {m: stack.enter_context(module_port(script)) for m in modules}

        yield begin


def numbers(ports: dict[str, ModulePort]) -> dict[str, int]:
    return {port_name(module): port.number for module, port in ports.items()}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libs.worker.panic_call.PAUSE_SECONDS", 0.01)


async def test_it_reaches_every_module_by_both_routes_with_the_orchestrator_dead(
    ingest: Start, ports: Ports
) -> None:
    playing = ports(*OUTPUTS)
    async with ingest(**numbers(playing)) as running:
        await running.platform.tells(message("!panic doxxing", "Mod", Role.MODERATOR))
        await until(lambda: running.worker.panic.engaged)
        await until(lambda: all(port.heard for port in playing.values()))
        (order,) = await running.some(EngagePanic)
        (issued,) = await running.some(ChatCommandIssued)
        latched = await running.bus.latch("main", "panic")
        token = Access(running.settings.kitsu_data_dir).token(Scope.OPERATOR)
    for port in playing.values():
        ((what, body),) = port.heard
        assert (what, body["reason"]) == ("POST /panic", "doxxing")
        assert (body["by"], body["ordinal"]) == ("Mod (moderator) in chat", order.ordinal)
        assert port.tokens == {f"Bearer {token}"}
    assert (issued.command, issued.arguments) == ("panic", "doxxing")
    assert issued.ordinal == order.ordinal, (
        "so a release that came since can be told from one before"
    )
    assert latched is not None
    assert (latched["engaged"], latched["ordinal"]) == (True, order.ordinal)


async def test_it_goes_ahead_of_a_flood_and_does_not_wait_for_the_bus(
    ingest: Start, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the bus away, the orchestrator is told on its port too."""
    playing = ports(*OUTPUTS, "orchestrator")
    async with ingest(**numbers(playing)) as running:
        monkeypatch.setattr(running.worker, "_connected", lambda: False)
        monkeypatch.setattr(running.worker._chat, "_connected", lambda: False)
        monkeypatch.setattr(running.worker._panic_call, "_connected", lambda: False)
        flood = [message(f"line {number}", f"v{number}") for number in range(300)]
        await running.platform.tells(*flood, message("!panic", "Mod", Role.MODERATOR))
        await until(lambda: running.worker.panic.engaged)
        await until(lambda: all(port.heard for port in playing.values()))
        assert len(running.worker._chat) == 300


async def test_a_bus_that_fails_does_not_keep_it_from_the_ports(
    ports: Ports, tmp_path: Path
) -> None:
    async def fails(*_: Any) -> None:
        raise BusUnavailable("away")

    playing = ports(*OUTPUTS, "orchestrator", "twitch_ingest")
    settings = settings_in(tmp_path, **numbers(playing))
    call = PanicCall(settings, fails, fails, lambda: False)
    try:
        assert await call.engage("r" * 500, "b" * 500, 7) == []
    finally:
        await call.close()
    assert all(len(port.heard) == 1 for port in playing.values())
    assert len(playing["stage"].heard[0][1]["reason"]) == 200


async def test_who_does_not_answer_is_asked_again_and_then_named(
    ingest: Start, ports: Ports
) -> None:
    playing = ports(*(module for module in OUTPUTS if module != "stage"))
    refusals = [(503, {})] * (ATTEMPTS - 1) + [(200, {})]
    with module_port({"POST /panic": lambda _: refusals.pop(0)}) as slow:
        dead = {**numbers(playing), "stage_port": 1, "tts_worker_port": slow.number}
        async with ingest(**dead) as running:
            await running.platform.tells(message("!panic", "Mod", Role.MODERATOR))
            (told,) = await running.some(ErrorReported)
    assert len(slow.heard) == ATTEMPTS
    assert told.code == "panic_unreachable"
    assert "stage" in told.message
    assert "tts_worker" not in told.message


async def test_in_a_panic_commands_are_still_heard(ingest: Start, ports: Ports) -> None:
    """Else nobody could end it from chat."""
    playing = ports(*OUTPUTS)
    async with ingest(**numbers(playing)) as running:
        await running.platform.tells(message("!panic", "Mod", Role.MODERATOR))
        await until(lambda: running.worker.panic.engaged)
        await running.platform.tells(
            message("!unpanic", "Vip", Role.VIP), message("!unpanic", "Mod", Role.MODERATOR)
        )
        issued = await running.some(ChatCommandIssued, 2)
    assert [(one.command, one.author.name) for one in issued] == [
        ("panic", "Mod"),
        ("unpanic", "Mod"),
    ]
