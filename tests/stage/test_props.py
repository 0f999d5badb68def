"""Items and polls beside the character: shown for a while, gone at once when they must be."""

import asyncio
from pathlib import Path

import pytest

from apps.stage.pages import Page, Pages
from apps.stage.props import RESULT_SECONDS, Props
from apps.stage.settings import StageSettings
from apps.stage.worker import StageWorker
from libs.bus.memory import MemoryBus, MemoryServer
from libs.contracts.control import EngagePanic, ReleasePanic
from libs.contracts.envelope import Event
from libs.contracts.health import ErrorReported, ModuleState
from libs.contracts.interruption import StopSpeaking
from libs.contracts.speaking import PlaybackFinished
from libs.contracts.stage import PollOption, ShowItem, ShowPoll
from libs.contracts.streams import HEALTH
from libs.settings.items import ItemsError, followed_items, load_items
from libs.telemetry import clock
from tests.stage.conftest import RunningStage, a_stage, until
from tests.stage.scripted_voice import ScriptedVoice
from tests.stage.test_stage_worker import a_page

POLL = ShowPoll(
    question="Which game?",
    options=(PollOption(text="Tetris", votes=3), PollOption(text="Snake")),
    ends_at=100.0,
)


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


class HeardPages(Pages):
    """Pages that keep what was sent to all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, dict[str, object]]] = []

    def send_all(self, kind: str, **fields: object) -> None:
        self.told.append((kind, fields))

    def send_all_first(self, kind: str, **fields: object) -> None:
        self.told.append((f"first {kind}", fields))


@pytest.fixture
def at() -> Clock:
    return Clock()


@pytest.fixture
def pages() -> HeardPages:
    return HeardPages()


@pytest.fixture
def props(pages: HeardPages, at: Clock) -> Props:
    return Props(pages, load_items, at)


def test_an_item_is_drawn_and_taken_away_after_its_time(
    props: Props, pages: HeardPages, at: Clock
) -> None:
    assert props.show_item(ShowItem(item="tea cup"))
    [(kind, told)] = pages.told
    assert (kind, told["name"]) == ("item", "tea cup")
    assert told["shapes"]
    at.now += load_items()["tea cup"].hold_seconds - 0.01
    props.refresh()
    assert len(pages.told) == 1
    at.now += 0.02
    props.refresh()
    props.refresh()
    assert pages.told[1:] == [("item", {"name": "", "shapes": []})]


@pytest.mark.parametrize("name", ["", "sword", "Tea Cup", "../tea cup", "tea cup\n"])
def test_what_is_not_on_the_list_is_not_shown(props: Props, pages: HeardPages, name: str) -> None:
    assert not props.show_item(ShowItem(item=name))
    assert pages.told == []


def test_a_retracted_turn_takes_only_its_own_item_with_it(props: Props, pages: HeardPages) -> None:
    props.show_item(ShowItem(item="heart", turn_id="good"))
    props.take_item_away("bad")
    assert len(pages.told) == 1
    props.take_item_away("good")
    assert pages.told[-1] == ("item", {"name": "", "shapes": []})


def test_a_page_that_comes_late_is_shown_what_is_there(props: Props, at: Clock) -> None:
    page = Page(1, 0.0)
    props.welcome(page)
    props.show_item(ShowItem(item="heart"))
    props.show_poll(POLL, left_seconds=20)
    at.now += 5
    props.welcome(page)
    sent = [content for kind, content in page._queue]
    assert len(sent) == 2
    assert '"name": "heart"' in sent[0]
    assert '"left_ms": 15000' in sent[1]
    assert '["Tetris", 3]' in sent[1]


def test_a_poll_shows_its_result_for_a_while_and_goes(
    props: Props, pages: HeardPages, at: Clock
) -> None:
    props.show_poll(POLL, left_seconds=10)
    at.now += 10 + RESULT_SECONDS - 0.1
    props.refresh()
    assert len(pages.told) == 1
    at.now += 0.2
    props.refresh()
    assert pages.told[1:] == [("poll", {"question": "", "options": [], "left_ms": 0})]


def test_a_poll_that_ended_long_ago_or_has_no_question_is_none(
    props: Props, pages: HeardPages
) -> None:
    props.show_poll(POLL, left_seconds=-RESULT_SECONDS - 1)
    props.show_poll(ShowPoll(), left_seconds=-clock.now())
    assert [told["question"] for _, told in pages.told] == ["", ""]


def test_clearing_takes_all_away_before_anything_that_waits(
    props: Props, pages: HeardPages
) -> None:
    props.show_item(ShowItem(item="heart"))
    props.show_poll(POLL, left_seconds=20)
    props.clear()
    assert [kind for kind, _ in pages.told[2:]] == ["first item", "first poll"]
    props.welcome(page := Page(1, 0.0))
    assert not page._queue


# The stage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stop", "gone"),
    [
        (StopSpeaking(epoch=1), {"item"}),
        (StopSpeaking(turn_id="turn"), {"item"}),
        (EngagePanic(reason="test", ordinal=10**15), {"item", "poll"}),
    ],
)
async def test_a_stop_takes_the_item_and_a_panic_the_poll_too(
    stage: RunningStage, stop: Event, gone: set[str]
) -> None:
    page = await a_page(stage)
    await stage.bus.publish(ShowItem(item="heart", turn_id="turn"))
    await stage.bus.publish(POLL.model_copy(update={"ends_at": clock.now() + 30}))
    await until(lambda: {"item", "poll"} <= page.kinds())
    page.told.clear()
    await stage.bus.publish(stop)
    await until(lambda: gone <= page.kinds())
    await asyncio.sleep(0.1)
    told = [m for m in page.told if m["type"] in ("item", "poll")]
    assert {m["type"] for m in told} == gone
    assert all(not m.get("name") and not m.get("question") for m in told)
    await page.close()


async def test_in_a_panic_nothing_is_shown_and_what_is_stale_never_is(
    stage: RunningStage,
) -> None:
    page = await a_page(stage)
    await until(lambda: "scene" in page.kinds())
    await stage.bus.publish(EngagePanic(reason="test", ordinal=10**15))
    await until(lambda: stage.worker.panic.engaged)
    page.told.clear()
    await stage.bus.publish(ShowItem(item="heart"))
    await stage.bus.publish(POLL.model_copy(update={"ends_at": clock.now() + 30}))
    await stage.bus.publish(ReleasePanic(ordinal=10**15 + 1, epoch=9))
    await until(lambda: not stage.worker.panic.engaged)
    await stage.bus.publish(ShowItem(item="heart", turn_id="old", epoch=3))
    await stage.bus.publish(ShowItem(item="sword"))
    await until(lambda: stage.worker.counters["items_unknown"] == 1)
    assert stage.worker.counters["dropped_stale"] == 1
    assert not [m for m in page.told if m["type"] in ("item", "poll") and any(m.values())][1:]
    await stage.bus.publish(ShowItem(item="tea cup"))  # by hand: of no turn
    await until(lambda: any(m.get("name") == "tea cup" for m in page.told))
    await page.close()


# The file -----------------------------------------------------------------------------------------


def test_the_shipped_items_can_be_used() -> None:
    assert set(load_items()) >= {"tea cup", "heart", "sparkles", "question mark"}


async def test_a_wrong_file_of_items_costs_only_items_and_counts_again_when_it_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "items.yaml"
    path.write_text("items: 7", "utf-8")
    monkeypatch.setattr("apps.stage.worker.followed_items", lambda: followed_items(path))
    async with a_stage(tmp_path, stage_output="silent") as stage:
        health = stage.worker.health()
        assert health.state is ModuleState.DEGRADED
        assert "items.yaml, line 1: items: " in health.detail
        [reported] = [d.event for d in await stage.bus.recent(HEALTH, "main", 100)
                      if isinstance(d.event, ErrorReported)]  # fmt: skip
        assert (reported.code, reported.message) == ("items_wrong", health.detail)
        await stage.say_all(ScriptedVoice(), "Hello.", 0.2)
        await until(lambda: stage.of(PlaybackFinished))
        page = await a_page(stage)
        path.write_text(
            'items:\n  star:\n    shapes: [{d: "M0 0 L9 9", fill: "#ffffff"}]\n', "utf-8"
        )
        assert stage.worker.health().state is ModuleState.READY
        await stage.bus.publish(ShowItem(item="star"))
        await until(lambda: any(m.get("name") == "star" for m in page.told))
        path.unlink()  # what is shown stays
        late = await a_page(stage)
        await until(lambda: any(m.get("name") == "star" for m in late.told))
        for one in (page, late):
            await one.close()


async def test_an_item_that_vtube_studio_shows_is_not_unknown(tmp_path: Path) -> None:
    avatar_file = tmp_path / "avatar.yaml"
    avatar_file.write_text("items:\n  cookie: {file: cookie.png}\n", "utf-8")
    async with a_stage(tmp_path, avatar_file=avatar_file) as stage:
        await stage.bus.publish(ShowItem(item="cookie"))
        await stage.bus.publish(ShowItem(item="sword"))
        await until(lambda: stage.worker.counters["items_unknown"])
        assert stage.worker.counters["items_unknown"] == 1


def test_a_broken_file_of_avatars_does_not_stop_a_stage(tmp_path: Path) -> None:
    (tmp_path / "avatar.yaml").write_text("items: 7", "utf-8")
    settings = StageSettings(
        _env_file=None, kitsu_data_dir=tmp_path, avatar_file=tmp_path / "avatar.yaml"
    )
    StageWorker(settings, MemoryBus(MemoryServer(), "stage@test#0"))


def test_without_a_file_there_is_nothing_to_show(tmp_path: Path) -> None:
    assert load_items(tmp_path / "items.yaml") == {}


SHAPE = '{d: "M0,0L9,9", fill: "#ffffff"}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("items: [", "not valid YAML"),
        ("items: {heart: {shapes: []}}", "line 1: items.heart.shapes"),
        (f"items:\n  Heart!: {{shapes: [{SHAPE}]}}", "line 2: items.Heart!"),
        (f"items:\n  heart: {{shapes: [{SHAPE}], hold_seconds: 900}}", "hold_seconds"),
        (
            "items:\n  heart:\n    shapes: []\n  heart:\n    shapes: []",
            "line 4: heart: stands",
        ),
        ('items: {a: {shapes: [{d: "M0,0url(x)", fill: "#ffffff"}]}}', "shapes.0.d"),
        ('items: {a: {shapes: [{d: "L0,0", fill: "#ffffff"}]}}', "shapes.0.d"),
        ('items: {a: {shapes: [{d: "M0,0", fill: "url(http://x)"}]}}', "shapes.0.fill"),
        ('items: {a: {shapes: [{d: "M0,0", image: x}]}}', "shapes.0.image"),
        ("things: {}", "things"),
        ("[" * 5_000, "inside each other"),
        ("items: {}\n#" + "x" * 300_000, "larger than"),
    ],
)
def test_a_wrong_file_of_items_says_where_and_what(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "items.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ItemsError) as caught:
        load_items(path)
    assert said in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
