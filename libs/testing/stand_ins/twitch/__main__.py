"""Runs the stand-in until it is stopped; its addresses are printed as one line of JSON."""

import argparse
import asyncio
import contextlib
import json

from libs.testing.stand_ins.twitch.server import TwitchStandIn


async def _serve(port: int) -> None:
    async with TwitchStandIn(port) as twitch:
        world = twitch.world
        client = {"client_id": world.client_id, "client_secret": world.client_secret}
        print(json.dumps({**twitch.urls, **client}), flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for Twitch, on loopback only.")
    parser.add_argument("--port", type=int, default=0)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
