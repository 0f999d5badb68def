"""One worker's life over the memory bus: handling, fences, panic by both routes, an orderly end."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from libs.bus.base import Delivery, Subscription
from libs.bus.memory import MemoryBus, MemoryServer
from libs.contracts.control import EngagePanic, PanicEngaged, ReleasePanic, SetModuleEnabled
from libs.contracts.conversation import PersonaSnapshot, TurnCommitted, TurnInput, TurnSource
from libs.contracts.envelope import Event
from libs.contracts.health import ErrorReported, ModuleState, WorkerBeat
from libs.contracts.interruption import StopSpeaking
from libs.contracts.people import Author
from libs.contracts.streams import HEALTH, LIVE, SAFETY, TURNS
from libs.settings import ShowSettings
from libs.testing.ports import free_port
from libs.worker.access import Access, Scope
from libs.worker.beats import LOOK_SECONDS, QUIET_LOOK_SECONDS
from libs.worker.problems import CannotRun
from libs.worker.runtime import Runtime, running
from libs.worker.worker import Worker, handles


class ScriptedWorker(Worker):
    """Does what the turn's text says, and keeps an account."""

    module = "policy_worker"
    work_concurrency = 2

    def __init__(self, settings: ShowSettings, bus: MemoryBus) -> None:
        super().__init__(settings, bus)
        self.story: list[str] = []
        self.gate = asyncio.Event()

    @handles(TurnCommitted)
    async def answer(self, event: TurnCommitted, delivery: Delivery) -> None:
        text = event.input.text
        self.story.append(f"took {text}")
        if text == "stepwise":
            for _ in range(5):
                await asyncio.sleep(0)
        if text == "slow":
            await self.gate.wait()
        if text == "broken" and delivery.deliveries == 1:
            raise ValueError("told to break")
        self.story.append(f"did {text}")

    async def panic_engaged(self, reason: str) -> None:
        self.story.append(f"panic {reason}")

    async def panic_released(self) -> None:
        self.story.append("released")

    async def epoch_raised(self, show: str, epoch: int) -> None:
        self.story.append(f"epoch {epoch}")

    async def enabled_changed(self, enabled: bool) -> None:
        self.story.append(f"enabled {enabled}")


def turn(text: str, epoch: int = 0, **fields: Any) -> TurnCommitted:
    given = TurnInput(
        source=TurnSource.CHAT, author=Author(viewer_id="v", name="v"), text=text, arrived_at=0
    )
    return TurnCommitted(
        turn_id=text,
        utterance_id=text,
        epoch=epoch,
        input=given,
        persona=PersonaSnapshot(),
        **fields,
    )


async def until(holds: Callable[[], object], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is awaited is any plain fact
            await asyncio.sleep(0.005)


class Stand:
    """A running worker, and another connection to the same bus."""

    def __init__(self, tmp_path: Path) -> None:
        self.settings = ShowSettings(
            _env_file=None, kitsu_data_dir=tmp_path, policy_worker_port=free_port()
        )
        self.server = MemoryServer()
        self.bus = MemoryBus(self.server, source="test@here#0")
        self.worker = self.fresh_worker()
        self.url = f"http://127.0.0.1:{self.settings.policy_worker_port}"
        self.token = Access(tmp_path).token(Scope.HOOK)

    def fresh_worker(self) -> ScriptedWorker:
        bus = MemoryBus(self.server, source="policy_worker@here#0")
        return ScriptedWorker(self.settings, bus)

    async def post(self, path: str, scope: Scope = Scope.HOOK, **body: Any) -> dict[str, Any]:
        token = Access(self.settings.kitsu_data_dir).token(scope)
        async with httpx.AsyncClient() as client:
            headers = {"Authorization": f"Bearer {token}"}
            answer = await client.post(self.url + path, headers=headers, json=body)
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found

    async def facts(self, kind: type[Event]) -> list[Any]:
        stored = await self.bus.recent(kind.topic, "main")
        return [d.event for d in stored if isinstance(d.event, kind)]


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    stand = Stand(tmp_path)
    await stand.bus.open()
    yield stand
    await stand.bus.close()


@pytest.fixture
async def runtime(stand: Stand) -> AsyncIterator[Runtime]:
    async with running(stand.worker, stand.worker.bus) as runtime:
        yield runtime


async def test_work_is_handled_and_acknowledged(stand: Stand, runtime: Runtime) -> None:
    await stand.bus.publish(turn("one"))
    await until(lambda: stand.worker.counters["handled"])
    assert stand.worker.story == ["took one", "did one"]
    depth = await stand.bus.depth(TurnCommitted.topic, "main", "policy_worker")
    assert (depth.lag, depth.pending) == (0, 0)


async def test_slow_work_does_not_block_other_work(stand: Stand, runtime: Runtime) -> None:
    await stand.bus.publish(turn("slow"))
    await stand.bus.publish(turn("quick"))
    await until(lambda: "did quick" in stand.worker.story)
    assert "did slow" not in stand.worker.story
    stand.worker.gate.set()
    await until(lambda: "did slow" in stand.worker.story)


async def test_work_that_lasts_is_not_taken_over(stand: Stand, runtime: Runtime) -> None:
    await stand.bus.publish(turn("slow"))
    await until(lambda: stand.worker.story)
    await asyncio.sleep(1.6)  # longer than the time after which work counts as abandoned
    stand.worker.gate.set()
    await until(lambda: stand.worker.counters["handled"])
    assert stand.worker.story == ["took slow", "did slow"]


async def test_a_handler_that_fails_is_reported_and_the_work_done_again(
    stand: Stand, runtime: Runtime
) -> None:
    await stand.bus.publish(turn("broken"))
    await until(lambda: "did broken" in stand.worker.story)
    reports = await stand.facts(ErrorReported)
    assert [r.code for r in reports] == ["handler_failed"]
    assert "told to break" not in reports[0].message


async def test_stale_expired_and_repeated_work_is_dropped_and_counted(
    stand: Stand, runtime: Runtime
) -> None:
    await stand.bus.publish(StopSpeaking(epoch=3))
    await until(lambda: "epoch 3" in stand.worker.story)
    event = turn("fresh", epoch=3)
    await stand.bus.publish(turn("stale", epoch=2))
    await stand.bus.publish(turn("late", epoch=3, emitted_at=1.0, expires_at=2.0))
    await stand.bus.publish(event)
    await until(lambda: "did fresh" in stand.worker.story)
    await stand.bus.publish(event)
    await until(lambda: stand.worker.counters["dropped_duplicate"])
    assert stand.worker.story == ["epoch 3", "took fresh", "did fresh"]
    assert stand.worker.counters["dropped_stale"] == 1


async def test_a_cut_turn_is_stale_and_others_are_not(stand: Stand, runtime: Runtime) -> None:
    await stand.bus.publish(StopSpeaking(turn_id="gone"))
    await until(lambda: stand.worker.fences.stale("main", 0, "gone"))
    await stand.bus.publish(turn("gone"))
    await stand.bus.publish(turn("kept"))
    await until(lambda: "did kept" in stand.worker.story)
    assert "took gone" not in stand.worker.story


@pytest.mark.parametrize("route", ["control stream", "own port"])
async def test_panic_latches_by_either_route_and_drops_work(
    stand: Stand, runtime: Runtime, route: str
) -> None:
    if route == "own port":
        answer = await stand.post("/panic", reason="test")
        assert answer["engaged"] is True
    else:
        await stand.bus.publish(EngagePanic(reason="test", ordinal=10, epoch=1))
    await until(lambda: "panic test" in stand.worker.story)
    await stand.bus.publish(turn("unheard", epoch=99))
    await until(lambda: stand.worker.counters["dropped_panic"])
    assert stand.worker.story == ["panic test"]
    assert [f.module for f in await stand.facts(PanicEngaged)] == ["policy_worker"]


async def test_panic_survives_a_restart_and_ends_only_by_release(stand: Stand) -> None:
    async with running(stand.worker, stand.worker.bus):
        await stand.post("/panic", reason="kept")
    again = stand.fresh_worker()
    async with running(again, again.bus):
        assert again.story == ["panic kept"]
        await stand.post("/panic/release", Scope.OPERATOR)
        assert again.story == ["panic kept", "released"]
    third = stand.fresh_worker()
    async with running(third, third.bus):
        assert third.story == []


async def test_a_panic_that_was_missed_is_found_on_the_bus_at_start(stand: Stand) -> None:
    value = {"engaged": True, "ordinal": 5, "reason": "missed", "by": "x"}
    await stand.bus.set_latch("main", "panic", value)
    async with running(stand.worker, stand.worker.bus):
        assert stand.worker.story == ["panic missed"]


async def test_what_was_under_way_at_the_panic_is_stale_after_the_release(
    stand: Stand, runtime: Runtime
) -> None:
    await stand.bus.publish(turn("before", epoch=7))
    await until(lambda: "did before" in stand.worker.story)
    await stand.post("/panic")
    answer = await stand.post("/panic/release", Scope.OPERATOR)
    await stand.bus.publish(turn("thought before", epoch=7))
    await stand.bus.publish(turn("after", epoch=answer["highest_epoch"]))
    await until(lambda: "did after" in stand.worker.story)
    assert "took thought before" not in stand.worker.story


async def test_an_old_engagement_does_not_undo_a_release(stand: Stand, runtime: Runtime) -> None:
    await stand.bus.publish(EngagePanic(ordinal=10, epoch=1))
    await stand.bus.publish(ReleasePanic(ordinal=11, epoch=2))
    await stand.bus.publish(EngagePanic(ordinal=9, epoch=1, reason="late"))
    await until(lambda: "released" in stand.worker.story)
    await asyncio.sleep(0.05)
    assert not stand.worker.panic.engaged


async def test_an_unreadable_panic_request_is_still_a_panic(stand: Stand, runtime: Runtime) -> None:
    async with httpx.AsyncClient() as client:
        headers = {"Authorization": f"Bearer {stand.token}", "Content-Type": "application/json"}
        answer = await client.post(stand.url + "/panic", headers=headers, content=b"{broken")
    assert answer.status_code == 200
    assert stand.worker.panic.engaged


async def test_a_damaged_latch_file_means_panic(stand: Stand) -> None:
    async with running(stand.worker, stand.worker.bus):
        await stand.post("/panic")
    for file in (stand.settings.kitsu_data_dir / "latches").iterdir():
        file.write_text("{half a fi")
    assert stand.fresh_worker().panic.engaged


async def test_a_hook_may_engage_panic_but_not_release_it(stand: Stand, runtime: Runtime) -> None:
    await stand.post("/panic")
    async with httpx.AsyncClient() as client:
        headers = {"Authorization": f"Bearer {stand.token}"}
        answer = await client.post(stand.url + "/panic/release", headers=headers)
    assert answer.status_code == 403
    assert stand.worker.panic.engaged


async def test_an_address_with_the_hook_key_engages_panic_and_cannot_release_it(
    stand: Stand, runtime: Runtime
) -> None:
    cookie = Access(stand.settings.kitsu_data_dir).make_cookie(Scope.OPERATOR)
    name = f"kitsu_{stand.settings.policy_worker_port}"
    link = f"{stand.url}/panic?key={stand.token}"
    async with httpx.AsyncClient() as client:
        by_cookie = await client.get(f"{stand.url}/panic", headers={"Cookie": f"{name}={cookie}"})
        assert by_cookie.status_code == 401
        assert (await client.head(link)).status_code == 200  # looked at, not opened
        assert not stand.worker.panic.engaged
        answer = await client.get(f"{link}&reason={'x' * 500}")
        assert answer.json()["engaged"] is True
        assert answer.headers["cache-control"] == "no-store"
        assert len(stand.worker.panic.state.reason) == 200
        again = await client.get(link)
        assert again.json()["engaged"] is True
        release = f"{stand.url}/panic/release?key={stand.token}"
        assert (await client.get(release)).status_code in (403, 405)
        assert (await client.post(release)).status_code == 403
    assert stand.worker.panic.engaged


async def test_a_module_can_be_switched_off_and_says_so(stand: Stand, runtime: Runtime) -> None:
    await stand.bus.publish(SetModuleEnabled(module="stage", enabled=False))
    await stand.bus.publish(SetModuleEnabled(module="policy_worker", enabled=False))
    await until(lambda: "enabled False" in stand.worker.story)
    assert runtime.health().state is ModuleState.OFF
    async with httpx.AsyncClient() as client:
        answer = await client.get(stand.url + "/ready")
    assert answer.json()["state"] == "off"


async def test_what_an_order_changed_is_told_before_the_next_look(
    stand: Stand, runtime: Runtime
) -> None:
    beats: list[WorkerBeat] = []

    async def listen() -> None:
        async for delivery in stand.bus.subscribe(Subscription((LIVE,), "main")):
            if isinstance(delivery.event, WorkerBeat):
                beats.append(delivery.event)

    listening = asyncio.create_task(listen())
    await until(lambda: len(beats) > 1)  # it is quiet, and the next look is a long time away
    loop = asyncio.get_running_loop()
    for number in range(4):
        enabled, since = number % 2 == 1, loop.time()
        await stand.bus.publish(SetModuleEnabled(module="policy_worker", enabled=enabled))
        await until(lambda enabled=enabled: beats[-1].enabled is enabled)  # type: ignore[misc]
        assert loop.time() - since < LOOK_SECONDS
        await asyncio.sleep(2 * QUIET_LOOK_SECONDS)
    await stand.bus.stop_reading()
    await listening


async def test_a_panic_by_its_own_port_is_told_before_the_next_look(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libs.worker.beats.QUIET_LOOK_SECONDS", 60.0)
    monkeypatch.setattr("libs.worker.beats.LOOK_SECONDS", 60.0)
    told: list[bool] = []

    async def listen() -> None:
        async for delivery in stand.bus.subscribe(Subscription((LIVE,), "main")):
            if isinstance(delivery.event, WorkerBeat):
                told.append(delivery.event.panic)

    listening = asyncio.create_task(listen())
    async with running(stand.worker, stand.worker.bus):
        await until(lambda: told)
        await stand.post("/panic", reason="a cat")
        await until(lambda: told[-1])
        await stand.post("/panic/release", scope=Scope.OPERATOR)
        await until(lambda: not told[-1])
    await stand.bus.stop_reading()
    await listening


async def test_work_that_was_taken_is_begun_before_more_is_read(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libs.worker.readers.BEGIN_SECONDS", 0.5)
    story = stand.worker.story

    class NotingBus(MemoryBus):
        async def subscribe(self, subscription: Subscription) -> AsyncGenerator[Delivery, None]:
            async for delivery in super().subscribe(subscription):
                yield delivery
                if TURNS in subscription.topics:
                    story.append("read on")

    stand.worker.bus = NotingBus(stand.server, source="policy_worker@here#0")
    async with running(stand.worker, stand.worker.bus):
        await stand.bus.publish(turn("stepwise"))
        await until(lambda: "read on" in story)
    assert story == ["took stepwise", "did stepwise", "read on"]


async def test_a_background_task_that_dies_ends_the_worker_loudly(stand: Stand) -> None:
    async def die() -> None:
        raise ValueError("dead")

    with pytest.raises(CannotRun, match="background task died"):  # noqa: PT012
        async with running(stand.worker, stand.worker.bus):
            stand.worker.spawn("doomed", die())
            await asyncio.sleep(1)


async def test_metrics_are_there_for_those_who_may_read(stand: Stand, runtime: Runtime) -> None:
    await stand.bus.publish(turn("one"))
    await until(lambda: stand.worker.counters["handled"])
    async with httpx.AsyncClient() as client:
        assert (await client.get(stand.url + "/metrics")).status_code == 401
        token = Access(stand.settings.kitsu_data_dir).token(Scope.OVERLAY)
        headers = {"Authorization": f"Bearer {token}"}
        answer = await client.get(stand.url + "/metrics", headers=headers)
    assert 'kitsu_handled_total{module="policy_worker"} 1.0' in answer.text


async def test_the_same_topics_carry_what_happened(stand: Stand) -> None:
    async with running(stand.worker, stand.worker.bus):
        pass
    kinds = {d.event.type for d in await stand.bus.recent(HEALTH, "main")}
    assert kinds == {"health.worker_described", "health.worker_stopped"}
    assert await stand.bus.recent(SAFETY, "main") == []


async def test_a_full_disk_does_not_stop_a_panic(
    stand: Stand, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    assert (await stand.post("/panic", reason="full"))["engaged"] is True
    assert stand.worker.story == ["panic full"]
    assert (await stand.post("/panic/release", Scope.OPERATOR))["engaged"] is False
    assert stand.worker.story == ["panic full", "released"]


async def test_a_panic_that_was_renewed_while_the_worker_was_away_is_kept(stand: Stand) -> None:
    async with running(stand.worker, stand.worker.bus):
        await stand.post("/panic", reason="first")
    ordinal = stand.worker.panic.state.ordinal + 1
    value = {"engaged": True, "ordinal": ordinal, "reason": "second", "by": "x"}
    await stand.bus.set_latch("main", "panic", value)
    again = stand.fresh_worker()
    async with running(again, again.bus):
        assert again.story == ["panic first"]
        assert again.panic.state.ordinal == ordinal
        assert again.fences.stale("main", 0, None)


async def test_an_order_that_comes_while_a_worker_starts_is_not_missed(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow_start() -> None:
        for event in (
            SetModuleEnabled(module="policy_worker", enabled=False),
            StopSpeaking(epoch=7),
        ):
            await stand.bus.publish(event)
        await asyncio.sleep(0.1)

    monkeypatch.setattr(stand.worker, "start", slow_start)
    async with running(stand.worker, stand.worker.bus):
        await until(lambda: stand.worker.story == ["enabled False", "epoch 7"])
