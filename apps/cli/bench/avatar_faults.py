"""What can go wrong with VTube Studio, and how soon it is moved again afterwards."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from libs.testing.running_show import RunningShow
from libs.testing.stand_ins.vtube_studio import VTubeStudioStandIn

PLUGIN = "Kitsu"
#: Between two faults: what one has stirred up has settled.
SETTLE_SECONDS = 1.5
#: A fault from which it does not recover within this has ended the show there.
PATIENCE_SECONDS = 30.0
_TAKEN = -1

Fault = Callable[[RunningShow, VTubeStudioStandIn], Awaitable[float]]


async def moved_from(vts: VTubeStudioStandIn, moment: float) -> float:
    """When the first frame after `moment` (`time.monotonic`) was taken. Raises `TimeoutError`."""

    def first() -> float | None:
        frames = vts.recording.frames_of(PLUGIN)[-300:]
        taken = (f.monotonic_at for f in frames if f.error_id == _TAKEN)
        return next((at for at in taken if at >= moment), None)

    await vts.until(lambda: first() is not None, PATIENCE_SECONDS)
    found = first()
    assert found is not None
    return found


async def recoveries(show: RunningShow, vts: VTubeStudioStandIn) -> dict[str, float]:
    """Seconds from the moment from which it could be moved again, to when it is."""
    found = {}
    for name, fault in FAULTS.items():
        vts.recording.clear()
        could_at = await fault(show, vts)
        found[name] = await moved_from(vts, could_at) - could_at
        await asyncio.sleep(SETTLE_SECONDS)
    return found


async def _dropped(show: RunningShow, vts: VTubeStudioStandIn) -> float:
    vts.drop()
    return time.monotonic()


async def _closed_for_a_second(show: RunningShow, vts: VTubeStudioStandIn) -> float:
    await vts.restart(down_seconds=1.0)
    return time.monotonic()


async def _closed_for_long(show: RunningShow, vts: VTubeStudioStandIn) -> float:
    await vts.restart(down_seconds=8.0)
    return time.monotonic()


async def _token_lost(show: RunningShow, vts: VTubeStudioStandIn) -> float:
    """Its user clicks Allow at once."""
    await vts.restart(forget_tokens=True)
    return time.monotonic()


async def _revoked(show: RunningShow, vts: VTubeStudioStandIn) -> float:
    vts.studio.revoke(PLUGIN)
    return time.monotonic()


async def _denied(show: RunningShow, vts: VTubeStudioStandIn) -> float:
    """Until somebody asks again, and the user changes his mind."""
    vts.studio.popup.answer = "deny"
    vts.studio.revoke(PLUGIN)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await _link(show) != "denied":  # noqa: ASYNC110 - another process knows it
            await asyncio.sleep(0.05)
    vts.studio.popup.answer = "allow"
    asked_at = time.monotonic()
    await show.post("/avatar/sign-in", {"avatar": "vtube_studio"})
    return asked_at


async def _link(show: RunningShow) -> str:
    avatars = (await show.get("/avatar"))["avatars"]
    return next((str(one["link"]) for one in avatars if one["id"] == "vtube_studio"), "")


async def _model_changed(show: RunningShow, vts: VTubeStudioStandIn) -> float:
    vts.studio.load(next(m for m in vts.studio.models if m is not vts.studio.model))
    return time.monotonic()


async def _mouth_taken(show: RunningShow, vts: VTubeStudioStandIn) -> float:
    """Another plugin moves the mouth: everything else goes on."""
    async with vts.other_plugin({"MouthOpen": 1.0}):
        taken_at = time.monotonic()
        await moved_from(vts, taken_at)
        return taken_at


async def _answers_lost(show: RunningShow, vts: VTubeStudioStandIn) -> float:
    vts.answers.swallow(20)
    return time.monotonic()


async def _hung(show: RunningShow, vts: VTubeStudioStandIn) -> float:
    """As while it loads something large."""
    vts.answers.hang()
    await asyncio.sleep(3.0)
    vts.answers.resume()
    return time.monotonic()


FAULTS: dict[str, Fault] = {
    "connection dropped": _dropped,
    "closed for 1 s": _closed_for_a_second,
    "closed for 8 s": _closed_for_long,
    "closed, token lost": _token_lost,
    "revoked": _revoked,
    "denied, then asked again": _denied,
    "model changed": _model_changed,
    "mouth taken by another plugin": _mouth_taken,
    "20 answers lost": _answers_lost,
    "hung for 3 s": _hung,
}
