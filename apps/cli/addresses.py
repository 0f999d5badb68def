"""The two addresses people need: panel and overlay."""

import os
import sys

from apps.cli.failures import Failed
from apps.cli.settings import CliSettings
from libs.worker.access import Access, Scope


def panel_link(settings: CliSettings) -> str:
    """A link that signs one browser in, once."""
    host, port = settings.host_of("orchestrator"), settings.port_of("orchestrator")
    try:
        code = Access(settings.kitsu_data_dir).make_code()
    except OSError as error:
        raise Failed(f"No link could be made: {error}") from None
    return f"http://{host}:{port}/?code={code}"


def overlay_address(settings: CliSettings) -> str:
    """What is added to OBS as a browser source. Its key can only read what is on air."""
    key = Access(settings.kitsu_data_dir).token(Scope.OVERLAY)
    return f"http://{settings.host_of('stage')}:{settings.port_of('stage')}/?key={key}"


def open_in_browser(address: str) -> bool:
    """Whether a browser with a window could be asked to open it."""
    if sys.platform == "linux" and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False
    if os.environ.get("SSH_CONNECTION"):
        return False
    import webbrowser

    try:
        return webbrowser.open(address)
    except (webbrowser.Error, OSError):
        return False
