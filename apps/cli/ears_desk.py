"""How she listens, as the command line asks the orchestrator for it."""

from typing import Any

from pydantic import BaseModel, ValidationError

from apps.cli.failures import OTHER_VERSION, Failed
from apps.cli.local_api import LocalApi
from apps.cli.settings import CliSettings

#: The orchestrator waits a little for the ears to do as they were told.
ANSWER_SECONDS = 5.0


class Microphone(BaseModel):
    """What `GET /microphone` says, as far as it is shown."""

    state: str
    mode: str = "open"
    muted: bool = False
    talking: bool = False
    voice: bool = False
    source: str = "none"
    device: str = ""
    recogniser: str = ""
    problem: str = ""
    level_dbfs: float = -120.0


class EarsDesk:
    """Raises `Failed` with the step that mends it."""

    def __init__(self, settings: CliSettings) -> None:
        self._api = LocalApi(settings)

    def told(self) -> tuple[dict[str, Any], Microphone]:
        """The answer as it came, and what is shown of it."""
        document = self._api.call(
            "orchestrator", "GET", "/microphone", timeout_seconds=ANSWER_SECONDS
        )
        return document, _read(document)

    def change(self, muted: bool | None = None, mode: str | None = None) -> Microphone:
        """How it is then."""
        wanted = {"muted": muted, "mode": mode}
        body = {name: value for name, value in wanted.items() if value is not None}
        return _read(
            self._api.call(
                "orchestrator", "POST", "/microphone", body, timeout_seconds=ANSWER_SECONDS
            )
        )


def _read(document: dict[str, Any]) -> Microphone:
    try:
        return Microphone.model_validate(document)
    except ValidationError:
        raise Failed(OTHER_VERSION) from None
