"""What is sent by the clock: the test event, the outline of the model, a face that was lost; and
the broadcast by which the app is found.

Source: github.com/DenchiSoft/VTubeStudio, Events/README.md, "Test event" and "Model outline
changed"; README.md, "API Server Discovery (UDP)". Approximations: the outline is always the same;
the broadcast goes to this machine alone.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from libs.testing.stand_ins.vtube_studio.studio import WINDOW, Studio
from libs.testing.stand_ins.vtube_studio.wire import Data, message

OUTLINE_HZ = 15
#: Where the real app broadcasts.
BROADCAST_PORT = 47779
BROADCAST_SECONDS = 2.0

_HULL = ((0.2, 0.8), (0.51, -0.3), (0.28, -1.16), (0.14, -0.3))
_BROADCAST = "VTubeStudioAPIStateBroadcast"


async def keep_telling(studio: Studio, hanging: Callable[[], bool]) -> None:
    """For ever; an app that hangs tells nothing."""
    tick = 0
    while True:
        await asyncio.sleep(1 / OUTLINE_HZ)
        if hanging():
            continue
        tick += 1
        studio.tell_face()
        if studio.model is not None:
            studio.tell("ModelOutlineEvent", {**studio.named_model(), **_outline()})
        if tick % OUTLINE_HZ == 0:
            _tell_test(studio, tick // OUTLINE_HZ)


def _tell_test(studio: Studio, counter: int) -> None:
    for session in list(studio.sessions):
        subscription = session.subscriptions.get("TestEvent")
        if subscription is not None:
            said = subscription.config.get("testMessageForEvent", "")
            session.tell("TestEvent", {"yourTestMessage": said, "counter": counter})


def _outline() -> Data:
    hull = [{"x": x, "y": y} for x, y in _HULL]
    centre = {axis: sum(point[axis] for point in hull) / len(hull) for axis in "xy"}
    return {"convexHull": hull, "convexHullCenter": centre, "windowSize": dict(WINDOW)}


async def keep_broadcasting(to_port: int, seconds: float, state: Callable[[], Data]) -> None:
    """For ever; the first at once."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
        while True:
            with contextlib.suppress(OSError):
                text = message(_BROADCAST, _BROADCAST, state())
                sender.sendto(text.encode(), ("127.0.0.1", to_port))
            await asyncio.sleep(seconds)
