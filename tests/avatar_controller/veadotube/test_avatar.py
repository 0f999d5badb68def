"""veadotube: found, kept, told the right state; and everything that may answer in its place."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from apps.avatar_controller.engines.base import AvatarRefused
from apps.avatar_controller.engines.veadotube import link as veadotube_link
from apps.avatar_controller.engines.veadotube.avatar import VeadotubeAvatar
from apps.avatar_controller.engines.veadotube.wire import read
from apps.avatar_controller.mood_choices import MoodChoices
from apps.avatar_controller.settings import AvatarControllerSettings
from libs.contracts.avatar import AvatarLink, AvatarRefusal, Bearing
from libs.contracts.speaking import Mood
from libs.settings.avatar import AvatarFile, load_avatar_file
from libs.testing.ports import free_port
from libs.testing.stand_ins.not_obs import PlainWebServer, SilentServer
from libs.testing.stand_ins.obs_websocket import ObsWebSocketStandIn
from libs.testing.stand_ins.veadotube import VeadotubeStandIn

REAL_LOOK_SECONDS = veadotube_link.LOOK_SECONDS

STATES = ["normal", "happy", "happy talking", "talking", "sad", "asleep", "party hat"]


async def until(true: Callable[[], object], seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(veadotube_link, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(veadotube_link, "RARE_LOOK_SECONDS", 0.1)
    monkeypatch.setattr(veadotube_link, "ASK_SECONDS", 0.1)
    monkeypatch.setattr(veadotube_link, "SILENT_SECONDS", 0.5)
    monkeypatch.setattr(veadotube_link, "FIRST_WORD_SECONDS", 0.5)
    monkeypatch.setattr(veadotube_link, "CONNECT_SECONDS", 0.5)


@asynccontextmanager
async def an_avatar(
    url: str,
    file: AvatarFile | None = None,
    folder: Path | None = None,
    choices: MoodChoices | None = None,
    changed: Callable[[], None] = lambda: None,
) -> AsyncIterator[VeadotubeAvatar]:
    settings = AvatarControllerSettings(_env_file=None, veadotube_url=url)
    with TemporaryDirectory() as kept:
        avatar = VeadotubeAvatar(
            settings,
            file or load_avatar_file(),
            choices or MoodChoices(Path(kept) / "moods.json"),
            changed,
            folder or Path("nowhere"),
        )
        task = asyncio.create_task(avatar.run())
        try:
            yield avatar
            assert not task.done(), task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def link(avatar: VeadotubeAvatar) -> AvatarLink:
    return avatar.status().link


async def ready(avatar: VeadotubeAvatar) -> None:
    await until(lambda: link(avatar) is AvatarLink.READY and avatar._showing is not None)


# What is shown ------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2.0a", "2.1"])
@pytest.mark.parametrize("zeros", [True, False])
async def test_moods_are_states_with_such_names_and_talking_ones_while_she_speaks(
    version: str, zeros: bool
) -> None:
    async with (
        VeadotubeStandIn(STATES, version=version, zeros=zeros) as app,
        an_avatar(app.url) as avatar,
    ):
        await ready(avatar)
        assert app.clients == ["Kitsu"]
        for step in (
            lambda: avatar.bear(Bearing.THINKING),  # nothing shows that here
            lambda: avatar.bear(Bearing.SPEAKING),
            lambda: avatar.set_mood(Mood.HAPPY, 0.3),
            lambda: avatar.set_mood(Mood.SAD, 0.3),  # has no talking one
            lambda: avatar.bear(Bearing.IDLE),
            lambda: avatar.set_mood(Mood.ANGRY, 0.3),  # nothing shows it
            lambda: avatar.bear(Bearing.ASLEEP),
            lambda: avatar.bear(Bearing.IDLE),
        ):
            step()
            await until(lambda: avatar._link._said.is_set())
            await asyncio.sleep(0.02)
        assert [app.name_of(state) for state in app.shown] == [
            "talking", "happy talking", "sad", "normal", "asleep", "normal"
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (STATES, "7 states. Its talking states are shown while she speaks."),
        (["me", "happy"], "2 states. It moves the mouth by itself while she speaks."),
    ],
)
async def test_it_says_who_moves_the_mouth(names: list[str], says: str) -> None:
    async with VeadotubeStandIn(names) as app, an_avatar(app.url) as avatar:
        await ready(avatar)
        assert avatar.status().detail.endswith(says)


async def test_a_file_that_was_saved_counts_for_the_states_there_are() -> None:
    async with VeadotubeStandIn(STATES) as app, an_avatar(app.url) as avatar:
        await ready(avatar)
        avatar.set_mood(Mood.HAPPY, 0)
        await until(lambda: app.showing == "happy")
        own = {Mood.HAPPY: "party hat"}
        avatar.take_file(AvatarFile(models={"veadotube": own}))
        await until(lambda: app.showing == "party hat")
        avatar.take_file(AvatarFile())
        await until(lambda: app.showing == "happy")


async def test_of_many_states_told_at_once_the_newest_is_shown() -> None:
    async with VeadotubeStandIn(STATES) as app, an_avatar(app.url) as avatar:
        await ready(avatar)
        for _ in range(50):
            avatar.set_mood(Mood.HAPPY, 0)
            avatar.set_mood(Mood.SAD, 0)
        await until(lambda: app.showing == "sad")
        await asyncio.sleep(0.05)
        assert app.showing == "sad"
        assert len(app.shown) < 5


async def test_an_avatar_whose_states_mean_nothing_is_never_touched() -> None:
    async with VeadotubeStandIn(["#1", "#2", "#3"]) as app, an_avatar(app.url) as avatar:
        await app.show("#2")
        await ready(avatar)
        for mood in Mood:
            avatar.set_mood(mood, 0.3)
            for bearing in Bearing:
                avatar.bear(bearing)
                await asyncio.sleep(0.002)
        await avatar.panic(True)
        await asyncio.sleep(0.1)
        assert app.shown == []
        assert "states named after moods" in avatar.status().missing[0]
        assert avatar.status().expressions == ("#1", "#2", "#3")


async def test_what_its_owner_chose_is_come_back_to() -> None:
    async with VeadotubeStandIn(STATES) as app, an_avatar(app.url) as avatar:
        await ready(avatar)
        await app.show("party hat")
        await until(lambda: avatar._showing == "party hat")
        avatar.set_mood(Mood.HAPPY, 0.3)
        await until(lambda: app.showing == "happy")
        avatar.set_mood(Mood.NEUTRAL, 0.3)
        await until(lambda: app.showing == "party hat")
        assert app.shown == ["happy", "party hat"]


async def test_a_mood_that_was_left_behind_is_taken_away() -> None:
    async with VeadotubeStandIn(STATES) as app:
        await app.show("happy")
        async with an_avatar(app.url) as avatar:
            await ready(avatar)
            await until(lambda: app.showing == "normal")


async def test_another_avatar_that_is_loaded_is_read_anew() -> None:
    changes: list[str] = []
    async with (
        VeadotubeStandIn(STATES) as app,
        an_avatar(app.url, changed=lambda: changes.append("")) as avatar,
    ):
        await ready(avatar)
        avatar.set_mood(Mood.SAD, 0.3)
        await until(lambda: app.showing == "sad")
        changes.clear()
        await app.load(["Ruhe", "very sad", "Freude"])
        await until(lambda: app.showing == "very sad")
        assert changes
        avatar.set_mood(Mood.NEUTRAL, 0.3)
        await until(lambda: app.showing == "Ruhe")


ODD = ["", " ", "\u202egniklat", "笑顔", "😀", "a" * 3_000, "happy\n<b>", '"}]}', "talking"]


async def test_states_with_odd_names_are_shown_harmless_and_still_found() -> None:
    async with VeadotubeStandIn(ODD) as app, an_avatar(app.url) as avatar:
        await ready(avatar)
        status = avatar.status()
        assert all(name.isprintable() and 0 < len(name) <= 200 for name in status.expressions)
        avatar.set_mood(Mood.HAPPY, 0.3)
        await until(lambda: app.showing == "happy\n<b>")
        await avatar.show_expression("😀", 30)
        await until(lambda: app.showing == "😀")


async def test_a_thousand_states_are_no_trouble() -> None:
    names = [f"state {number}" for number in range(3_000)]
    async with VeadotubeStandIn(["happy", *names]) as app, an_avatar(app.url) as avatar:
        await ready(avatar)
        assert len(avatar.status().expressions) == 300
        avatar.set_mood(Mood.HAPPY, 0.3)
        await until(lambda: app.showing == "happy")


# Choices and trials -------------------------------------------------------------------------------


async def test_the_file_and_a_live_choice_say_which_state_shows_a_mood(tmp_path: Path) -> None:
    file = AvatarFile(models={"veadotube": {Mood.HAPPY: "sad", Mood.ANGRY: "no such one"}})
    choices = MoodChoices(tmp_path / "moods.json")
    async with (
        VeadotubeStandIn(STATES) as app,
        an_avatar(app.url, file, choices=choices) as avatar,
    ):
        await ready(avatar)
        shown = {one.mood: one for one in avatar.status().moods}
        assert (shown[Mood.HAPPY].expression, shown[Mood.HAPPY].chosen_by) == ("sad", "file")
        assert "no such one" in avatar.status().missing[0]
        avatar.set_mood(Mood.HAPPY, 0.3)
        await until(lambda: app.showing == "sad")
        await avatar.map_mood(Mood.HAPPY, "party hat")
        await until(lambda: app.showing == "party hat")
        assert choices.of("veadotube", "veadotube mini") == {Mood.HAPPY: "party hat"}
        await avatar.map_mood(Mood.HAPPY, "")
        await until(lambda: app.showing == "normal")
        await avatar.map_mood(Mood.HAPPY, None)
        await until(lambda: app.showing == "sad")
        with pytest.raises(AvatarRefused, match="no state “nothing”"):
            await avatar.map_mood(Mood.HAPPY, "nothing")


async def test_a_state_is_tried_for_a_moment() -> None:
    async with VeadotubeStandIn(STATES) as app, an_avatar(app.url) as avatar:
        await ready(avatar)
        await avatar.show_expression("Party Hat", 0.3)
        await until(lambda: app.showing == "party hat")
        avatar.set_mood(Mood.HAPPY, 0.3)
        await asyncio.sleep(0.1)
        assert app.showing == "party hat"
        await until(lambda: app.showing == "happy")
        avatar.set_mood(Mood.NEUTRAL, 0.3)
        await until(lambda: app.showing == "normal")
        with pytest.raises(AvatarRefused, match="no state “nothing”") as refused:
            await avatar.show_expression("nothing", 3)
        assert refused.value.code == AvatarRefusal.NOT_FOUND


async def test_what_means_nothing_is_refused_with_a_step() -> None:
    async with VeadotubeStandIn(STATES) as app, an_avatar(app.url) as avatar:
        with pytest.raises(AvatarRefused, match=r"\.$") as refused:
            await avatar.show_expression("happy", 3)
        assert refused.value.code == AvatarRefusal.NOT_READY
        await ready(avatar)
        for order in (
            avatar.gesture("wave"),
            avatar.show_item("heart"),
            avatar.sign_in(),
        ):
            with pytest.raises(AvatarRefused, match=r"\w+ .*\.$") as refused:
                await order
            assert refused.value.code == AvatarRefusal.NOT_POSSIBLE


# Panic and the end --------------------------------------------------------------------------------


async def test_in_a_panic_she_is_neutral_when_it_returns_and_stays_so() -> None:
    async with VeadotubeStandIn(STATES) as app, an_avatar(app.url) as avatar:
        await ready(avatar)
        avatar.bear(Bearing.SPEAKING)
        avatar.set_mood(Mood.HAPPY, 0.3)
        await until(lambda: app.showing == "happy talking")
        async with asyncio.timeout(0.2):
            await avatar.panic(True)
        await until(lambda: app.showing == "normal")
        count = len(app.shown)
        avatar.set_mood(Mood.SAD, 0.3)
        avatar.bear(Bearing.ASLEEP)
        with pytest.raises(AvatarRefused, match="release"):
            await avatar.show_expression("happy", 3)
        await asyncio.sleep(0.2)
        assert len(app.shown) == count
        await avatar.panic(False)
        await until(lambda: app.showing == "asleep")


async def test_a_panic_is_kept_in_a_program_that_comes_back() -> None:
    port = free_port()
    async with an_avatar(f"ws://127.0.0.1:{port}") as avatar:
        await avatar.panic(True)
        async with VeadotubeStandIn(STATES, port=port) as app:
            app.showing = "happy"
            await until(lambda: app.showing == "normal")


async def test_it_ends_neutral() -> None:
    async with VeadotubeStandIn(STATES) as app, an_avatar(app.url) as avatar:
        await ready(avatar)
        avatar.set_mood(Mood.HAPPY, 0.3)
        await until(lambda: app.showing == "happy")
        await avatar.close()
        await until(lambda: app.showing == "normal")


# Finding it, losing it ----------------------------------------------------------------------------


async def test_it_is_found_by_its_file_and_found_again_on_another_port(tmp_path: Path) -> None:
    folder = tmp_path / "instances"
    async with an_avatar("auto", folder=folder) as avatar:
        await until(lambda: link(avatar) is AvatarLink.NOT_CONFIGURED)
        assert "never used here" in avatar.status().detail
        async with VeadotubeStandIn(STATES, folder) as app:
            await ready(avatar)
            assert avatar.status().model == "veadotube mini"
            avatar.set_mood(Mood.HAPPY, 0.3)
            await until(lambda: app.showing == "happy")
        await until(lambda: link(avatar) is AvatarLink.WAITING)
        assert "Start veadotube mini" in avatar.status().detail
        assert avatar.status().expressions == ()
        avatar.set_mood(Mood.SAD, 0.3)
        async with VeadotubeStandIn(STATES, folder) as app:
            await until(lambda: app.showing == "sad")
            assert link(avatar) is AvatarLink.READY


async def test_a_connection_that_breaks_is_back_within_a_second() -> None:
    async with VeadotubeStandIn(STATES) as app, an_avatar(app.url) as avatar:
        await ready(avatar)
        avatar.set_mood(Mood.HAPPY, 0.3)
        await until(lambda: app.showing == "happy")
        for _ in range(3):
            app.showing = "normal"
            app.drop()
            await until(lambda: app.showing == "happy", seconds=1.0)
        assert REAL_LOOK_SECONDS <= 0.5
        assert len(app.clients) >= 4


async def test_one_that_says_nothing_any_more_hangs_and_recovers() -> None:
    async with VeadotubeStandIn(STATES) as app, an_avatar(app.url) as avatar:
        await ready(avatar)
        app.silent = True
        await until(lambda: link(avatar) is AvatarLink.HANGING)
        assert avatar.status().detail == "veadotube does not answer: restart it."
        app.silent = False
        await ready(avatar)


async def test_one_without_avatar_states_is_said_to_have_none() -> None:
    async with VeadotubeStandIn(STATES) as app, an_avatar(app.url) as avatar:
        app.has_states_node = False
        await until(lambda: "no avatar states" in avatar.status().detail)
        assert link(avatar) is AvatarLink.WAITING
        app.has_states_node = True
        await ready(avatar)


# Others in its place ------------------------------------------------------------------------------


async def test_a_web_server_is_not_veadotube() -> None:
    async with PlainWebServer() as other, an_avatar(f"ws://127.0.0.1:{other.port}") as avatar:
        await until(lambda: link(avatar) is AvatarLink.WRONG_PROGRAM)
        assert "is not veadotube: see VEADOTUBE_URL." in avatar.status().detail


async def test_obs_is_not_veadotube() -> None:
    async with ObsWebSocketStandIn() as other, an_avatar(other.url) as avatar:
        await until(lambda: link(avatar) is AvatarLink.WRONG_PROGRAM)


async def test_one_that_takes_connections_and_says_nothing_hangs() -> None:
    async with SilentServer() as other, an_avatar(f"ws://127.0.0.1:{other.port}") as avatar:
        await until(lambda: link(avatar) is AvatarLink.HANGING)


async def test_nobody_there_is_waited_for() -> None:
    async with an_avatar(f"ws://127.0.0.1:{free_port()}") as avatar:
        await until(lambda: "Nothing answers" in avatar.status().detail)
        assert link(avatar) is AvatarLink.WAITING


GARBAGE: list[list[str | bytes]] = [
    ["hello"],
    ["nodes:"],
    ["nodes:[1,2]"],
    ["\0" * 100],
    [b"\xff\xfe\x00"],
    ["[" * 100_000],
    ["nodes:" + "[" * 100_000],
    ["x" * (2 << 20)],
]


@pytest.mark.parametrize("frames", GARBAGE, ids=lambda frames: repr(frames[0][:12]))
async def test_garbage_is_another_program_and_the_real_one_is_known_when_it_comes(
    frames: list[str | bytes],
) -> None:
    async with VeadotubeStandIn(STATES) as app:
        app.garbage = frames
        async with an_avatar(app.url) as avatar:
            await until(lambda: link(avatar) is AvatarLink.WRONG_PROGRAM)
            app.garbage = []
            await ready(avatar)


HALF_TRUE: list[str] = [
    'nodes:{"event":"list","entries":[1,null,{"type":"stateEvents","id":7},{"type":[]}]}',
    'nodes:{"event":"list","entries":{"type":"stateEvents"}}',
    'nodes:{"event":"payload","type":"stateEvents","id":"mini","payload":[]}',
    'nodes:{"event":"payload","type":"stateEvents","payload":{"event":"list","states":[1,{},null]}}',
    'nodes:{"event":"payload","type":"stateEvents","payload":{"event":"peek","state":null}}',
    'instance:{"event":"info","name":{}}',
    'instance:{"event":"info","name":"' + "n" * 100_000 + '"}',
]


@pytest.mark.parametrize("frame", HALF_TRUE, ids=lambda frame: frame[:24])
async def test_what_is_only_half_true_harms_nothing(frame: str) -> None:
    async with VeadotubeStandIn(STATES) as app:
        app.garbage = [frame]
        async with an_avatar(app.url) as avatar:
            await asyncio.sleep(0.3)
            avatar.set_mood(Mood.HAPPY, 0.3)
            avatar.status()
            app.garbage = []
            app.drop()
            await until(lambda: app.showing == "happy")


async def test_nobody_is_followed_to_another_address() -> None:
    """A web server where veadotube should be sends whoever comes to it elsewhere."""
    came: list[object] = []
    elsewhere = await asyncio.start_server(lambda reader, writer: came.append(reader), "127.0.0.1")
    port = elsewhere.sockets[0].getsockname()[1]

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        line = f"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:{port}/\r\n"
        writer.write(f"{line}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(redirect, "127.0.0.1")
    async with elsewhere, server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with an_avatar(url) as avatar:
            await until(lambda: link(avatar) is AvatarLink.WRONG_PROGRAM)
    assert came == []


def test_an_id_of_a_node_is_a_short_word_or_number() -> None:
    def node(found: object) -> str | None:
        entries = [{"type": "stateEvents", "id": found}]
        told = read("nodes:" + json.dumps({"event": "list", "entries": entries}))
        assert told is not None
        return told.node

    assert (node("mini"), node(7)) == ("mini", "7")
    assert (node([["x"]]), node({"a": 1}), node(None), node("")) == ("", "", "", "")
    assert len(node("x" * 100_000) or "") <= 200
