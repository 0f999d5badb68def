"""OBS: how it is, what can be ordered from it, and a look at the programme picture."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from apps.orchestrator import studio_orders as orders
from apps.orchestrator.api.worker_of import TheWorker
from apps.orchestrator.studio_orders import AnyOrder
from libs.contracts.studio import TakeScreenshot

router = APIRouter(tags=["obs"], prefix="/obs")

Width = Annotated[int, Query(ge=64, le=1_920)]


@router.get("")
async def get_studio(worker: TheWorker) -> dict[str, Any]:
    """OBS as it is now: link, scenes, inputs, transitions, recording, panic, what is missing."""
    return worker.studio.document()


@router.get("/screenshot")
async def get_screenshot(
    worker: TheWorker,
    width: Width = 480,
    format: Literal["jpg", "png"] = "jpg",  # noqa: A002 - the name in the address
) -> Response:
    """A picture of the programme: what viewers see."""
    taken, image = await worker.studio.picture(TakeScreenshot(width=width, format=format))
    kind = "image/png" if taken.format == "png" else "image/jpeg"
    return Response(image, media_type=kind, headers={"Cache-Control": "no-store"})


@router.post("/scene")
async def post_scene(order: orders.SceneOrder, worker: TheWorker) -> dict[str, Any]:
    """Switches the scene; an empty name means the default scene."""
    return await _done(order, worker)


@router.post("/mute")
async def post_mute(order: orders.MuteOrder, worker: TheWorker) -> dict[str, Any]:
    """Mutes an input, or makes it heard again."""
    return await _done(order, worker)


@router.post("/volume")
async def post_volume(order: orders.VolumeOrder, worker: TheWorker) -> dict[str, Any]:
    """0 dB is unchanged, -100 dB silent."""
    return await _done(order, worker)


@router.post("/source")
async def post_source(order: orders.SourceOrder, worker: TheWorker) -> dict[str, Any]:
    """Shows or hides a source; without a scene: in the one on air."""
    return await _done(order, worker)


@router.post("/filter")
async def post_filter(order: orders.FilterOrder, worker: TheWorker) -> dict[str, Any]:
    """Switches a filter of a source or scene."""
    return await _done(order, worker)


@router.post("/text")
async def post_text(order: orders.TextOrder, worker: TheWorker) -> dict[str, Any]:
    """Writes into a text source."""
    return await _done(order, worker)


@router.post("/media")
async def post_media(order: orders.MediaOrder, worker: TheWorker) -> dict[str, Any]:
    """Plays, pauses, restarts or stops what a media source has."""
    return await _done(order, worker)


@router.post("/record")
async def post_record(order: orders.RecordOrder, worker: TheWorker) -> dict[str, Any]:
    """Recording: start, stop, pause, resume."""
    return await _done(order, worker)


@router.post("/replay")
async def post_replay(order: orders.ReplayOrder, worker: TheWorker) -> dict[str, Any]:
    """The replay buffer: start, stop, save its last seconds."""
    return await _done(order, worker)


@router.post("/transition")
async def post_transition(order: orders.TransitionOrder, worker: TheWorker) -> dict[str, Any]:
    """Chooses the transition between scenes."""
    return await _done(order, worker)


@router.post("/action")
async def post_action(order: orders.ActionOrder, worker: TheWorker) -> dict[str, Any]:
    """Does what `configs/scenes.yaml` has under this name."""
    return await _done(order, worker)


async def _done(order: AnyOrder, worker: TheWorker) -> dict[str, Any]:
    """Answers when OBS has done it."""
    answer = await worker.studio.order(orders.event_of(order, "operator"))
    return {**answer.result, "done": answer.message}
