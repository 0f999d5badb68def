"""How a tool may fail. The code is told to people and programs; nothing of it is ever voiced."""

from typing import ClassVar


class ToolError(Exception):
    """A call gave nothing. A message never holds what another program wrote."""

    code: ClassVar[str] = "tool_failed"
    mend: ClassVar[str] = "see the log of the brain"


class ToolFailed(ToolError):
    """The tool, or the way to it, answered with an error."""


class ToolTimedOut(ToolError):
    code = "tool_timeout"
    mend = "raise its timeout_seconds in configs/tools.yaml, or use a faster one"


class ToolGone(ToolError):
    """Its server is not there now."""

    code = "tool_gone"
    mend = "its server is started again by itself; see the log of the brain for why it went"


class ToolNotAllowed(ToolError):
    """The model asked for something it was not offered."""

    code = "tool_not_allowed"
    mend = "nothing was called; add it to allow in configs/tools.yaml if she may use it"


class ToolArgumentsRefused(ToolError):
    """What the model wrote does not fit the tool."""

    code = "tool_arguments"
    mend = "nothing was called; a larger model may know better"


class ToolTooLate(ToolError):
    """The turn has no time or no calls left."""

    code = "tool_late"
    mend = "use faster tools, or raise maximum_calls in configs/tools.yaml"


class ToolUnusable(ToolError):
    """It answered, but with nothing that a model may be given."""

    code = "tool_unusable"
    mend = "its answer was empty, or the gate stopped it"
