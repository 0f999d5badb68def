"""How an engine may fail. The code is told to people and programs; nothing of it is ever voiced."""

from typing import ClassVar

from libs.contracts.health import ErrorCategory


class EngineError(Exception):
    """An engine gave no (or no whole) reply.

    `code` goes with the reply and into status; `mend` tells people what to do; `again` says whether
    the same engine may do better at once. A message never holds what a server wrote: that could be
    a key or a line of chat.
    """

    code: ClassVar[str] = "engine_error"
    mend: ClassVar[str] = "see the log of the brain"
    category: ClassVar[ErrorCategory] = ErrorCategory.ENGINE
    again: ClassVar[bool] = False
    gone: ClassVar[bool] = False
    """Not asked any more until a probe finds it well again."""

    def __init__(self, message: str = "", pause_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.pause_seconds = pause_seconds
        """The engine asked to be left alone for so long."""


class EngineUnreachable(EngineError):
    code = "unreachable"
    mend = "start it, or check its address"
    category = ErrorCategory.NETWORK
    gone = True


class ModelMissing(EngineError):
    code = "model_missing"
    mend = "pull the model, or name one that is there"
    category = ErrorCategory.MISSING
    gone = True


class KeyRefused(EngineError):
    code = "key_refused"
    mend = "check its key in .env"
    category = ErrorCategory.CONFIGURATION
    gone = True


class CreditUsedUp(EngineError):
    code = "no_credit"
    mend = "top up the account with the provider"
    category = ErrorCategory.REFUSED
    gone = True


class EngineBusy(EngineError):
    code = "busy"
    mend = "wait, or use a smaller model"
    category = ErrorCategory.OVERLOAD
    again = True


class EngineFailed(EngineError):
    """The engine answered with an error of its own."""

    code = "engine_failed"
    mend = "see the server's own log; restart it if this goes on"
    again = True


class RequestRefused(EngineError):
    code = "refused"
    mend = "the model may not take such requests: try another one"
    category = ErrorCategory.REFUSED


class ContentFiltered(EngineError):
    """The provider's own filter stopped the reply."""

    code = "content_filter"
    mend = "the provider did not like the subject"
    category = ErrorCategory.REFUSED


class NoFirstToken(EngineError):
    code = "slow_first_token"
    mend = "use a smaller model, or raise POLICY_FIRST_TOKEN_SECONDS"
    category = ErrorCategory.TIMEOUT


class ThinksTooLong(EngineError):
    """Tokens came in time, but none of them was to be said."""

    code = "thinks_too_long"
    mend = "use a model that does not think, or raise POLICY_FIRST_TOKEN_SECONDS"
    category = ErrorCategory.TIMEOUT


class ReplyStalled(EngineError):
    code = "stalled"
    mend = "the server is overloaded: use a smaller model"
    category = ErrorCategory.TIMEOUT


class ConnectionBroken(EngineError):
    code = "connection_broken"
    mend = "check the server and the network"
    category = ErrorCategory.NETWORK
    again = True


class ReplyGarbled(EngineError):
    code = "garbled"
    mend = "check that the address is the one of the model's API"
    again = True


class ReplyCutOff(EngineError):
    """The stream ended without saying that the reply is whole."""

    code = "cut_off"
    mend = "see the server's own log"
    again = True


class ReplyEmpty(EngineError):
    """There was nothing in it that could be said."""

    code = "empty"
    mend = "try another model"
    again = True


class ReplyRepeated(EngineError):
    """She had said all of it just before."""

    code = "repeats_itself"
    mend = "try another model, or more chaos"
    again = True


class OtherLanguage(EngineError):
    """All of it was in a language that this persona does not speak."""

    code = "other_language"
    mend = "use a model that knows the persona's language, or add `also_speaks` to the persona"
    again = True
