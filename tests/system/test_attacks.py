"""The attack table from a real foreign page in a real browser that is signed in to the panel."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from libs.bus.embedded import find_binary
from libs.testing.chromium import chromium
from libs.testing.running_show import RunningShow, running_show
from libs.worker.access import Scope
from libs.worker.http_port import HttpPort, bind
from tests.conftest import need

#: One show and one browser for all: nothing that is tried here may leave a trace, and where the
#: operator himself presses panic it is released again.
pytestmark = [
    pytest.mark.browser,
    pytest.mark.system,
    pytest.mark.asyncio(loop_scope="module"),
]

#: Each tries to make her speak or to press panic, and says what it was answered.
BY_FETCH = """async ([url, body]) => {
  try {
    const answer = await fetch(url, {method: "POST", mode: "no-cors", credentials: "include",
      headers: {"Content-Type": "text/plain"}, body});
    return answer.type + " " + answer.status;
  } catch (error) { return "blocked " + error; }
}"""
BY_SOCKET = """([url, command]) => new Promise((resolve) => {
  const socket = new WebSocket(url);
  socket.onopen = () => { socket.send(command); setTimeout(() => resolve("open"), 300); };
  socket.onerror = () => resolve("refused");
})"""
BY_FORM = """([url, name]) => {
  const form = document.createElement("form");
  form.method = "POST"; form.action = url; form.enctype = "text/plain"; form.target = "out";
  const field = document.createElement("input");
  field.name = name; field.value = '"}'; form.append(field);
  document.body.append(form); form.submit();
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def attacked_show(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningShow]:
    need(find_binary(), "a Redis-compatible server")
    settings = {"TTS_ENGINE": "captions", "STAGE_OUTPUT": "silent"}
    async with running_show(tmp_path_factory.mktemp("show"), settings) as show:
        yield show


@pytest_asyncio.fixture(loop_scope="module")
async def silent_show(attacked_show: RunningShow) -> AsyncIterator[RunningShow]:
    assert await nothing_happened(attacked_show)
    yield attacked_show
    for module in ("stage", "orchestrator"):
        await attacked_show.post("/panic/release", module=module)
    async with asyncio.timeout(10):
        while not await nothing_happened(attacked_show):  # noqa: ASYNC110 - it has no event for it
            await asyncio.sleep(0.05)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_browser(whole_chromium_path: str) -> AsyncIterator[Browser]:
    # Without the browser's own local-network rule: older browsers (and OBS) do not have it.
    flags = (
        "--host-resolver-rules=MAP evil.example 127.0.0.1",
        "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
    )
    async with chromium(whole_chromium_path, flags) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def browser(one_browser: Browser) -> AsyncIterator[Browser]:
    """With none of the windows that others have left open."""
    yield one_browser
    for context in one_browser.contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def foreign_port() -> AsyncIterator[int]:
    """A server that is not ours, with an empty page."""
    page = HTMLResponse("<!doctype html><title>evil</title><iframe name=out></iframe>")

    async def answer(request: object) -> HTMLResponse:
        return page

    listener = bind("127.0.0.1", 0, "TEST")
    server = HttpPort(Starlette(routes=[Route("/", answer)]), listener)
    await server.open()
    yield int(listener.getsockname()[1])
    await server.close()


async def signed_in(browser: Browser, show: RunningShow) -> BrowserContext:
    """A browser whose user has the panel open in another tab."""
    context = await browser.new_context()
    panel = await context.new_page()
    await panel.goto(f"{show.url}/?code={show.access.make_code()}")
    assert "kitsu" in (await panel.title()).lower()
    return context


async def foreign_page(context: BrowserContext, port: int) -> Page:
    page = await context.new_page()
    await page.goto(f"http://evil.example:{port}/")
    return page


async def nothing_happened(show: RunningShow) -> bool:
    status = await show.get("/status")
    return not status["panic"]["engaged"] and await show.turns() == []


async def test_a_foreign_page_can_do_nothing_though_the_operator_is_signed_in(
    silent_show: RunningShow, browser: Browser, foreign_port: int
) -> None:
    show = silent_show
    context = await signed_in(browser, show)
    page = await foreign_page(context, foreign_port)
    say = '{"text": "you have been hacked"}'
    for path in ("/tts", "/panic", "/stop", "/ingest/chat"):
        await page.evaluate(BY_FETCH, [show.url + path, say])
    for module, path in (("stage", "/panic"), ("tts_worker", "/panic"), ("stage", "/now")):
        url = f"http://127.0.0.1:{show.ports[module]}{path}"
        await page.evaluate(BY_FETCH, [url, "{}"])
    await page.evaluate(BY_FORM, [show.url + "/tts", '{"text": "hacked", "x": "'])
    command = '{"id": "1", "command": "panic", "on": true}'
    socket_url = show.url.replace("http", "ws") + "/stream"
    assert await page.evaluate(BY_SOCKET, [socket_url, command]) == "refused"
    await page.wait_for_timeout(500)
    assert await nothing_happened(show)


#: Addresses that a page can make a browser open, with its cookies, without asking anybody.
BY_PICTURE = """(url) => new Promise((resolve) => {
  const image = new Image();
  image.onload = image.onerror = () => resolve("tried");
  image.src = url;
})"""


async def test_a_page_on_another_port_of_this_machine_cannot_use_what_the_panel_may_do(
    silent_show: RunningShow, browser: Browser, foreign_port: int
) -> None:
    """For a browser it is the same site as the panel, so the panel's cookie goes with it."""
    show = silent_show
    page = await (await signed_in(browser, show)).new_page()
    await page.goto(f"http://127.0.0.1:{foreign_port}/")
    for module in show.ports:
        url = f"http://127.0.0.1:{show.ports[module]}"
        for path in ("/panic", "/panic/release"):
            await page.evaluate(BY_FETCH, [url + path, "{}"])
        await page.evaluate(BY_PICTURE, url + "/panic")
        await page.evaluate(BY_PICTURE, url + "/panic?key=guessed")
    await page.wait_for_timeout(500)
    assert await nothing_happened(show)


async def test_only_the_panels_page_gets_to_the_ears_with_a_microphone(
    silent_show: RunningShow, browser: Browser, foreign_port: int
) -> None:
    """A page that could would whisper into her ear what nobody hears on the stream."""
    show = silent_show
    context = await signed_in(browser, show)
    port = show.ports["asr_worker"]
    url = f"ws://127.0.0.1:{port}/microphone"
    hello = '{"rate_hz": 16000, "label": "evil"}'
    foreign = await foreign_page(context, foreign_port)
    neighbour = await context.new_page()
    await neighbour.goto(f"http://127.0.0.1:{foreign_port}/")
    unsigned = await (await browser.new_context()).new_page()
    await unsigned.goto(show.url)
    watcher = await browser.new_context()
    overlay = show.access.make_cookie(Scope.OVERLAY)
    cookie = f"kitsu_{show.ports['orchestrator']}"
    await watcher.add_cookies([{"name": cookie, "value": overlay, "url": show.url}])
    watching = await watcher.new_page()
    await watching.goto(show.url)
    for page in (foreign, neighbour, unsigned, watching):
        assert await page.evaluate(BY_SOCKET, [url, hello]) == "refused"
        rebound = url.replace("127.0.0.1", "evil.example")
        assert await page.evaluate(BY_SOCKET, [rebound, hello]) == "refused"
    panel = context.pages[0]
    for other in ("/stream", "/panic", "/microphone/"):
        assert (
            await panel.evaluate(BY_SOCKET, [f"ws://127.0.0.1:{port}{other}", hello]) == "refused"
        )
    for module in ("stage", "tts_worker", "policy_worker"):
        elsewhere = f"ws://127.0.0.1:{show.ports[module]}/microphone"
        assert await panel.evaluate(BY_SOCKET, [elsewhere, hello]) == "refused"
    assert await panel.evaluate(BY_SOCKET, [url, hello]) == "open"


async def test_the_panel_can_press_panic_at_a_module_but_do_nothing_else_there(
    silent_show: RunningShow, browser: Browser
) -> None:
    show = silent_show
    page = (await signed_in(browser, show)).pages[0]
    stage = f"http://127.0.0.1:{show.ports['stage']}"
    for path in ("/panic/release", "/now", "/"):
        await page.evaluate(BY_FETCH, [stage + path, "{}"])
    await page.evaluate(BY_PICTURE, stage + "/panic")
    assert await nothing_happened(show)
    said = await page.evaluate(
        "async (url) => (await fetch(url, {method: 'POST', credentials: 'include'})).json()",
        stage + "/panic",
    )
    assert said["module"] == "stage"
    assert said["engaged"] is True


async def test_a_foreign_name_for_our_address_gets_nothing(
    silent_show: RunningShow, browser: Browser
) -> None:
    context = await signed_in(browser, silent_show)
    page = await context.new_page()
    for module in silent_show.ports:
        answer = await page.goto(f"http://evil.example:{silent_show.ports[module]}/")
        assert answer is not None
        assert answer.status == 403
    await page.evaluate(BY_FETCH, ["/panic", "{}"])
    assert await nothing_happened(silent_show)


async def test_without_a_token_a_page_of_our_own_address_gets_nothing(
    silent_show: RunningShow, browser: Browser
) -> None:
    page = await (await browser.new_context()).new_page()
    await page.goto(silent_show.url)
    answer = await page.evaluate("async () => (await fetch('/status')).status")
    assert answer == 401
    socket_url = silent_show.url.replace("http", "ws") + "/stream"
    assert await page.evaluate(BY_SOCKET, [socket_url, "{}"]) == "refused"


async def test_the_signed_in_panel_itself_may_do_it(
    silent_show: RunningShow, browser: Browser
) -> None:
    context = await signed_in(browser, silent_show)
    page = context.pages[0]
    status = await page.evaluate(
        "async () => (await fetch('/panic', {method: 'POST', body: '{}',"
        " headers: {'Content-Type': 'application/json'}})).status"
    )
    assert status == 200
    assert (await silent_show.get("/status"))["panic"]["engaged"]
