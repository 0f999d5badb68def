"""Settings of the command line and the supervisor."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from apps.cli.failures import WrongUse
from libs.settings import SettingsError, load
from libs.settings.avatar import AvatarFileSettings


class CliSettings(AvatarFileSettings):
    kitsu_bus: Literal["auto", "memory"] = "auto"
    """`memory`: no server; all modules in one process."""
    ollama_url: str = "http://127.0.0.1:11434"
    obs_ws_url: str = "ws://127.0.0.1:4455"
    """Where OBS answers; empty: OBS is not used."""
    obs_ws_password: str = Field(default="", repr=False)
    asr_input_device: str = ""
    asr_fake_audio: bool = False
    stage_device: str = ""
    stage_character: str = "kitsu"
    vts_url: str = "ws://127.0.0.1:8001"
    """Where VTube Studio's plugin API answers; empty: it is not used."""
    vts_auth_token: str = Field(default="", repr=False)
    vmc_target: str = ""
    veadotube_url: str = "auto"
    twitch_channel: str = ""
    twitch_client_id: str = ""
    twitch_oauth_token: str = Field(default="", repr=False)
    asr_engine: str = "auto"
    asr_model: str = "auto"
    asr_onnx_model: str = ""
    asr_qwen_python: str = ""
    asr_openai_base_url: str = ""
    asr_models_dir: str = ""

    @property
    def local_host(self) -> str:
        """The address under which this machine reaches its own modules."""
        return "127.0.0.1" if self.kitsu_host in ("0.0.0.0", "::") else self.kitsu_host

    def host_of(self, module: str) -> str:
        host = self.orch_host if module == "orchestrator" else self.kitsu_host
        return "127.0.0.1" if host in ("0.0.0.0", "::") else host

    @property
    def models_folder(self) -> Path:
        """Where recognition models are kept."""
        named = self.asr_models_dir
        return Path(named).expanduser() if named else self.kitsu_data_dir / "asr_models"

    @property
    def vts_permission(self) -> Path:
        """What VTube Studio gave the show when its user clicked Allow."""
        return self.kitsu_data_dir / "secrets" / f"vts-{self.kitsu_show}.json"

    def port_setting(self, module: str) -> str:
        """The name of the setting that moves a module's port."""
        return "ORCH_PORT" if module == "orchestrator" else f"{module}_port".upper()


def cli_settings() -> CliSettings:
    """The settings; ends the command with exit code 2 when they are wrong."""
    try:
        return load(CliSettings)
    except SettingsError as error:
        raise WrongUse(f"Wrong settings (in .env, the environment or configs):\n{error}") from None
