"""Finding the way into an OBS on this machine that does not let us in yet."""

from dataclasses import dataclass, field
from pathlib import Path

from apps.cli.failures import Failed, WrongUse
from apps.cli.obs_config import ObsConfig, ObsConfigs, obs_configs
from apps.cli.settings import CliSettings
from libs.obs import Answer, Probe, probe
from libs.obs.address import LOOPBACK, host_and_port

PROBE_SECONDS = 1.5

SWITCH_ON = "In OBS open Tools > WebSocket Server Settings and tick Enable WebSocket server."


@dataclass(frozen=True)
class Login:
    """What lets us in. `settings` are those that must change, by name; none: they are right."""

    settings: dict[str, str] = field(repr=False)
    found_in: Path | None = None


def address(settings: CliSettings) -> tuple[str, int]:
    """Host and port. Raises `WrongUse` when OBS_WS_URL is none."""
    try:
        return host_and_port(settings.obs_ws_url)
    except ValueError as error:
        raise WrongUse(f"OBS_WS_URL = {settings.obs_ws_url!r:.80}: {error}") from None


def look(settings: CliSettings) -> Probe:
    """Who answers now, with the password we have."""
    host, port = address(settings)
    return probe(host, port, settings.obs_ws_password, PROBE_SECONDS)


def find_login(settings: CliSettings) -> Login:
    """Tries what we have, and then what OBS itself has written down on this machine.

    Raises `Failed` with the one step that is left when neither lets us in.
    """
    found = look(settings)
    if found.answer is Answer.OBS:
        return Login({})
    host, port = address(settings)
    if host not in LOOPBACK:
        raise Failed(found.message)
    configs = obs_configs()
    for config in configs.found:
        tried = probe(host, config.port, config.password, PROBE_SECONDS) if config.enabled else None
        if tried is not None and tried.answer is Answer.OBS:
            return Login(_changes(settings, config, host, port), config.path)
    raise Failed(f"{found.found}: {step(found, configs, port)}")


def step(found: Probe, configs: ObsConfigs, port: int) -> str:
    """The one step that mends it, in view of what OBS has written down."""
    if configs.found and not any(config.enabled for config in configs.found):
        return f"its WebSocket server is switched off. {SWITCH_ON}"
    other = next((one for one in configs.found if one.enabled and one.port != port), None)
    if found.answer in (Answer.NOTHING, Answer.NOT_OBS, Answer.SILENT) and other is not None:
        return f"its WebSocket server is set to port {other.port}; start OBS."
    if found.answer in (Answer.WRONG_PASSWORD, Answer.NEEDS_PASSWORD) and configs.problems:
        return f"{found.step} ({'; '.join(configs.problems)})."
    return f"{found.step}."


def _changes(settings: CliSettings, config: ObsConfig, host: str, port: int) -> dict[str, str]:
    changes = {}
    if config.port != port:
        name = f"[{host}]" if ":" in host else host
        changes["OBS_WS_URL"] = f"ws://{name}:{config.port}"
    if config.password and config.password != settings.obs_ws_password:
        changes["OBS_WS_PASSWORD"] = config.password
    return changes
