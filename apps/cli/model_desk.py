"""The models of the running show, as the command line asks the policy worker for them."""

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from apps.cli.failures import OTHER_VERSION, Failed, WrongUse
from apps.cli.local_api import LocalApi, Refused
from apps.cli.settings import CliSettings

MODULE = "policy_worker"
#: The policy worker asks Ollama before it answers.
ANSWER_SECONDS = 10.0
#: While Ollama checks what it fetched, it says nothing for minutes.
SILENCE_SECONDS = 900.0

Shape = TypeVar("Shape", bound=BaseModel)


class Engine(BaseModel):
    engine: str
    label: str
    complaint: str = ""
    first: bool = False


class Model(BaseModel):
    name: str
    size_bytes: int = 0


class Ollama(BaseModel):
    address: str = ""
    answers: bool = False
    models: tuple[Model, ...] = ()


class Pull(BaseModel):
    model: str
    status: str = ""
    completed_bytes: int = 0
    total_bytes: int = 0
    percent: float = 0.0
    done: bool = False
    ok: bool = False
    reason: str = ""
    message: str = ""


class Models(BaseModel):
    """What `GET /models` says, as far as it is shown."""

    functions: dict[str, tuple[Engine, ...]]
    ollama: Ollama = Ollama()
    missing: tuple[str, ...] = ()
    pull: Pull | None = None

    @property
    def complaints(self) -> list[str]:
        """What is wrong, each with the step that mends it."""
        said = [engine.complaint for engines in self.functions.values() for engine in engines]
        return list(dict.fromkeys(complaint for complaint in said if complaint))


class ModelDesk:
    """Raises `Failed` with the step that mends it, or `WrongUse` for a name that is none."""

    def __init__(self, settings: CliSettings) -> None:
        self._api = LocalApi(settings)

    def told(self) -> tuple[dict[str, Any], Models]:
        """The answer as it came, and what is shown of it."""
        document = self._api.call(MODULE, "GET", "/models", timeout_seconds=ANSWER_SECONDS)
        return document, _read(Models, document)

    def pull(self, model: str) -> Iterator[Pull]:
        """How far it is, until it is over. It would go on if nobody watched."""
        body = {"model": model}
        try:
            for _, document in self._api.events(MODULE, "/models/pull", body, SILENCE_SECONDS):
                yield _read(Pull, document)
        except Refused as problem:
            if problem.status == 422:
                form = "NAME must look like llama3.2, llama3.2:3b or owner/name:tag."
                raise WrongUse(form) from None
            raise

    def stop_pull(self) -> Pull | None:
        document = self._api.call(MODULE, "DELETE", "/models/pull", timeout_seconds=ANSWER_SECONDS)
        pull = document.get("pull")
        return _read(Pull, pull) if isinstance(pull, dict) else None


def gigabytes(size_bytes: int) -> str:
    if size_bytes < 1_000_000_000:
        return f"{size_bytes / 1_000_000:.0f} MB"
    return f"{size_bytes / 1_000_000_000:.1f} GB"


def _read(shape: type[Shape], document: dict[str, Any]) -> Shape:
    try:
        return shape.model_validate(document)
    except ValidationError:
        raise Failed(OTHER_VERSION) from None
