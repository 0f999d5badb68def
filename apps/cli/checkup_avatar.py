"""What `kitsu doctor` says of avatars: their file, VTube Studio and its permission, VMC, veadotube.

VTube Studio is only asked whether it is there: nobody sees a question for it.
"""

import contextlib
import ipaddress
import json
import os
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from apps.cli.avatar_desk import AvatarDesk
from apps.cli.check import Check
from apps.cli.failures import Failed
from apps.cli.settings import CliSettings
from apps.cli.supervisor.control_client import SupervisorClient
from libs.contracts.avatar import AvatarLink, AvatarStatus
from libs.settings.avatar import AvatarFileError, load_avatar_file
from libs.vtube_studio import Answer, Probe, probe
from libs.vtube_studio.meeting import host_and_port

RESTART = "kitsu restart avatar_controller"
SHOWN = "kitsu avatar status"
LOGS = "kitsu logs avatar_controller"
DRAWN = "the drawn character is used"
#: An OSC bundle with nothing in it (OSC 1.0, "OSC Bundles"): harmless to whoever receives VMC.
EMPTY_BUNDLE = b"#bundle\0" + bytes(7) + b"\x01"
#: A refusal of a closed port comes at once on this machine.
REFUSAL_SECONDS = 0.2
CONNECT_SECONDS = 1.5
LOCAL = ("127.0.0.1", "localhost", "::1")


def avatars(settings: CliSettings) -> list[Check]:
    """What is used and works less well than it could; while Kitsu runs, as the show sees it."""
    told = _told(settings)
    return [
        *_file(settings),
        *_vtube_studio(settings, told),
        *_permission(settings),
        *_vmc(settings),
        *_veadotube(settings, told.get("veadotube")),
    ]


def _told(settings: CliSettings) -> dict[str, AvatarStatus]:
    """By its id, how the show that runs sees each avatar."""
    if SupervisorClient(settings).state is None:
        return {}
    try:
        _, found = AvatarDesk(settings).look()
    except Failed:
        return {}  # the check of the overlay says that nobody answers
    return {one.id: one for one in found.avatars}


def _file(settings: CliSettings) -> list[Check]:
    try:
        load_avatar_file(settings.avatar_file)
    except AvatarFileError as problem:
        found = "; ".join(str(problem).splitlines())
        mend = "Correct that; it counts a few seconds later. Until then Kitsu goes on without it."
        return [Check("avatar file", "warn", found, mend)]
    return []


def _vtube_studio(settings: CliSettings, told: Mapping[str, AvatarStatus]) -> list[Check]:
    name = "VTube Studio"
    if not settings.vts_url:
        return [Check(name, "ok", f"not used (VTS_URL is empty): {DRAWN}")]
    try:
        found = probe(settings.vts_url)
    except ValueError:
        return []  # told by the check of the settings
    if found.answer is Answer.NOTHING:
        return [Check(name, "ok", f"not running: {DRAWN}")]
    if found.answer is not Answer.VTUBE_STUDIO:
        return [Check(name, "warn", found.found, _sentence(found.step))]
    allowed = _allowed(settings, found, told.get("vtube_studio"))
    if told and "vtube_studio" not in told:  # the settings on disk say otherwise
        late = f"{found.found}, but Kitsu started before it was set up"
        allowed = Check(name, "warn", late, RESTART)
    return [allowed, *_far_away(settings.vts_url)]


def _far_away(url: str) -> list[Check]:
    """VTube Studio takes its permission unencrypted only."""
    host, _ = host_and_port(url)
    try:
        near = not ipaddress.ip_address(host).is_global
    except ValueError:
        near = "." not in host or host.endswith((".local", ".lan", ".home.arpa"))
    if near:
        return []
    found = f"{host} may be outside your network: who is in between can read Kitsu's permission"
    return [Check("VTube Studio address", "warn", found, "Set VTS_URL to an address at home.")]


def _allowed(settings: CliSettings, found: Probe, told: AvatarStatus | None) -> Check:
    """VTube Studio is there: whether it lets us in."""
    name = "VTube Studio"
    if told is None:
        known = settings.vts_auth_token or settings.vts_permission.exists()
        ask = "" if known else "; it will ask about Kitsu when Kitsu runs: click Allow there"
        return Check(name, "ok", f"{found.found}{ask}")
    if told.link is AvatarLink.READY:
        return _ready(found, told)
    if told.link is AvatarLink.ASKING:
        return Check(
            name, "warn", "it asks whether Kitsu may connect", "Click Allow in VTube Studio."
        )
    if told.link is AvatarLink.DENIED:
        if settings.vts_auth_token:
            return Check(name, "warn", told.detail or "the token is refused", RESTART)
        mend = "kitsu avatar sign-in, then click Allow in VTube Studio"
        return Check(name, "warn", "Kitsu was denied there", mend)
    return Check(name, "warn", told.detail or f"Kitsu is not connected ({told.link})", LOGS)


def _ready(found: Probe, told: AvatarStatus) -> Check:
    """It moves a model, or says why it does not."""
    name = "VTube Studio"
    if not told.model:
        nothing = f"{found.found}; no model is loaded there"
        return Check(name, "warn", nothing, "Load a model in VTube Studio.")
    if told.taken or told.missing:
        partly = f"the model {told.model} is not moved in full"
        return Check(name, "warn", partly, told.detail or SHOWN)
    return Check(name, "ok", f"{found.found}; model {told.model}")


def _permission(settings: CliSettings) -> list[Check]:
    """The file with VTube Studio's permission, where there is something wrong with it."""
    name, path = "VTube Studio permission", settings.vts_permission
    again = f"Delete {path}, then {RESTART}: VTube Studio asks again."
    try:
        if not path.exists():
            return []
        if os.name == "posix" and path.stat().st_mode & 0o077:
            found = "others on this machine can read it"
            return [Check(name, "fail", found, f"chmod 600 {path}")]
        document = json.loads(path.read_bytes())
        sound = isinstance(document, dict) and isinstance(document.get("token"), str)
    except OSError as error:
        mend = f"Make {path} yours, or delete it, then {RESTART}"
        return [Check(name, "fail", f"cannot be read ({error.strerror})", mend)]
    except (ValueError, RecursionError):
        sound = False
    return [] if sound else [Check(name, "warn", "the file is broken", again)]


def _vmc(settings: CliSettings) -> list[Check]:
    if not settings.vmc_target:
        found = "not used; for VSeeFace, Warudo or VNyan set VMC_TARGET (docs/avatars.md)"
        return [Check("VMC", "ok", found)]
    parts = urlsplit(f"udp://{settings.vmc_target}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        return []  # told by the check of the settings
    if not host or not port:
        return []  # told there too
    if host in LOCAL and _is_closed(host, port):
        mend = (
            "Switch on its VMC receiver (VSeeFace: General settings, OSC/VMC receiver; Warudo, "
            "VNyan: VMC), or set VMC_TARGET to its port."
        )
        return [Check("VMC", "warn", f"nobody receives at {settings.vmc_target}", mend)]
    found = f"sent to {settings.vmc_target}; VMC never answers, so look whether the model moves"
    return [Check("VMC", "ok", found)]


def _is_closed(host: str, port: int) -> bool:
    """Whether a UDP port of this machine is refused: nobody has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probing:
        probing.settimeout(REFUSAL_SECONDS)
        try:
            probing.connect((host, port))
            probing.send(EMPTY_BUNDLE)
            probing.recv(16)
        except (ConnectionRefusedError, ConnectionResetError):
            return True
    return False


def _veadotube(settings: CliSettings, told: AvatarStatus | None) -> list[Check]:
    """One that nobody asked for and that is not there is no trouble."""
    name, url = "veadotube", settings.veadotube_url
    if not url:
        return [Check(name, "ok", "not used (VEADOTUBE_URL is empty)")]
    if told is None or told.link is AvatarLink.NOT_CONFIGURED:
        return _veadotube_at(url) if url != "auto" else [_veadotube_awaited()]
    if told.link is AvatarLink.READY:
        return [Check(name, "ok", told.model or "connected")]
    if told.link is AvatarLink.WAITING and url == "auto":
        return [_veadotube_awaited()]
    return [Check(name, "warn", told.detail or told.link.value, LOGS)]


def _veadotube_awaited() -> Check:
    step = "start veadotube mini and switch on the WebSocket server in its program settings"
    return Check("veadotube", "ok", f"used as soon as it runs here: {step}")


def _veadotube_at(url: str) -> list[Check]:
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        return []  # told by the check of the settings
    if not host or not port:
        return []  # told there too
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
    except OSError:
        mend = "Start it and switch on its WebSocket server, or set VEADOTUBE_URL=auto."
        return [Check("veadotube", "warn", f"does not answer at {parts.netloc}", mend)]
    return [Check("veadotube", "ok", f"answers at {parts.netloc}")]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
