"""id.twitch.tv: validate, token, device and revoke.

Form: dev.twitch.tv, "Getting OAuth Access Tokens", "Validating Tokens", "Refreshing Access Tokens",
"Revoking Access Tokens". What is answered to a device code that was denied is not documented;
here it is `access_denied`, after RFC 8628.
"""

import time
from typing import Any

from aiohttp import web

from libs.testing.stand_ins.twitch.answers import Refused
from libs.testing.stand_ins.twitch.world import DEVICE_CODE_SECONDS, Token, World

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class OAuth:
    """`interval_seconds` is how often a client is told to ask for a device code's verdict."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.interval_seconds: float = 5
        self.refreshes = 0
        """Refreshes that were granted."""
        self.refused_refreshes = 0

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/oauth2/validate", self._validate),
            web.post("/oauth2/token", self._token),
            web.post("/oauth2/revoke", self._revoke),
            web.post("/oauth2/device", self._device),
        ]

    async def _validate(self, request: web.Request) -> web.Response:
        kind, _, access = request.headers.get("Authorization", "").partition(" ")
        token = self._world.living(access) if kind in ("OAuth", "Bearer") else None
        if token is None:
            raise Refused(401, "invalid access token", oauth=True)
        return web.json_response(
            {
                "client_id": token.client_id,
                "login": self._world.users[token.user_id].login,
                "scopes": token.scopes,
                "user_id": token.user_id,
                "expires_in": max(0, int(token.expires_at - time.time())),
            }
        )

    async def _token(self, request: web.Request) -> web.Response:
        given = await _parameters(request)
        self._check_client(given)
        grant = given.get("grant_type")
        if grant == "refresh_token":
            token = self._refresh(given)
        elif grant == "authorization_code":
            token = self._by_code(given)
        elif grant == DEVICE_GRANT:
            token = self._by_device(given)
        else:
            raise Refused(400, "invalid grant type", oauth=True)
        return web.json_response(
            {
                "access_token": token.access,
                "refresh_token": token.refresh,
                "expires_in": int(token.expires_at - time.time()),
                "scope": token.scopes,
                "token_type": "bearer",
            }
        )

    def _check_client(self, given: dict[str, str]) -> None:
        if given.get("client_id") != self._world.client_id:
            raise Refused(400, "invalid client", oauth=True)
        if given.get("client_secret", self._world.client_secret) != self._world.client_secret:
            raise Refused(403, "invalid client secret", oauth=True)

    def _refresh(self, given: dict[str, str]) -> Token:
        wanted = given.get("refresh_token")
        living = [t for t in self._world.tokens.values() if t.refresh and t.refresh == wanted]
        if not living:
            self.refused_refreshes += 1
            raise Refused(400, "Invalid refresh token", oauth=True)
        if not living[0].public and "client_secret" not in given:
            raise Refused(400, "missing client secret", oauth=True)
        self.refreshes += 1
        return self._world.refreshed(living[0])

    def _by_code(self, given: dict[str, str]) -> Token:
        found = self._world.codes.pop(given.get("code", ""), None)
        if found is None or found.redirect_uri != given.get("redirect_uri"):
            raise Refused(400, "Invalid authorization code", oauth=True)
        if "client_secret" not in given:
            raise Refused(400, "missing client secret", oauth=True)
        return self._world.make_token(self._world.users[found.user_id], found.scopes, public=False)

    def _by_device(self, given: dict[str, str]) -> Token:
        device = self._world.devices.get(given.get("device_code", ""))
        if device is None or device.expires_at < time.time():
            raise Refused(400, "invalid device code", oauth=True)
        if not device.verdict:
            raise Refused(400, "authorization_pending", oauth=True)
        del self._world.devices[device.code]
        if device.verdict == "denied":
            raise Refused(400, "access_denied", oauth=True)
        return self._world.make_token(self._world.users[device.verdict], device.scopes)

    async def _revoke(self, request: web.Request) -> web.Response:
        token = self._world.tokens.get((await _parameters(request)).get("token", ""))
        if token is None or token.dead:
            raise Refused(400, "Invalid token", oauth=True)
        token.dead, token.refresh = True, None
        return web.Response()

    async def _device(self, request: web.Request) -> web.Response:
        given = await _parameters(request)
        self._check_client(given)
        device = self._world.make_device(given.get("scopes", "").split())
        return web.json_response(
            {
                "device_code": device.code,
                "expires_in": int(DEVICE_CODE_SECONDS),
                "interval": self.interval_seconds,
                "user_code": device.user_code,
                "verification_uri": f"https://www.twitch.tv/activate?device-code={device.user_code}",
            }
        )


async def _parameters(request: web.Request) -> dict[str, str]:
    form: dict[str, Any] = dict(await request.post()) if request.can_read_body else {}
    return {**request.query, **{name: str(value) for name, value in form.items()}}
