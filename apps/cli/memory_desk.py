"""The memory of the running show, as the command line asks for it."""

import difflib
import time
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ValidationError

from apps.cli.failures import OTHER_VERSION, Failed, WrongUse
from apps.cli.local_api import LocalApi
from apps.cli.settings import CliSettings

#: A memory of many evenings is read and forgotten in one piece.
ANSWER_SECONDS = 30.0
#: Viewers of one name that are listed when a name does not say who is meant.
LISTED = 10

LONGEST_NAME = 128

Shape = TypeVar("Shape", bound=BaseModel)


class Viewer(BaseModel):
    viewer_id: str
    name: str = ""
    messages: int = 0
    facts: int = 0
    last_at: float = 0.0


class Viewers(BaseModel):
    viewers: tuple[Viewer, ...]


class Fact(BaseModel):
    fact_id: int
    name: str = ""
    text: str
    learned_at: float = 0.0


class Line(BaseModel):
    text: str
    at: float = 0.0


class Kept(BaseModel):
    """What `GET /memory/viewers/{id}` says, as far as it is shown."""

    facts: tuple[Fact, ...] = ()
    messages: tuple[Line, ...] = ()
    answers: tuple[Line, ...] = ()
    unanswered: tuple[Line, ...] = ()


class Recalled(BaseModel):
    input: str = ""
    about: str = ""
    text: str
    why: str = ""


class Overview(BaseModel):
    """What `GET /memory` says, as far as it is shown."""

    current_summary: str = ""
    messages: int = 0
    facts: tuple[Fact, ...] = ()
    recalled: tuple[Recalled, ...] = ()


class MemoryDesk:
    """Asks the orchestrator. Raises `Failed` with the step that mends it, or `WrongUse` when a
    name does not say who is meant."""

    def __init__(self, settings: CliSettings) -> None:
        self._api = LocalApi(settings)

    def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> dict[str, Any]:
        return self._api.call("orchestrator", method, path, body, seconds)

    def overview(self) -> tuple[dict[str, Any], Overview]:
        """The answer as it came, and what is shown of it."""
        document = self.call("GET", "/memory")
        return document, _read(Overview, document)

    def viewers(self, limit: int, named: str = "") -> tuple[Viewer, ...]:
        asked = {"limit": limit, **({"named": named} if named else {})}
        document = self.call("GET", f"/memory/viewers?{urlencode(asked, errors='replace')}")
        return _read(Viewers, document).viewers

    def viewer(self, named: str) -> Viewer:
        """The one viewer with this id or name (case does not count)."""
        if not named.strip() or len(named) > LONGEST_NAME:
            raise WrongUse(f"VIEWER must be a name or an id (1 to {LONGEST_NAME} characters).")
        found = self.viewers(LISTED + 1, named)
        by_id = [one for one in found if one.viewer_id == named]
        if by_id or len(found) == 1:
            return (by_id or list(found))[0]
        if not found:
            raise Failed(f"Nobody is known by the name or id '{named[:60]}'.{self._nearest(named)}")
        ids = "\n".join(f"  {one.viewer_id}  ({one.messages} lines)" for one in found[:LISTED])
        more = "\n  …" if len(found) > LISTED else ""
        raise WrongUse(f"Several viewers are called '{named[:60]}'. Say the id:\n{ids}{more}")

    def kept_of(self, viewer_id: str) -> tuple[dict[str, Any], Kept]:
        """The answer as it came, and what is shown of it."""
        document = self.call("GET", _path_of(viewer_id))
        return document, _read(Kept, document)

    def forget(self, viewer_id: str) -> dict[str, Any]:
        return self.call("DELETE", _path_of(viewer_id))

    def _nearest(self, named: str) -> str:
        names = {one.name.casefold(): one.name for one in self.viewers(5_000)}
        near = difflib.get_close_matches(named.casefold()[:60], names, n=1)
        return f" Did you mean '{names[near[0]]}'?" if near else " See: kitsu memory viewers"


def ago(at: float) -> str:
    """How long ago, in one unit."""
    seconds = max(0.0, time.time() - at)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit} ago"
    return "just now"


def _path_of(viewer_id: str) -> str:
    return f"/memory/viewers/{quote(viewer_id, safe='', errors='replace')}"


def _read(shape: type[Shape], document: dict[str, Any]) -> Shape:
    try:
        return shape.model_validate(document)
    except ValidationError:
        raise Failed(OTHER_VERSION) from None
