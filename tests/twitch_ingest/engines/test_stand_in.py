"""The stand-in itself: the real client library's own socket lives with it, and it runs alone."""

import asyncio
import json
import sys

import aiohttp
import pytest
import twitchio
from twitchio import eventsub
from twitchio.eventsub import websockets
from twitchio.http import Route

from libs.testing.stand_ins.twitch import TwitchStandIn


class _Client(twitchio.Client):
    def __init__(self, twitch: TwitchStandIn) -> None:
        super().__init__(client_id=twitch.world.client_id, client_secret=twitch.world.client_secret)
        self.lines: list[str] = []
        self.heard = asyncio.Event()

    async def event_message(self, payload: twitchio.ChatMessage) -> None:
        self.lines.append(f"{payload.chatter.name}: {payload.text}")
        self.heard.set()


async def test_twitchios_own_client_signs_in_listens_and_sends(
    twitch: TwitchStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Route, "BASE", f"{twitch.helix_url}/")
    monkeypatch.setattr(Route, "ID_BASE", f"{twitch.id_url}/")
    monkeypatch.setattr(websockets, "WSS", twitch.eventsub_url)
    host, ann = twitch.user("kitsu_live"), twitch.user("ann")
    token = twitch.world.make_token(host, ["user:read:chat", "user:write:chat"], public=False)
    client = _Client(twitch)
    try:
        await client.add_token(token.access, token.refresh or "")
        client._http._app_token = "none"  # without one, twitchio takes nobody's token
        topic = eventsub.ChatMessageSubscription(broadcaster_user_id=host.id, user_id=host.id)
        await client.subscribe_websocket(topic, token_for=host.id)
        await twitch.channel.say(host, ann, "hello", roles=["vip"])
        await asyncio.wait_for(client.heard.wait(), 5)
        user = client.create_partialuser(host.id)
        await user.send_message("hi ann", sender=host.id, token_for=host.id)
    finally:
        await client.close()
    assert client.lines[0] == "ann: hello"
    assert twitch.helix.sent[0].text == "hi ann"


async def test_it_runs_as_a_process_and_is_steered_over_http() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "libs.testing.stand_ins.twitch", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        urls = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
        async with aiohttp.ClientSession() as http:

            async def act(action: str, **body: object) -> tuple[int, object]:
                address = f"{urls['id']}/_stand-in/{action}"
                async with http.post(address, json=body) as answer:
                    return answer.status, await answer.json()

            assert (await act("token", login="kitsu_live", scopes=["user:read:chat"]))[0] == 200
            assert (await act("say", channel="kitsu_live", chatter="ann", text="hi"))[0] == 200
            gift = {"channel": "kitsu_live", "user": None, "recipients": ["ann", "bob"]}
            assert (await act("gift", **gift))[0] == 200
            for action in ("drop", "silent", "reconnect", "expire", "no_welcome", "refuse"):
                assert (await act(action))[0] == 200
            assert (await act("say", chatter="ann"))[0] == 422
            assert (await act("nonsense"))[0] == 404
            flood = {"channel": "kitsu_live", "lines_per_second": 10, "seconds": 0.1}
            assert (await act("flood", **flood))[0] == 200
            async with http.get(f"{urls['id']}/_stand-in/state") as answer:
                state = await answer.json()
        assert {user["login"] for user in state["users"]} == {"kitsu_live", "ann", "bob"}
    finally:
        process.terminate()
        await process.wait()
