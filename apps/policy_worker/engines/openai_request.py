"""The body of an OpenAI-style chat request, and how it gives way to servers that want another."""

import base64
import json
from typing import Any

from apps.policy_worker.engines.prompt import Message, Prompt

#: What a server may do without; it is left out when the server says that it does not know it.
_OPTIONAL = ("stream_options", "temperature", "response_format", "tools")


class RequestForm:
    """How one server wants to be asked.

    Begins with the form most of them take. `give_way` reads a refusal and changes the form; it is
    remembered, so that a server is not offended twice.
    """

    def __init__(self, model: str) -> None:
        self.model = model
        self._left_out: set[str] = set()
        self._limit = "max_tokens"
        self._limit_changed = False

    def body(self, prompt: Prompt) -> dict[str, Any]:
        found: dict[str, Any] = {
            "model": self.model,
            "messages": [_wire_message(message) for message in prompt.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": prompt.temperature,
            self._limit: prompt.maximum_tokens,
        }
        if prompt.json_schema is not None:
            schema = {"name": "answer", "strict": True, "schema": prompt.json_schema}
            found["response_format"] = {"type": "json_schema", "json_schema": schema}
        if prompt.tools:
            found["tools"] = [tool.as_json() for tool in prompt.tools]
        return {name: value for name, value in found.items() if name not in self._left_out}

    def give_way(self, refusal: str) -> bool:
        """True when the same request may be taken in its new form."""
        if "max_completion_tokens" in refusal and not self._limit_changed:
            self._limit, self._limit_changed = "max_completion_tokens", True
            return True
        for name in _OPTIONAL:
            if name in refusal and name not in self._left_out:
                self._left_out.add(name)
                return True
        return False


def _wire_message(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.pictures:
        text = {"type": "text", "text": message.text}
        pictures = [
            {"type": "image_url", "image_url": {"url": _data_url(picture.media_type, picture.data)}}
            for picture in message.pictures
        ]
        found["content"] = [text, *pictures]
    if message.tool_calls:
        found["tool_calls"] = [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(dict(call.arguments))},
            }
            for call in message.tool_calls
        ]
    if message.role == "tool":
        found["tool_call_id"] = message.call_id
    return found


def _data_url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
