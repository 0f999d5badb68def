"""What status, screens and programs are told of the microphone, and what they may order."""

import asyncio
from typing import Any

import httpx
import pytest

from apps.orchestrator import microphone_desk as desk_module
from apps.orchestrator.microphone_desk import REPORT_SECONDS, SPEECHES
from libs.contracts.control import HoldToTalk, SetMicrophone
from libs.contracts.conversation import TurnCommitted
from libs.contracts.listening import (
    DismissReason,
    InterruptionDecided,
    InterruptionKind,
    ListeningMode,
    MicrophoneReported,
    MicrophoneState,
    SpeechDismissed,
    SpeechEnded,
    SpeechStarted,
    TranscriptFinalized,
    TranscriptUpdated,
)
from libs.telemetry import clock
from libs.worker.access import Access, Scope
from tests.orchestrator.stand import Stand


def report(**fields: Any) -> MicrophoneReported:
    given = {"state": MicrophoneState.LISTENING, "source": "device", "device": "Yeti", **fields}
    return MicrophoneReported(show="main", **given)


class ScriptedEars:
    """Says how it listens, and changes that as it is told."""

    def __init__(self, show: Stand) -> None:
        self.show = show
        self.fields: dict[str, Any] = {}

    async def say(self, **fields: Any) -> None:
        self.fields.update(fields)
        await self.show.bus.publish(report(**self.fields))

    async def obey(self) -> SetMicrophone:
        order = await self.show.next(SetMicrophone)
        wanted = order.model_dump(include={"muted", "mode"}, exclude_none=True)
        await self.say(**wanted)
        return order


@pytest.fixture
async def ears(show: Stand) -> ScriptedEars:
    ears = ScriptedEars(show)
    await ears.say()
    async with asyncio.timeout(5):
        while not show.worker.microphone.there:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return ears


async def mute_link(show: Stand, scope: Scope, path: str = "/microphone/mute") -> httpx.Response:
    key = Access(show.settings.kitsu_data_dir).token(scope)
    async with httpx.AsyncClient() as client:
        return await client.get(f"{show.url}{path}?key={key}")


async def test_what_the_ears_say_is_what_a_program_is_told(show: Stand, ears: ScriptedEars) -> None:
    await ears.say(level_dbfs=-23.5, noise_floor_dbfs=-61.0, problem="silent", voice=True)
    async with asyncio.timeout(5):
        while (told := await show.get("/microphone"))["level_dbfs"] != -23.5:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert told["state"] == "listening"
    assert (told["device"], told["problem"], told["voice"]) == ("Yeti", "silent", True)
    assert told["asr_port"] == show.settings.asr_worker_port
    assert (await show.get("/status"))["microphone"] == told


async def test_a_report_is_forgotten_when_the_ears_fall_silent(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = stand.worker.microphone
    assert desk.status().state == "not_there"
    now = clock.now()
    monkeypatch.setattr(desk, "_now", lambda: now)
    desk.follow(report())
    now += REPORT_SECONDS - 0.1
    assert desk.status().state == MicrophoneState.LISTENING
    now += 0.2
    assert desk.status().state == "not_there"
    assert desk.status().device == ""
    assert not desk.there


async def test_whoever_mutes_is_told_when_it_is_so(show: Stand, ears: ScriptedEars) -> None:
    asking = asyncio.create_task(show.post("/microphone", {"muted": True, "mode": "wake_name"}))
    order = await ears.obey()
    assert (order.muted, order.mode, order.by) == (True, ListeningMode.WAKE_NAME, "operator")
    told = await asking
    assert (told["muted"], told["mode"]) == (True, "wake_name")
    incidents = (await show.get("/incidents"))["incidents"]
    assert any("muted for her" in incident["message"] for incident in incidents)


async def test_the_talk_key_goes_to_the_ears(show: Stand, ears: ScriptedEars) -> None:
    assert await show.post("/talk", {"held": True, "at_most_seconds": 2}) == {
        "held": True,
        "at_most_seconds": 2.0,
    }
    held = await show.next(HoldToTalk)
    assert (held.held, held.at_most_seconds) == (True, 2.0)
    assert held.expires_at is not None
    assert held.expires_at - held.emitted_at < 2.1


async def test_without_ears_an_order_is_refused_with_the_mending_step(show: Stand) -> None:
    for path, body in (("/microphone", {"muted": True}), ("/talk", {"held": True})):
        answer = await show.request("POST", path, body)
        assert answer.status_code == 503
        assert "kitsu restart asr_worker" in answer.json()["detail"]
    assert await show.all(SetMicrophone) == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/microphone", b"{}"),
        ("/microphone", b'{"muted": "perhaps"}'),
        ("/microphone", b'{"mode": "always"}'),
        ("/microphone", b'{"muted": true, "more": 1}'),
        ("/microphone", b"not json"),
        ("/talk", b"{}"),
        ("/talk", b'{"held": true, "at_most_seconds": 1e9}'),
        ("/talk", b'{"held": true, "at_most_seconds": -1}'),
        ("/talk", b'{"held": true, "at_most_seconds": NaN}'),
    ],
)
async def test_an_order_that_is_none_changes_nothing(
    show: Stand, ears: ScriptedEars, path: str, body: bytes
) -> None:
    assert (await show.raw("POST", path, body)).status_code == 422
    assert await show.all(SetMicrophone) == []
    assert await show.all(HoldToTalk) == []


async def test_the_hook_key_mutes_and_can_do_nothing_else(show: Stand, ears: ScriptedEars) -> None:
    for path, body in (
        ("/microphone", b'{"muted": false}'),
        ("/microphone", b'{"muted": true}'),
        ("/microphone", b'{"mode": "open"}'),
        ("/talk", b'{"held": true}'),
    ):
        assert (await show.raw("POST", path, body, "hook")).status_code == 403
    assert (await mute_link(show, Scope.HOOK, "/microphone")).status_code == 403
    assert await show.all(SetMicrophone) == []
    opening = asyncio.create_task(mute_link(show, Scope.HOOK))
    order = await ears.obey()
    assert (order.muted, order.mode, order.by) == (True, None, "the mute link")
    assert (await opening).json() == {"muted": True}
    assert (await show.raw("POST", "/microphone/mute", b"{}", "hook")).status_code == 200


async def test_a_link_that_mutes_takes_no_cookie_and_no_other_key(
    show: Stand, ears: ScriptedEars
) -> None:
    """A foreign page's picture brings the cookie along."""
    cookie = Access(show.settings.kitsu_data_dir).make_cookie(Scope.OPERATOR)
    headers = {"Cookie": f"kitsu_{show.settings.orch_port}={cookie}"}
    async with httpx.AsyncClient(headers=headers) as client:
        assert (await client.get(f"{show.url}/microphone/mute")).status_code == 401
        assert (await client.get(f"{show.url}/microphone")).status_code == 200
    assert (await mute_link(show, Scope.OVERLAY)).status_code == 403
    assert (await mute_link(show, Scope.OPERATOR)).status_code == 401
    assert await show.all(SetMicrophone) == []


def told(stand: Stand) -> list[Any]:
    """The speeches that a new panel is shown."""
    return [message.speech for message in stand.worker.microphone.latest()]  # type: ignore[attr-defined]


async def test_a_speech_is_shown_from_its_first_word_to_its_end(stand: Stand) -> None:
    desk = stand.worker.microphone
    started = SpeechStarted(show="main", over_speech=True)
    desk.follow(started)
    desk.follow(TranscriptUpdated.caused_by(started, text="so what is", confirmed="so what"))
    (speech,) = told(stand)
    assert (speech.id, speech.state, speech.over_speech) == (started.event_id, "hearing", True)
    assert (speech.text, speech.confirmed) == ("so what is", "so what")
    desk.follow(InterruptionDecided.caused_by(started, kind=InterruptionKind.WORDS, text="so what"))
    desk.follow(SpeechEnded.caused_by(started, duration_seconds=1.5))
    assert told(stand)[0].state == "recognising"
    final = TranscriptFinalized.caused_by(
        started, text="So what is that?", speech_ended_at=clock.now(), engine="tiny"
    )
    desk.follow(final)
    desk.follow(TranscriptUpdated.caused_by(started, text="late words", confirmed=""))
    (speech,) = told(stand)
    assert (speech.state, speech.text) == ("understood", "So what is that?")
    assert (speech.interruption, speech.engine) == (InterruptionKind.WORDS, "tiny")


async def test_of_what_was_no_turn_the_words_stand_in_the_feed(stand: Stand) -> None:
    desk, feed = stand.worker.microphone, stand.worker.feed
    for reason, text in (
        (DismissReason.BACK_CHANNEL, "uh-huh"),
        (DismissReason.NOISE, ""),
        (DismissReason.OWN_VOICE, "what she said herself"),
    ):
        started = SpeechStarted(show="main")
        desk.follow(started)
        desk.follow(SpeechDismissed.caused_by(started, reason=reason, text=text))
    assert [speech.reason for speech in told(stand)] == ["back_channel", "noise", "own_voice"]
    (row,) = [message.row for message in feed.latest()]
    assert (row.kind, row.text, row.note) == ("mic", "uh-huh", "no interruption")


async def test_of_ears_that_were_killed_no_speech_is_shown_for_ever(stand: Stand) -> None:
    desk = stand.worker.microphone
    speeches = [SpeechStarted(show="main") for _ in range(3)]
    for started in speeches:
        desk.follow(started)
    desk.follow(SpeechDismissed.caused_by(speeches[0], reason=DismissReason.NOISE))
    desk.follow(report(state=MicrophoneState.WAITING))
    assert [speech.state for speech in told(stand)] == ["dismissed", "hearing", "hearing"]
    desk.follow(report(state=MicrophoneState.STARTING))
    reasons = [DismissReason.NOISE, DismissReason.FAILED, DismissReason.FAILED]
    assert [speech.reason for speech in told(stand)] == reasons
    late = TranscriptFinalized.caused_by(speeches[2], text="hello", speech_ended_at=clock.now())
    desk.follow(late)
    assert [speech.state for speech in told(stand)][1:] == ["dismissed", "understood"]


async def test_only_the_last_few_speeches_are_kept_and_no_old_ones(stand: Stand) -> None:
    desk = stand.worker.microphone
    for _ in range(3 * SPEECHES):
        desk.follow(SpeechStarted(show="main"))
    assert len(told(stand)) == SPEECHES
    old = SpeechStarted(show="main", emitted_at=clock.now() - 3_600)
    desk.follow(old)
    assert old.event_id not in [speech.id for speech in told(stand)]


async def test_screens_are_told_levels_not_too_often_and_a_change_at_once(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, screens = stand.worker.microphone, stand.worker.screens
    said: list[Any] = []
    monkeypatch.setattr(screens, "tell", lambda message, replaces: said.append(message))
    now = clock.now()
    monkeypatch.setattr(desk, "_now", lambda: now)
    desk.follow(report())
    assert said == []  # nobody watches
    screens.open()
    for number in range(100):
        now += 0.01
        desk.follow(report(level_dbfs=-20.0 - number))
    assert len(said) <= 1.0 / desk_module.TELL_SECONDS + 1
    desk.follow(report(muted=True))
    assert said[-1].microphone.muted


async def test_what_is_shown_is_answered_all_the_same(show: Stand, ears: ScriptedEars) -> None:
    started = SpeechStarted(show="main")
    await show.bus.publish(started)
    final = TranscriptFinalized.caused_by(started, text="hello there", speech_ended_at=clock.now())
    await show.bus.publish(SpeechEnded.caused_by(started, duration_seconds=1))
    await show.bus.publish(final)
    turn = await show.next(TurnCommitted)
    assert turn.input.text == "hello there"
    assert [speech.state for speech in told(show)] == ["understood"]
