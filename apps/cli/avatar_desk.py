"""Asks the orchestrator about avatars, and gives them orders."""

from typing import Any

from pydantic import BaseModel, ValidationError

from apps.cli.failures import OTHER_VERSION, Failed
from apps.cli.local_api import LocalApi
from apps.cli.settings import CliSettings
from libs.contracts.avatar import AvatarLink, AvatarStatus

#: An avatar may be slow; the orchestrator itself gives up before this.
ANSWER_SECONDS = 10.0


class Avatars(BaseModel):
    """What `GET /avatar` says."""

    there: bool
    detail: str = ""
    avatars: tuple[AvatarStatus, ...] = ()
    mood: str = "neutral"
    bearing: str = "idle"
    items: tuple[str, ...] = ()

    @property
    def moves(self) -> bool:
        """Whether any avatar can be moved now."""
        return any(one.link in (AvatarLink.READY, AvatarLink.UNSEEN) for one in self.avatars)

    def with_faces(self, avatar_id: str) -> AvatarStatus:
        """The one of this id, or the first whose moods are shown by expressions. Raises `Failed`
        with the step that is missing."""
        if not self.there:
            raise Failed(self.detail)
        for one in self.avatars:
            if one.id == avatar_id or (not avatar_id and one.moods and one.expressions):
                if one.link is not AvatarLink.READY:
                    raise Failed(f"{one.title} is not ready. {one.detail}".strip())
                if not one.moods:
                    raise Failed(_without_faces(one))
                return one
        raise Failed(
            "No avatar that has expressions is connected now. See: kitsu avatar status"
            if not avatar_id
            else f"No avatar '{avatar_id}' is known to the show. See: kitsu avatar status"
        )


def _without_faces(one: AvatarStatus) -> str:
    if one.id == "overlay":
        return f"{one.title}: the page draws every mood by itself, there is nothing to choose."
    return f"{one.title} has no faces to choose from now. {one.detail}".strip()


class AvatarDesk:
    def __init__(self, settings: CliSettings) -> None:
        self._api = LocalApi(settings)

    def look(self) -> tuple[dict[str, Any], Avatars]:
        """The answer as it came, and what is shown of it. Raises `Failed`."""
        document = self._api.call("orchestrator", "GET", "/avatar")
        try:
            return document, Avatars.model_validate(document)
        except ValidationError:
            raise Failed(OTHER_VERSION) from None

    def order(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What was done. Raises `Refused` with the avatar's, or the orchestrator's, own words."""
        return self._api.call("orchestrator", method, f"/avatar/{path}", body, ANSWER_SECONDS)
