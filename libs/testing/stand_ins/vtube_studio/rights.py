"""Who may: tokens, permissions, and the popup that asks the user.

Source: github.com/DenchiSoft/VTubeStudio, README.md, "Authentication"; Permissions/README.md.
Approximation: a popup closes when the plugin that asked has gone, unless `Popup.stays` is set; the
documents do not say which.
"""

import asyncio
import secrets
from contextlib import suppress
from typing import Literal

from libs.testing.stand_ins.vtube_studio.parameters import Plugin

#: What `PermissionRequest` knows.
PERMISSIONS = ("LoadCustomImagesAsItems",)


class Rights:
    """Tokens that were given out, and what else each plugin may."""

    def __init__(self) -> None:
        self.tokens: dict[str, Plugin] = {}
        self.permissions: dict[Plugin, set[str]] = {}
        self.issued: list[str] = []
        """Every token ever given out: none of them may stand in anybody's log."""

    def grant(self, plugin: Plugin) -> str:
        token = secrets.token_hex(32)
        self.tokens[token] = plugin
        self.issued.append(token)
        return token

    def fits(self, token: str, plugin: Plugin) -> bool:
        return self.tokens.get(token) == plugin

    def revoke(self, plugin: Plugin) -> None:
        self.tokens = {token: one for token, one in self.tokens.items() if one != plugin}
        self.permissions.pop(plugin, None)

    def forget_all(self) -> list[Plugin]:
        """Who had any."""
        known = list({*self.tokens.values(), *self.permissions})
        self.tokens.clear()
        self.permissions.clear()
        return known


class Popup:
    """What asks the user. `answer` is what the user clicks after `thinks_seconds`; with "wait"
    nobody clicks until `click` is called."""

    def __init__(self) -> None:
        self.answer: Literal["allow", "deny", "wait"] = "allow"
        self.thinks_seconds = 0.0
        self.stays = False
        """Open until somebody clicks, even when the plugin that asked has gone."""
        self.is_open = False
        self.asked: list[str] = []
        """What every popup so far was about."""
        self._clicked: asyncio.Future[bool] | None = None

    def click(self, *, allow: bool = True) -> None:
        """The user clicks at last."""
        self.is_open = False
        if self._clicked is not None and not self._clicked.done():
            self._clicked.set_result(allow)

    async def ask(self, about: str) -> bool:
        """Whether the user allows it."""
        self.asked.append(about)
        self.is_open = True
        self._clicked = asyncio.get_running_loop().create_future()
        thinks = None if self.answer == "wait" else self.thinks_seconds
        try:
            with suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(self._clicked), thinks)
        except asyncio.CancelledError:
            self.is_open = self.is_open and self.stays
            raise
        self.is_open = False
        return self.answer == "allow"
