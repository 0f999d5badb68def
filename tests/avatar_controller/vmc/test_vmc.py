"""VMC as a receiver sees it: whole frames, in Unity's space, under the names of VRM 0 and 1."""

import asyncio
import math
import socket
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import AsyncIOOSCUDPServer

from apps.avatar_controller.engines.base import (
    SHUT,
    AvatarRefused,
    Capability,
    Mouth,
    Pose,
    Vowels,
)
from apps.avatar_controller.engines.vmc.avatar import VmcAvatar
from apps.avatar_controller.engines.vmc.frame import MOOD_SHAPES, Face, rotation, spoken
from apps.avatar_controller.engines.vmc.osc_sender import LONGEST_BYTES, as_osc
from apps.avatar_controller.settings import AvatarControllerSettings
from libs.contracts.avatar import AvatarLink, AvatarRefusal
from libs.contracts.speaking import Mood
from libs.settings.avatar import AvatarFile
from libs.testing.ports import free_port
from tests.avatar_controller.vmc.osc_listener import OscListener, read_packet

Vector = tuple[float, float, float]
FORWARD, UP = (0.0, 0.0, 1.0), (0.0, 1.0, 0.0)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


async def until(true: Callable[[], object], seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


def an_avatar(port: int, file: AvatarFile | None = None, **more: Any) -> VmcAvatar:
    now = more.pop("now", None) or Clock()
    changed = more.pop("changed", lambda: None)
    target = more.pop("target", f"127.0.0.1:{port}")
    settings = AvatarControllerSettings(_env_file=None, vmc_target=target, **more)
    return VmcAvatar(settings, file or AvatarFile(), changed, now)


class Running:
    """An avatar whose connection is kept, until the test ends."""

    def __init__(self, avatar: VmcAvatar) -> None:
        self.avatar = avatar
        self.task = asyncio.create_task(avatar.run())

    async def __aenter__(self) -> VmcAvatar:
        await until(lambda: self.avatar._sender.open)
        return self.avatar

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.avatar.close()


@pytest.fixture
async def listener() -> AsyncIterator[OscListener]:
    async with OscListener() as listening:
        yield listening


def turned(quaternion: tuple[float, ...], vector: Vector) -> Vector:
    """The vector after the rotation: v + 2w(q x v) + 2 q x (q x v)."""
    *axis, w = quaternion[-4:]

    def cross(a: Any, b: Any) -> tuple[float, ...]:
        return (
            a[1] * b[2] - a[2] * b[1],
            a[2] * b[0] - a[0] * b[2],
            a[0] * b[1] - a[1] * b[0],
        )

    once = cross(axis, vector)
    twice = cross(axis, once)
    x, y, z = (
        v + 2 * w * first + 2 * second for v, first, second in zip(vector, once, twice, strict=True)
    )
    return x, y, z


# A frame ------------------------------------------------------------------------------------------


async def test_a_frame_has_all_that_a_receiver_needs_in_datagrams_that_cross_any_network(
    listener: OscListener,
) -> None:
    clock = Clock()
    async with Running(an_avatar(listener.port, now=clock)) as avatar:
        clock.now += 1.5
        avatar.set_mouth(Mouth(0.8, 0.0, Vowels(a=0.8)))
        avatar.send_frame()
        await until(listener.frames)
    assert all(len(packet) <= LONGEST_BYTES for packet in listener.packets)
    assert len(listener.packets) <= 2 * 4  # the frame, and three that end it
    frame = listener.frames()[0]
    assert (frame.loaded, frame.seconds) == (1, pytest.approx(1.5))
    assert set(frame.bones) == {"Neck", "Head", "LeftEye", "RightEye"}
    assert frame.root == (0, 0, 0, 0, 0, 0, 1)
    assert frame.shapes["A"] == frame.shapes["aa"] == pytest.approx(0.8)
    assert frame.shapes["O"] == frame.shapes["Joy"] == frame.shapes["Blink"] == 0
    assert frame.shapes["Neutral"] == 1


async def test_without_bundles_every_message_is_a_packet_of_its_own(listener: OscListener) -> None:
    async with Running(an_avatar(listener.port, vmc_bundles=False)) as avatar:
        avatar.send_frame()
        await until(listener.frames)
    assert all(packet.startswith(b"/VMC/Ext/") for packet in listener.packets)
    assert listener.frames()[0].shapes["A"] == 0


async def test_in_single_packets_what_is_not_shown_is_told_a_few_times_a_second(
    listener: OscListener,
) -> None:
    clock = Clock()
    async with Running(an_avatar(listener.port, now=clock, vmc_bundles=False)) as avatar:
        for opened in (0.0, 0.5, 0.5, 0.0, 0.0):
            avatar.set_mouth(Mouth(opened, 0.0, Vowels(a=opened)))
            avatar.send_frame()
            clock.now += 0.01
        clock.now += 0.25
        avatar.send_frame()
        await until(lambda: len(listener.frames()) == 6)
        told = [frame.shapes for frame in listener.frames()]
    assert len(told[0]) == len(told[5]) == len(shapes(Face()))
    moving = [{name: value for name, value in one.items() if name in ("A", "O")} for one in told]
    assert moving[1:5] == [{"A": 0.5}, {"A": 0.5}, {"A": 0.0}, {}]
    assert all(one["Neutral"] == 1 for one in told)


async def test_a_file_that_was_saved_counts_at_once_and_leaves_no_shape_of_before(
    listener: OscListener,
) -> None:
    moods = {"fade_seconds": 0}
    first, then = (
        AvatarFile.model_validate({"models": {"vmc": {"happy": name}}, "moods": moods})
        for name in ("BigSmile", "Grin")
    )
    async with Running(an_avatar(listener.port, first)) as avatar:
        avatar.set_mood(Mood.HAPPY, 0)
        avatar.send_frame()
        await until(listener.frames)
        avatar.take_file(then)
        avatar.send_frame()
        await until(lambda: len(listener.frames()) == 2)
        before, after = (frame.shapes for frame in listener.frames())
        assert (before["BigSmile"], after["BigSmile"], after["Grin"]) == (1, 0, 1)


@pytest.mark.parametrize("bundles", [True, False])
async def test_the_library_of_others_reads_the_same(bundles: bool) -> None:
    heard: list[tuple[Any, ...]] = []
    dispatcher = Dispatcher()
    dispatcher.map("/VMC/Ext/Blend/Val", lambda _, *arguments: heard.append(arguments))
    dispatcher.map("/VMC/Ext/Bone/Pos", lambda _, *arguments: heard.append(arguments))
    port = free_port()
    loop = asyncio.get_running_loop()
    server = AsyncIOOSCUDPServer(("127.0.0.1", port), dispatcher, loop)  # type: ignore[arg-type]
    transport, _ = await server.create_serve_endpoint()
    async with Running(an_avatar(port, vmc_bundles=bundles)) as avatar:
        avatar.set_mouth(Mouth(0.5, 0.0, Vowels(o=0.5)))
        avatar.send_frame()
        await until(lambda: ("O", 0.5) in heard and ("oh", 0.5) in heard)
        await until(lambda: any(a[0] == "Head" and len(a) == 8 for a in heard))
    transport.close()


# Head and eyes ------------------------------------------------------------------------------------

angles = st.floats(-90, 90, allow_nan=False)


@given(angles, angles, angles)
def test_a_rotation_has_length_one(yaw: float, pitch: float, roll: float) -> None:
    assert math.hypot(*rotation(yaw, pitch, roll)) == pytest.approx(1.0)


def test_turned_to_the_viewers_right_she_looks_to_her_own_left() -> None:
    x, y, z = turned(rotation(30, 0, 0), FORWARD)
    assert x == pytest.approx(-0.5)  # in Unity her right is positive
    assert y == pytest.approx(0)
    assert z > 0.8


def test_up_is_up_and_a_tilt_to_the_viewers_right_takes_her_head_there() -> None:
    assert turned(rotation(0, 30, 0), FORWARD)[1] == pytest.approx(0.5)
    assert turned(rotation(0, 0, 30), UP)[0] == pytest.approx(-0.5)


def test_a_turn_is_made_before_the_nod_in_it() -> None:
    """Unity's order: turned by 90 degrees, she still nods around her own ears."""
    x, y, z = turned(rotation(90, 45, 0), FORWARD)
    assert (x, y, z) == pytest.approx((-math.sqrt(0.5), math.sqrt(0.5), 0), abs=1e-9)


def bones(pose: Pose) -> dict[str, tuple[float, ...]]:
    told = Face(pose=pose).messages(0.0)
    return {a[0]: a[1:] for address, a in told if address.endswith("Bone/Pos")}  # type: ignore[misc]


def test_head_and_neck_share_a_turn_and_the_weight_takes_from_it() -> None:
    def total(pose: Pose) -> float:
        found = bones(pose)
        forward = turned(found["Neck"], turned(found["Head"], FORWARD))
        return math.degrees(math.atan2(-forward[0], forward[2]))

    assert total(Pose(yaw=20)) == pytest.approx(20)
    assert total(Pose(yaw=20, weight=0.5)) == pytest.approx(10)
    assert total(Pose(yaw=20, weight=0)) == pytest.approx(0)
    assert total(Pose(yaw=5_000)) == pytest.approx(60)


def test_both_eyes_follow_the_gaze_as_bones_and_as_shapes() -> None:
    found = bones(Pose(gaze_x=1, gaze_y=0.5))
    assert found["LeftEye"][3:] == found["RightEye"][3:]
    assert turned(found["LeftEye"], FORWARD)[0] < -0.1
    assert turned(found["LeftEye"], FORWARD)[1] > 0.05
    told = shapes(Face(pose=Pose(gaze_x=1, gaze_y=0.5)))
    assert (told["LookLeft"], told["LookRight"]) == (1, 0)
    assert (told["lookUp"], told["lookDown"]) == (0.5, 0)
    assert shapes(Face(pose=Pose(gaze_x=1, eyes_weight=0)))["LookLeft"] == 0


def test_bones_have_places_of_an_ordinary_model() -> None:
    found = bones(Pose())
    assert found["Head"][1] > 0.05
    assert found["LeftEye"][0] == -found["RightEye"][0] < 0


# Face ---------------------------------------------------------------------------------------------


def shapes(face: Face) -> dict[str, float]:
    told = face.messages(0.0)
    return {a[0]: a[1] for address, a in told if address.endswith("Val")}  # type: ignore[misc]


unsteady = st.floats(allow_nan=True, allow_infinity=True)


@given(unsteady, unsteady, unsteady, unsteady, unsteady)
def test_whatever_comes_shapes_stay_within_their_bounds(
    opened: float, form: float, vowel: float, angle: float, weight: float
) -> None:
    face = Face(
        Mouth(opened, form, Vowels(a=vowel, o=vowel)),
        Pose(angle, angle, angle, angle, angle, weight, angle, weight, weight),
        {"joy": weight, "blink": vowel},
    )
    assert all(0 <= value <= 1 for value in shapes(face).values())
    numbers = [n for _, arguments in face.messages(0.0) for n in arguments]
    assert all(math.isfinite(n) for n in numbers if isinstance(n, float))


def test_a_mouth_without_vowels_moves_by_how_it_is_shaped() -> None:
    plain, wide, puckered = (spoken(Mouth(1.0, form)) for form in (0.0, 1.0, -1.0))
    assert plain == Vowels(a=1.0)
    assert wide.e > wide.a > 0
    assert puckered.o > puckered.a > 0
    assert wide.o == wide.u == puckered.e == puckered.i == 0
    assert spoken(SHUT) == Vowels()
    assert spoken(Mouth(1, 0, Vowels(a=1, e=1))) == Vowels(a=0.5, e=0.5)


def test_lids_shut_but_not_twice_in_a_smile() -> None:
    assert shapes(Face(pose=Pose(lids=0.0)))["Blink"] == 1
    assert shapes(Face(pose=Pose(lids=0.0, eyes_weight=0.0)))["Blink"] == 0
    assert shapes(Face(pose=Pose(lids=0.0), shapes={"joy": 1.0}))["blink"] == 0


@pytest.mark.parametrize("mood", list(Mood))
async def test_a_mood_fades_in_and_out_by_itself(listener: OscListener, mood: Mood) -> None:
    clock = Clock()
    async with Running(an_avatar(listener.port, now=clock)) as avatar:
        avatar.set_mood(mood, 0.4)
        for _ in range(5):
            avatar.send_frame()
            clock.now += 0.1
        avatar.set_mood(Mood.NEUTRAL, 0.2)
        for _ in range(3):
            avatar.send_frame()
            clock.now += 0.1
        await until(lambda: len(listener.frames()) == 8)
        frames = listener.frames()
    for name, weight in MOOD_SHAPES[mood].items():
        vrm0 = {"joy": "Joy", "angry": "Angry", "sorrow": "Sorrow", "fun": "Fun"}.get(
            name, name.capitalize()
        )
        seen = [frame.shapes[vrm0] for frame in frames]
        parts = (0, 0.25, 0.5, 0.75, 1, 1, 0.5, 0)
        assert seen == pytest.approx([part * weight for part in parts], abs=0.003)
    shown = sum(MOOD_SHAPES[mood].values())
    assert frames[4].shapes["Neutral"] == pytest.approx(1 - shown, abs=0.003)
    assert frames[-1].shapes["Neutral"] == 1


async def test_a_mood_told_in_the_middle_of_a_fade_goes_on_from_there(
    listener: OscListener,
) -> None:
    clock = Clock()
    async with Running(an_avatar(listener.port, now=clock)) as avatar:
        avatar.set_mood(Mood.ANGRY, 1.0)
        clock.now += 0.5
        avatar.set_mood(Mood.SAD, 1.0)
        avatar.set_mood(Mood.SAD, 1.0)  # told again: no new beginning
        avatar.send_frame()
        clock.now += 0.5
        avatar.send_frame()
        await until(lambda: len(listener.frames()) == 2)
        first, second = listener.frames()
    assert (first.shapes["Angry"], first.shapes["Sorrow"]) == pytest.approx((0.5, 0))
    assert (second.shapes["Angry"], second.shapes["Sorrow"]) == pytest.approx((0.25, 0.5))


# Names of the model's own -------------------------------------------------------------------------

HOSTILE = [
    "笑顔",
    "Smile\x00/VMC/Ext/Root/Pos",
    "x" * 200,
    "a\u202eb\n\x1b[31m",
    "🦊",
    "/x,s",
]


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_shape_of_the_models_own_has_any_name_and_stays_one_argument(
    listener: OscListener, name: str
) -> None:
    file = AvatarFile(models={"vmc": {Mood.HAPPY: name, Mood.SAD: ""}})
    async with Running(an_avatar(listener.port, file)) as avatar:
        avatar.set_mood(Mood.HAPPY, 0)
        avatar.send_frame()
        await until(listener.frames)
        frame = listener.frames()[0]
        [own] = set(frame.shapes) - set(shapes(Face()))
        assert frame.shapes[own] == 1
        assert frame.shapes["Joy"] == 0
        assert own.isprintable()
        happy = next(m for m in avatar.status().moods if m.mood is Mood.HAPPY)
        sad = next(m for m in avatar.status().moods if m.mood is Mood.SAD)
        assert (happy.expression, happy.chosen_by) == (own, "file")
        assert (sad.expression, sad.chosen_by) == ("", "file")


async def test_a_name_of_vrm_in_the_file_is_that_shape_and_is_told_once(
    listener: OscListener,
) -> None:
    file = AvatarFile(models={"vmc": {Mood.SMUG: "Joy"}})
    async with Running(an_avatar(listener.port, file)) as avatar:
        avatar.set_mood(Mood.SMUG, 0)
        avatar.send_frame()
        await until(listener.frames)
    assert listener.frames()[0].shapes["Joy"] == listener.frames()[0].shapes["happy"] == 1


def test_a_name_alone_makes_no_broken_packet() -> None:
    for name in (*HOSTILE, "\ud800", ""):
        [message] = read_packet(as_osc("/VMC/Ext/Blend/Val", (name, 0.5)).dgram)
        assert message.arguments[1] == 0.5


# Who listens --------------------------------------------------------------------------------------


async def test_nobody_there_is_said_and_one_who_comes_is_moved_at_once() -> None:
    changes: list[AvatarLink] = []
    port = free_port()
    avatar = an_avatar(
        port, now=time.monotonic, changed=lambda: changes.append(avatar.status().link)
    )

    async def keep_sending() -> None:
        while True:
            avatar.send_frame()
            await asyncio.sleep(1 / 60)

    async with Running(avatar):
        sending = asyncio.create_task(keep_sending())
        await until(lambda: avatar.status().link is AvatarLink.WAITING)
        assert f"Nothing receives VMC at 127.0.0.1:{port}" in avatar.status().detail
        assert avatar.status().moods == ()
        await asyncio.sleep(0.5)
        assert avatar.status().link is AvatarLink.WAITING
        async with OscListener(port) as listener:
            came_at = time.monotonic()
            await until(listener.frames)
            assert time.monotonic() - came_at < 0.2
            await until(lambda: avatar.status().link is AvatarLink.UNSEEN)
            assert time.monotonic() - came_at < 1.0
            assert "gives no answer" in avatar.status().detail
            await until(lambda: changes[-1:] == [AvatarLink.UNSEEN])
        sending.cancel()
    assert changes[0] in (AvatarLink.UNSEEN, AvatarLink.WAITING)
    assert AvatarLink.WAITING in changes


async def test_a_name_that_nobody_knows_is_said_and_blocks_nothing() -> None:
    avatar = an_avatar(0, target="no-such-host.invalid:39539")
    task = asyncio.create_task(avatar.run())
    avatar.send_frame()
    await until(lambda: avatar._sender.trouble)
    assert avatar.status().link is AvatarLink.WAITING
    assert "no-such-host.invalid:39539 cannot be reached" in avatar.status().detail
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await avatar.close()


async def test_datagrams_sent_back_at_it_harm_nothing(listener: OscListener) -> None:
    async with Running(an_avatar(listener.port)) as avatar:
        avatar.send_frame()
        await until(listener.packets.copy)
        assert avatar._sender._socket is not None
        place = avatar._sender._socket.getsockname()
        with socket.socket(type=socket.SOCK_DGRAM) as stranger:
            for _ in range(50):
                stranger.sendto(b"\xff" * 5_000, place)
        assert listener._transport is not None
        for _ in range(50):
            listener._transport.sendto(b"#bundle\0" + b"\xff" * 2_000, place)
        await asyncio.sleep(0.1)
        avatar._sender.listen()
        avatar.send_frame()
        await until(lambda: len(listener.frames()) == 2)
        assert avatar.status().link is AvatarLink.UNSEEN


# Panic and the end --------------------------------------------------------------------------------


async def test_in_a_panic_she_is_calm_at_once_and_then_nothing_is_sent(
    listener: OscListener,
) -> None:
    async with Running(an_avatar(listener.port)) as avatar:
        avatar.set_mouth(Mouth(1.0, 0.0, Vowels(a=1.0)))
        avatar.set_mood(Mood.ANGRY, 0.0)
        avatar.look(Pose(yaw=20, lids=0))
        avatar.send_frame()
        await until(lambda: len(listener.frames()) == 1)
        async with asyncio.timeout(0.2):
            await avatar.panic(True)
        await until(lambda: len(listener.frames()) == 4)
        for frame in listener.frames()[1:]:
            assert frame.shapes["A"] == frame.shapes["Angry"] == frame.shapes["Blink"] == 0
            assert frame.shapes["Neutral"] == 1
            assert frame.bones["Head"][3:] == (0, 0, 0, 1)
        avatar.set_mouth(Mouth(1.0))
        avatar.set_mood(Mood.ANGRY, 0.0)
        for _ in range(10):
            avatar.send_frame()
        await avatar.panic(True)
        await asyncio.sleep(0.1)
        assert len(listener.frames()) == 4
        await avatar.panic(False)
        avatar.send_frame()
        await until(lambda: len(listener.frames()) == 5)
        assert listener.frames()[-1].shapes["Angry"] == 0


async def test_what_ends_it_is_whole_each_time_also_in_single_packets(
    listener: OscListener,
) -> None:
    async with Running(an_avatar(listener.port, vmc_bundles=False)) as avatar:
        avatar.set_mouth(Mouth(1.0))
        avatar.send_frame()
        await avatar.panic(True)
        await until(lambda: len(listener.frames()) == 4)
    assert [len(frame.shapes) for frame in listener.frames()[1:]] == [len(shapes(Face()))] * 3
    assert all(frame.shapes["A"] == 0 for frame in listener.frames()[1:])


async def test_it_ends_with_a_shut_mouth_and_in_a_panic_in_silence(listener: OscListener) -> None:
    async with Running(an_avatar(listener.port)) as avatar:
        avatar.set_mouth(Mouth(1.0))
        avatar.send_frame()
    await until(lambda: len(listener.frames()) == 4)
    assert listener.frames()[-1].shapes["A"] == 0
    async with Running(an_avatar(listener.port)) as avatar:
        await avatar.panic(True)
        await until(lambda: len(listener.frames()) == 7)
    await asyncio.sleep(0.1)
    assert len(listener.frames()) == 7


async def test_what_means_nothing_is_refused_with_a_step(listener: OscListener) -> None:
    avatar = an_avatar(listener.port)
    assert avatar.capabilities == {Capability.FRAMES}
    for order in (
        avatar.gesture("wave"),
        avatar.show_expression("Joy", 3),
        avatar.map_mood(Mood.HAPPY, "Joy"),
        avatar.show_item("heart"),
        avatar.sign_in(),
    ):
        with pytest.raises(AvatarRefused, match=r"\w+ .*\.$") as refused:
            await order
        assert refused.value.code == AvatarRefusal.NOT_POSSIBLE


async def test_a_panic_that_was_engaged_before_there_was_a_connection_calms_her(
    listener: OscListener,
) -> None:
    avatar = an_avatar(listener.port)
    await avatar.panic(True)
    assert listener.frames() == []
    async with Running(avatar):
        await until(lambda: len(listener.frames()) == 3)
        assert listener.frames()[0].shapes["A"] == 0
        await asyncio.sleep(0.1)
        assert len(listener.frames()) == 3


async def test_after_a_quick_release_no_frame_of_the_panic_comes_late(
    listener: OscListener,
) -> None:
    async with Running(an_avatar(listener.port)) as avatar:
        panicking = asyncio.create_task(avatar.panic(True))
        await asyncio.sleep(0.005)
        await avatar.panic(False)
        avatar.set_mouth(Mouth(1.0, 0.0, Vowels(a=1.0)))
        avatar.send_frame()
        await panicking
        await asyncio.sleep(0.05)
        assert listener.frames()[-1].shapes["A"] > 0
