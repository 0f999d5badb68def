"""What an EventSub session is made of: its subscriptions, its messages, and how it may end."""

import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from libs.testing.stand_ins.twitch.world import rfc3339

Payload = dict[str, Any]

CLOSE_REASONS = {
    4000: "internal server error",
    4001: "sent inbound traffic",
    4002: "failed ping-pong",
    4003: "connection unused",
    4004: "reconnect grace time expired",
    4005: "network timeout",
    4006: "network error",
    4007: "invalid reconnect",
}
#: What a subscription says when its session ended like that.
CLOSE_STATUSES = {
    4000: "websocket_internal_error",
    4001: "websocket_received_inbound_traffic",
    4002: "websocket_failed_ping_pong",
    4003: "websocket_connection_unused",
    4005: "websocket_network_timeout",
    4006: "websocket_network_error",
}


@dataclass
class Subscription:
    type: str
    version: str
    condition: dict[str, str]
    session_id: str
    client_id: str
    user_id: str
    cost: int
    status: str = "enabled"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_at: str = field(default_factory=rfc3339)

    def body(self) -> Payload:
        return {
            "id": self.id,
            "status": self.status,
            "type": self.type,
            "version": self.version,
            "condition": self.condition,
            "cost": self.cost,
            "created_at": self.created_at,
            "transport": {"method": "websocket", "session_id": self.session_id},
        }


@dataclass(eq=False)
class Session:
    id: str
    socket: web.WebSocketResponse
    request: web.Request
    keepalive_seconds: float
    connected_at: str = field(default_factory=rfc3339)
    user_id: str | None = None
    alive: bool = True
    silent: bool = False
    """Open, and answering pings, but no message comes."""
    replaced: bool = False
    last_sent: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Move:
    """A session that was told to move over, and what it meets at the new address."""

    old: Session
    welcome_after_seconds: float
    keep_id: bool
    no_welcome: bool


def session_id_for(move: Move | None) -> str:
    if move is not None and move.keep_id:
        return move.old.id
    return f"AgoQ{secrets.token_urlsafe(18)}EgZjZWxsLWE"


def envelope(
    kind: str, payload: Payload, subscription: Subscription | None = None, message_id: str = ""
) -> Payload:
    """A message of the websocket as Twitch wraps it."""
    metadata: Payload = {
        "message_id": message_id or str(uuid.uuid4()),
        "message_type": kind,
        "message_timestamp": rfc3339(),
    }
    if subscription is not None:
        metadata["subscription_type"] = subscription.type
        metadata["subscription_version"] = subscription.version
    return {"metadata": metadata, "payload": payload}
