"""The EventSub websocket: welcome, keepalive, notifications, moving over, revocations, close codes.

Form: dev.twitch.tv, "Getting Events Using WebSockets" and "WebSocket Messages"; the order of the
handshake and the close reasons as in twitchdev/twitch-cli. Whether a session keeps its id when it
moves over is not documented (`keep_id`).
"""

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import Coroutine
from typing import Any

from aiohttp import WSMsgType, web

from libs.testing.stand_ins.twitch.session import (
    CLOSE_REASONS,
    CLOSE_STATUSES,
    Move,
    Payload,
    Session,
    Subscription,
    envelope,
    session_id_for,
)


class EventSubSockets:
    """All sessions and their subscriptions. `refuse` and `no_welcome` count coming connections
    that are answered 503, or accepted and then told nothing."""

    def __init__(self, subscribe_seconds: float, move_seconds: float) -> None:
        self.subscribe_seconds = subscribe_seconds
        self.move_seconds = move_seconds
        self.keepalive_seconds: float | None = None
        """Instead of what the client asks for."""
        self.sessions: dict[str, Session] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.refuse = 0
        self.no_welcome = 0
        self.connections = 0
        """Connections that were welcomed, ever."""
        self.inbound = 0
        """Messages that clients sent, which they must not."""
        self.url = ""
        self._moves: dict[str, Move] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/ws", self._meet)]

    def living(self) -> list[Session]:
        return [session for session in self.sessions.values() if session.alive]

    async def stop(self) -> None:
        self.drop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Faults -----------------------------------------------------------------------------------

    def drop(self) -> int:
        """Cuts every connection without a close frame."""
        living = self.living()
        for session in living:
            self._end(session, "websocket_disconnected")
            if session.request.transport is not None:
                session.request.transport.abort()
        return len(living)

    async def close(self, code: int = 4000) -> int:
        living = self.living()
        for session in living:
            await self._close(session, code)
        return len(living)

    def go_silent(self, silent: bool = True) -> None:
        for session in self.living():
            session.silent = silent

    async def move(
        self,
        *,
        welcome_after_seconds: float = 0.0,
        url: str = "",
        keep_id: bool = True,
        no_welcome: bool = False,
    ) -> int:
        """Tells every session to move over, as before a restart of Twitch's server."""
        living = self.living()
        for session in living:
            challenge = str(uuid.uuid4())
            self._moves[challenge] = Move(session, welcome_after_seconds, keep_id, no_welcome)
            address = url or f"{self.url}?challenge={challenge}&id={session.id}"
            told = {
                "id": session.id,
                "status": "reconnecting",
                "keepalive_timeout_seconds": None,
                "reconnect_url": address,
                "connected_at": session.connected_at,
            }
            await self.send(session, "session_reconnect", {"session": told})
            self._spawn(self._end_of_move(session, challenge))
        return len(living)

    async def revoke(self, kind: str, status: str = "authorization_revoked") -> int:
        found = [s for s in self.subscriptions.values() if (s.type, s.status) == (kind, "enabled")]
        for subscription in found:
            subscription.status = status
            session = self.sessions.get(subscription.session_id)
            if session is not None and session.alive:
                told = {"subscription": subscription.body()}
                await self.send(session, "revocation", told, subscription)
        return len(found)

    # Sending ----------------------------------------------------------------------------------

    def listening(self, kind: str) -> list[tuple[Subscription, Session]]:
        """Who gets events of this kind now."""
        return [
            (subscription, session)
            for subscription in self.subscriptions.values()
            if (subscription.type, subscription.status) == (kind, "enabled")
            if (session := self.sessions.get(subscription.session_id)) and session.alive
        ]

    async def send(
        self,
        session: Session,
        kind: str,
        payload: Payload,
        subscription: Subscription | None = None,
        message_id: str = "",
    ) -> None:
        if session.silent:
            return
        session.last_sent = time.monotonic()
        frame = envelope(kind, payload, subscription, message_id)
        with contextlib.suppress(ConnectionError, RuntimeError):
            await session.socket.send_str(json.dumps(frame))

    async def send_text(self, text: str) -> None:
        """A frame of any text to all, such as one that is not JSON."""
        for session in self.living():
            await session.socket.send_str(text)

    # One connection ---------------------------------------------------------------------------

    async def _meet(self, request: web.Request) -> web.StreamResponse:
        if self.refuse > 0:
            self.refuse -= 1
            return web.Response(status=503)
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        move: Move | None = None
        if "challenge" in request.query:
            move = self._moves.pop(request.query["challenge"], None)
            if move is None or not move.old.alive:
                await socket.close(code=4007, message=CLOSE_REASONS[4007].encode())
                return socket
        session = Session(session_id_for(move), socket, request, self._keepalive_for(request))
        if self.no_welcome > 0 or (move is not None and move.no_welcome):
            self.no_welcome = max(0, self.no_welcome - 1)
            await self._drain(session)
            return socket
        if move is not None:
            await asyncio.sleep(move.welcome_after_seconds)
            self._take_over(move.old, session)
        await self._welcome(session, new=move is None)
        await self._drain(session)
        return socket

    def _keepalive_for(self, request: web.Request) -> float:
        asked = request.query.get("keepalive_timeout_seconds", "10")
        seconds = float(asked) if asked.isdigit() else 10.0
        return self.keepalive_seconds or min(600.0, max(10.0, seconds))

    def _take_over(self, old: Session, session: Session) -> None:
        """Subscriptions move at the welcome: until then the old connection gets everything."""
        session.user_id, old.replaced = old.user_id, True
        for subscription in self.subscriptions.values():
            if subscription.session_id == old.id:
                subscription.session_id = session.id

    async def _welcome(self, session: Session, new: bool) -> None:
        self.sessions[session.id] = session
        self.connections += 1
        told = {
            "id": session.id,
            "status": "connected",
            "keepalive_timeout_seconds": session.keepalive_seconds,
            "reconnect_url": None,
            "recovery_url": None,
            "connected_at": session.connected_at,
        }
        await self.send(session, "session_welcome", {"session": told})
        self._spawn(self._keep_alive(session))
        if new:
            self._spawn(self._close_unused(session))

    async def _drain(self, session: Session) -> None:
        try:
            async for message in session.socket:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    self.inbound += 1
                    await self._close(session, 4001)
        finally:
            self._end(session, "websocket_disconnected")

    async def _keep_alive(self, session: Session) -> None:
        while session.alive:
            wait = session.last_sent + session.keepalive_seconds - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            else:
                session.last_sent = time.monotonic()
                await self.send(session, "session_keepalive", {})

    async def _close_unused(self, session: Session) -> None:
        await asyncio.sleep(self.subscribe_seconds)
        used = any(
            (s.session_id, s.status) == (session.id, "enabled") for s in self.subscriptions.values()
        )
        if session.alive and not used:
            await self._close(session, 4003)

    async def _end_of_move(self, session: Session, challenge: str) -> None:
        await asyncio.sleep(self.move_seconds)
        self._moves.pop(challenge, None)
        if session.alive:
            await self._close(session, 4004)

    async def _close(self, session: Session, code: int) -> None:
        self._end(session, CLOSE_STATUSES.get(code, "websocket_disconnected"))
        with contextlib.suppress(ConnectionError, RuntimeError):
            reason = CLOSE_REASONS.get(code, "").encode()
            await session.socket.close(code=code, message=reason)

    def _end(self, session: Session, status: str) -> None:
        if not session.alive:
            return
        session.alive = False
        if session.replaced or self.sessions.get(session.id) is not session:
            return
        for subscription in self.subscriptions.values():
            if (subscription.session_id, subscription.status) == (session.id, "enabled"):
                subscription.status = status

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
