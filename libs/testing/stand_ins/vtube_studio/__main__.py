"""Runs the stand-in until it is stopped; its address is printed as one line of JSON."""

import argparse
import asyncio
import contextlib
import json

from libs.testing.stand_ins.vtube_studio import gallery
from libs.testing.stand_ins.vtube_studio.server import VTubeStudioStandIn

MODELS = {
    "akari": gallery.akari,
    "blinking": lambda: gallery.akari(blinks_every_seconds=4.0, breathes=True),
    "vowels": gallery.with_vowels,
    "masked": gallery.without_mouth,
    "odd": gallery.odd_names,
    "wardrobe": gallery.many_hotkeys,
    "bare": gallery.bare,
}


async def _serve(options: argparse.Namespace) -> None:
    models = [MODELS[options.model](), gallery.hijiki()]
    async with VTubeStudioStandIn(
        options.port, models=models, broadcast_port=options.broadcast_port
    ) as vts:
        vts.answers.frame_hz = options.frame_hz
        vts.studio.popup.answer = options.popup
        vts.studio.popup.thinks_seconds = 1.0
        print(json.dumps({"url": vts.url, "instance_id": vts.instance_id}), flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for VTube Studio, on loopback only.")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--broadcast-port", type=int, default=None)
    parser.add_argument("--frame-hz", type=float, default=60.0)
    parser.add_argument("--popup", choices=("allow", "deny", "wait"), default="allow")
    parser.add_argument("--model", choices=sorted(MODELS), default="akari")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
