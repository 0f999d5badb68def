"""What the chunks of an OpenAI-style chat stream say, in all the dialects we know.

After OpenAI's API reference ("Streaming", chat completion chunks), and what others add to it:
`reasoning_content` (DeepSeek, vLLM, llama.cpp), `reasoning` (OpenRouter, Ollama), content in parts
with `thinking` among them (Mistral), an `error` inside a running stream (OpenRouter, vLLM), and a
usage chunk without choices.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from apps.policy_worker.engines.base import Piece, Thought, ToolCall, Truncated, Usage
from apps.policy_worker.engines.errors import (
    ContentFiltered,
    CreditUsedUp,
    EngineBusy,
    EngineError,
    EngineFailed,
    KeyRefused,
    ModelMissing,
    ReplyGarbled,
    RequestRefused,
)

_KINDS: dict[int, type[EngineError]] = {
    401: KeyRefused,
    402: CreditUsedUp,
    403: KeyRefused,
    404: ModelMissing,
    408: EngineBusy,
    429: EngineBusy,
    503: EngineBusy,
    529: EngineBusy,
}

#: Longest arguments of one tool call.
MAXIMUM_ARGUMENT_CHARACTERS = 20_000


def error_of(status: int, pause_seconds: float = 0.0) -> EngineError:
    """What an HTTP status means. A redirect counts as refused: the key is not sent elsewhere."""
    kind = _KINDS.get(status, EngineFailed if status >= 500 else RequestRefused)
    return kind(f"status {status}", pause_seconds)


class ChunkReader:
    """Reads the data of events, one by one.

    `whole` is set when the stream said that the reply is over. Tool calls come in scraps, which are
    put together and given by `finish`.
    """

    def __init__(self) -> None:
        self.whole = False
        self.done = False
        """`[DONE]` came: nothing follows."""
        self._calls: dict[int, dict[str, str]] = {}

    def read(self, data: str) -> Iterator[Piece]:
        """The pieces in one event. Raises `EngineError`."""
        if data.strip() == "[DONE]":
            self.whole = self.done = True
            return
        chunk = _document(data)
        if "error" in chunk:
            raise _of_error(chunk["error"])
        usage = chunk.get("usage")
        if isinstance(usage, Mapping):
            prompt, reply = usage.get("prompt_tokens"), usage.get("completion_tokens")
            yield Usage(_count(prompt), _count(reply))
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if isinstance(choice, Mapping):
            delta = choice.get("delta") or choice.get("message")
            if isinstance(delta, Mapping):
                yield from self._delta(delta)
            yield from self._end(choice.get("finish_reason"))

    def finish(self) -> Iterator[Piece]:
        for call in self._calls.values():
            try:
                arguments = json.loads(call["arguments"] or "{}")
            except ValueError:
                raise ReplyGarbled("a tool call that is not JSON") from None
            if not isinstance(arguments, dict):
                raise ReplyGarbled("a tool call that is not an object")
            yield ToolCall(call["id"], call["name"], arguments)

    def _delta(self, delta: Mapping[str, Any]) -> Iterator[Piece]:
        for name in ("reasoning_content", "reasoning"):
            if isinstance(thought := delta.get(name), str) and thought:
                yield Thought(thought)
                break
        content = delta.get("content")
        if isinstance(content, str) and content:
            yield content
        elif isinstance(content, list):
            yield from _parts(content)
        calls = delta.get("tool_calls")
        for scrap in calls if isinstance(calls, list) else ():
            self._add_call(scrap)

    def _add_call(self, scrap: Any) -> None:
        function = scrap.get("function") if isinstance(scrap, Mapping) else None
        if not isinstance(function, Mapping):
            return
        number = scrap.get("index")
        call = self._calls.setdefault(
            number if isinstance(number, int) else len(self._calls),
            {"id": "", "name": "", "arguments": ""},
        )
        call["id"] = call["id"] or str(scrap.get("id") or "")[:200]
        call["name"] = call["name"] or str(function.get("name") or "")[:200]
        call["arguments"] += str(function.get("arguments") or "")
        if len(call["arguments"]) > MAXIMUM_ARGUMENT_CHARACTERS or len(self._calls) > 16:
            raise ReplyGarbled("a tool call without end")

    def _end(self, reason: Any) -> Iterator[Piece]:
        if reason == "content_filter":
            raise ContentFiltered("content_filter")
        if reason == "error":
            raise EngineFailed("finish_reason error")
        if reason == "length":
            yield Truncated()
        if isinstance(reason, str) and reason:
            self.whole = True


def _document(data: str) -> dict[str, Any]:
    try:
        chunk = json.loads(data)
    except (ValueError, RecursionError):
        raise ReplyGarbled("an event that is not JSON") from None
    if isinstance(chunk, list) and chunk:  # Gemini wraps errors in a list
        chunk = chunk[0]
    if not isinstance(chunk, dict):
        raise ReplyGarbled("an event that is no object")
    return chunk


def _of_error(error: Any) -> EngineError:
    code = error.get("code") if isinstance(error, Mapping) else None
    status = int(code) if isinstance(code, int) or (isinstance(code, str) and code.isdigit()) else 0
    return error_of(status) if 400 <= status < 600 else EngineFailed("an error inside the stream")


def _parts(content: list[Any]) -> Iterator[Piece]:
    for part in content:
        if not isinstance(part, Mapping):
            continue
        if part.get("type") == "text" and isinstance(text := part.get("text"), str) and text:
            yield text
        elif part.get("type") == "thinking":
            yield Thought(str(part.get("thinking"))[:2_000])


def _count(number: Any) -> int:
    return number if isinstance(number, int) and number > 0 else 0
