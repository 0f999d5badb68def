"""What is asked of Twitch, in our own words."""

from dataclasses import dataclass
from typing import Any

import twitchio
from twitchio import eventsub
from twitchio.authentication.oauth import OAuth
from twitchio.http import Route
from twitchio.models import eventsub_

from apps.twitch_ingest.engines.twitch.errors import TwitchError
from apps.twitch_ingest.engines.twitch.requests import TwitchRequests
from apps.twitch_ingest.engines.twitch.topics import TOPICS, Topic
from libs.safety import clean_chat
from libs.worker.problems import CannotRun

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

#: Inner parts of twitchio that are used: (where, name).
_PARTS: tuple[tuple[object, str], ...] = (
    (Route, "BASE"),
    (Route, "ID_BASE"),
    (OAuth, "validate_token"),
    (OAuth, "user_access_token"),
    (OAuth, "revoke_token"),
    (OAuth, "create_eventsub_subscription"),
    (OAuth, "post_chat_message"),
    (OAuth, "get_users"),
    (OAuth, "_create_params"),
    (eventsub_, "create_event_instance"),
    (eventsub_.BaseEvent, "_registry"),
)


def check_twitchio() -> None:
    """Raises `CannotRun` when twitchio is not the one this is written for."""
    missing = [name for where, name in _PARTS if not hasattr(where, name)]
    for topic in TOPICS:
        payload = getattr(eventsub, topic.payload, None)
        if payload is None or str(payload.type) != topic.name:
            missing.append(topic.payload)
        if topic.name not in getattr(eventsub_.BaseEvent, "_registry", {}):
            missing.append(f"the model of {topic.name}")
    if missing:
        raise CannotRun(
            f"twitchio {twitchio.__version__} lacks {', '.join(missing)}: "
            "install the version that Kitsu is made for with: python3 scripts/kitsu.py doctor"
        )


@dataclass(frozen=True)
class Person:
    user_id: str
    login: str
    name: str


@dataclass(frozen=True)
class Validated:
    """What Twitch says of an access token."""

    user_id: str
    login: str
    client_id: str
    scopes: tuple[str, ...]
    expires_in_seconds: float


@dataclass(frozen=True)
class Dropped:
    """Why Twitch did not show a line: its own code and words."""

    code: str
    message: str


class Helix:
    """Each call raises `TwitchError`, also for an answer that is not as documented."""

    def __init__(self, requests: TwitchRequests) -> None:
        self._requests = requests

    async def person(self, login: str, asked_by: str) -> Person | None:
        """The user of this login; None: there is none. `asked_by`: user id of an account."""
        answer: Any = await self._requests.get_users(logins=[login], token_for=asked_by)
        try:
            found = answer["data"]
            if not found:
                return None
            first = found[0]
            return Person(str(first["id"]), str(first["login"]), clean_chat(first["display_name"]))
        except (KeyError, TypeError, IndexError):
            raise _not_as_documented("Get Users") from None

    async def subscribe(self, topic: Topic, channel_id: str, user_id: str, session_id: str) -> None:
        condition = {"broadcaster_user_id": channel_id}
        if topic.own:
            condition[topic.own] = user_id
        payload = getattr(eventsub, topic.payload)(**condition)
        await self._requests.create_eventsub_subscription(
            type=eventsub.SubscriptionType(payload.type),
            version=payload.version,
            condition=payload.condition,
            transport={"method": "websocket", "session_id": session_id},
            token_for=user_id,
        )

    async def send_line(
        self, channel_id: str, sender_id: str, text: str, reply_to: str
    ) -> Dropped | None:
        """None: the line is in chat."""
        answer: Any = await self._requests.post_chat_message(
            channel_id, sender_id, text, sender_id, reply_to or None
        )
        try:
            data = answer["data"][0]
            if data["is_sent"]:
                return None
            reason = data.get("drop_reason") or {}
            return Dropped(str(reason.get("code", "")), str(reason.get("message", "")))
        except (KeyError, TypeError, IndexError, AttributeError):
            raise _not_as_documented("Send Chat Message") from None

    # Tokens -----------------------------------------------------------------------------------

    async def validate(self, access_token: str) -> Validated:
        answer = None
        try:
            answer = await self._requests.validate_token(access_token)
            return Validated(
                str(answer.user_id or ""),
                str(answer.login or ""),
                str(answer.client_id),
                tuple(map(str, answer.scopes or ())),
                float(answer.expires_in),
            )
        except (KeyError, TypeError, ValueError):
            raise _not_as_documented("validate") from None

    async def device_code(self, client_id: str, scopes: tuple[str, ...]) -> dict[str, Any]:
        """RFC 8628, section 3.2."""
        return await self._post("device", {"client_id": client_id, "scopes": " ".join(scopes)})

    async def token_of_device(
        self, client_id: str, scopes: tuple[str, ...], device_code: str
    ) -> dict[str, Any]:
        """The tokens, once somebody agreed; else a `TwitchError` that says how it stands."""
        asked = {
            "client_id": client_id,
            "scopes": " ".join(scopes),
            "device_code": device_code,
            "grant_type": DEVICE_GRANT,
        }
        return await self._post("token", asked)

    async def token_of_code(self, code: str, redirect_uri: str) -> dict[str, Any]:
        answer = await self._requests.user_access_token(code, redirect_uri=redirect_uri)
        return dict(answer)

    async def revoke(self, access_token: str, client_id: str) -> None:
        await self._post("revoke", {"client_id": client_id, "token": access_token})

    async def _post(self, what: str, parameters: dict[str, Any]) -> dict[str, Any]:
        route = Route("POST", f"/oauth2/{what}", use_id=True, headers={}, params=parameters)
        answer: dict[str, Any] = await self._requests.request(route)
        return answer


def _not_as_documented(what: str) -> TwitchError:
    return TwitchError(502, f"the answer to '{what}' is not as documented", maybe_done=True)
