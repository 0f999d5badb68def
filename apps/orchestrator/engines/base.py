"""What an engine that turns texts into vectors must do."""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

#: float32; one row a text.
Vectors = np.ndarray[Any, np.dtype[np.float32]]

#: More numbers a text than any model in use makes.
MAXIMUM_DIMENSION = 8_192


class EmbeddingError(Exception):
    """An engine gave no vectors. `code` is for programs, `mend` tells people what to do; a message
    never holds what a server wrote."""

    code: ClassVar[str] = "embedding_failed"
    mend: ClassVar[str] = "see the server's own log"


class Unreachable(EmbeddingError):
    code = "unreachable"
    mend = "start it, or check its address"


class ModelMissing(EmbeddingError):
    code = "model_missing"
    mend = "pull the model, or name one that is there in EMBEDDING_MODEL_NAME"


class KeyRefused(EmbeddingError):
    code = "key_refused"
    mend = "check OPENAI_API_KEY"


class Refused(EmbeddingError):
    """The server is there and does not want to."""

    code = "refused"
    mend = "name a model that makes embeddings in EMBEDDING_MODEL_NAME"


class Busy(EmbeddingError):
    code = "busy"
    mend = "wait, or use a smaller model"


class Failed(EmbeddingError):
    code = "engine_failed"


class TooSlow(EmbeddingError):
    code = "too_slow"
    mend = "use a smaller model, or raise EMBEDDING_DEADLINE_MS"


class Garbled(EmbeddingError):
    """What came are not the vectors of these texts."""

    code = "garbled"
    mend = "check that the address is the one of the model's API"


#: What an error status means.
OF_STATUS: dict[int, type[EmbeddingError]] = {
    401: KeyRefused,
    403: KeyRefused,
    404: ModelMissing,
    429: Busy,
    503: Busy,
}


def error_of(status: int) -> EmbeddingError:
    kind = OF_STATUS.get(status, Failed if status >= 500 else Refused)
    return kind(f"status {status}")


class EmbeddingEngine(Protocol):
    """`label` is what people see. Vectors of two models, by `model`, are not comparable.

    `embed` gives one vector of length one for each text (none of which is empty) or raises an
    `EmbeddingError`; cancelling it closes its connection. How long one waits is the caller's
    business.
    """

    name: str
    label: str
    model: str

    async def embed(self, texts: Sequence[str]) -> Vectors: ...

    async def stop(self) -> None: ...


def unit_vectors(raw: object, count: int) -> Vectors:
    """What a server sent as `count` vectors of one length, each made one long.

    Raises `Garbled` where that is something else: another number, words, NaN, nothing but zeros.
    """
    try:
        found = np.array(raw, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        raise Garbled("not vectors of one length") from None
    if found.ndim != 2 or len(found) != count or not 1 <= found.shape[1] <= MAXIMUM_DIMENSION:
        raise Garbled("not one vector a text")
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.sqrt(np.sum(found**2, axis=1))
    if not np.all(np.isfinite(lengths)) or not np.all(lengths > 0):
        raise Garbled("not numbers, or nothing but zeros")
    scaled: Vectors = (found / lengths[:, None]).astype(np.float32)
    return scaled
