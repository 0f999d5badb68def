"""Panic by chat, by voice and by an address: at once, for those who may, and never a release."""

import asyncio
from typing import Any

import httpx
import pytest

from apps.orchestrator.chat_commands import ordered_panic
from apps.orchestrator.panic_words import PanicWords
from apps.orchestrator.settings import OrchestratorSettings
from libs.contracts.chat import ChatCommandIssued, ChatMessageReceived
from libs.contracts.control import EngagePanic, ReleasePanic
from libs.contracts.conversation import TurnCommitted
from libs.contracts.listening import TranscriptFinalized, TranscriptUpdated
from libs.contracts.people import Author, Role
from libs.settings import SettingsError, load
from libs.telemetry import clock
from libs.worker.access import Access, Scope
from libs.worker.panic_control import BY_VOICE
from tests.orchestrator.stand import Stand
from tests.worker.test_runtime import until

WORDS = PanicWords("kitsu panic, panic panic panic")


def line(text: str, role: Role, name: str = "modfox") -> ChatMessageReceived:
    return ChatMessageReceived(
        message_id="m1",
        platform="test",
        author=Author(viewer_id=name, name=name, role=role),
        text=text,
    )


def spoken(text: str) -> TranscriptFinalized:
    return TranscriptFinalized(text=text, speech_ended_at=clock.now())


# The words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "kitsu panic",
        "Kitsu, PANIC!",
        "oh no - Kitsu... panic, now",
        "KITSU\u00a0PANIC",
        "ｋｉｔｓｕ ｐａｎｉｃ",
        "panic? panic! Panic.",
        "panic panic panic panic",
    ],
)
def test_a_panic_phrase_is_heard_whatever_its_form(text: str) -> None:
    assert WORDS.heard_in(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "panic",
        "panic panic",
        "kitsu panicked",
        "kitsupanic",
        "kitsu do not panic",
        "akitsu panic",
        "hispanic panic panic",
        "panic room, panic at the disco, panic",
        "kitsu\npanics",
    ],
)
def test_other_talk_is_no_panic(text: str) -> None:
    assert WORDS.heard_in(text) is None


def test_a_phrase_in_a_script_without_spaces_is_found_inside_a_sentence() -> None:
    words = PanicWords("パニック停止")
    assert words.heard_in("きつねさん、パニック停止してください") == "パニック停止"
    assert words.heard_in("パニック") is None


def test_without_phrases_nothing_is_heard() -> None:
    assert PanicWords("").heard_in("kitsu panic") is None
    assert PanicWords(" , ").heard_in(" , ") is None


@pytest.mark.parametrize("listed", ["a", "no", "kitsu panic, ...", "!!!!!", "🦊🦊🦊🦊"])
def test_a_phrase_that_would_come_up_by_itself_stops_the_start_with_its_name(listed: str) -> None:
    with pytest.raises(SettingsError, match=r"PANIC_WORDS.*letters"):
        load(OrchestratorSettings, _env_file=None, panic_words=listed)


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.BROADCASTER, Role.OPERATOR])
def test_those_who_keep_order_in_chat_can_order_a_panic(role: Role) -> None:
    assert ordered_panic(role, "!panic") == ""
    assert ordered_panic(role, "  !PANIC   doxxing on screen ") == "doxxing on screen"
    for other in ("!panicking", "! panic", "please !panic", "!panic?", "panic", "!panic\u200b", ""):
        assert ordered_panic(role, other) is None


@pytest.mark.parametrize("role", [Role.VIEWER, Role.VIP, Role.SUBSCRIBER])
def test_a_viewer_cannot(role: Role) -> None:
    assert ordered_panic(role, "!panic") is None


# In the show -----------------------------------------------------------------------------------

ORDERS: dict[str, Any] = {
    "a moderator": lambda: line("!panic raid", Role.MODERATOR),
    "the broadcaster": lambda: line("!panic raid", Role.BROADCASTER),
    "a command of a moderator": lambda: ChatCommandIssued(
        command="Panic", arguments="raid", author=Author(viewer_id="m", name="m", role="moderator")
    ),
    "the host": lambda: spoken("Kitsu, panic!"),
    "the host, in the middle of a sentence": lambda: TranscriptUpdated(text="kitsu panic I said"),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
async def test_panic_is_engaged_and_nothing_of_it_becomes_a_turn(show: Stand, order: Any) -> None:
    await show.bus.publish(order())
    panic = await show.next(EngagePanic)
    await until(lambda: show.worker.panic.engaged)
    assert "raid" in panic.reason or "the host said" in panic.reason
    await asyncio.sleep(0.1)
    assert await show.all(TurnCommitted) == []


@pytest.mark.parametrize("text", ["!panic", "!panic release", "!release", "!panic --release"])
async def test_chat_cannot_end_a_panic(show: Stand, text: str) -> None:
    await show.post("/panic")
    for role in Role:
        await show.bus.publish(line(text, role, name=role))
    command = {"author": Author(viewer_id="m", name="m", role=Role.MODERATOR)}
    for name in ("release", "panic_release"):
        await show.bus.publish(ChatCommandIssued(command=name, **command))
    await show.bus.publish(spoken("kitsu release panic, panic over"))
    await asyncio.sleep(0.2)
    assert show.worker.panic.engaged
    assert await show.all(ReleasePanic) == []
    assert len(await show.all(EngagePanic)) == 1


async def test_a_viewers_panic_command_is_an_ordinary_line(show: Stand) -> None:
    await show.bus.publish(line("!panic", Role.VIEWER))
    assert (await show.committed("!panic")).input.source == "chat"
    await show.bus.publish(
        ChatCommandIssued(command="panic", author=Author(viewer_id="v", name="v"))
    )
    await asyncio.sleep(0.1)
    assert not show.worker.panic.engaged


async def test_a_panic_that_chat_told_the_modules_first_has_its_line_in_the_log(
    show: Stand,
) -> None:
    ordinal = show.worker.panic.next_ordinal()
    await show.bus.publish(EngagePanic(reason="raid", by="mod in chat", ordinal=ordinal))
    await until(lambda: show.worker.panic.engaged)
    moderator = Author(viewer_id="m", name="modesta", role=Role.MODERATOR)
    for arguments in ("raid", "raid, again"):
        command = ChatCommandIssued(command="panic", arguments=arguments, author=moderator)
        await show.bus.publish(command)
    await until(lambda: show.worker.counters["commands_done"] == 2)
    found = [i for i in (await show.get("/incidents"))["incidents"] if i["kind"] == "panic"]
    assert [i["message"] for i in found] == ["Panic by modesta (moderator) in chat. raid"]
    assert len(await show.all(EngagePanic)) == 1


async def test_a_panic_that_the_ears_told_the_modules_has_one_line_in_the_log(show: Stand) -> None:
    ordinal = show.worker.panic.next_ordinal()
    await show.bus.publish(EngagePanic(reason="heard: kitsu panic", by=BY_VOICE, ordinal=ordinal))
    await until(lambda: show.worker.panic.engaged)
    async with asyncio.timeout(5):
        while not await show.worker.incidents.latest(1):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await show.bus.publish(spoken("kitsu panic"))  # the recogniser is later, and may miss it
    await asyncio.sleep(0.2)
    found = [i for i in (await show.get("/incidents"))["incidents"] if i["kind"] == "panic"]
    assert [i["message"] for i in found] == ["Panic by the host's voice. heard: kitsu panic"]


async def test_one_sentence_heard_in_parts_is_one_panic(show: Stand) -> None:
    for text in ("kitsu panic", "kitsu panic stop", "kitsu panic stop it"):
        await show.bus.publish(TranscriptUpdated(text=text))
    await show.bus.publish(spoken("kitsu panic stop it"))
    await until(lambda: show.worker.panic.engaged)
    await asyncio.sleep(0.2)
    assert len(await show.all(EngagePanic)) == 1
    incidents = (await show.get("/incidents"))["incidents"]
    assert [i["kind"] for i in incidents].count("panic") == 1


async def test_an_order_from_before_the_last_release_is_not_carried_out_again(
    show: Stand,
) -> None:
    """As a restarted orchestrator finds it: handed out again, long after."""
    await show.post("/panic")
    await show.post("/panic/release")
    order = line("!panic", Role.MODERATOR).model_copy(update={"emitted_at": clock.now() - 60})
    desk = show.worker.panic_desk
    assert await desk.hear_chat(order.author, order.text, show.delivery(order, deliveries=2))
    assert await desk.hear_chat(order.author, order.text, show.delivery(order, age_seconds=60.0))
    assert not show.worker.panic.engaged
    # A fresh one counts, whatever the clock of its sender says.
    assert await desk.hear_chat(order.author, order.text, show.delivery(order))
    assert show.worker.panic.engaged


async def test_a_hostile_name_or_reason_neither_stops_nor_bends_a_panic(show: Stand) -> None:
    name = "<script>" + "x" * 120
    await show.bus.publish(line("!panic " + "\u202e'; DROP" * 200, Role.MODERATOR, name))
    panic = await show.next(EngagePanic)
    assert len(panic.reason) <= 200
    assert len(panic.by) <= 64


async def test_the_feed_shows_who_ordered_the_panic(show: Stand) -> None:
    await show.bus.publish(line("!panic raid", Role.MODERATOR))
    await until(lambda: show.worker.panic.engaged and show.worker.feed.latest())
    (row,) = [message.row for message in show.worker.feed.latest()]
    assert (row.kind, row.author, row.note) == ("skip", "modfox", "panic")


# By an address ---------------------------------------------------------------------------------


async def test_the_panic_link_engages_panic_without_anything_else(show: Stand) -> None:
    url = (await show.post("/panic-link"))["url"]
    assert url.startswith(f"{show.url}/panic?key=")
    async with httpx.AsyncClient() as deck:
        answer = await deck.get(url)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json()["engaged"] is True
        assert (await deck.get(url.replace("/panic", "/status"))).status_code == 403
        assert (await deck.post(url.replace("/panic", "/panic/release"))).status_code == 403
    assert show.worker.panic.engaged


async def test_the_browsers_cookie_does_not_open_the_panic_link(show: Stand) -> None:
    access = Access(show.settings.kitsu_data_dir)
    cookie = f"kitsu_{show.settings.orch_port}={access.make_cookie(Scope.OPERATOR)}"
    async with httpx.AsyncClient(headers={"Cookie": cookie}) as browser:
        assert (await browser.get(f"{show.url}/status")).status_code == 200
        assert (await browser.get(f"{show.url}/panic")).status_code == 401
        foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
        assert (await browser.get(f"{show.url}/panic", headers=foreign)).status_code == 401
    assert not show.worker.panic.engaged


async def test_the_key_itself_is_for_the_operator_only(show: Stand) -> None:
    for scope, status in (("hook", 403), ("overlay", 403), ("", 401)):
        answer = await show.raw("POST", "/panic-link", b"", scope)
        assert answer.status_code == status
    hook = Access(show.settings.kitsu_data_dir).token(Scope.HOOK)
    assert hook not in (await show.request("GET", "/status")).text
