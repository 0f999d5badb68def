"""Signing in, and what the app says about itself.

Source: github.com/DenchiSoft/VTubeStudio, README.md, "API Details", "Authentication", "Getting
current VTS statistics", "Getting list of VTS folders"; Permissions/README.md.
"""

import base64
import binascii
import struct

from libs.testing.stand_ins.vtube_studio.error_ids import ErrorId
from libs.testing.stand_ins.vtube_studio.parameters import Plugin
from libs.testing.stand_ins.vtube_studio.requests.call import Call, Handler, SlowHandler
from libs.testing.stand_ins.vtube_studio.rights import PERMISSIONS
from libs.testing.stand_ins.vtube_studio.studio import VERSION, WINDOW
from libs.testing.stand_ins.vtube_studio.wire import Data, Refusal, text

ICON_PIXELS = 128
_NAME_CHARACTERS = range(3, 33)


def _state(call: Call) -> Data:
    return {
        "active": True,
        "vTubeStudioVersion": VERSION,
        "currentSessionAuthenticated": call.session.plugin is not None,
    }


async def _token(call: Call) -> Data:
    name, developer = text(call.data, "pluginName"), text(call.data, "pluginDeveloper")
    popup = call.studio.popup
    if popup.is_open:
        raise Refusal(ErrorId.TOKEN_REQUEST_ONGOING, "A token request is already ongoing.")
    if len(name) not in _NAME_CHARACTERS:
        said = "The plugin name has to have 3 to 32 characters."
        raise Refusal(ErrorId.TOKEN_PLUGIN_NAME_INVALID, said)
    if len(developer) not in _NAME_CHARACTERS:
        said = "The developer name has to have 3 to 32 characters."
        raise Refusal(ErrorId.TOKEN_DEVELOPER_INVALID, said)
    icon = call.data.get("pluginIcon")
    if icon and not _is_icon(icon):
        said = "The icon has to be PNG or JPG in Base64, 128x128 pixels."
        raise Refusal(ErrorId.TOKEN_ICON_INVALID, said)
    if not await popup.ask(f"{name} by {developer}"):
        raise Refusal(ErrorId.TOKEN_DENIED, "User has denied API access for your plugin.")
    return {"authenticationToken": call.studio.rights.grant(Plugin(name, developer))}


def _is_icon(icon: object) -> bool:
    """The size of a JPG is not looked at."""
    try:
        raw = base64.b64decode(icon, validate=True) if isinstance(icon, str) else b""
        if raw.startswith(b"\x89PNG\r\n\x1a\n"):
            return struct.unpack(">II", raw[16:24]) == (ICON_PIXELS, ICON_PIXELS)
        return raw.startswith(b"\xff\xd8")
    except (binascii.Error, ValueError, struct.error):
        return False


def _authenticate(call: Call) -> Data:
    for key, error_id in (
        ("authenticationToken", ErrorId.TOKEN_MISSING),
        ("pluginName", ErrorId.PLUGIN_NAME_MISSING),
        ("pluginDeveloper", ErrorId.DEVELOPER_MISSING),
    ):
        if not text(call.data, key):
            raise Refusal(error_id, f"{key} is missing.")
    plugin = Plugin(text(call.data, "pluginName"), text(call.data, "pluginDeveloper"))
    if not call.studio.rights.fits(text(call.data, "authenticationToken"), plugin):
        reason = "Token invalid or revoked by user. Request a new one."
        return {"authenticated": False, "reason": reason}
    call.session.plugin, call.session.revoked = plugin, False
    reason = "Token valid. The plugin is authenticated for the duration of this session."
    return {"authenticated": True, "reason": reason}


async def _permission(call: Call) -> Data:
    """Without a name: what was granted."""
    wanted = text(call.data, "requestedPermission")
    granted = call.studio.rights.permissions.setdefault(call.plugin, set())
    if wanted not in ("", *PERMISSIONS):
        raise Refusal(ErrorId.PERMISSION_UNKNOWN, "There is no such permission.")
    plugin = call.plugin
    if wanted and wanted not in granted and await call.studio.popup.ask(f"{wanted} {plugin.name}"):
        granted.add(wanted)
    return {
        "grantSuccess": wanted in granted,
        "requestedPermission": wanted,
        "permissions": [{"name": name, "granted": name in granted} for name in PERMISSIONS],
    }


def _statistics(call: Call) -> Data:
    studio = call.studio
    return {
        "uptime": int((studio.now() - studio.started_at) * 1000),
        "framerate": round(1 / studio.frame_seconds()),
        "vTubeStudioVersion": VERSION,
        "allowedPlugins": len(set(studio.rights.tokens.values())),
        "connectedPlugins": len(studio.sessions),
        "startedWithSteam": True,
        "windowWidth": WINDOW["x"],
        "windowHeight": WINDOW["y"],
        "windowIsFullscreen": False,
    }


def _folders(call: Call) -> Data:
    return {
        "models": "Live2DModels",
        "backgrounds": "Backgrounds",
        "items": "Items",
        "config": "Config",
        "logs": "Logs",
        "backup": "Backup",
    }


#: The requests that need no authentication.
OPEN_TO_ALL = frozenset({"APIStateRequest", "AuthenticationTokenRequest", "AuthenticationRequest"})

HANDLERS: dict[str, Handler] = {
    "APIStateRequest": _state,
    "AuthenticationRequest": _authenticate,
    "StatisticsRequest": _statistics,
    "VTSFolderInfoRequest": _folders,
}
SLOW_HANDLERS: dict[str, SlowHandler] = {
    "AuthenticationTokenRequest": _token,
    "PermissionRequest": _permission,
}
