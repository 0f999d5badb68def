"""Which exception of Ollama's client (version 0.6) means what."""

from collections.abc import Iterator
from contextlib import contextmanager

from apps.policy_worker.engines.errors import (
    ConnectionBroken,
    EngineBusy,
    EngineError,
    EngineFailed,
    EngineUnreachable,
    KeyRefused,
    ModelMissing,
    ReplyGarbled,
    ReplyStalled,
    RequestRefused,
)

#: The status the client gives an error that came inside a running stream.
_IN_STREAM = -1

_KINDS: dict[int, type[EngineError]] = {
    _IN_STREAM: EngineFailed,
    401: KeyRefused,
    403: KeyRefused,
    404: ModelMissing,
    429: EngineBusy,
    503: EngineBusy,
}


class ThinkingRefused(RequestRefused):
    """This model cannot be told whether to think."""


@contextmanager
def as_engine_errors() -> Iterator[None]:
    """The client's own `ResponseError` for an error status (at the first piece) and for an error
    inside the stream (status -1); builtin `ConnectionError` or httpx's for transport; JSON errors
    come through as they are."""
    from libs.worker.plain_httpx import httpx  # before ollama, which loads it

    import ollama  # isort: skip

    try:
        yield
    except ollama.ResponseError as error:
        raise _of_answer(error.status_code, str(error.error)) from None
    except (httpx.ConnectError, httpx.ConnectTimeout, ConnectionError):
        raise EngineUnreachable("no connection") from None
    except (httpx.ReadTimeout, httpx.PoolTimeout):
        raise ReplyStalled("read timeout") from None
    except httpx.HTTPError as error:
        raise ConnectionBroken(type(error).__name__) from None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        # broken JSON, or JSON that is no chat response: the client looks into it unseen
        raise ReplyGarbled(type(error).__name__) from None


def _of_answer(status: int, message: str) -> EngineError:
    if status == 400 and "think" in message:
        return ThinkingRefused("thinking")
    kind = _KINDS.get(status, EngineFailed if status >= 500 else RequestRefused)
    return kind(f"status {status}")
