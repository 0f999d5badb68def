"""The server: `GET / /api/version /api/tags /api/ps`, `POST /api/show /api/chat /api/embed
/api/pull`.

Details that clients trip over are kept: Go's JSON escapes, errors inside a running stream with
status 200, `latest` implied, plain-text 404 for unknown paths, thinking unless told not to on
models that think and 400 on those that do not, loading by an empty chat, and writing that stops
when the client goes away.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from libs.testing.stand_ins.embedding_faults import STATUSES
from libs.testing.stand_ins.embeddings import DIMENSION
from libs.testing.stand_ins.http_wire import Connection, Request
from libs.testing.stand_ins.listener import HttpStandIn, SeenChat
from libs.testing.stand_ins.model_talk import Asked, AsksFor, reply_to, tokens_of
from libs.testing.stand_ins.ollama.faults import Kind, Met
from libs.testing.stand_ins.ollama.pulls import pull_lines
from libs.testing.stand_ins.ollama.wire import (
    BUSY,
    NO_MEMORY,
    RUNNER_DIED,
    Model,
    chat_line,
    full_name,
    go_json,
    last_line,
    tool_calls,
)

#: What is said with an error status instead of vectors.
ERRORS = {
    "404": "",
    "400": "this model does not support embeddings",
    "401": "unauthorized",
    "500": RUNNER_DIED,
    "503": BUSY,
}
_NDJSON = "application/x-ndjson"
_THOUGHT = "The viewer said something kind. The admin password is hunter2."


class OllamaStandIn(HttpStandIn):
    """`async with OllamaStandIn() as server:` listens on loopback at `server.url`.

    `faults` (names of `FAULTS`, `name[:arguments]`) are taken by the next chats; `#fault=name` in
    the last line of a user does the same. Models are names or `Model`s.
    """

    def __init__(
        self,
        models: Iterable[str | Model] = ("llama3.2:latest",),
        *,
        faults: Iterable[str] = (),
        script: Iterable[str | AsksFor] = (),
        seconds_to_first_token: float = 0.0,
        seconds_per_token: float = 0.0,
        seconds_to_load: float = 0.0,
        dimension: int = DIMENSION,
        port: int = 0,
    ) -> None:
        super().__init__(port)
        self.models = {m.name: m for m in (n if isinstance(n, Model) else Model(n) for n in models)}
        self.faults = deque(faults)
        self.script = deque(script)
        self.seconds_to_first_token = seconds_to_first_token
        self.seconds_per_token = seconds_per_token
        self.seconds_to_load = seconds_to_load
        self.dimension = dimension
        """Of the vectors that its models make."""
        self.loaded: set[str] = set()
        self.has_loaded = asyncio.Event()
        self.sent_at: list[tuple[str, float]] = []
        """Each token of the latest reply, and when it left (event loop's clock)."""
        self._failed_already: dict[str, int] = {}

    async def route(self, connection: Connection, request: Request) -> None:
        match request.method, request.path:
            case "GET", "/":
                await connection.answer(200, b"Ollama is running", "text/plain")
            case "GET", "/api/version":
                await _json(connection, {"version": "0.32.1"})
            case "GET", "/api/tags":
                await _json(connection, {"models": [m.described() for m in self.models.values()]})
            case "GET", "/api/ps":
                there = [self.models[name].described() for name in sorted(self.loaded)]
                await _json(connection, {"models": there})
            case "POST", "/api/show":
                await self._show(connection, request.body)
            case "POST", "/api/chat":
                await self._chat(connection, request.body)
            case "POST", "/api/embed":
                await self._embed(connection, request.body)
            case "POST", "/api/pull":
                await self._pull(connection, request.body)
            case _:
                await connection.answer(404, b"404 page not found", "text/plain")

    # Catalogue --------------------------------------------------------------------------------

    async def _show(self, connection: Connection, body: dict[str, Any]) -> None:
        model = self.models.get(full_name(str(body.get("model") or "")))
        if model is None:
            await _error(connection, 404, f"model '{body.get('model')}' not found")
            return
        told = model.described()
        shown = {key: told[key] for key in ("details", "modified_at")}
        await _json(
            connection, {**shown, "capabilities": list(model.capabilities), "model_info": {}}
        )

    async def _embed(self, connection: Connection, body: dict[str, Any]) -> None:
        """Empty texts get no vector, as with the real one."""
        given = body.get("input") or []
        texts = [text for text in ([given] if isinstance(given, str) else given) if text]
        met = self.next_embedding(texts)
        model = self.models.get(full_name(str(body.get("model") or "")))
        if met.name in ERRORS or model is None:
            status = STATUSES.get(met.name, 404)
            said = f"model '{body.get('model')}' not found" if status == 404 else ERRORS[met.name]
            await _error(connection, status, said)
        elif not await met.before(connection):
            vectors: Any = met.vectors(texts, self.dimension)
            self.loaded.add(model.name)
            told = {"embeddings": vectors if met.name != "garbage" else {"oops": 7}}
            counts = {"total_duration": 1_000_000, "prompt_eval_count": sum(map(len, texts)) // 4}
            await _json(connection, {"model": body.get("model"), **told, **counts})

    async def _pull(self, connection: Connection, body: dict[str, Any]) -> None:
        name = full_name(str(body.get("model") or ""))
        await connection.begin_stream(_NDJSON)
        for line in pull_lines(name):
            await connection.send(go_json(line) + b"\n")
            await asyncio.sleep(self.seconds_per_token)
            if line.get("status") == "success":
                self.models[name] = Model(name)
        await connection.end_stream()

    # Chat -------------------------------------------------------------------------------------

    async def _chat(self, connection: Connection, body: dict[str, Any]) -> None:
        messages = body.get("messages") or []
        if not messages:
            await self._load(connection, body)
            return
        met = self._next_fault(messages)
        seen = SeenChat(body, met.name)
        await self.saw(seen)
        refusal = self._refusal(body, met)
        if refusal is not None:
            seen.outcome = "error"
            await _error(connection, *refusal)
            return
        await self.while_listened_to(connection, seen, self._write(connection, body, met, seen))

    async def _load(self, connection: Connection, body: dict[str, Any]) -> None:
        name = full_name(str(body.get("model") or ""))
        if name not in self.models:
            await _error(connection, 404, f"model '{body.get('model')}' not found")
            return
        await asyncio.sleep(self.seconds_to_load)
        self.loaded.add(name)
        self.has_loaded.set()
        line = chat_line(name, {}, done=True, done_reason="load")
        await connection.answer(200, line, "application/json; charset=utf-8")

    def _next_fault(self, messages: Sequence[dict[str, Any]]) -> Met:
        marked = re.search(r"#fault=([\w-]+(?::[\w.,-]+)?)", _last_by("user", messages))
        if marked:
            return Met.parse(marked.group(1).rstrip(".,"))
        return Met.parse(self.faults.popleft() if self.faults else "")

    def _refusal(self, body: dict[str, Any], met: Met) -> tuple[int, str] | None:
        model = self.models.get(full_name(str(body.get("model"))))
        if met.name == "404" or model is None:
            return 404, f"model '{body.get('model')}' not found"
        if met.name == "503":
            return 503, BUSY
        if met.name == "load-fail":
            return 500, NO_MEMORY
        if met.name == "500" and self._fails_again(body, met):
            return 500, RUNNER_DIED
        thinks = "thinking" in model.capabilities
        if (body.get("think") and not thinks) or (met.name == "refuses-think" and "think" in body):
            return 400, f'"{body.get("model")}" does not support thinking'
        if body.get("tools") and "tools" not in model.capabilities:
            return 400, f"{model.name} does not support tools"
        return None

    def _fails_again(self, body: dict[str, Any], met: Met) -> bool:
        """So many times for one line; asked again, the server is well."""
        line = _last_by("user", body["messages"])
        self._failed_already[line] = self._failed_already.get(line, 0) + 1
        return self._failed_already[line] <= int(met.argument)

    async def _write(
        self, connection: Connection, body: dict[str, Any], met: Met, seen: SeenChat
    ) -> None:
        slow = met.name == "slow-first"
        await asyncio.sleep(met.seconds() if slow else self.seconds_to_first_token)
        model = full_name(str(body["model"]))
        self.loaded.add(model)
        self.sent_at.clear()
        await connection.begin_stream(_NDJSON)
        if "thinking" in self.models[model].capabilities and body.get("think") is not False:
            for token in tokens_of(_THOUGHT):
                await connection.send(chat_line(model, {"thinking": token}))
        limit = int((body.get("options") or {}).get("num_predict") or 0)
        reply = self._reply(body["messages"], met)
        tokens = tokens_of(reply.text if isinstance(reply, AsksFor) else reply, met.name)
        cut = bool(limit) and len(tokens) > limit
        async for token in self._paced(tokens[:limit] if cut else tokens, met):
            await connection.send(chat_line(model, {"content": token}))
            self.sent_at.append((token, asyncio.get_running_loop().time()))
            seen.tokens_sent += 1
        if isinstance(reply, AsksFor):
            await connection.send(chat_line(model, tool_calls(reply.calls)))
        if met.kind is Kind.TRANSPORT and met.name != "no-done":
            seen.outcome = "fault"
            await _break(connection, model, met.name)
            return
        if met.name != "no-done":
            prompt_tokens = sum(len(str(m.get("content"))) // 4 + 4 for m in body["messages"])
            reason = "length" if cut else "stop"
            await connection.send(last_line(model, reason, prompt_tokens, len(tokens)))
        seen.outcome = "fault" if met.name == "no-done" else "done"
        await connection.end_stream()

    def _reply(self, messages: Sequence[dict[str, Any]], met: Met) -> str | AsksFor:
        if self.script:
            return self.script.popleft()
        user, system = _last_by("user", messages), _last_by("system", messages)
        return reply_to(Asked(user, system, met.argument), met.name)

    async def _paced(self, tokens: Sequence[str], met: Met) -> AsyncIterator[str]:
        breaks = met.kind is Kind.TRANSPORT and met.name != "no-done"
        stops = met.name in ("stall", "gap")
        for number, token in enumerate(tokens):
            if (breaks or stops) and number == int(met.argument):
                if breaks:
                    return
                await asyncio.sleep(met.seconds())
            yield token
            await asyncio.sleep(self.seconds_per_token)


async def _break(connection: Connection, model: str, name: str) -> None:
    match name:
        case "stream-error":
            await connection.send(go_json({"error": RUNNER_DIED}) + b"\n")
            await connection.end_stream()
        case "bad-json":
            await connection.send(b'{"model":"x","message":{"role":"assistant","content":"oops\n')
            await connection.end_stream()
        case "half-line":
            await connection.send(chat_line(model, {"content": "Half"})[:40])
            await connection.close()
        case "reset":
            connection.reset()
        case _:
            await connection.close()


def _last_by(role: str, messages: Sequence[dict[str, Any]]) -> str:
    texts = [str(m.get("content") or "") for m in messages if m.get("role") == role]
    return texts[-1] if texts else ""


async def _json(connection: Connection, value: Any) -> None:
    await connection.answer(200, go_json(value), "application/json; charset=utf-8")


async def _error(connection: Connection, status: int, message: str) -> None:
    body = go_json({"error": message})
    await connection.answer(status, body, "application/json; charset=utf-8")
