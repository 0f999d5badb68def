"""A face before a camera: what VTube Studio's own tracking says about it."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from libs.testing.stand_ins.vtube_studio.studio import Studio

CAMERA_HZ = 30


def seen_at(seconds: float) -> dict[str, float]:
    """A face that is never quite still."""
    sway = math.sin(2 * math.pi * seconds / 4.0)
    return {
        "FacePositionX": 0.4 * sway,
        "FacePositionY": 0.2 * math.sin(2 * math.pi * seconds / 3.0),
        "FacePositionZ": 0.3 * sway,
        "FaceAngleX": 6.0 * sway,
        "FaceAngleY": 3.0 * math.cos(2 * math.pi * seconds / 5.0),
        "FaceAngleZ": 2.0 * sway,
        "EyeOpenLeft": 1.0,
        "EyeOpenRight": 1.0,
        "MouthOpen": 0.0,
        "MouthSmile": 0.5,
    }


@asynccontextmanager
async def face_before_camera(studio: Studio) -> AsyncIterator[None]:
    """Within the block the camera sees a face that moves; after it the face is lost."""
    look(studio, 0.0)
    looking = asyncio.create_task(_keep_looking(studio))
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        studio.parameters.tracked.clear()
        studio.camera_sees_face = False
        studio.tell_face()


def look(studio: Studio, seconds: float) -> None:
    studio.parameters.tracked.update(seen_at(seconds))
    studio.camera_sees_face = True
    studio.tell_face()


async def _keep_looking(studio: Studio) -> None:
    """For ever."""
    step = 0
    while True:
        await asyncio.sleep(1 / CAMERA_HZ)
        step += 1
        look(studio, step / CAMERA_HZ)
