"""Signing in: by a code, by a page, and every way in which it ends."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from apps.twitch_ingest.engines.twitch.accounts import Account
from apps.twitch_ingest.engines.twitch.errors import TwitchError
from apps.twitch_ingest.engines.twitch.helix import Helix, Validated
from apps.twitch_ingest.engines.twitch.sign_in import SignInImpossible
from apps.twitch_ingest.engines.twitch.sign_in_view import read_device
from apps.twitch_ingest.engines.twitch.token_store import TokenStore
from apps.twitch_ingest.engines.twitch.topics import TOPICS, scopes_for
from apps.twitch_ingest.sign_in_web import CALLBACK, SignInWeb
from libs.worker.access import Scope
from libs.worker.problems import Problem
from tests.twitch_ingest.engines.channel_stand import ChannelStand, answer_problem, until


@pytest.fixture
async def web(stand: ChannelStand) -> AsyncIterator[httpx.AsyncClient]:
    """The routes, with the platform running behind them."""
    stand.twitch.oauth.interval_seconds = 0.03
    async with stand:
        app = Starlette(
            routes=SignInWeb(stand.platform).routes(), exception_handlers={Problem: answer_problem}
        )
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://kitsu") as client:
            yield client


async def _state(web: httpx.AsyncClient, state: str) -> dict[str, str]:
    async with asyncio.timeout(10):
        while True:
            found = (await web.get("/link")).json()["sign_in"]
            if found["state"] == state:
                return dict(found)
            await asyncio.sleep(0.01)


def _stored(stand: ChannelStand) -> dict[str, Account]:
    found, _ = TokenStore(stand.options.data_dir).read()
    return {raw["role"]: Account.model_validate(raw) for raw in found}


async def test_a_code_is_shown_and_typed_in_and_chat_is_heard(
    stand: ChannelStand, web: httpx.AsyncClient
) -> None:
    before = (await web.get("/link")).json()
    assert (before["state"], before["mode"], before["account"]) == (
        "needs_sign_in",
        "twitch",
        None,
    )
    assert "kitsu twitch login" in before["detail"]
    answer = await web.post("/sign-in", json={"account": "streamer"})
    begun = answer.json()
    assert answer.status_code == 201
    assert begun["state"] == "waiting"
    assert begun["address"].startswith("https://www.twitch.tv/activate")
    assert begun["expires_at"] > time.time()
    await asyncio.sleep(0.1)
    assert (await web.get("/link")).json()["sign_in"]["state"] == "waiting"
    assert stand.twitch.world.answer_device(stand.host.id, begun["user_code"])
    done = await _state(web, "done")
    assert "kitsu_live" in done["message"]
    assert _stored(stand)["streamer"].login == "kitsu_live"
    await stand.ready()
    await stand.say("hello")
    await stand.heard("hello")
    link = (await web.get("/link")).json()
    assert link["state"] == "ready"
    assert link["account"]["login"] == "kitsu_live"
    assert {topic["state"] for topic in link["topics"]} == {"on"}
    assert not [secret for secret in stand.twitch.world.issued if secret in str(link)]


async def test_a_token_of_no_account_is_a_sign_in_that_failed(
    stand: ChannelStand, web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An app's own token, say: Twitch names nobody whose it is."""

    async def of_nobody(self: Helix, access_token: str) -> Validated:
        return Validated("", "kitsu_live", "client", (), 3_600.0)

    monkeypatch.setattr(Helix, "validate", of_nobody)
    await web.post("/sign-in", json={"account": "streamer"})
    assert stand.twitch.world.answer_device(stand.host.id)
    failed = await _state(web, "failed")
    assert "belongs to no account" in failed["message"]
    assert _stored(stand) == {}
    await until(lambda: all(token.dead for token in stand.twitch.world.tokens.values()))


async def test_the_bot_signs_in_beside_the_streamer_with_fewer_scopes(
    stand: ChannelStand, web: httpx.AsyncClient
) -> None:
    bot = stand.twitch.user("kitsu_bot")
    for role, user in (("streamer", stand.host), ("bot", bot)):
        await web.post("/sign-in", json={"account": role})
        stand.twitch.world.answer_device(user.id)
        await _state(web, "done")
    await until(lambda: len(stand.twitch.sockets.living()) == 2)
    for topic in TOPICS:
        await stand.twitch.wait_for(topic.name)
    await until(lambda: all(row["state"] == "on" for row in stand.topics))
    link = (await web.get("/link")).json()
    assert link["accounts"] == "two"
    assert set(link["bot_account"]["scopes"]) == {"user:read:chat", "user:write:chat"}


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "https://evil.example/activate", "http://www.twitch.tv/a", "", 7],
)
def test_nobody_is_sent_to_an_address_that_is_not_twitchs(address: object) -> None:
    answer = {
        "device_code": "secret",
        "user_code": "ABCD1234",
        "expires_in": 1_800,
        "verification_uri": address,
    }
    code, view, interval = read_device(answer, "streamer")
    assert view.address == "https://www.twitch.tv/activate"
    assert (code, interval) == ("secret", 5.0)
    assert "secret" not in str(view)


@pytest.mark.parametrize(
    "wrong",
    [
        {"user_code": "<b>AB</b>"},
        {"user_code": "A" * 500},
        {"user_code": None},
        {"expires_in": "soon"},
        {"interval": []},
    ],
)
def test_an_answer_for_a_code_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    sound = {"device_code": "secret", "user_code": "ABCD1234", "expires_in": 1_800}
    with pytest.raises(TwitchError):
        read_device({**sound, **wrong}, "streamer")
    with pytest.raises(TwitchError):
        read_device({}, "streamer")


def test_no_scope_is_asked_for_without_a_topic_that_needs_it() -> None:
    assert set(scopes_for("bot", has_bot=True)) == {"user:read:chat", "user:write:chat"}
    assert set(scopes_for("streamer", has_bot=True)) == {
        "channel:read:redemptions",
        "moderator:read:followers",
        "channel:moderate",
    }


async def test_a_declined_code_is_said(stand: ChannelStand, web: httpx.AsyncClient) -> None:
    await web.post("/sign-in", json={})
    stand.twitch.world.answer_device("denied")
    denied = await _state(web, "denied")
    assert "declined" in denied["message"]
    assert denied["user_code"] == ""


async def test_an_expired_code_is_said(stand: ChannelStand, web: httpx.AsyncClient) -> None:
    await web.post("/sign-in", json={})
    stand.twitch.world.expire_devices()
    assert "Begin again" in (await _state(web, "expired"))["message"]


async def test_a_sign_in_can_be_cancelled_and_then_counts_for_nothing(
    stand: ChannelStand, web: httpx.AsyncClient
) -> None:
    await web.post("/sign-in", json={})
    assert (await web.get("/link")).json()["state"] == "signing_in"
    assert (await web.delete("/sign-in")).json()["sign_in"] is None
    assert (await web.get("/link")).json()["sign_in"] is None
    stand.twitch.world.answer_device(stand.host.id)
    await asyncio.sleep(0.1)
    assert _stored(stand) == {}
    assert (await web.delete("/sign-in")).status_code == 200


async def test_of_sign_ins_that_are_begun_at_once_only_one_counts(
    stand: ChannelStand, web: httpx.AsyncClient
) -> None:
    begun = await asyncio.gather(*(web.post("/sign-in", json={}) for _ in range(4)))
    codes = {answer.json()["user_code"] for answer in begun}
    current = (await web.get("/link")).json()["sign_in"]["user_code"]
    for code in codes - {current}:
        stand.twitch.world.answer_device(stand.ann.id, code)
    await asyncio.sleep(0.1)
    assert (await web.get("/link")).json()["sign_in"]["state"] == "waiting"
    stand.twitch.world.answer_device(stand.host.id, current)
    await _state(web, "done")


async def test_trouble_while_waiting_does_not_end_the_sign_in(
    stand: ChannelStand, web: httpx.AsyncClient
) -> None:
    await web.post("/sign-in", json={})
    stand.twitch.fail("POST", "/oauth2/token", status=500)
    stand.twitch.fail("POST", "/oauth2/token", drop=True)
    await until(lambda: not stand.twitch.faults.waiting)
    stand.twitch.world.answer_device(stand.host.id)
    await _state(web, "done")


async def test_the_wrong_account_is_not_taken_and_its_token_given_back(
    stand: ChannelStand, web: httpx.AsyncClient
) -> None:
    await web.post("/sign-in", json={"account": "streamer"})
    stand.twitch.world.answer_device(stand.ann.id)
    failed = await _state(web, "failed")
    assert "ann" in failed["message"]
    assert "kitsu_live" in failed["message"]
    assert _stored(stand) == {}
    assert [token.dead for token in stand.twitch.world.tokens.values()] == [True]


async def test_the_streamers_own_account_cannot_be_the_bot(
    stand: ChannelStand, web: httpx.AsyncClient
) -> None:
    await web.post("/sign-in", json={"account": "bot"})
    stand.twitch.world.answer_device(stand.host.id)
    assert "private window" in (await _state(web, "failed"))["message"]


async def test_signing_out_revokes_and_forgets(stand: ChannelStand, web: httpx.AsyncClient) -> None:
    await web.post("/sign-in", json={})
    stand.twitch.world.answer_device(stand.host.id)
    await _state(web, "done")
    await stand.ready()
    assert (await web.delete("/accounts/streamer")).status_code == 200
    assert _stored(stand) == {}
    assert [token.dead for token in stand.twitch.world.tokens.values()] == [True]
    await stand.state("needs_sign_in")
    again = await web.delete("/accounts/streamer")
    assert again.status_code == 404
    assert (await web.delete("/accounts/king")).status_code == 404


@pytest.mark.parametrize(
    "body", [b"nonsense", b"[]", b'{"account": "king"}', b'{"account": "bot", "x": 1}', b"\xff"]
)
async def test_a_request_that_is_none_is_refused(web: httpx.AsyncClient, body: bytes) -> None:
    answer = await web.post("/sign-in", content=body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"


async def test_without_a_client_id_the_step_is_named(stand: ChannelStand) -> None:
    stand.options = replace(stand.options, client_id="")
    with pytest.raises(SignInImpossible, match=r"dev\.twitch\.tv/console"):
        await stand.platform.sign_in.begin("streamer")
    assert "TWITCH_CLIENT_ID" in stand.platform.link_state()["detail"]


async def test_a_client_id_that_twitch_does_not_know_is_said(stand: ChannelStand) -> None:
    stand.options = replace(stand.options, client_id="nobodysclientid")
    async with stand:
        with pytest.raises(SignInImpossible, match="TWITCH_CLIENT_ID"):
            await stand.platform.sign_in.begin("streamer")


async def test_routes_without_twitch_say_so() -> None:
    app = Starlette(routes=SignInWeb(None).routes(), exception_handlers={Problem: answer_problem})
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://kitsu") as client:
        link = (await client.get("/link")).json()
        assert link["state"] == "not_configured"
        assert "TWITCH_CLIENT_ID" in link["detail"]
        assert (await client.post("/sign-in", json={})).status_code == 409


# By a page -------------------------------------------------------------------------------------


@pytest.fixture
async def page(stand: ChannelStand) -> AsyncIterator[httpx.AsyncClient]:
    secret = stand.twitch.world.client_secret
    stand.options = replace(stand.options, client_secret=secret)
    async with stand:
        transport = httpx.ASGITransport(Starlette(routes=SignInWeb(stand.platform).routes()))
        async with httpx.AsyncClient(transport=transport, base_url="http://kitsu") as client:
            yield client


def _asked(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


async def test_a_page_that_comes_back_signs_in(
    stand: ChannelStand, page: httpx.AsyncClient
) -> None:
    begun = (await page.post("/sign-in", json={})).json()
    asked = _asked(begun["address"])
    assert begun["address"].startswith(stand.twitch.id_url)
    assert begun["user_code"] == ""
    scopes = asked["scope"].split()
    code = stand.twitch.world.make_code(stand.host, scopes, asked["redirect_uri"])
    answer = await page.get(CALLBACK, params={"code": code, "state": asked["state"]})
    assert answer.status_code == 200
    assert "Signed in as kitsu_live" in answer.text
    await stand.ready()
    stand.twitch.world.expire_tokens()
    stand.twitch.sockets.drop()
    await stand.gap()
    assert stand.twitch.oauth.refreshes == 1
    again = await page.get(CALLBACK, params={"code": code, "state": asked["state"]})
    assert again.status_code == 400


@pytest.mark.parametrize("state", ["", "wrong", "ünïcode", "x" * 5_000])
async def test_a_page_with_another_state_changes_nothing(
    stand: ChannelStand, page: httpx.AsyncClient, state: str
) -> None:
    begun = (await page.post("/sign-in", json={})).json()
    asked = _asked(begun["address"])
    code = stand.twitch.world.make_code(stand.host, ["user:read:chat"], asked["redirect_uri"])
    answer = await page.get(CALLBACK, params={"code": code, "state": state})
    assert answer.status_code == 400
    assert stand.platform.link_state()["sign_in"]["state"] == "waiting"
    assert _stored(stand) == {}


async def test_a_page_that_comes_back_without_a_sign_in_changes_nothing(
    stand: ChannelStand, page: httpx.AsyncClient
) -> None:
    assert (await page.get(CALLBACK, params={"code": "x", "state": ""})).status_code == 400
    assert stand.platform.link_state()["sign_in"] is None


async def test_a_declined_page_is_said(stand: ChannelStand, page: httpx.AsyncClient) -> None:
    asked = _asked((await page.post("/sign-in", json={})).json()["address"])
    answer = await page.get(CALLBACK, params={"error": "access_denied", "state": asked["state"]})
    assert "declined" in answer.text
    assert stand.platform.link_state()["sign_in"]["state"] == "denied"


async def test_a_code_that_twitch_does_not_know_is_said(
    stand: ChannelStand, page: httpx.AsyncClient
) -> None:
    asked = _asked((await page.post("/sign-in", json={})).json()["address"])
    code = "<b>never given out</b>"
    answer = await page.get(CALLBACK, params={"code": code, "state": asked["state"]})
    assert "<b>" not in answer.text
    assert "TWITCH_CLIENT_SECRET" in answer.text
    assert stand.platform.link_state()["sign_in"]["state"] == "failed"


def test_only_the_page_that_comes_back_is_public() -> None:
    assert SignInWeb(None).access_rules() == {CALLBACK: Scope.PUBLIC}
