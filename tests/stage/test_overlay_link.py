"""The page's link to the stage in a real Chromium, on a clock that a test moves."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.stage.conftest import a_stage, chromium

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

#: Sockets that do what a test says; like those of a dead peer they never tell that they are closed.
LINK = """async () => {
  window.WebSocket = class {
    static CONNECTING = 0;
    static OPEN = 1;
    constructor() { this.readyState = 0; this.binaryType = ""; sockets.push(this); }
    answer() { this.readyState = 1; this.onopen(); }
    say(message) { this.onmessage({ data: JSON.stringify(message) }); }
    refuse() { this.readyState = 3; this.onclose(); }
    send() {}
    close() { this.readyState = 3; }
  };
  window.sockets = [];
  window.seen = [];
  const { Link } = await import("/overlay/link.js");
  const told = (name) => () => seen.push(name);
  new Link({
    onMessage: ({ type }) => seen.push(type),
    onSound() {},
    onUp: told("up"),
    onLost: told("lost"),
    onRefused: told("refused"),
  }).open();
}"""


class VirtualLink:
    """A link with scripted sockets, and what it told."""

    def __init__(self, page: Any) -> None:
        self.page = page

    async def do(self, script: str) -> Any:
        """`last`: the newest socket."""
        return await self.page.evaluate(f"() => {{ const last = sockets.at(-1); return {script} }}")

    async def seen(self) -> list[str]:
        return list(await self.do("seen.filter((name) => name !== 'beat')"))

    async def sockets(self) -> int:
        return int(await self.do("sockets.length"))

    async def passes(self, ms: int) -> None:
        await self.page.clock.run_for(ms)

    async def stands(self, ms: int) -> None:
        """The page does not run for so long; what was due meanwhile is done once."""
        await self.page.clock.fast_forward(ms)

    async def beats(self, ms: int) -> None:
        """The stage is there for so long."""
        for _ in range(ms // 500):
            await self.do("last.say({ type: 'beat' })")
            await self.passes(500)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Any]:
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def link(browser: Any, tmp_path: Path) -> AsyncIterator[VirtualLink]:
    async with a_stage(tmp_path) as stage:
        context = await browser.new_context()
        try:
            page = await context.new_page()
            await page.clock.install(time=0)
            await page.goto(f"{stage.url}/overlay/link.js")
            await page.clock.pause_at(60_000)
            await page.evaluate(LINK)
            yield VirtualLink(page)
        finally:
            await context.close()


async def test_a_handshake_that_nobody_answers_is_given_up_and_tried_again(
    link: VirtualLink,
) -> None:
    await link.passes(3_900)
    assert await link.sockets() == 1
    await link.passes(25_000)
    assert 5 <= await link.sockets() <= 8
    assert await link.seen() == []
    assert await link.do("sockets.filter((one) => one.readyState === 0).length") <= 1


async def test_a_stage_that_answers_late_or_twice_is_taken_once(link: VirtualLink) -> None:
    await link.passes(4_500)
    await link.do("last.answer()")
    await link.do("sockets[0].answer()")
    await link.do("sockets[0].say({ type: 'begin' })")
    await link.beats(10_000)
    assert await link.seen() == ["up"]
    assert await link.sockets() == 2


async def test_a_page_that_is_refused_again_and_again_says_so_and_goes_on_trying(
    link: VirtualLink,
) -> None:
    for _ in range(3):
        assert await link.seen() == []
        await link.do("last.refuse()")
        await link.passes(1_000)
    assert await link.seen() == ["refused"]
    await link.do("last.answer()")
    assert await link.seen() == ["refused", "up"]


async def test_a_stage_that_is_silent_for_two_seconds_is_lost_and_gone_back_to(
    link: VirtualLink,
) -> None:
    await link.do("last.answer()")
    await link.beats(5_000)
    await link.passes(1_400)
    assert await link.seen() == ["up"]
    await link.passes(400)
    assert await link.seen() == ["up", "lost"]
    await link.do("last.say({ type: 'begin' })")  # of the socket that was left
    await link.passes(400)
    assert await link.sockets() == 2
    await link.do("last.answer()")
    await link.beats(5_000)
    assert await link.seen() == ["up", "lost", "up"]


@pytest.mark.parametrize("ms", [1_900, 2_100, 3_000, 60_000])
async def test_a_page_that_did_not_run_first_reads_what_came_meanwhile(
    link: VirtualLink, ms: int
) -> None:
    await link.do("last.answer()")
    await link.beats(2_000)
    await link.stands(ms)
    assert await link.seen() == ["up"]
    await link.beats(3_000)
    await link.stands(ms)
    await link.beats(3_000)
    assert await link.seen() == ["up"]


async def test_a_stage_that_died_while_the_page_did_not_run_is_lost_soon(
    link: VirtualLink,
) -> None:
    await link.do("last.answer()")
    await link.beats(2_000)
    await link.stands(10_000)
    await link.passes(2_250)
    assert await link.seen() == ["up", "lost"]


async def test_of_a_page_that_is_run_once_a_second_a_silent_stage_is_lost_too(
    link: VirtualLink,
) -> None:
    """So browsers do with pages that are not seen."""
    await link.do("last.answer()")
    await link.beats(2_000)
    for _ in range(4):
        await link.stands(1_000)
    assert await link.seen() == ["up", "lost"]
