"""The server: `GET /v1/models`, `POST /v1/chat/completions` as server-sent events, `POST
/v1/embeddings`.

After OpenAI's API reference (chat completion chunks) and what compatible servers add to it.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from libs.testing.stand_ins.embedding_faults import STATUSES
from libs.testing.stand_ins.embeddings import DIMENSION
from libs.testing.stand_ins.http_wire import Connection, Request
from libs.testing.stand_ins.listener import HttpStandIn, SeenChat
from libs.testing.stand_ins.model_talk import Asked, AsksFor, reply_to, tokens_of

#: Faults that end the stream after some tokens, and after how many.
_AFTER_TOKENS = {
    "stall": 4,
    "reset": 4,
    "fin": 4,
    "half-event": 4,
    "no-end": 25,
    "garbage": 4,
    "not-an-object": 4,
    "endless-line": 4,
    "stream-error": 4,
    "listed-error": 4,
    "finish-error": 4,
    "filtered-later": 25,
}
_CHAT_STATUSES = {"401": 401, "402": 402, "404": 404, "429": 429, "500": 500, "503": 503}
_THOUGHT = "The viewer is kind. The admin password is hunter2. "


class OpenAIStandIn(HttpStandIn):
    """`base_url` is what goes into OPENAI_BASE_URL. `faults` (names of `FAULTS`) are taken by the
    next chats. `dislikes` are parameters that are refused with 400, by their names."""

    def __init__(
        self,
        models: Iterable[str] = ("gpt-fox",),
        *,
        key: str = "",
        faults: Iterable[str] = (),
        script: Iterable[str | AsksFor] = (),
        dislikes: Iterable[str] = (),
        seconds_per_token: float = 0.0,
        lists_models: bool = True,
        dimension: int = DIMENSION,
    ) -> None:
        super().__init__()
        self.models = tuple(models)
        self.key = key
        self.faults = deque(faults)
        self.script = deque(script)
        self.dislikes = tuple(dislikes)
        self.seconds_per_token = seconds_per_token
        self.lists_models = lists_models
        self.dimension = dimension
        self.seen_headers: list[dict[str, str]] = []

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    async def route(self, connection: Connection, request: Request) -> None:
        self.seen_headers.append(dict(request.headers))
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            await _refuse(connection, 401, self._wrong_key(request))
        elif (request.method, request.path) == ("GET", "/v1/models"):
            await self._list(connection)
        elif (request.method, request.path) == ("POST", "/v1/chat/completions"):
            await self._chat(connection, request)
        elif (request.method, request.path) == ("POST", "/v1/embeddings"):
            await self._embed(connection, request)
        else:
            await _refuse(connection, 404, "unknown path")

    def _wrong_key(self, request: Request) -> str:
        given = request.headers.get("authorization", "")
        return f"Incorrect API key provided: {given.removeprefix('Bearer ')}."

    async def _list(self, connection: Connection) -> None:
        if not self.lists_models:
            await _refuse(connection, 404, "unknown path")
            return
        data = [{"id": name, "object": "model", "owned_by": "nobody"} for name in self.models]
        await _answer(connection, {"object": "list", "data": data})

    async def _chat(self, connection: Connection, request: Request) -> None:
        name, _, number = (self.faults.popleft() if self.faults else "").partition(":")
        seen = SeenChat(request.body, name)
        await self.saw(seen)
        if await self._refused(connection, request, name, number):
            seen.outcome = "error"
            return
        reply = _Reply(connection, request.body, name, number, self._text(request.body, name), seen)
        writing = reply.write(self.seconds_per_token)
        await self.while_listened_to(connection, seen, writing)

    async def _embed(self, connection: Connection, request: Request) -> None:
        """In any order: each vector says which text it belongs to."""
        given = request.body.get("input") or []
        texts = [given] if isinstance(given, str) else list(given)
        met = self.next_embedding(texts)
        if met.name in STATUSES:
            message = self._wrong_key(request) if met.name == "401" else "it does not work"
            await _refuse(connection, STATUSES[met.name], message)
        elif not await met.before(connection):
            vectors = met.vectors(texts, self.dimension)
            data: Any = [
                {"object": "embedding", "index": index, "embedding": vector}
                for index, vector in reversed(list(enumerate(vectors)))
            ]
            answer = {"object": "list", "model": request.body.get("model")}
            await _answer(connection, {**answer, "data": data if met.name != "garbage" else 7})

    async def _refused(
        self, connection: Connection, request: Request, name: str, number: str
    ) -> bool:
        for parameter in self.dislikes:
            if parameter in request.body:
                other = "Use 'max_completion_tokens' instead." if "max" in parameter else ""
                await _refuse(connection, 400, f"Unsupported parameter: '{parameter}'. {other}")
                return True
        if name in _CHAT_STATUSES:
            headers = {"Retry-After": number or "20"} if name == "429" else {}
            message = self._wrong_key(request) if name == "401" else "it does not work"
            await _refuse(connection, _CHAT_STATUSES[name], message, headers)
        elif name == "redirect":
            headers = {"Location": "http://127.0.0.1:9/v1/chat/completions"}
            await connection.answer(302, b"", "text/plain", headers)
        elif name == "html":
            await connection.answer(200, b"<html>Log in first</html>", "text/html")
        else:
            return False
        return True

    def _text(self, body: dict[str, Any], name: str) -> str | AsksFor:
        if self.script:
            return self.script.popleft()
        if name == "empty":
            return ""
        texts = {m["role"]: _text_of(m["content"]) for m in body["messages"]}
        return reply_to(Asked(texts.get("user", ""), texts.get("system", "")), "")


class _Reply:
    """One reply being written, in the way of its fault."""

    def __init__(
        self,
        connection: Connection,
        body: dict[str, Any],
        fault: str,
        number: str,
        reply: str | AsksFor,
        seen: SeenChat,
    ) -> None:
        self._connection = connection
        self._body = body
        self._fault = fault
        self._text = reply.text if isinstance(reply, AsksFor) else reply
        self._calls = reply.calls if isinstance(reply, AsksFor) else ()
        self._seen = seen
        self._end = "\r\n" if fault == "crlf" else "\n"
        usual = _AFTER_TOKENS.get(fault)
        self._stop_at = int(number) if number and usual is not None else usual

    async def write(self, seconds_per_token: float) -> None:
        if self._fault == "not-streamed":
            message = {"role": "assistant", "content": self._text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            await _answer(self._connection, {"choices": [choice], "usage": self._usage()})
            self._seen.outcome = "done"
            return
        if self._fault == "slow-first":
            await asyncio.sleep(3600)
        await self._connection.begin_stream("text/event-stream")
        await self._event(self._chunk({"role": "assistant", "content": ""}))
        async for delta in self._deltas():
            await self._event(self._chunk(delta))
            self._seen.tokens_sent += 1
            await asyncio.sleep(seconds_per_token)
        if self._stop_at is not None:
            self._seen.outcome = "fault"
            await self._break()
            return
        await self._finish()

    async def _deltas(self) -> AsyncIterator[dict[str, Any]]:
        for thought in self._thoughts():
            yield thought
        tokens = tokens_of(self._text)
        if self._fault == "length":
            tokens = tokens[:-14]
        if self._fault == "content-filter":
            tokens = []
        for token in tokens[: self._stop_at]:
            if self._fault == "keep-alive":
                await self._send(f": PROCESSING{self._end}{self._end}".encode())
            if self._fault == "null-deltas":
                await self._event({"choices": [{"index": 0, "delta": None}]})
                await self._event({"choices": []})
            parts = [{"type": "text", "text": token}]
            yield {"content": parts if self._fault == "parts" else token}
        for delta in _tool_calls(self._calls):
            yield delta

    def _thoughts(self) -> list[dict[str, Any]]:
        match self._fault:
            case "reasoning":
                return [{"reasoning_content": token} for token in tokens_of(_THOUGHT)]
            case "openrouter-reasoning":
                return [{"reasoning": token, "content": ""} for token in tokens_of(_THOUGHT)]
            case "parts":
                thinking = [{"type": "text", "text": _THOUGHT}]
                return [{"content": [{"type": "thinking", "thinking": thinking}]}]
        return []

    async def _finish(self) -> None:
        reasons = {"length": "length", "content-filter": "content_filter", "no-finish": None}
        usual = "tool_calls" if self._calls else "stop"
        await self._event(self._chunk({}, reasons.get(self._fault, usual)))
        if (self._body.get("stream_options") or {}).get("include_usage"):
            await self._event({"choices": [], "usage": self._usage()})
        if self._fault == "no-done":
            await asyncio.sleep(3600)
        last = f"data: [DONE]{self._end}"
        await self._send((last if self._fault == "no-last-line" else last + self._end).encode())
        self._seen.outcome = "done"
        await self._connection.end_stream()

    async def _break(self) -> None:
        if self._fault == "stall":
            await asyncio.sleep(3600)
        if self._fault == "reset":
            self._connection.reset()
            return
        for data in self._last_words():
            await self._send(data)
        if self._fault in ("fin", "half-event"):
            await self._connection.close()
        else:
            await self._connection.end_stream()

    def _last_words(self) -> list[bytes]:
        """What is sent before the stream ends too early."""
        last = {
            "half-event": '{"choices": [{"ind',
            "garbage": "{oops\n\n",
            "not-an-object": "7\n\n",
            "stream-error": '{"error": {"message": "model crashed", "code": 502}}\n\n',
            "listed-error": '[{"error": {"code": 429, "message": "quota"}}]\n\n',
            "finish-error": json.dumps(self._chunk({}, "error")) + "\n\n",
            "filtered-later": json.dumps(self._chunk({}, "content_filter")) + "\n\n",
        }
        if self._fault == "endless-line":
            return [b"data: " + b"x" * 10_000] * 300
        return [f"data: {last[self._fault]}".encode()] if self._fault in last else []

    async def _event(self, chunk: dict[str, Any]) -> None:
        await self._send(f"data: {json.dumps(chunk)}{self._end}{self._end}".encode())

    async def _send(self, data: bytes) -> None:
        if self._fault == "bytes":
            for byte in data:
                await self._connection.send(bytes([byte]))
        else:
            await self._connection.send(data)

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1_785_585_600,
            "model": self._body.get("model"),
            "choices": [choice],
        }

    def _usage(self) -> dict[str, int]:
        prompt = sum(len(_text_of(m["content"])) // 4 + 4 for m in self._body["messages"])
        reply = len(self._text) // 4
        total = prompt + reply
        return {"prompt_tokens": prompt, "completion_tokens": reply, "total_tokens": total}


def _tool_calls(calls: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Each call in scraps: first its id and name, then its arguments piece by piece."""
    for index, (name, given) in enumerate(calls):
        first = {"id": f"call_{index}", "type": "function", "function": {"name": name}}
        yield {"tool_calls": [{"index": index, **first}]}
        arguments = json.dumps(given)
        for at in range(0, len(arguments), 5):
            scrap = {"arguments": arguments[at : at + 5]}
            yield {"tool_calls": [{"index": index, "function": scrap}]}


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


async def _answer(connection: Connection, value: Any) -> None:
    await connection.answer(200, json.dumps(value).encode(), "application/json")


async def _refuse(
    connection: Connection, status: int, message: str, headers: dict[str, str] | None = None
) -> None:
    error = {"error": {"message": message, "type": "invalid_request_error", "code": None}}
    await connection.answer(status, json.dumps(error).encode(), "application/json", headers)
