"""How the link to chat is, in status and log."""

from typing import Any

from libs.contracts.chat import ChatGap
from libs.contracts.health import ModuleState, WorkerBeat
from tests.orchestrator.scripted_link import scripted_link
from tests.orchestrator.stand import Stand
from tests.worker.test_runtime import until


def beat(show: Stand, **fields: Any) -> WorkerBeat:
    given = {"state": ModuleState.READY, "engine": "twitch", **fields}
    return WorkerBeat(
        module="twitch_ingest",
        instance="twitch_ingest@here#0",
        pid=1,
        port=show.settings.port_of("twitch_ingest"),
        **given,
    )


async def test_status_tells_how_chat_is_and_which_channel_it_is(show: Stand) -> None:
    chat = (await show.get("/status"))["chat"]
    assert (chat["state"], chat["channel"], chat["last_gap"]) == ("starting", "", None)
    async with scripted_link(show) as link:
        await show.bus.publish(beat(show, detail="Hears #foxden."))
        await until(lambda: show.worker.chat.status().channel == "foxden")
        chat = (await show.get("/status"))["chat"]
        assert (chat["platform"], chat["state"]) == ("twitch", "ready")
        assert (chat["detail"], chat["needs_sign_in"]) == ("Hears #foxden.", False)
        asked = len(link.asked)
        await show.bus.publish(beat(show, detail="Hears #foxden.", gauges={"queued": 3}))
        link.answer["state"] = "needs_sign_in"
        await show.bus.publish(beat(show, state=ModuleState.DEGRADED, detail="Sign in again."))
        await until(lambda: show.worker.chat.status().needs_sign_in)
        assert len(link.asked) == asked + 1, "it is asked when something changed for people"


async def test_a_module_that_answers_with_nonsense_leaves_what_its_beats_say(show: Stand) -> None:
    async with scripted_link(show) as link:
        link.answer = {"state": "ready"}
        await show.bus.publish(beat(show, detail="Hears #foxden."))
        await until(lambda: bool(link.asked))
        chat = show.worker.chat.status()
    assert (chat.state, chat.detail, chat.channel) == ("ready", "Hears #foxden.", "")
    assert not show.worker.task_died.is_set()


async def test_a_gap_is_in_the_log_once_and_in_status(show: Stand) -> None:
    gap = ChatGap(platform="twitch", started_at=100.0, ended_at=104.0, reason="silent_loss")
    await show.bus.publish(gap)
    await show.bus.publish(gap.model_copy(update={"event_id": "again"}))
    hostile = ChatGap(
        platform="tw\x1b[31mitch", started_at=200.0, ended_at=150.0, reason="x\u202e" * 5_000
    )
    await show.bus.publish(hostile)
    await show.bus.publish(ChatGap(platform="twitch", started_at=300.0, ended_at=400.0))

    def last() -> float:
        known = show.worker.chat.status().last_gap
        return known.started_at if known is not None else 0.0

    await until(lambda: last() == 300.0)
    found = [i for i in (await show.get("/incidents"))["incidents"] if i["kind"] == "chat_gap"]
    assert [i["severity"] for i in found] == ["warning", "info", "info"]
    assert found[0]["message"] == "Chat (twitch) could not be heard for 100 s."
    assert found[2]["message"] == "Chat (twitch) could not be heard for 4 s (silent loss)."
    assert "for 0 s" in found[1]["message"]
    assert len(found[1]["message"]) < 200
    assert "\x1b" not in found[1]["message"]
