"""What a tool gave back, as a model may read it: short, without secrets, judged, quoted."""

import json
from typing import TYPE_CHECKING

from apps.policy_worker.engines.prompt import as_data
from apps.policy_worker.tools.errors import ToolFailed, ToolUnusable
from libs.contracts.safety import GateAction
from libs.safety import Gate, clean_chat
from libs.telemetry.redaction import Redactor

if TYPE_CHECKING:
    from mcp.types import CallToolResult

#: A spoken reply needs little; the gate reads no more than 2,000 characters.
MAXIMUM_RESULT_CHARACTERS = 1_500
#: Of a text so much is looked at for secrets: one must not be cut in two.
_READ_CHARACTERS = 4 * MAXIMUM_RESULT_CHARACTERS

#: What a model is told instead of a result. Like a tag, which nobody reads out: a model that only
#: repeats it says nothing.
NOT_AVAILABLE = "<not available>"
NOTHING_USABLE = "<the tool gave nothing usable>"
DO_NOT_FIT = "<the arguments do not fit>"


def usable_text(result: "CallToolResult", gate: Gate, redact: Redactor) -> str:
    """The words of a result. Raises `ToolFailed` where it is an error, `ToolUnusable` where there
    are none or the gate stops them."""
    if result.is_error:
        raise ToolFailed("the tool says so")
    clean = clean_chat(_words_of(result), _READ_CHARACTERS)  # what is invisible hides no secret
    text = redact(clean)[:MAXIMUM_RESULT_CHARACTERS].strip()
    if not text:
        raise ToolUnusable("empty")
    if gate.check(text, "input").action is GateAction.BLOCK:
        raise ToolUnusable("blocked")
    return text


def quoted(text: str) -> str:
    """Between quotation marks, and nothing beside it that would be odd to hear."""
    return as_data(text)


def _words_of(result: "CallToolResult") -> str:
    """Text only: pictures, sounds and files are for other programs."""
    parts, room = list[str](), _READ_CHARACTERS
    for block in result.content:
        text = getattr(block, "text", None) if block.type == "text" else None
        if isinstance(text, str) and room > 0:
            parts.append(text[:room])
            room -= len(text)
    if not parts and result.structured_content is not None:
        parts.append(json.dumps(result.structured_content, ensure_ascii=False)[:_READ_CHARACTERS])
    return "\n".join(parts)
