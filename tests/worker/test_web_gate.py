"""The gate before every route: the attack table, as plain requests to a real server.

(The same attacks from a real foreign page in Chromium stand in tests/system/test_attacks.py.)
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import websockets
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from libs.worker.access import Access, Scope
from libs.worker.http_port import HttpPort, PortTaken, bind
from libs.worker.web_gate import GateRules, OtherPage, WebGate, content_security_policy, own_hosts


class Door:
    """A small server behind the gate, and what got through to it."""

    def __init__(self, port: int, access: Access) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.access = access
        self.let_in: list[str] = []

    def bearer(self, scope: Scope = Scope.OPERATOR) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access.token(scope)}"}


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    listener = bind("127.0.0.1", 0, "TEST_PORT")
    port = listener.getsockname()[1]
    door = Door(port, Access(tmp_path))

    async def act(request: Request) -> JSONResponse:
        await request.body()
        door.let_in.append(request.url.path)
        return JSONResponse({"done": True})

    async def live(socket: WebSocket) -> None:
        await socket.accept()
        door.let_in.append(socket.url.path)
        await socket.send_text("hello")
        await socket.close()

    paths = ("/say", "/open", "/picture", "/sound", "/overlay", "/panic", "/panic/release")
    app = Starlette(
        routes=[
            *(Route(path, act, methods=["GET", "POST"]) for path in paths),
            *(WebSocketRoute(path, live) for path in ("/stream", "/microphone", "/panic", "/")),
        ]
    )
    scopes = {"/open": Scope.PUBLIC, "/overlay": Scope.OVERLAY, "/panic": Scope.HOOK}
    panic = frozenset({"/panic"})
    origins = frozenset({"http://127.0.0.1:8000", "http://localhost:8000"})
    rules = GateRules(
        own_hosts("127.0.0.1", port),
        scopes,
        panic,
        panic,
        f"kitsu_{port}",
        OtherPage(origins, panic, "kitsu_8000", frozenset({"/microphone"})),
        body_limit_bytes=10_000,
        body_limits={"/picture": 30_000},
        body_types={"/sound": "audio/wav"},
    )
    server = HttpPort(WebGate(app, rules, door.access), listener)
    await server.open()
    yield door
    await server.close()


async def post(door: Door, path: str, headers: dict[str, str], body: object = None) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.post(door.url + path, headers=headers, json=body)).status_code


async def test_a_request_with_the_token_passes(door: Door) -> None:
    assert await post(door, "/say", door.bearer(), {"text": "hi"}) == 200
    assert door.let_in == ["/say"]


ATTACKS = {
    "foreign page by fetch": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    "foreign page that hides its site": {"Origin": "https://evil.example"},
    "sandboxed page": {"Origin": "null"},
    "page of another port of this machine": {"Origin": "http://127.0.0.1:9"},
    "link from a site of the same name": {"Sec-Fetch-Site": "same-site"},
    "dns rebinding": {"Host": "evil.example"},
    "dns rebinding with our port": {"Host": "evil.example:{port}"},
    "host with a look-alike": {"Host": "127.0.0.1.evil.example:{port}"},
    "host without a port": {"Host": "127.0.0.1"},
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
async def test_an_attack_is_refused_even_with_a_good_token(
    door: Door, attack: dict[str, str]
) -> None:
    headers = {k: v.format(port=door.port) for k, v in attack.items()}
    assert await post(door, "/say", {**door.bearer(), **headers}, {}) == 403
    assert await post(door, "/open", {**door.bearer(), **headers}, {}) == 403
    assert door.let_in == []


#: (The client library sets its own Host; foreign hosts are covered over plain HTTP above.)
SOCKET_ATTACKS = {name: attack for name, attack in ATTACKS.items() if "Host" not in attack}


@pytest.mark.parametrize("attack", SOCKET_ATTACKS.values(), ids=SOCKET_ATTACKS.keys())
async def test_a_websocket_attack_is_refused_even_with_a_good_token(
    door: Door, attack: dict[str, str]
) -> None:
    headers = dict(attack)
    origin = headers.pop("Origin", None)
    with pytest.raises(websockets.exceptions.InvalidStatus):
        async with websockets.connect(
            f"ws://127.0.0.1:{door.port}/stream",
            additional_headers={**door.bearer(), **headers},
            origin=origin,  # type: ignore[arg-type]
        ):
            pass
    assert door.let_in == []


async def test_without_a_token_nothing_passes_but_what_is_public(door: Door) -> None:
    assert await post(door, "/say", {}, {}) == 401
    assert await post(door, "/open", {}, {}) == 200
    with pytest.raises(websockets.exceptions.InvalidStatus):
        async with websockets.connect(f"ws://127.0.0.1:{door.port}/stream"):
            pass
    assert door.let_in == ["/open"]


async def test_a_websocket_of_a_program_needs_only_the_token(door: Door) -> None:
    async with websockets.connect(
        f"ws://127.0.0.1:{door.port}/stream", additional_headers=door.bearer()
    ) as socket:
        assert await socket.recv() == "hello"


async def test_scopes_do_not_reach_further_than_they_should(door: Door) -> None:
    assert await post(door, "/panic", door.bearer(Scope.HOOK)) == 200
    assert await post(door, "/overlay", door.bearer(Scope.OVERLAY)) == 200
    assert await post(door, "/panic", door.bearer(Scope.OVERLAY)) == 403
    assert await post(door, "/say", door.bearer(Scope.HOOK)) == 403
    assert await post(door, "/say", {"Authorization": "Bearer wrong"}) == 401


async def test_a_key_in_the_address_is_never_an_operator(door: Door) -> None:
    overlay, operator = (door.access.token(s) for s in (Scope.OVERLAY, Scope.OPERATOR))
    assert await post(door, f"/overlay?key={overlay}", {}) == 200
    assert await post(door, f"/say?key={operator}", {}) == 401


async def test_a_form_post_is_refused(door: Door) -> None:
    async with httpx.AsyncClient() as client:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            headers = {**door.bearer(), "Content-Type": kind}
            answer = await client.post(door.url + "/say", headers=headers, content=b'{"text": 1}')
            assert answer.status_code == 415
            assert answer.headers["content-type"] == "application/problem+json"
    assert door.let_in == []


async def test_a_path_may_take_one_other_type_that_no_form_can_send(door: Door) -> None:
    async with httpx.AsyncClient() as client:
        for kind, status in (
            ("audio/wav", 200),
            ("Audio/WAV; rate=16000", 200),
            ("application/json", 415),
            ("multipart/form-data", 415),
            ("text/plain", 415),
        ):
            headers = {**door.bearer(), "Content-Type": kind}
            answer = await client.post(door.url + "/sound", headers=headers, content=b"RIFF")
            assert answer.status_code == status
            answer = await client.post(door.url + "/say", headers=headers, content=b"RIFF")
            assert answer.status_code == (200 if kind == "application/json" else 415)


async def test_a_panic_is_not_refused_for_the_form_of_its_body(door: Door) -> None:
    headers = {**door.bearer(Scope.HOOK), "Content-Type": "application/x-www-form-urlencoded"}
    async with httpx.AsyncClient() as client:
        answer = await client.post(door.url + "/panic", headers=headers, content=b"now!")
        assert answer.status_code == 200
        foreign = {**headers, "Origin": "https://evil.example"}
        assert (await client.post(door.url + "/panic", headers=foreign)).status_code == 403


async def test_a_panic_is_not_refused_for_the_size_of_its_body(door: Door) -> None:
    async def in_pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 1_000

    headers = door.bearer(Scope.HOOK)
    async with httpx.AsyncClient() as client:
        for body in (b"x" * 40_000, in_pieces()):
            answer = await client.post(door.url + "/panic", headers=headers, content=body)
            assert answer.status_code == 200
        refused = await client.post(
            door.url + "/say", headers=door.bearer(), content=b'"' + b"x" * 40_000 + b'"'
        )
        assert refused.status_code == 413
    assert door.let_in == ["/panic", "/panic"]


async def get(door: Door, path: str, headers: dict[str, str]) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.get(door.url + path, headers=headers)).status_code


async def test_a_get_that_does_something_needs_a_key_and_takes_no_cookie(door: Door) -> None:
    cookie = {"Cookie": f"kitsu_{door.port}={door.access.make_cookie(Scope.OPERATOR)}"}
    hook, overlay, operator = (
        door.access.token(scope) for scope in (Scope.HOOK, Scope.OVERLAY, Scope.OPERATOR)
    )
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert await get(door, "/panic", cookie) == 401
    assert await get(door, "/panic", {**cookie, **foreign}) == 401
    assert await get(door, "/panic?key=", cookie) == 401
    assert await get(door, f"/panic?key={overlay}", cookie) == 403
    assert await get(door, f"/panic?key={operator}", {}) == 401
    assert await get(door, f"/panic?key={hook}x", {}) == 401
    assert door.let_in == []
    assert await get(door, f"/panic?key={hook}", {}) == 200
    assert await get(door, "/panic", door.bearer(Scope.HOOK)) == 200
    assert await get(door, "/overlay", cookie) == 200  # elsewhere the cookie counts as ever


@pytest.mark.parametrize(
    "unasked", [{"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}]
)
async def test_an_address_that_a_browser_loads_beforehand_does_nothing(
    door: Door, unasked: dict[str, str]
) -> None:
    hook = door.access.token(Scope.HOOK)
    assert await get(door, f"/panic?key={hook}", unasked) == 403
    assert door.let_in == []


# The panel's page, when its orchestrator does not answer -----------------------------------------

PANEL = {
    "Origin": "http://127.0.0.1:8000",
    "Sec-Fetch-Site": "same-site",
    "Content-Type": "text/plain;charset=UTF-8",
}


def panel_cookie(door: Door, scope: Scope = Scope.OPERATOR) -> dict[str, str]:
    return {"Cookie": f"kitsu_8000={door.access.make_cookie(scope)}"}


async def send(
    door: Door, headers: dict[str, str], path: str = "/panic", method: str = "POST"
) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.request(method, door.url + path, headers=headers, content=b"{}")


async def test_the_panels_page_may_press_panic_at_a_module_and_read_what_it_says(
    door: Door,
) -> None:
    answer = await send(door, {**PANEL, **panel_cookie(door)})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "http://127.0.0.1:8000"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "origin" in answer.headers["vary"].lower()
    assert door.let_in == ["/panic"]


async def test_a_browser_that_does_not_tell_the_site_is_known_by_the_origin(door: Door) -> None:
    headers = {**PANEL, **panel_cookie(door)}
    del headers["Sec-Fetch-Site"]
    assert (await send(door, headers)).status_code == 200
    other_name = {**headers, "Origin": "http://localhost:8000"}  # not this host's name: no site
    assert (await send(door, other_name)).status_code == 403


@pytest.mark.parametrize("path", ["/panic/release", "/say", "/overlay", "/open", "/panic/"])
async def test_the_panels_page_may_do_nothing_else_at_a_module(door: Door, path: str) -> None:
    kind = {"Content-Type": "application/json"}
    answer = await send(door, {**PANEL, **panel_cookie(door), **kind}, path)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert door.let_in == []


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
async def test_no_other_method_is_readable_for_the_panels_page(door: Door, method: str) -> None:
    answer = await send(door, {**PANEL, **panel_cookie(door)}, method=method)
    assert answer.status_code >= 400
    assert "access-control-allow-origin" not in answer.headers
    assert door.let_in == []


WRONG_ORIGINS = {
    "another port": {"Origin": "http://127.0.0.1:3000"},
    "another scheme": {"Origin": "https://127.0.0.1:8000"},
    "a look-alike": {"Origin": "http://127.0.0.1:8000.evil.example"},
    "with a path": {"Origin": "http://127.0.0.1:8000/"},
    "with a user": {"Origin": "http://127.0.0.1:8000@evil.example"},
    "with a wrong port": {"Origin": "http://127.0.0.1:80000"},
    "half an address": {"Origin": "http://[::1"},
    "sandboxed": {"Origin": "null"},
    "several": {"Origin": "http://127.0.0.1:8000, https://evil.example"},
    "in capitals": {"Origin": "HTTP://127.0.0.1:8000"},
    "foreign": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    "the panel's, but from a foreign site": {"Sec-Fetch-Site": "cross-site"},
    "the panel's, but from the same origin": {"Sec-Fetch-Site": "same-origin"},
    "the panel's, but from nowhere": {"Sec-Fetch-Site": "none"},
    "the panel's, at a foreign host": {"Host": "evil.example:8000"},
    "the panel's, at a host that is none": {"Host": "[::1"},
}


@pytest.mark.parametrize("wrong", WRONG_ORIGINS.values(), ids=WRONG_ORIGINS.keys())
async def test_no_other_page_may_press_panic_with_the_panels_cookie(
    door: Door, wrong: dict[str, str]
) -> None:
    answer = await send(door, {**PANEL, **panel_cookie(door), **wrong})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert door.let_in == []


async def test_the_panels_page_must_be_signed_in_and_is_told_so(door: Door) -> None:
    own = {"Cookie": f"kitsu_{door.port}={door.access.make_cookie(Scope.OPERATOR)}"}
    forged = {"Cookie": "kitsu_8000=operator.99999999999.00"}
    for cookie, status in (
        ({}, 401),
        (own, 401),
        (forged, 401),
        (panel_cookie(door, Scope.OVERLAY), 403),
    ):
        answer = await send(door, {**PANEL, **cookie})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == "http://127.0.0.1:8000"
    assert door.let_in == []


async def test_the_panels_cookie_is_worth_nothing_without_the_panels_page(door: Door) -> None:
    assert await post(door, "/panic", panel_cookie(door)) == 401
    assert await post(door, "/say", panel_cookie(door)) == 401
    assert await get(door, "/overlay", panel_cookie(door)) == 401
    assert door.let_in == []


# The panel's page, when it opens a WebSocket of another process --------------------------------

SOUND_PAGE = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-site"}


async def socket_opens(door: Door, headers: dict[str, str], path: str = "/microphone") -> bool:
    """By the words of a browser's handshake, so that every header can be another one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    lines = {
        "Host": f"127.0.0.1:{door.port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
    status = (await asyncio.wait_for(reader.readline(), 5)).split()[1]
    writer.close()
    return status == b"101"


async def test_the_panels_page_may_open_the_socket_that_is_there_for_it(door: Door) -> None:
    assert await socket_opens(door, {**SOUND_PAGE, **panel_cookie(door)})
    untold = {"Origin": "http://127.0.0.1:8000", **panel_cookie(door)}
    assert await socket_opens(door, untold)  # not every browser tells the site
    assert door.let_in == ["/microphone", "/microphone"]


@pytest.mark.parametrize("path", ["/stream", "/panic", "/microphone/", "/microphone/more", "/"])
async def test_the_panels_page_may_open_no_other_socket(door: Door, path: str) -> None:
    assert not await socket_opens(door, {**SOUND_PAGE, **panel_cookie(door)}, path)
    assert door.let_in == []


@pytest.mark.parametrize("wrong", WRONG_ORIGINS.values(), ids=WRONG_ORIGINS.keys())
async def test_no_other_page_may_open_it_with_the_panels_cookie(
    door: Door, wrong: dict[str, str]
) -> None:
    assert not await socket_opens(door, {**SOUND_PAGE, **panel_cookie(door), **wrong})
    assert door.let_in == []


async def test_the_panels_page_must_be_signed_in_as_operator_to_open_it(door: Door) -> None:
    own = {"Cookie": f"kitsu_{door.port}={door.access.make_cookie(Scope.OPERATOR)}"}
    forged = {"Cookie": "kitsu_8000=operator.99999999999.00"}
    overlay, hook = panel_cookie(door, Scope.OVERLAY), panel_cookie(door, Scope.HOOK)
    for cookie in ({}, own, forged, overlay, hook):
        assert not await socket_opens(door, {**SOUND_PAGE, **cookie})
    for scope in (Scope.OVERLAY, Scope.HOOK, Scope.OPERATOR):
        path = f"/microphone?key={door.access.token(scope)}"
        assert not await socket_opens(door, SOUND_PAGE, path)
    assert door.let_in == []


async def test_a_post_to_the_panels_socket_is_none(door: Door) -> None:
    answer = await send(door, {**PANEL, **panel_cookie(door)}, "/microphone")
    assert answer.status_code == 403
    assert door.let_in == []


def test_a_page_may_connect_to_what_it_is_given_and_nothing_else_changes() -> None:
    policy = content_security_policy("http://127.0.0.1:8010")
    assert "connect-src 'self' ws: wss: http://127.0.0.1:8010;" in policy
    assert policy.replace(" http://127.0.0.1:8010", "") == content_security_policy()


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(door: Door) -> None:
    assert await post(door, "/say", door.bearer(), {"text": "x" * 20_000}) == 413


async def test_a_path_may_take_larger_bodies_than_the_others(door: Door) -> None:
    assert await post(door, "/picture", door.bearer(), {"text": "x" * 20_000}) == 200
    assert await post(door, "/picture", door.bearer(), {"text": "x" * 40_000}) == 413
    assert await post(door, "/picture/other", door.bearer(), {"text": "x" * 20_000}) == 413


async def test_a_body_that_lies_about_its_length_is_cut_off(door: Door) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * 1_000

    headers = {**door.bearer(), "Content-Type": "application/json"}
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.HTTPError):
            (
                await client.post(door.url + "/say", headers=headers, content=endless())
            ).raise_for_status()
    assert door.let_in == []


async def test_every_answer_carries_the_security_headers(door: Door) -> None:
    async with httpx.AsyncClient() as client:
        for path, headers in (("/open", {}), ("/say", {}), ("/missing", door.bearer())):
            answer = await client.get(door.url + path, headers=headers)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "cookie",
    ["", "operator.99999999999.", "operator.99999999999.00", "a.b.c.d", "operator.x." + "0" * 64],
)
async def test_a_forged_cookie_is_worth_nothing(door: Door, cookie: str) -> None:
    assert await post(door, "/say", {"Cookie": f"kitsu_{door.port}={cookie}"}) == 401


async def test_our_own_cookie_signs_in(door: Door) -> None:
    cookie = door.access.make_cookie(Scope.OPERATOR)
    assert await post(door, "/say", {"Cookie": f"kitsu_{door.port}={cookie}"}) == 200


def test_a_code_works_once(tmp_path: Path) -> None:
    access = Access(tmp_path)
    code = access.make_code()
    assert access.redeem_code(code) is Scope.OPERATOR
    assert access.redeem_code(code) is None
    assert access.redeem_code("../../tokens.json") is None


def test_tokens_are_the_same_for_every_process_and_readable_by_the_owner_only(
    tmp_path: Path,
) -> None:
    first, second = Access(tmp_path), Access(tmp_path)
    assert first.token(Scope.OPERATOR) == second.token(Scope.OPERATOR)
    assert (tmp_path / "secrets" / "tokens.json").stat().st_mode & 0o077 == 0


def test_a_taken_port_says_which_setting_to_change() -> None:
    taken = bind("127.0.0.1", 0, "A_PORT")
    try:
        with pytest.raises(PortTaken, match=r"STAGE_PORT"):
            bind("127.0.0.1", taken.getsockname()[1], "STAGE_PORT")
    finally:
        taken.close()
