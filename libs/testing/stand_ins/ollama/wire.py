"""How Ollama writes: Go's JSON, lines of a stream, descriptions of models.

After its public documentation (docs/api.md) and what its server does where that is silent.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

STAMP = "2026-08-01T12:00:00.123456789Z"
RUNNER_DIED = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or an internal"
    " error"
)
BUSY = "server busy, please try again.  maximum pending requests exceeded"
NO_MEMORY = "model requires more system memory (21.4 GiB) than is available (7.1 GiB)"


@dataclass(frozen=True)
class Model:
    name: str
    capabilities: tuple[str, ...] = ("completion", "tools")
    size: int = 2_019_393_189

    def described(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "model": self.name,
            "modified_at": STAMP,
            "size": self.size,
            "digest": hashlib.sha256(self.name.encode()).hexdigest(),
            "details": {
                "parent_model": "",
                "format": "gguf",
                "family": "llama",
                "families": ["llama"],
                "parameter_size": "3.2B",
                "quantization_level": "Q4_K_M",
            },
        }


def go_json(value: Any) -> bytes:
    """JSON as Go writes it: compact UTF-8 with <, > and & escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode()


def full_name(name: str) -> str:
    """The tag `latest` is implied."""
    return name if ":" in name.rsplit("/", 1)[-1] else f"{name}:latest"


def chat_line(model: str, message: dict[str, Any], **more: Any) -> bytes:
    """One line of a stream."""
    line = {
        "model": model,
        "created_at": STAMP,
        "message": {"role": "assistant", "content": "", **message},
        "done": False,
    }
    return go_json({**line, **more}) + b"\n"


def tool_calls(calls: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """The part of a message that asks for tools; calls have no ids here."""
    asked = [{"function": {"name": name, "arguments": given}} for name, given in calls]
    return {"tool_calls": asked}


def last_line(model: str, reason: str, prompt_tokens: int, tokens: int) -> bytes:
    counts = {"prompt_eval_count": prompt_tokens, "eval_count": max(1, tokens)}
    return chat_line(model, {}, done=True, done_reason=reason, total_duration=1_000_000, **counts)
