"""Settings: environment over `.env` over `configs/kitsu.yaml` over defaults.

Every setting is one upper-case name (`ORCH_PORT`); in `configs/kitsu.yaml` the same name stands in
lower case. A wrong value stops the start with its name, the value and what is allowed.
"""

import ipaddress
import os
import socket
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from libs.settings.plain_complaints import plainly
from libs.settings.yaml_text import document_of

ROOT = Path(__file__).resolve().parents[2]

#: Names whose values are never printed, logged or put into an error text.
SECRET_WORDS = ("password", "token", "secret", "key", "redis_url")


class SettingsError(Exception):
    """Settings are wrong; the message says which, what was given and what is allowed."""


class ShowSettings(BaseSettings):
    """What every process of a show must know. Subclasses add one worker's own settings."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore", frozen=True)

    kitsu_show: str = Field(default="main", pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")
    kitsu_redis_url: str = ""
    """Empty: the embedded server that `kitsu up` starts (its address is in the data folder)."""
    kitsu_data_dir: Path = ROOT / "data"
    kitsu_log_root: Path = ROOT / "logs"
    kitsu_log_level: str = Field(default="INFO", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$")
    kitsu_remote: bool = False
    kitsu_host: str = "127.0.0.1"
    """The address every process listens on. Anything but loopback needs KITSU_REMOTE=1."""
    kitsu_slot: int = Field(default=0, ge=0, le=999)
    """Number of this instance among those of its module on this machine."""
    kitsu_supervised: bool = False
    """Set by the supervisor: leave when standard input is closed, for then it is gone."""

    orch_host: str = "127.0.0.1"
    orch_port: int = Field(default=8000, ge=1, le=65535)
    stage_port: int = Field(default=8010, ge=1, le=65535)
    tts_worker_port: int = Field(default=8011, ge=1, le=65535)
    policy_worker_port: int = Field(default=8012, ge=1, le=65535)
    asr_worker_port: int = Field(default=8013, ge=1, le=65535)
    avatar_controller_port: int = Field(default=8014, ge=1, le=65535)
    obs_controller_port: int = Field(default=8015, ge=1, le=65535)
    twitch_ingest_port: int = Field(default=8016, ge=1, le=65535)

    @field_validator("kitsu_host", "orch_host")
    @classmethod
    def _loopback_unless_remote(cls, host: str, info: ValidationInfo) -> str:
        if not info.data.get("kitsu_remote", True) and not _is_loopback(host):
            raise ValueError("anything but 127.0.0.1 opens a port to others; needs KITSU_REMOTE=1")
        return host

    @field_validator("kitsu_data_dir", "kitsu_log_root")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        """Relative to the checkout, so that every command finds the same folder from anywhere."""
        return (ROOT / path.expanduser()).resolve()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        in_file = InitSettingsSource(settings_cls, _settings_in(config_file()))
        return (init_settings, env_settings, dotenv_settings, in_file)

    def port_of(self, module: str) -> int:
        """The port of a module's own HTTP server."""
        return int(getattr(self, "orch_port" if module == "orchestrator" else f"{module}_port"))

    @property
    def hostname(self) -> str:
        """This machine's name, made fit for use in a consumer name."""
        return "".join(c if c.isalnum() or c in "-." else "-" for c in socket.gethostname())[:64]


def config_file() -> Path:
    """The YAML file that settings are read from."""
    return Path(os.environ.get("KITSU_CONFIG") or ROOT / "configs" / "kitsu.yaml")


def _settings_in(file: Path) -> dict[str, Any]:
    """What a file sets; one that is not there, or says nothing, sets nothing. Raises
    `yaml.YAMLError`."""
    if not file.is_file():
        return {}
    try:
        document = document_of(file.read_text("utf-8"))
    except UnicodeDecodeError as problem:
        raise yaml.YAMLError(str(problem)) from None
    if not isinstance(document, dict | None):
        raise yaml.YAMLError("it must be names with their values")
    return {str(name): value for name, value in (document or {}).items()}


SettingsType = TypeVar("SettingsType", bound=BaseSettings)


def load(settings_class: type[SettingsType], **overrides: Any) -> SettingsType:
    """The settings of a process.

    Raises `SettingsError` with one line per wrong setting: name, value, what is allowed.
    """
    if os.environ.get("KITSU_CONFIG") and not config_file().is_file():
        raise SettingsError(f"KITSU_CONFIG = '{config_file()}': must be the path of a file")
    try:
        return settings_class(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_line(dict(item)) for item in error.errors())) from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{config_file().name} is not valid YAML: {error}") from None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _line(item: dict[str, Any]) -> str:
    name = "_".join(str(part) for part in item["loc"]).upper()
    secret = any(word in name.lower() for word in SECRET_WORDS)
    value = "(hidden)" if secret else repr(item.get("input"))[:80]
    return f"{name} = {value}: {plainly(item, ())}"
