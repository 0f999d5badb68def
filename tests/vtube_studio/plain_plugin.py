"""A plugin that knows nothing but websockets and JSON."""

import asyncio
import itertools
import json
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect

from libs.testing.stand_ins.vtube_studio import VTubeStudioStandIn

Data = dict[str, Any]


class Refused(Exception):
    def __init__(self, error_id: int) -> None:
        super().__init__(f"error {error_id}")
        self.error_id = error_id


class PlainPlugin:
    """`async with` it: connected, and signed in unless told otherwise. Events are in `events`."""

    def __init__(
        self, vts: VTubeStudioStandIn, name: str = "Plain plugin", *, sign_in: bool = True
    ) -> None:
        self.token = ""
        self.events: list[tuple[str, Data]] = []
        self.order: list[int] = []
        """Numbers of requests in the order of their answers."""
        self._numbers = itertools.count()
        self._vts = vts
        self._who = {"pluginName": name, "pluginDeveloper": "Tests"}
        self._sign_in = sign_in
        self._waiting: dict[str, asyncio.Future[Data]] = {}
        self._reader: asyncio.Task[None] | None = None
        self.connection: ClientConnection

    async def __aenter__(self) -> Self:
        self.connection = await connect(self._vts.url)
        self._reader = asyncio.create_task(self._read())
        if self._sign_in:
            await self.sign_in()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._reader is not None
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self.connection.close()

    async def sign_in(self) -> None:
        got = await self.ask("AuthenticationTokenRequest", self._who)
        self.token = got["authenticationToken"]
        assert await self.authenticate(self.token)

    async def authenticate(self, token: str) -> bool:
        got = await self.ask("AuthenticationRequest", {**self._who, "authenticationToken": token})
        return bool(got["authenticated"])

    async def subscribe(self, event: str, **config: Any) -> None:
        data = {"eventName": event, "subscribe": True, "config": config}
        await self.ask("EventSubscriptionRequest", data)

    async def inject(self, mode: str = "set", weight: float | None = None, **values: float) -> None:
        more = {} if weight is None else {"weight": weight}
        listed = [{"id": name, "value": value, **more} for name, value in values.items()]
        data = {"mode": mode, "faceFound": True, "parameterValues": listed}
        await self.ask("InjectParameterDataRequest", data)

    async def ask(self, kind: str, data: Data | None = None) -> Data:
        """Raises `Refused`."""
        answer = await self.send(kind, data)
        if answer["messageType"] == "APIError":
            raise Refused(answer["data"]["errorID"])
        assert answer["messageType"] == kind.removesuffix("Request") + "Response"
        return dict(answer["data"])

    async def error(self, kind: str, data: Data | None = None) -> int:
        """The id of the error that it gets; 0 where it gets none."""
        try:
            await self.ask(kind, data)
        except Refused as refused:
            return refused.error_id
        return 0

    async def send(self, kind: str, data: Data | None = None) -> Data:
        """The whole answer."""
        request_id = str(next(self._numbers))
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = waiting
        api = {"apiName": "VTubeStudioPublicAPI", "apiVersion": "1.0"}
        request = {**api, "requestID": request_id, "messageType": kind, "data": data}
        await self.connection.send(json.dumps(request))
        async with asyncio.timeout(5):
            return dict(await waiting)

    async def event(self, kind: str, count: int = 1) -> Data:
        """The one of that number, as soon as it is there."""
        async with asyncio.timeout(5):
            while len(found := self._told(kind)) < count:  # noqa: ASYNC110 - it is read elsewhere
                await asyncio.sleep(0.002)
        return found[count - 1]

    def _told(self, kind: str) -> list[Data]:
        return [data for name, data in self.events if name == kind]

    async def _read(self) -> None:
        async for raw in self.connection:
            message = json.loads(raw)
            waiting = self._waiting.pop(message["requestID"], None)
            if waiting is not None:
                self.order.append(int(message["requestID"]))
                waiting.set_result(message)
            else:
                self.events.append((message["messageType"], message["data"]))
