"""Runs in the Python that has pyvts: a whole session with its own client, as its users write it.

    python pyvts_session.py PORT FOLDER FRAMES

What it saw is the last line of its output, as JSON. (pyvts prints, too.)
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy
import pyvts


def plugin(port: int, token_file: Path) -> Any:
    about = {
        "plugin_name": "Independent",
        "developer": "pyvts",
        "authentication_token_path": str(token_file),
    }
    return pyvts.vts(
        plugin_info=about,
        vts_api_info={**pyvts.config.vts_api, "host": "127.0.0.1", "port": port},
    )


async def sign_in(port: int, folder: Path) -> tuple[Any, dict[str, Any]]:
    """With a picture, that pyvts makes with OpenCV."""
    icon = folder / "icon.png"
    cv2.imwrite(str(icon), numpy.full((64, 64, 3), 128, numpy.uint8))
    client = plugin(port, folder / "token.txt")
    client.load_icon(str(icon))
    client.vts_request.plugin_icon = client.plugin_icon
    await client.connect()
    before = await client.request(client.vts_request.BaseRequest("CurrentModelRequest"))
    await client.request_authenticate_token()
    signed_in = await client.request_authenticate()
    await client.close()
    again = plugin(port, folder / "token.txt")
    await again.connect()
    await again.read_token()
    return again, {
        "before": before["data"]["errorID"],
        "signed_in": signed_in,
        "signed_in_again": await again.request_authenticate(),
    }


async def hotkeys(client: Any) -> dict[str, Any]:
    asks = client.vts_request
    listed = await client.request(asks.requestHotKeyList())
    names = [one["name"] for one in listed["data"]["availableHotkeys"]]
    pressed = await client.request(asks.requestTriggerHotKey("Wave"))
    unknown = await client.request(asks.requestTriggerHotKey("Nothing"))
    return {
        "names": names,
        "pressed": pressed["data"]["hotkeyID"],
        "unknown": unknown["data"]["errorID"],
    }


async def parameters(client: Any) -> dict[str, Any]:
    asks = client.vts_request
    made = await client.request(asks.requestCustomParameter("AiMouthOpen", 0, 1, 0, "The mouth"))
    listed = await client.request(asks.requestTrackingParameterList())
    await client.request(
        asks.requestSetMultiParameterValue(["FaceAngleX", "AiMouthOpen"], [12.5, 0.25])
    )
    value = await client.request(asks.requestParameterValue("FaceAngleX"))
    unknown = await client.request(asks.requestSetParameterValue("Nothing", 1.0))
    return {
        "made": made["data"]["parameterName"],
        "default": [one["name"] for one in listed["data"]["defaultParameters"]],
        "custom": [one["name"] for one in listed["data"]["customParameters"]],
        "value": value["data"]["value"],
        "unknown": unknown["data"]["errorID"],
    }


async def injection(client: Any, frames: int) -> dict[str, Any]:
    """In lock-step, as pyvts does it: the next value when the last was answered."""
    asks = client.vts_request
    wrong = 0
    began = time.monotonic()
    for number in range(frames):
        answer = await client.request(
            asks.requestSetParameterValue("MouthOpen", number / frames, face_found=True)
        )
        wrong += answer["messageType"] != "InjectParameterDataResponse"
    return {"seconds": time.monotonic() - began, "wrong": wrong}


async def models(client: Any) -> dict[str, Any]:
    asks = client.vts_request
    current = await client.request(asks.BaseRequest("CurrentModelRequest"))
    available = await client.request(asks.BaseRequest("AvailableModelsRequest"))
    moved = await client.request(asks.requestMoveModel(0.1, 0.2, rot=10, size=1, relative=False))
    tinted = await client.request(asks.ColorTintRequest(250, 100, 20, 255, name_contains=["hair"]))
    return {
        "current": current["data"]["modelName"],
        "available": [one["modelName"] for one in available["data"]["availableModels"]],
        "moved": moved["messageType"],
        "tinted": tinted["data"]["matchedArtMeshes"],
    }


async def events(client: Any) -> dict[str, Any]:
    """The model is changed by its user as soon as somebody listens."""
    subscribed = await client.event_subscribe(client.vts_request.eventSubscriptionModelLoaded())
    told = [json.loads(await client.websocket.recv()) for _ in range(2)]
    return {
        "subscribed": subscribed["data"]["subscribedEvents"],
        "told": [(one["messageType"], one["data"]["modelName"]) for one in told],
    }


async def main(port: int, folder: Path, frames: int) -> None:
    client, seen = await sign_in(port, folder)
    seen["hotkeys"] = await hotkeys(client)
    seen["parameters"] = await parameters(client)
    seen["injection"] = await injection(client, frames)
    seen["models"] = await models(client)
    seen["events"] = await events(client)
    deleted = await client.request(client.vts_request.requestDeleteCustomParameter("AiMouthOpen"))
    seen["deleted"] = deleted["data"]["parameterName"]
    await client.close()
    print(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
