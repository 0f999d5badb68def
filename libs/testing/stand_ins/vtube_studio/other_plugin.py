"""Another plugin at the same VTube Studio, that holds a parameter."""

import asyncio
import contextlib
import json
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from libs.testing.stand_ins.vtube_studio.parameters import Plugin
from libs.testing.stand_ins.vtube_studio.wire import API_NAME, API_VERSION, Data

#: How often it says its values again.
HZ = 20


class OtherPlugin:
    """`async with` it: it is connected, and has set its values once when the block begins; until
    the end it says them again and again, so that they are its own."""

    def __init__(self, url: str, token: str, plugin: Plugin, values: dict[str, float]) -> None:
        self.values = values
        self.refused: list[int] = []
        """Error ids that it was told."""
        self._url = url
        self._token = token
        self._plugin = plugin
        self._connection: ClientConnection | None = None
        self._work: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._connection = await connect(self._url, compression=None)
        who = {
            "pluginName": self._plugin.name,
            "pluginDeveloper": self._plugin.developer,
            "authenticationToken": self._token,
        }
        await self._send("AuthenticationRequest", who)
        self._read(await self._connection.recv())
        await self._inject()
        self._read(await self._connection.recv())
        self._work = [
            asyncio.create_task(self._keep_injecting()),
            asyncio.create_task(self._keep_reading(self._connection)),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._connection is not None
        for work in self._work:
            work.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await self._connection.close()

    async def _keep_injecting(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(1 / HZ)
                await self._inject()

    async def _keep_reading(self, connection: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                self._read(await connection.recv())

    async def _inject(self) -> None:
        values = [{"id": name, "value": value} for name, value in self.values.items()]
        data = {"faceFound": False, "mode": "set", "parameterValues": values}
        await self._send("InjectParameterDataRequest", data)

    async def _send(self, kind: str, data: Data) -> None:
        assert self._connection is not None
        api = {"apiName": API_NAME, "apiVersion": API_VERSION}
        await self._connection.send(json.dumps({**api, "messageType": kind, "data": data}))

    def _read(self, raw: str | bytes) -> None:
        answer = json.loads(raw)
        if answer["messageType"] == "APIError":
            self.refused.append(answer["data"]["errorID"])
