"""Avatars from the orchestrator's side; the avatar_controller is played by a script."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import websockets

from apps.orchestrator import order_desk
from apps.orchestrator.avatar_desk import WORDS, AvatarDesk
from libs.contracts.avatar import (
    AvatarChanged,
    AvatarLink,
    AvatarRefusal,
    AvatarStatus,
    Bearing,
    MapMood,
    PresenceChanged,
    ShowExpression,
    SignInAvatar,
)
from libs.contracts.envelope import Event
from libs.contracts.health import ModuleState, WorkerBeat
from libs.contracts.speaking import Mood
from libs.contracts.stage import SetExpression, ShowItem, StageCommandFailed, TriggerHotkey
from libs.telemetry import clock
from libs.worker.runtime import running
from tests.orchestrator.scripted_avatar import DRAWN, ScriptedAvatars
from tests.orchestrator.stand import Stand
from tests.worker.test_runtime import until


@pytest.fixture
def stand_settings(tmp_path: Path) -> dict[str, Any]:
    """Items of VTube Studio; a heart is drawn in the overlay too."""
    path = tmp_path / "avatar.yaml"
    path.write_text("items:\n  cookie: {file: cookie.png}\n  heart: {file: heart.png}\n", "utf-8")
    return {"avatar_file": path}


@pytest.fixture
async def avatars(show: Stand) -> AsyncIterator[ScriptedAvatars]:
    """A VTube Studio that is ready, and known to be."""
    async with ScriptedAvatars.beside(show) as avatars:
        await avatars.tell()
        await until(lambda: len(show.worker.avatar.status().avatars) == 2)
        yield avatars


# How they are ----------------------------------------------------------------------------------


async def test_status_says_how_the_avatars_are_and_avatar_what_they_have(
    show: Stand, avatars: ScriptedAvatars
) -> None:
    status = (await show.get("/status"))["avatar"]
    assert status["there"]
    drawn, akari = status["avatars"]
    assert (drawn["id"], drawn["link"]) == ("overlay", "ready")
    assert (akari["model"], akari["mouth"]) == ("Akari", ["MouthOpen"])
    assert (status["mood"], status["bearing"]) == ("neutral", "idle")
    whole = await show.get("/avatar")
    assert whole["avatars"][1]["moods"][0] == {
        "mood": "happy",
        "expression": "Smile.exp3.json",
        "chosen_by": "name",
    }
    assert set(whole["items"]) >= {"cookie", "heart", "tea cup"}
    assert {name: whole[name] for name in status if name != "avatars"} == {
        name: status[name] for name in status if name != "avatars"
    }


async def test_a_model_with_hundreds_of_names_makes_no_change_of_mood_large(
    show: Stand, avatars: ScriptedAvatars
) -> None:
    many = tuple(f"An expression of some length {number}.exp3.json" for number in range(300))
    await avatars.tell(expressions=many, hotkeys=many)
    await until(lambda: len(show.worker.avatar.status().avatars[1].expressions) == 300)
    before = (await show.get("/status"))["avatar"]
    await avatars.publish(PresenceChanged(mood=Mood.SMUG, bearing=Bearing.SPEAKING))
    await until(lambda: show.worker.avatar.status().mood is Mood.SMUG)
    after = (await show.get("/status"))["avatar"]
    assert len(json.dumps(after)) < 1_000
    assert {**before, "mood": "smug", "bearing": "speaking"} == after
    assert len((await show.get("/avatar"))["avatars"][1]["expressions"]) == 300
    await avatars.tell(expressions=(*many[1:], "Another"), hotkeys=many)
    await until(lambda: "Another" in show.worker.avatar.status().avatars[1].expressions)
    assert (await show.get("/status"))["avatar"]["names"] != before["names"]
    await avatars.tell(expressions=many, hotkeys=many, detail="Something else.")
    await until(lambda: show.worker.avatar.status().avatars[1].detail == "Something else.")
    assert (await show.get("/status"))["avatar"]["names"] == before["names"]


async def test_it_is_said_why_no_avatar_moves(show: Stand, avatars: ScriptedAvatars) -> None:
    assert (await show.get("/avatar"))["detail"] == ""
    await show.post("/panic")
    assert "until it is released" in (await show.get("/avatar"))["detail"]


async def test_a_file_that_is_wrong_is_said_with_its_line_and_beside_what_it_costs(
    show: Stand, avatars: ScriptedAvatars, stand_settings: dict[str, Any]
) -> None:
    assert (await show.request("POST", "/avatar/item", {"item": "prize"})).status_code == 404
    stand_settings["avatar_file"].write_text("items:\n  prize: {}\n", "utf-8")
    trouble = "avatar.yaml, line 2: items.prize.file: is missing"
    show.worker.avatar.news.take(AvatarChanged(avatars=(DRAWN,), file_trouble=trouble), 0.0)
    assert (await show.get("/avatar"))["detail"] == trouble
    refused = await show.request("POST", "/avatar/item", {"item": "prize"})
    assert refused.status_code == 404
    assert trouble in refused.json()["detail"]
    shown = await show.request("POST", "/avatar/item", {"item": "heart"})
    assert shown.status_code == 200
    await show.post("/panic")
    assert "until it is released" in (await show.get("/avatar"))["detail"]


async def test_an_item_that_was_saved_can_be_shown_without_a_restart(
    show: Stand, avatars: ScriptedAvatars, stand_settings: dict[str, Any]
) -> None:
    stand_settings["avatar_file"].write_text("items:\n  prize: {file: prize.png}\n", "utf-8")
    shown = await show.request("POST", "/avatar/item", {"item": "prize"})
    assert shown.status_code == 200


def test_a_module_that_is_switched_off_says_so() -> None:
    async def nobody(event: Event) -> None: ...

    desk = AvatarDesk("main", nobody, is_there=lambda: True, is_off=lambda: True)
    desk.news.take(AvatarChanged(avatars=(DRAWN,)), 0.0)
    assert "Switch it on" in desk.status().detail


async def test_without_an_avatar_controller_the_step_is_said_and_drawn_items_are_still_there(
    show: Stand,
) -> None:
    status = (await show.get("/status"))["avatar"]
    assert not status["there"]
    assert "kitsu restart avatar_controller" in status["detail"]
    whole = await show.get("/avatar")
    assert "tea cup" in whole["items"]
    assert whole["names"] == status["names"] != ""
    answer = await show.request("POST", "/avatar/sign-in", {})
    assert (answer.status_code, answer.json()["code"]) == (503, "avatar_not_ready")


async def test_a_restarted_orchestrator_knows_the_avatars_from_the_latch(stand: Stand) -> None:
    event = AvatarChanged(avatars=(DRAWN,), mood=Mood.SMUG)
    await stand.bus.set_latch("main", "avatar", event.model_dump(mode="json"))
    async with ScriptedAvatars.beside(stand), running(stand.worker, stand.worker.bus):
        await until(lambda: stand.worker.avatar.status().avatars == (DRAWN,))
        assert stand.worker.avatar.status().mood is Mood.SMUG


async def test_a_restarted_orchestrator_knows_the_mood_that_came_after(stand: Stand) -> None:
    event = AvatarChanged(avatars=(DRAWN,), mood=Mood.SMUG)
    later = PresenceChanged(mood=Mood.SAD, bearing=Bearing.ASLEEP, emitted_at=event.emitted_at + 60)
    await stand.bus.set_latch("main", "avatar", event.model_dump(mode="json"))
    await stand.bus.set_latch("main", "avatar_presence", later.model_dump(mode="json"))
    async with ScriptedAvatars.beside(stand), running(stand.worker, stand.worker.bus):
        await until(lambda: stand.worker.avatar.status().avatars == (DRAWN,))
        status = stand.worker.avatar.status()
        assert (status.mood, status.bearing) == (Mood.SAD, Bearing.ASLEEP)


async def test_a_mood_from_long_before_the_avatars_is_not_taken_for_hers(stand: Stand) -> None:
    """As a show has it in which the avatar_controller was begun anew, or is an older one."""
    event = AvatarChanged(avatars=(DRAWN,), mood=Mood.SMUG)
    long_ago = PresenceChanged(
        mood=Mood.SAD, bearing=Bearing.ASLEEP, emitted_at=event.emitted_at - 3_600
    )
    await stand.bus.set_latch("main", "avatar", event.model_dump(mode="json"))
    await stand.bus.set_latch("main", "avatar_presence", long_ago.model_dump(mode="json"))
    async with ScriptedAvatars.beside(stand), running(stand.worker, stand.worker.bus):
        await until(lambda: stand.worker.avatar.status().avatars == (DRAWN,))
        status = stand.worker.avatar.status()
        assert (status.mood, status.bearing) == (Mood.SMUG, Bearing.IDLE)


@pytest.mark.parametrize("latched", [{"avatars": 5}, {"avatars": [{"id": "x"}]}, {"mood": "odd"}])
async def test_a_latch_that_makes_no_sense_is_as_none(stand: Stand, latched: Any) -> None:
    await stand.bus.set_latch("main", "avatar", latched)
    async with ScriptedAvatars.beside(stand), running(stand.worker, stand.worker.bus):
        await until(lambda: stand.worker.avatar.status().there)
        assert "not told yet" in stand.worker.avatar.status().detail


async def test_news_that_come_late_do_not_overrule_what_is_newer(
    show: Stand, avatars: ScriptedAvatars
) -> None:
    desk, now = show.worker.avatar, clock.now() + 1
    desk.news.take(AvatarChanged(avatars=(DRAWN,), mood=Mood.HAPPY, emitted_at=now), 0.0)
    desk.news.take(AvatarChanged(mood=Mood.SAD, emitted_at=now - 60), 60.0)
    assert (desk.status().mood, desk.status().avatars) == (Mood.HAPPY, (DRAWN,))
    idle = Bearing.IDLE
    desk.news.take(PresenceChanged(mood=Mood.ANGRY, bearing=idle, emitted_at=now + 1), 0.0)
    desk.news.take(AvatarChanged(mood=Mood.SAD, emitted_at=now + 0.5), 60.0)
    assert (desk.status().mood, desk.status().avatars) == (Mood.ANGRY, ())
    desk.news.take(PresenceChanged(mood=Mood.SAD, bearing=idle, emitted_at=now), 60.0)
    assert desk.status().mood is Mood.ANGRY


# Orders ----------------------------------------------------------------------------------------

ORDERS: list[tuple[str, str, dict[str, Any], Event]] = [
    ("POST", "sign-in", {"avatar": "veadotube"}, SignInAvatar(avatar="veadotube", by="operator")),
    (
        "PUT",
        "moods",
        {"mood": "sad", "expression": "泣き"},
        MapMood(mood=Mood.SAD, expression="泣き", by="operator"),
    ),
    (
        "PUT",
        "moods",
        {"mood": "sad", "expression": ""},
        MapMood(mood=Mood.SAD, expression="", by="operator"),
    ),
    (
        "PUT",
        "moods",
        {"mood": "sad", "expression": None},
        MapMood(mood=Mood.SAD, expression=None, by="operator"),
    ),
    (
        "POST",
        "try",
        {"expression": "Blush", "seconds": 5},
        ShowExpression(expression="Blush", hold_seconds=5.0, by="operator"),
    ),
    ("POST", "hotkey", {"hotkey": "Spin"}, TriggerHotkey(hotkey="Spin")),
    ("POST", "item", {"item": "cookie"}, ShowItem(item="cookie")),
    ("POST", "item", {"item": "heart"}, ShowItem(item="heart")),  # the overlay draws it as well
]
COMMANDS = {
    "sign-in": "avatar_sign_in",
    "moods": "avatar_mood",
    "try": "avatar_try",
    "hotkey": "avatar_hotkey",
    "item": "avatar_item",
}
ENVELOPE = set(Event.model_fields) | {"by"}


def said(order: Event) -> dict[str, Any]:
    return order.model_dump(exclude=ENVELOPE)


async def test_an_order_reaches_the_avatar_and_its_answer_comes_back(
    show: Stand, avatars: ScriptedAvatars
) -> None:
    for number, (method, path, body, expected) in enumerate(ORDERS, 1):
        answer = await show.request(method, f"/avatar/{path}", body)
        assert (answer.status_code, answer.json()) == (200, {"done": f"did {expected.type}"})
        assert len(avatars.orders) == number
        order = avatars.orders[-1]
        assert type(order) is type(expected)
        assert said(order) == said(expected)
        assert order.show == "main"


async def test_an_avatar_that_needs_no_permission_says_so_itself(
    show: Stand, avatars: ScriptedAvatars
) -> None:
    await show.post("/avatar/sign-in", {"avatar": "overlay"})
    assert [said(order)["avatar"] for order in avatars.orders] == ["overlay"]


async def test_whoever_is_let_in_already_is_not_asked_again(
    show: Stand, avatars: ScriptedAvatars
) -> None:
    answer = await show.post("/avatar/sign-in", {})
    assert answer["done"] == "VTube Studio lets Kitsu in already."
    assert avatars.orders == []
    await avatars.tell(link="denied")
    await until(lambda: show.worker.avatar.status().avatars[-1].link == "denied")
    await show.post("/avatar/sign-in", {})
    [order] = avatars.orders
    assert isinstance(order, SignInAvatar)
    assert (order.avatar, order.by) == ("vtube_studio", "operator")


async def test_without_a_name_an_order_goes_to_the_avatar_it_makes_sense_for(
    show: Stand, avatars: ScriptedAvatars
) -> None:
    veado = AvatarStatus(
        id="veadotube", title="veadotube", link=AvatarLink.READY, expressions=("joy",)
    )
    await avatars.publish(AvatarChanged(avatars=(DRAWN, veado)))
    await until(lambda: show.worker.avatar.status().avatars[-1] == veado)
    await show.post("/avatar/try", {"expression": "joy"})
    assert getattr(avatars.orders[-1], "avatar", "") == "veadotube"


async def test_an_expression_may_be_named_without_the_ending_of_its_file(
    show: Stand, avatars: ScriptedAvatars
) -> None:
    await show.post("/avatar/try", {"expression": "smile"})
    await show.request("PUT", "/avatar/moods", {"mood": "happy", "expression": "SMILE"})
    await show.post("/avatar/try", {"expression": "grin"})  # the avatar's to refuse
    names = [getattr(order, "expression", "") for order in avatars.orders]
    assert names == ["Smile.exp3.json", "Smile.exp3.json", "grin"]


async def test_what_only_the_overlay_draws_is_shown_without_asking_an_avatar(
    show: Stand,
) -> None:
    answer = await show.post("/avatar/item", {"item": "tea cup"})
    assert "overlay" in answer["done"]
    assert (await show.next(ShowItem)).item == "tea cup"


async def test_an_item_that_vtube_studio_does_not_show_may_still_be_in_the_overlay(
    show: Stand, avatars: ScriptedAvatars
) -> None:
    avatars.refuse(AvatarRefusal.NOT_READY, "VTube Studio is away.")
    answer = await show.post("/avatar/item", {"item": "heart"})
    assert answer["done"] == "'heart' is shown in the overlay only. VTube Studio is away."
    refused = await show.request("POST", "/avatar/item", {"item": "cookie"})
    assert (refused.status_code, refused.json()["code"]) == (503, "avatar_not_ready")


async def test_while_no_overlay_page_is_open_nothing_is_said_to_be_seen_there(
    show: Stand, avatars: ScriptedAvatars
) -> None:
    async def stage_has(pages: int) -> None:
        port = show.settings.port_of("stage")
        await avatars.publish(
            WorkerBeat(
                module="stage",
                instance="stage@here#0",
                pid=1,
                port=port,
                state=ModuleState.READY,
                gauges={"pages": pages},
            )
        )
        await until(lambda: show.worker.roster.gauge("stage", "pages") == pages)

    await stage_has(0)
    drawn, akari = (await show.get("/status"))["avatar"]["avatars"]
    assert (drawn["link"], akari["link"]) == ("waiting", "ready")
    assert "Copy overlay URL" in drawn["detail"]
    answer = await show.post("/avatar/item", {"item": "tea cup"})
    assert answer["done"].startswith("'tea cup' is not seen. No overlay page is open")
    await stage_has(1)
    drawn, _ = (await show.get("/status"))["avatar"]["avatars"]
    assert drawn["link"] == "ready"
    answer = await show.post("/avatar/item", {"item": "tea cup"})
    assert answer["done"] == "'tea cup' is shown in the overlay."


async def test_in_a_panic_no_item_is_said_to_be_shown(show: Stand) -> None:
    await show.post("/panic")
    refused = await show.request("POST", "/avatar/item", {"item": "tea cup"})
    assert (refused.status_code, refused.json()["code"]) == (409, "panic")
    assert await show.all(ShowItem) == []


async def test_an_item_of_neither_file_is_told_with_the_nearest_and_ordered_nowhere(
    show: Stand, avatars: ScriptedAvatars
) -> None:
    answer = await show.request("POST", "/avatar/item", {"item": "cokie"})
    assert (answer.status_code, answer.json()["detail"]) == (404, "Did you mean 'cookie'?")
    answer = await show.request("POST", "/avatar/item", {"item": "../../etc/passwd"})
    assert answer.status_code == 404
    assert avatars.orders == []


async def test_without_an_avatar_controller_the_overlay_shows_what_it_can(show: Stand) -> None:
    assert "overlay" in (await show.post("/avatar/item", {"item": "heart"}))["done"]
    refused = await show.request("POST", "/avatar/item", {"item": "cookie"})
    assert (refused.status_code, refused.json()["code"]) == (503, "avatar_not_ready")


async def test_a_refusal_is_told_in_the_avatars_own_words(
    show: Stand, avatars: ScriptedAvatars
) -> None:
    for code, status in (
        ("not_found", 404),
        ("avatar_not_ready", 503),
        ("not_possible", 422),
        ("not_now", 429),
        ("panic", 409),
        ("something_new", 502),
    ):
        avatars.refuse(code, "No hotkey 'Wvae'; did you mean 'Wave'?")
        answer = await show.request("POST", "/avatar/hotkey", {"hotkey": "Wvae"})
        assert answer.headers["content-type"] == "application/problem+json"
        told = answer.json()
        assert (answer.status_code, told["code"]) == (status, code)
        assert told["detail"] == "No hotkey 'Wvae'; did you mean 'Wave'?"


def test_every_refusal_of_an_avatar_is_known_to_the_desk() -> None:
    assert set(WORDS.refusals) == set(AvatarRefusal)


async def test_an_order_that_nobody_answers_ends_and_leaves_nothing_behind(
    show: Stand, avatars: ScriptedAvatars, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_desk, "ANSWER_SECONDS", 0.2)
    avatars.answer = lambda order: None
    answer = await show.request("POST", "/avatar/hotkey", {"hotkey": "Spin"})
    assert (answer.status_code, answer.json()["code"]) == (504, "timeout")
    assert len(show.worker.avatar) == 0
    await avatars.publish(
        StageCommandFailed.caused_by(avatars.orders[0], command="late", code="x", message="late")
    )
    assert (await show.get("/avatar"))["there"]


# The old address for expressions ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "mood", "seconds"),
    [
        ({"mood": "happy"}, Mood.HAPPY, None),
        ({"mood": "happy", "seconds": 4}, Mood.HAPPY, 4.0),
        ({"expression": "smug"}, Mood.SMUG, None),
        ({"expression": "Cheeky"}, Mood.SMUG, None),  # a word of her own
    ],
)
async def test_a_mood_is_set_by_its_name_or_by_a_word_of_hers(
    show: Stand, body: dict[str, Any], mood: Mood, seconds: float | None
) -> None:
    answer = await show.request("POST", "/vts/expr", body)
    assert (answer.status_code, answer.json()) == (202, {"mood": mood.value})
    event = await show.next(SetExpression)
    assert (event.mood, event.hold_seconds) == (mood, seconds)


async def test_an_expression_of_the_model_is_shown_by_its_name(
    show: Stand, avatars: ScriptedAvatars
) -> None:
    for name, meant in (
        ("Blush", "Blush"),
        ("blush", "Blush"),
        ("smile", "Smile.exp3.json"),
        ("SMILE.exp3.json", "Smile.exp3.json"),
        ("泣き", "泣き"),
    ):
        answer = await show.request("POST", "/vts/expr", {"expression": name, "seconds": 2})
        assert (answer.status_code, answer.json()) == (202, {"expression": meant})
        order = avatars.orders[-1]
        assert isinstance(order, ShowExpression)
        assert (order.expression, order.hold_seconds) == (meant, 2)


async def test_a_name_that_nothing_has_is_told_with_the_nearest(
    show: Stand, avatars: ScriptedAvatars
) -> None:
    for name, step in (("Blsh", "Did you mean 'Blush'?"), ("hapy", "Did you mean 'happy'?")):
        answer = await show.request("POST", "/vts/expr", {"expression": name})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert answer.json()["detail"] == step
    answer = await show.request("POST", "/vts/expr", {"expression": "zzzzzz"})
    assert answer.json()["detail"].startswith("There are: neutral, happy,")
    assert avatars.orders == []


async def test_a_model_with_more_expressions_than_are_told_is_asked_itself(
    show: Stand, avatars: ScriptedAvatars
) -> None:
    await avatars.tell(expressions=tuple(f"e{number}" for number in range(300)))
    await until(lambda: len(show.worker.avatar.status().avatars[-1].expressions) == 300)
    assert (await show.request("POST", "/vts/expr", {"expression": "e301"})).status_code == 202
    assert getattr(avatars.orders[-1], "expression", "") == "e301"


# Bad input -------------------------------------------------------------------------------------

LONG = "x" * 201
BAD: list[tuple[str, str, str]] = [
    ("POST", "/vts/expr", "{}"),
    ("POST", "/vts/expr", '{"mood": "grumpy"}'),
    ("POST", "/vts/expr", '{"mood": "sad", "expression": "Blush"}'),
    ("POST", "/vts/expr", '{"expression": ""}'),
    ("POST", "/vts/expr", '{"expression": "Blush", "seconds": 61}'),
    ("POST", "/vts/expr", '{"expression": "Blush", "seconds": NaN}'),
    ("POST", "/avatar/sign-in", '{"avatar": "facebook"}'),
    ("POST", "/avatar/sign-in", '{"token": "mine"}'),
    ("PUT", "/avatar/moods", '{"mood": "sad"}'),
    ("PUT", "/avatar/moods", '{"mood": 3, "expression": "Blush"}'),
    ("PUT", "/avatar/moods", json.dumps({"mood": "sad", "expression": LONG})),
    ("POST", "/avatar/try", '{"expression": ["Blush"]}'),
    ("POST", "/avatar/try", '{"expression": "Blush", "seconds": 0}'),
    ("POST", "/avatar/try", '{"expression": "\\ud800"}'),
    ("POST", "/avatar/hotkey", json.dumps({"hotkey": LONG})),
    ("POST", "/avatar/hotkey", '{"hotkey": null}'),
    ("POST", "/avatar/item", '{"item": "x", "file": "/etc/passwd"}'),
    ("POST", "/avatar/item", "cookie"),
]


async def test_a_bad_order_is_refused_and_never_reaches_an_avatar(
    show: Stand, avatars: ScriptedAvatars
) -> None:
    for method, path, body in BAD:
        answer = await show.raw(method, path, body.encode())
        assert answer.status_code == 422, (path, body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert avatars.orders == [], (path, body)


async def test_avatars_are_for_the_operator_only(show: Stand, avatars: ScriptedAvatars) -> None:
    paths = {path for _, path, _ in BAD} | {"/avatar"}
    for scope, status in (("overlay", 403), ("hook", 403), ("", 401)):
        for path in paths:
            method = {"/avatar": "GET", "/avatar/moods": "PUT"}.get(path, "POST")
            answer = await show.raw(method, path, b'{"expression": "Blush"}', scope=scope)
            assert answer.status_code == status, (scope, path)
    assert avatars.orders == []


# The panel's stream ----------------------------------------------------------------------------


async def test_a_panel_commands_avatars_and_is_told_what_became_of_it(
    show: Stand, avatars: ScriptedAvatars
) -> None:
    url = show.url.replace("http", "ws") + "/stream"
    async with websockets.connect(url, additional_headers=show.headers) as socket:

        async def acknowledged(command: dict[str, Any]) -> dict[str, Any]:
            await socket.send(json.dumps({"id": "c", **command}))
            while True:
                for message in json.loads(await socket.recv()):
                    if message["type"] == "ack":
                        return dict(message)

        for _, path, body, expected in ORDERS:
            assert (await acknowledged({"command": COMMANDS[path], **body}))["ok"]
            assert said(avatars.orders[-1]) == said(expected)
        avatars.refuse(AvatarRefusal.NOT_NOW, "Six items are shown already.")
        refused = await acknowledged({"command": "avatar_item", "item": "cookie"})
        assert refused["error"]["detail"] == "Six items are shown already."
        wrong = await acknowledged({"command": "avatar_mood", "mood": "sad"})
        assert wrong["error"]["title"] == "Not understood"


@pytest.mark.parametrize("junk", [b"\x00\xff", "", "{", "null", "[" * 100_000, '{"id": "\\ud800"}'])
async def test_what_is_no_command_ends_no_panels_stream(
    show: Stand, avatars: ScriptedAvatars, junk: str | bytes
) -> None:
    url = show.url.replace("http", "ws") + "/stream"
    async with websockets.connect(url, additional_headers=show.headers) as socket:

        async def next_ack() -> dict[str, Any]:
            while True:
                for message in json.loads(await socket.recv()):
                    if message["type"] == "ack":
                        return dict(message)

        await socket.send(junk)
        assert (await next_ack())["error"]["title"] == "Not understood"
        await socket.send(json.dumps({"id": "c", "command": "avatar_hotkey", "hotkey": "wave"}))
        assert (await next_ack())["id"] == "c"
