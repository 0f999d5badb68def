"""An Ollama server without a model, for tests: the native API that a live reply needs, and faults.

Form after Ollama's public documentation (docs/api.md): `GET / /api/version /api/tags /api/ps`,
`POST /api/show /api/chat`. Details that clients trip over are kept: Go's JSON escapes, errors
inside a running stream with status 200, `latest` implied, plain-text 404 for unknown paths, 400
when a model cannot think, and writing that stops when the client goes away.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

from libs.testing.stand_ins.ollama_replies import reply_to, tokens_of
from libs.testing.stand_ins.ollama_wire import Connection, Request, go_json

_STAMP = "2026-08-01T12:00:00.123456789Z"
_RUNNER_DIED = "model runner has unexpectedly stopped, this may be due to resource limitations"
_BUSY = "server busy, please try again.  maximum pending requests exceeded"

#: Faults that break the transport after some tokens.
_BREAKS = ("reset", "fin", "half-line", "bad-json", "stream-error")


@dataclass
class SeenChat:
    """One chat request as the server saw it."""

    body: dict[str, Any]
    fault: str
    tokens_sent: int = 0
    outcome: str = "open"
    """open, done, fault, error or client-gone"""


@dataclass
class _Fault:
    """`name[:tokens]`: what goes wrong, and after how many tokens."""

    name: str = ""
    tokens: int = 8

    @classmethod
    def parse(cls, text: str) -> Self:
        name, _, tokens = text.partition(":")
        return cls(name, int(tokens)) if tokens else cls(name)


@dataclass
class OllamaStandIn:
    """`async with OllamaStandIn() as server:` listens on loopback at `server.url`.

    `faults` are taken one by one by the next chat requests: 404 500 503 refuses-think slow-first
    stall[:tokens] reset fin half-line bad-json stream-error no-done, and every name of
    `ollama_replies`. `script` holds exact replies for the next ones.
    """

    models: tuple[str, ...] = ("llama3.2:latest",)
    seconds_to_first_token: float = 0.0
    seconds_per_token: float = 0.0
    faults: deque[str] = field(default_factory=deque)
    script: deque[str] = field(default_factory=deque)
    chats: list[SeenChat] = field(default_factory=list)
    connections: int = 0
    """Clients that ever connected."""
    port: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.Task[None]] = field(default_factory=set)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def asked(self, count: int) -> None:
        """Waits until so many chats were asked for."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.chats) >= count)

    async def idle(self) -> None:
        """Waits until no chat is being answered."""
        async with self._changed:
            await self._changed.wait_for(lambda: all(c.outcome != "open" for c in self.chats))

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        connection = Connection(reader, writer)
        try:
            while (request := await connection.next_request()) is not None:
                await self._route(connection, request)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            with suppress(asyncio.CancelledError):
                await connection.close()

    async def _route(self, connection: Connection, request: Request) -> None:
        catalogue: dict[tuple[str, str], Any] = {
            ("GET", "/"): "Ollama is running",
            ("GET", "/api/version"): {"version": "0.32.1"},
            ("GET", "/api/tags"): {"models": [_described(name) for name in self.models]},
            ("GET", "/api/ps"): {"models": []},
        }
        known = catalogue.get((request.method, request.path))
        if known is not None:
            await connection.answer(200, known)
        elif request.path == "/api/show":
            await self._show(connection, request.body)
        elif request.path == "/api/chat":
            await self._chat(connection, request.body)
        else:
            await connection.answer(404, "404 page not found")

    async def _show(self, connection: Connection, body: dict[str, Any]) -> None:
        name = _full(str(body.get("model") or ""))
        if name not in self.models:
            await connection.answer(404, {"error": f"model '{body.get('model')}' not found"})
            return
        details = _described(name)["details"]
        body = {"details": details, "capabilities": ["completion"], "model_info": {}}
        await connection.answer(200, {**body, "modified_at": _STAMP})

    # Chat -------------------------------------------------------------------------------------

    async def _chat(self, connection: Connection, body: dict[str, Any]) -> None:
        fault = _Fault.parse(self.faults.popleft() if self.faults else "")
        seen = SeenChat(body, fault.name)
        self.chats.append(seen)
        async with self._changed:
            self._changed.notify_all()
        refusal = self._refusal(body, fault)
        if refusal is not None:
            seen.outcome = "error"
            await connection.answer(refusal[0], {"error": refusal[1]})
            return
        writing = asyncio.create_task(self._write(connection, body, fault, seen))
        watching = asyncio.create_task(connection.gone())
        try:
            await asyncio.wait({writing, watching}, return_when=asyncio.FIRST_COMPLETED)
            if not writing.done():
                seen.outcome = "client-gone"
                raise ConnectionResetError("the client has gone")
            await writing
        except ConnectionError:
            seen.outcome = "client-gone" if seen.outcome == "open" else seen.outcome
            raise
        finally:
            for task in (writing, watching):
                task.cancel()
            await asyncio.gather(writing, watching, return_exceptions=True)
            async with self._changed:
                self._changed.notify_all()

    def _refusal(self, body: dict[str, Any], fault: _Fault) -> tuple[int, str] | None:
        model = str(body.get("model"))
        if fault.name == "404" or _full(model) not in self.models:
            return 404, f"model '{model}' not found"
        if fault.name in ("500", "503"):
            return int(fault.name), _RUNNER_DIED if fault.name == "500" else _BUSY
        if body.get("think") or (fault.name == "refuses-think" and "think" in body):
            return 400, f'"{model}" does not support thinking'
        return None

    async def _write(
        self, connection: Connection, body: dict[str, Any], fault: _Fault, seen: SeenChat
    ) -> None:
        await asyncio.sleep(3600 if fault.name == "slow-first" else self.seconds_to_first_token)
        model = str(body["model"])
        await connection.begin_stream()
        limit = int((body.get("options") or {}).get("num_predict") or 0)
        tokens = tokens_of(self._reply(body.get("messages") or [], fault))
        cut = bool(limit) and len(tokens) > limit
        async for token in self._paced(tokens[:limit] if cut else tokens, fault):
            await connection.send(_line(model, token))
            seen.tokens_sent += 1
        if fault.name in _BREAKS:
            seen.outcome = "fault"
            await self._break(connection, model, fault.name)
            return
        if fault.name != "no-done":
            await connection.send(_line(model, "", "length" if cut else "stop"))
        seen.outcome = "fault" if fault.name == "no-done" else "done"
        await connection.end_stream()

    def _reply(self, messages: Sequence[dict[str, Any]], fault: _Fault) -> str:
        if self.script:
            return self.script.popleft()

        def said_by(role: str) -> str:
            texts = [str(m.get("content") or "") for m in messages if m.get("role") == role]
            return texts[-1] if texts else ""

        return reply_to(said_by("user"), said_by("system"), fault.name)

    async def _paced(self, tokens: Sequence[str], fault: _Fault) -> AsyncIterator[str]:
        for number, token in enumerate(tokens):
            if number == fault.tokens and fault.name in _BREAKS:
                return
            if number == fault.tokens and fault.name == "stall":
                await asyncio.sleep(3600)
            yield token
            await asyncio.sleep(self.seconds_per_token)

    async def _break(self, connection: Connection, model: str, name: str) -> None:
        if name == "stream-error":
            await connection.send(go_json({"error": _RUNNER_DIED}) + b"\n")
            await connection.end_stream()
        elif name == "bad-json":
            await connection.send(b'{"model":"x","message":{"role":"assistant","content":"oops\n')
            await connection.end_stream()
        elif name == "half-line":
            await connection.send(_line(model, "Half")[:40])
            await connection.close()
        elif name == "reset":
            connection.reset()
        else:
            await connection.close()


def _line(model: str, token: str, done_reason: str = "") -> bytes:
    line: dict[str, Any] = {
        "model": model,
        "created_at": _STAMP,
        "message": {"role": "assistant", "content": token},
        "done": bool(done_reason),
    }
    if done_reason:
        line |= {"done_reason": done_reason, "total_duration": 1_000_000, "eval_count": 1}
    return go_json(line) + b"\n"


def _full(name: str) -> str:
    return name if ":" in name.rsplit("/", 1)[-1] else f"{name}:latest"


def _described(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "model": name,
        "modified_at": _STAMP,
        "size": 2_019_393_189,
        "digest": hashlib.sha256(name.encode()).hexdigest(),
        "details": {
            "parent_model": "",
            "format": "gguf",
            "family": "llama",
            "families": ["llama"],
            "parameter_size": "3.2B",
            "quantization_level": "Q4_K_M",
        },
    }
