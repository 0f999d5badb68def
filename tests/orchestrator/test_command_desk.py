"""Commands of chat, carried out and answered, over the memory bus."""

import asyncio
from typing import Any

import pytest

from apps.orchestrator.chat_commands import KEEPERS
from libs.contracts.chat import (
    ChatCommandIssued,
    ChatMessageReceived,
    RewardRedeemed,
    SendChatMessage,
)
from libs.contracts.control import EngagePanic, ReleasePanic, SetModuleEnabled, SetPersona
from libs.contracts.conversation import InputSkipped, TurnCommitted
from libs.contracts.health import ErrorReported
from libs.contracts.identity import new_id
from libs.contracts.interruption import StopSpeaking
from libs.contracts.memory import ViewerForgotten
from libs.contracts.people import Author, Role
from libs.contracts.safety import TextBlocked
from libs.contracts.speaking import Mood
from libs.contracts.stage import SetExpression, SwitchScene
from libs.contracts.timing import TurnTimed
from libs.telemetry import clock
from libs.worker.runtime import running
from tests.orchestrator.scripted_studio import ScriptedStudio
from tests.orchestrator.stand import Stand
from tests.worker.test_runtime import until

MOD = Author(viewer_id="twitch:9", name="modfox", role=Role.MODERATOR)
ANN = Author(viewer_id="twitch:1", name="ann")


class ScriptedFloor:
    """Plays the switches of the floor, and remembers what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.viewers = {"ann": ANN, "modfox": MOD}
        self.quiet_until: float | None = None

    async def set_quiet(self, minutes: float, by: str) -> None:
        self.asked.append(("quiet", minutes, by))

    async def mute(self, viewer_id: str, name: str, by: str) -> None:
        self.asked.append(("mute", viewer_id, name, by))

    async def unmute(self, viewer_id: str) -> bool:
        self.asked.append(("unmute", viewer_id))
        return len(self.asked) < 5

    def find_viewer(self, name: str) -> Author | None:
        return self.viewers.get(name.casefold())


@pytest.fixture
def stand_settings() -> dict[str, Any]:
    return {"turn_thinking_seconds": 30}


@pytest.fixture
def floor(stand: Stand) -> ScriptedFloor:
    floor = ScriptedFloor()
    stand.worker.commands._floor = floor
    return floor


_COUNT = iter(range(1_000_000))


def command(line: str, author: Author = MOD, **fields: Any) -> ChatCommandIssued:
    name, _, arguments = line.partition(" ")
    given = {"message_id": f"m{next(_COUNT)}", "platform": "twitch", **fields}
    return ChatCommandIssued(command=name, arguments=arguments, author=author, **given)


async def order(show: Stand, line: str, author: Author = MOD, **fields: Any) -> str:
    """Gives a command; returns the answer in chat."""
    event = command(line, author, **fields)
    await show.bus.publish(event)
    answer = await show.next(SendChatMessage, lambda sent: sent.cause_id == event.event_id)
    assert answer.priority == "control"
    assert answer.reply_to == event.message_id
    assert answer.text == answer.verdict.text
    assert len(answer.text) < 400
    return answer.text


async def refused(show: Stand, event: ChatCommandIssued, **delivery: Any) -> str:
    """Why a command is not carried out; there is no answer to it either."""
    before = dict(show.worker.counters)
    await show.worker.commands.hear(event, show.delivery(event, **delivery))
    new = {k for k, n in show.worker.counters.items() if n != before.get(k)}
    reasons = [name.removeprefix("commands_refused_") for name in new if "commands_refused" in name]
    assert len(reasons) == 1
    return reasons[0]


async def incidents(show: Stand, kind: str) -> list[str]:
    return [i["message"] for i in await show.worker.incidents.latest() if i["kind"] == kind]


# Panic -------------------------------------------------------------------------------------------


async def test_a_moderator_engages_and_releases_a_panic_and_the_log_says_who(show: Stand) -> None:
    assert await order(show, "unpanic") == "There is no panic."
    await show.bus.publish(command("panic doxxing"))
    assert (await show.next(EngagePanic)).reason == "doxxing"
    await until(lambda: show.worker.panic.engaged)
    assert await order(show, "unpanic") == "The panic is over."
    assert (await show.next(ReleasePanic)).by == "modfox (moderator) in chat"
    assert not show.worker.panic.engaged
    assert "modfox (moderator)" in (await incidents(show, "panic_released"))[0]
    await show.bus.publish(command("panic"))  # no cooldown, at once again
    await until(lambda: show.worker.panic.engaged)


async def test_a_panic_that_waited_for_the_bus_is_not_engaged_again_after_its_release(
    show: Stand,
) -> None:
    """The modules were told on their ports; the command came to the bus when all was over."""
    desk, panic = show.worker.panic_desk, show.worker.panic
    late = command("panic", ordinal=panic.next_ordinal(), emitted_at=clock.now())
    panic.engage("", "its port", late.ordinal)
    await asyncio.sleep(0.005)  # an ordinal has milliseconds
    await desk.release("test")
    await show.worker.commands.hear(late, show.delivery(late))
    assert not panic.engaged
    fresh = command("panic", ordinal=panic.next_ordinal())
    await show.worker.commands.hear(fresh, show.delivery(fresh))
    assert panic.engaged
    await desk.release("test")
    behind = command("panic", ordinal=1)  # of a machine that is behind and missed the release
    await show.worker.commands.hear(behind, show.delivery(behind))
    assert panic.engaged, "in doubt there is panic"


async def test_a_panic_does_not_wait_for_a_command_that_takes_its_time(show: Stand) -> None:
    async with ScriptedStudio.beside(show) as studio:
        await studio.tell()
        studio.answer = lambda order: None
        await until(lambda: show.worker.studio.status().link == "ready")
        await show.bus.publish(command("scene BRB"))
        await until(lambda: len(show.worker.studio) == 1)
        await show.bus.publish(command("panic"))
        await until(lambda: show.worker.panic.engaged)
        assert len(show.worker.studio) == 1, "OBS has not answered yet"


async def test_who_may_not_is_not_obeyed_and_not_answered(
    show: Stand, floor: ScriptedFloor
) -> None:
    lines = ("panic", "unpanic", "stop", "skip", "scene BRB", "say hi", "module stage off",
             "persona playful", "quiet 5", "mute ann", "unmute ann")  # fmt: skip
    for role in (Role.VIP, Role.SUBSCRIBER, Role.VIEWER):
        for line in lines:
            author = Author(viewer_id="twitch:3", name="modfox", role=role)
            assert await refused(show, command(line, author)) == "role"
    viewer = Author(viewer_id="twitch:3", name="modfox")
    assert await refused(show, command("mood happy", viewer)) == "role"
    assert await refused(show, command("release")) == "unknown"
    assert await refused(show, command("\u202epanic")) == "unknown"
    assert floor.asked == []
    for kind in (EngagePanic, StopSpeaking, SetModuleEnabled, SetPersona, SendChatMessage):
        assert await show.all(kind) == []


async def test_a_command_that_is_old_or_came_before_is_not_carried_out(show: Stand) -> None:
    now = clock.now()
    assert await refused(show, command("stop", written_at=now - 16)) == "too_old"
    assert await refused(show, command("stop", emitted_at=now - 16)) == "too_old"
    assert await refused(show, command("panic", written_at=now - 16)) == "too_old"
    assert await order(show, "stop", message_id="m-one", written_at=now - 14) == "Stopped."
    assert await refused(show, command("stop", message_id="m-one")) == "again"
    # Killed in between: what would end something that came later is not done once more.
    for line in ("skip", "unpanic"):
        assert await refused(show, command(line), deliveries=2) == "done_perhaps"
    late = command("panic", emitted_at=now - 20)  # nobody was there to hear it, and none came since
    await show.worker.commands.hear(late, show.delivery(late, deliveries=2, age_seconds=20.0))
    assert show.worker.panic.engaged


# Speech ------------------------------------------------------------------------------------------


async def test_skip_ends_one_turn_and_stop_ends_all_that_is_said(show: Stand) -> None:
    assert await order(show, "skip") == "There is nothing to skip."
    for text in ("first", "second"):
        await show.post("/ingest/chat", {"text": text})
    first = await show.committed("first")
    assert await order(show, "skip") == "Skipped."
    second = await show.committed("second")
    assert second.epoch == first.epoch
    timed = await show.next(TurnTimed, lambda event: event.turn_id == first.turn_id)
    assert timed.outcome == "interrupted"
    turns = (await show.get("/telemetry/turns"))["turns"]
    assert {turn["turn_id"]: turn["reason"] for turn in turns}[first.turn_id] == "skipped"
    assert await order(show, "stop") == "Stopped."
    stop = await show.next(StopSpeaking, lambda event: event.turn_id is None)
    assert stop.epoch > first.epoch
    assert "modfox (moderator)" in (await incidents(show, "stop"))[0]


async def test_say_is_spoken_word_for_word_gated_and_with_its_author_on_record(
    show: Stand,
) -> None:
    assert await order(show, "say") == "It is written so: !say TEXT."
    event = command("say Welcome, all!")
    await show.bus.publish(event)
    turn = await show.committed("Welcome, all!")
    assert (turn.input.source, turn.input.author, turn.input.override) == ("operator", MOD, None)
    await show.worker.commands.hear(event, show.delivery(event))  # the same again
    assert len(await show.all(TurnCommitted)) == 1
    assert (
        "modfox (moderator) in chat had something said: Welcome"
        in (await incidents(show, "say"))[0]
    )
    assert await order(show, "say i will kill you") == "That will not be said."
    assert "kill" not in repr(await show.worker.incidents.latest())
    assert len(await show.all(TurnCommitted)) == 1
    await show.post("/panic")
    assert await order(show, "say hello") == "Not while panic is engaged."


async def test_a_reward_is_said_word_for_word_with_its_mood_and_among_the_paid(
    show: Stand,
) -> None:
    redeemed = RewardRedeemed(
        redemption_id="r1",
        reward="Hydrate!",
        author=ANN,
        text="!stop",
        say="ann wants me to drink.",
        mood=Mood.HAPPY,
        platform="twitch",
    )
    await show.bus.publish(redeemed)
    turn = await show.committed("ann wants me to drink.")
    given = turn.input
    assert (given.source, given.verbatim, given.override) == ("paid", True, None)
    assert (turn.mood, given.author.role) == ("happy", Role.VIEWER)
    await show.play(turn, "ann wants me to drink.")
    await show.next(TurnTimed)
    asked = redeemed.model_copy(update={"event_id": "other", "redemption_id": "r2", "say": ""})
    await show.bus.publish(asked)
    turn = await show.committed("!stop")
    assert not turn.input.verbatim, "a command in a reward is words"
    assert await show.all(StopSpeaking) == []


# The show ----------------------------------------------------------------------------------------


async def test_a_scene_is_switched_by_its_name_and_a_wrong_name_is_never_told_again(
    show: Stand,
) -> None:
    assert await order(show, "scene BRB") == "OBS is not ready."
    async with ScriptedStudio.beside(show) as studio:
        await studio.tell()
        await until(lambda: show.worker.studio.status().link == "ready")
        assert await order(show, "scene brb") == "The scene is switched."
        assert isinstance(studio.orders[-1], SwitchScene)
        assert (studio.orders[-1].scene, studio.orders[-1].by) == (
            "BRB",
            "modfox (moderator) in chat",
        )
        assert await incidents(show, "scene") == [
            "The scene is BRB now, by modfox (moderator) in chat."
        ]
        for wrong in ("", "kys", "<script>alert(1)</script>", "\u202eBRB", "x" * 500):
            answer = await order(show, f"scene {wrong}")
            assert answer.startswith("There is no scene of that name. There is ")
            assert set(answer.removesuffix(".").split("There is ")[-1].split(", ")) == {
                "Live", "Chatting", "BRB",
            }  # fmt: skip
        studio.refuse("not_found", "No scene 'kys'")
        assert await order(show, "scene Live") == "Not found in OBS."
        assert len(await incidents(show, "scene")) == 1


async def test_mood_module_and_style_are_set_and_what_is_not_there_is_answered_with_what_is(
    show: Stand,
) -> None:
    vip = Author(viewer_id="twitch:4", name="vip", role=Role.VIP)
    assert await order(show, "mood HAPPY", vip) == "The mood is happy now."
    assert (await show.next(SetExpression)).mood == "happy"
    answer = await order(show, "mood hapy", vip)
    assert answer.startswith("There is no mood of that name. There is happy, ")
    assert answer.count(",") == 4

    assert await order(show, "module Voice off") == "Voice is switched off."
    assert await order(show, "module tts_worker on") == "Voice is switched on."
    switched = [(e.module, e.enabled, e.by) for e in await show.all(SetModuleEnabled)]
    assert switched == [
        ("tts_worker", False, "modfox (moderator) in chat"),
        ("tts_worker", True, "modfox (moderator) in chat"),
    ]
    for wrong in ("orchestrator off", "Orchestrator off", "../../etc off"):
        assert (await order(show, f"module {wrong}")).startswith("There is no module of that name.")
    for wrong in ("", "stage", "stage maybe", "off"):
        assert "module" in await order(show, f"module {wrong}")
    assert len(await show.all(SetModuleEnabled)) == 2
    assert len(await incidents(show, "module")) == 2

    style = show.worker.session.persona_status().styles[-1]
    assert await order(show, f"persona {style.upper()}") == "The style is changed."
    assert show.worker.session.snapshot.style == style
    assert await incidents(show, "persona") == [
        f"The style is {style} now, by modfox (moderator) in chat."
    ]
    assert (await order(show, "persona nobody")).startswith("There is no style of that name.")


async def test_quiet_and_mute_are_asked_of_the_floor(show: Stand, floor: ScriptedFloor) -> None:
    by = "modfox (moderator) in chat"
    assert await order(show, "quiet 5") == "Chat is not answered for 5 min."
    assert await order(show, "quiet off") == "Chat is answered again."
    for wrong in ("", "-1", "481", "1e9", "5 minutes", "٥", "nan", "0x10"):
        assert "!quiet MINUTES" in await order(show, f"quiet {wrong}")
    assert await order(show, "mute @Ann") == "They are not answered any more."
    assert await order(show, "unmute ann") == "They are answered again."
    assert await order(show, "unmute ann") == "They were not muted."
    assert await order(show, "mute modfox") == "Who keeps order in chat is not muted."
    for wrong in ("", "@", "nobody", "'; --"):
        assert await order(show, f"mute {wrong}") == "Nobody of that name wrote lately."
    assert floor.asked == [
        ("quiet", 5, by),
        ("quiet", 0, by),
        ("mute", "twitch:1", "ann", by),
        ("unmute", "twitch:1"),
        ("unmute", "twitch:1"),
    ]
    floor.quiet_until = clock.now() + 119
    assert "Chat is not answered for 2 min." in await order(show, "status")


async def test_the_shows_own_floor_is_quiet_and_mutes_and_the_log_says_who_wanted_it(
    show: Stand,
) -> None:
    await show.bus.publish(
        ChatMessageReceived(message_id="a1", platform="twitch", author=ANN, text="hello there")
    )
    turn = await show.committed("hello there")
    await show.play(turn, "Hello ann.")
    await show.next(TurnTimed)
    assert await order(show, "quiet 5") == "Chat is not answered for 5 min."
    assert "Chat is not answered for 5 min." in await order(show, "status")
    assert await order(show, "quiet 0") == "Chat is answered again."
    assert await order(show, "mute @ann") == "They are not answered any more."
    assert await order(show, "unmute ann") == "They are answered again."
    for kind in ("quiet", "mute"):
        assert any("modfox (moderator)" in told for told in await incidents(show, kind))


# For everybody -----------------------------------------------------------------------------------


async def test_everybody_may_ask_for_help_and_status_and_be_forgotten(show: Stand) -> None:
    assert await order(show, "help", ANN) == "You can use !forget me, !status, !help."
    assert "!module NAME on|off" in await order(show, "help")
    assert await order(show, "help stop status nonsense") == "You can use !stop, !status."
    assert await order(show, "help stop status", ANN) == "You can use !status."
    status = await order(show, "status", ANN)
    assert status.startswith(("Listening. Stage starts, OBS ", "Listening. Stage is down, OBS "))
    assert await order(show, "forget", ANN) == "It is written so: !forget me."
    assert await order(show, "forget me", ANN) == "What was known of you is forgotten."
    assert (await show.next(ViewerForgotten)).viewer_id == ANN.viewer_id
    await show.post("/panic")
    assert (await order(show, "status", ANN)).startswith("Panic is engaged.")


async def test_a_line_that_comes_behind_its_authors_wish_to_be_forgotten_is_not_kept(
    show: Stand,
) -> None:
    """Commands go ahead of chat: in a flood the line before the wish may come after it."""
    wrote_at = clock.now() - 3
    said = {"platform": "twitch", "author": ANN, "emitted_at": wrote_at}
    before = ChatMessageReceived(message_id="a1", text="my secret", written_at=wrote_at, **said)
    assert "forgotten" in await order(show, "forget me", ANN, written_at=wrote_at + 1)
    await show.bus.publish(before)
    assert (await show.next(InputSkipped)).text == ""
    assert "my secret" not in str(show.worker.feed.latest())
    after = before.model_copy(
        update={"message_id": "a2", "text": "hello again", "written_at": wrote_at + 2}
    )
    await show.bus.publish(after.model_copy(update={"event_id": new_id()}))
    await show.committed("hello again")


@pytest.mark.parametrize("name", ["scene BRB", "unpanic"])
async def test_a_command_that_nobody_waits_for_and_that_fails_ends_nothing(
    show: Stand, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    async def broken(event: ChatCommandIssued) -> str:
        raise RuntimeError("a fault of ours")

    monkeypatch.setitem(show.worker.commands._do, name.partition(" ")[0], broken)
    assert await order(show, name) == "That did not work."
    assert (await show.next(ErrorReported)).code == "command_failed"
    assert not show.worker.task_died.is_set()


async def test_an_answer_that_the_gate_would_not_let_pass_is_not_given(show: Stand) -> None:
    await show.worker.commands._teller.tell(command("status"), "i will kill you")
    await show.worker.commands._teller.tell(command("status"), "!stop")
    answers = [answer.text for answer in await show.all(SendChatMessage)]
    assert answers == ["The answer cannot be told here.", "stop"], "no answer is a command"
    assert [blocked.place for blocked in await show.all(TextBlocked)] == ["chat_out"]


# Lines that no platform told ---------------------------------------------------------------------


def system_rows(show: Stand) -> list[str]:
    return [m.row.text for m in show.worker.feed.latest() if m.row.kind == "system"]


async def test_a_local_line_of_a_keeper_is_a_command_answered_in_the_feed(show: Stand) -> None:
    for role in sorted(KEEPERS):
        await show.post("/ingest/chat", {"author": "mod", "text": "!STATUS", "role": role})
    await until(lambda: len(system_rows(show)) == 3)
    assert system_rows(show)[0].startswith("Listening.")
    await show.post("/ingest/chat", {"author": "mod", "text": "!say hi all", "role": "moderator"})
    assert (await show.committed("hi all")).input.author.name == "mod"
    assert await show.all(SendChatMessage) == []


async def test_a_local_line_of_a_viewer_or_with_another_word_is_an_ordinary_line(
    show: Stand,
) -> None:
    await show.post("/ingest/chat", {"author": "ann", "text": "!stop", "role": "vip"})
    first = await show.committed("!stop")
    await show.post("/ingest/chat", {"author": "m", "text": "!dance", "role": "moderator"})
    await asyncio.sleep(0.05)
    await show.play(first, "No.")
    await show.committed("!dance")
    assert await show.all(StopSpeaking) == []


async def test_a_restarted_orchestrator_says_what_it_was_told_to_once(stand: Stand) -> None:
    event = command("say Welcome, all!")
    async with running(stand.worker, stand.worker.bus):
        await stand.bus.publish(event)
        turn = await stand.committed("Welcome, all!")
        await stand.play(turn, "Welcome, all!")
        await stand.next(TurnTimed)
    fresh = stand.fresh()
    async with running(fresh, fresh.bus):
        await fresh.commands.hear(event, stand.delivery(event, deliveries=2))
        assert len(await stand.all(TurnCommitted)) == 1
        answers = await stand.all(SendChatMessage)
        assert len({answer.event_id for answer in answers}) == 1
