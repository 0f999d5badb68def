"""`/twitch` of the orchestrator: asked of twitch_ingest on its own port, whoever listens there."""

import asyncio
from typing import Any

import pytest

from tests.orchestrator.scripted_link import SIGNING_IN, TOLD, scripted_link
from tests.orchestrator.stand import Stand

ORDERS: tuple[tuple[str, str, Any, tuple[str, str, Any]], ...] = (
    ("POST", "/twitch/sign-in", {"account": "bot"}, ("POST", "/sign-in", {"account": "bot"})),
    ("POST", "/twitch/sign-in", {}, ("POST", "/sign-in", {"account": "streamer"})),
    ("DELETE", "/twitch/sign-in", None, ("DELETE", "/sign-in", None)),
    ("DELETE", "/twitch/accounts/bot", None, ("DELETE", "/accounts/bot", None)),
    (
        "POST",
        "/twitch/replay",
        {"file": "raid.jsonl", "speed": 10},
        ("POST", "/replay", {"file": "raid.jsonl", "speed": 10.0}),
    ),
    ("DELETE", "/twitch/replay", None, ("DELETE", "/replay", None)),
)


async def test_the_link_is_told_as_the_module_says(show: Stand) -> None:
    async with scripted_link(show) as link:
        assert await show.get("/twitch") == TOLD
        link.answer["sign_in"] = SIGNING_IN
        link.answer["a field of a newer build"] = 1
        told = await show.get("/twitch")
    assert told == {**TOLD, "sign_in": SIGNING_IN}
    assert set(link.asked) == {("GET", "/link", None)}
    assert link.tokens == {show.headers["Authorization"]}


async def test_what_people_order_is_handed_on_and_answered_with_how_the_link_is(
    show: Stand,
) -> None:
    async with scripted_link(show) as link:
        for method, path, body, asked in ORDERS:
            answer = await show.request(method, path, body)
            assert answer.status_code in (200, 202), answer.text
            assert answer.json() == TOLD
            assert link.asked[-2:] == [asked, ("GET", "/link", None)]


async def test_without_the_module_the_step_that_mends_it_is_told(show: Stand) -> None:
    for method, path, body, _ in (("GET", "/twitch", None, None), *ORDERS):
        answer = await show.request(method, path, body)
        assert answer.status_code == 503
        assert answer.json()["title"] == "The chat module does not answer"
        assert "kitsu restart twitch_ingest" in answer.json()["detail"]


async def test_a_refusal_is_passed_on_in_the_modules_words(show: Stand) -> None:
    async with scripted_link(show) as link:
        refusal = {"title": "No client id", "detail": "Set TWITCH_CLIENT_ID.", "code": "no_client"}
        link.refusal = (409, refusal)
        for method, path, body, _ in ORDERS:
            answer = await show.request(method, path, body)
            assert answer.status_code == 409
            assert (answer.json()["detail"], answer.json()["code"]) == (
                "Set TWITCH_CLIENT_ID.",
                "no_client",
            )


async def test_an_account_that_is_signed_out_already_is_told_so(show: Stand) -> None:
    async with scripted_link(show) as link:
        link.refusal = (404, {"title": "Not signed in", "detail": "No bot.", "code": "signed_out"})
        answer = await show.request("DELETE", "/twitch/accounts/bot")
    assert (answer.status_code, answer.json()["code"]) == (404, "signed_out")


WRONG_PROGRAMS: tuple[tuple[int, Any], ...] = (
    (200, b"<html>hello</html>"),
    (200, b""),
    (200, []),
    (200, {**TOLD, "state": "perhaps"}),
    (200, {**TOLD, "detail": "x" * 5_000}),
    (200, {**TOLD, "gaps": [TOLD["gaps"][0]] * 2_000}),
    (200, {**TOLD, "sign_in": {"state": "waiting", "user_code": ["A"]}}),
    (200, b"[" * 3_000_000),
    (404, {"title": "Not Found"}),
    (401, {"title": "Not signed in"}),
    (500, b"<h1>Oops</h1>"),
    (500, {"title": "x" * 10_000}),
)


async def test_another_program_on_that_port_is_not_believed(show: Stand) -> None:
    async with scripted_link(show) as link:
        link.refuses_all = True
        for wrong in WRONG_PROGRAMS:
            link.refusal = wrong
            answer = await show.request("GET", "/twitch")
            assert answer.status_code == 503, wrong
            assert answer.json()["title"] == "The chat module does not answer"


async def test_a_module_that_hangs_is_not_waited_for_without_end(show: Stand) -> None:
    show.worker.chat.link.chat._client.timeout = 0.3
    async with scripted_link(show) as link:
        link.hangs = True
        async with asyncio.timeout(5):
            assert (await show.request("GET", "/twitch")).status_code == 503


@pytest.mark.parametrize("scope", ["", "overlay", "hook"])
async def test_only_the_operator_signs_in_and_out(show: Stand, scope: str) -> None:
    async with scripted_link(show) as link:
        for method, path, _, _ in (("GET", "/twitch", None, None), *ORDERS):
            assert (await show.raw(method, path, b"", scope)).status_code in (401, 403)
    assert link.asked == []


async def test_what_makes_no_sense_is_refused_before_anybody_is_asked(show: Stand) -> None:
    wrong: tuple[tuple[str, str, Any], ...] = (
        ("POST", "/twitch/sign-in", {"account": "admin"}),
        ("POST", "/twitch/sign-in", {"account": "bot", "token": "x"}),
        ("DELETE", "/twitch/accounts/..%2F..%2Fetc", None),
        ("DELETE", "/twitch/accounts/everybody", None),
        ("POST", "/twitch/replay", {"file": ""}),
        ("POST", "/twitch/replay", {"file": "x" * 4_097}),
        ("POST", "/twitch/replay", {"file": "a", "speed": -1}),
        ("POST", "/twitch/replay", {"file": "a", "speed": 1e9}),
        ("POST", "/twitch/replay", []),
    )
    async with scripted_link(show) as link:
        for method, path, body in wrong:
            assert (await show.request(method, path, body)).status_code in (404, 422), (path, body)
    assert link.asked == []
