"""Settings of the policy worker."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from apps.policy_worker.tools_file import TOOLS_FILE, load_tools
from libs.settings import ROOT
from libs.settings.avatar import AvatarFileSettings
from libs.settings.model_servers import ModelName, ModelServerSettings
from libs.settings.personas import load_persona

PROVIDERS = ("ollama", "openai", "scripted")


def _provider(value: str) -> str:
    names = [name.strip().lower() for name in value.split(",")]
    if names != ["auto"] and (set(names) - set(PROVIDERS) or len(set(names)) < len(names)):
        known = ", ".join(f"'{name}'" for name in PROVIDERS)
        raise ValueError(f"must be 'auto', or one or more of {known} with commas")
    return ",".join(names)


#: Names of engines in the order in which they are asked.
Provider = Annotated[str, AfterValidator(_provider)]


class PolicySettings(ModelServerSettings, AvatarFileSettings):
    chat_provider: Provider = "auto"
    """auto: what is on this machine, and the scripted persona until then. The scripted persona is
    always the last one."""
    code_provider: Provider = "auto"
    """Questions about code; auto: as for chat."""
    vision_provider: Provider = "auto"
    """Pictures; auto: only models on this machine."""
    code_model_name: ModelName = ""
    """The model for code at its provider; empty: the one of chat."""
    vision_model_name: ModelName = ""

    policy_force_mock: bool = False
    """Only the scripted persona, whatever else is set."""
    policy_persona: str = "kitsu"
    """File name in configs/personas."""
    policy_tools_file: Path = Field(default=Path("configs/tools.yaml"), validate_default=True)
    """Which tools models may use."""
    policy_family_friendly: bool = True
    """Family mode for texts that come without a persona of their own (`POST /respond`)."""
    policy_first_token_seconds: float = Field(default=5.0, ge=0.1, le=120)
    """An engine that has nothing to say after this long is left for the next one."""
    policy_acknowledge_ms: int = Field(default=0, ge=0, le=10_000)
    """When the host waits longer than this for the first sentence she says a short "mm?"; 0: never.
    """
    policy_retry_attempts: int = Field(default=1, ge=0, le=5)
    """How often an engine that failed quickly is asked again."""
    policy_retry_backoff: float = Field(default=0.25, ge=0, le=5)
    """Seconds before the first repetition; twice as long before each further one."""

    policy_touchy: Literal["deflect", "answer"] = "deflect"
    """Without a guard: whether touchy topics are turned aside or answered like anything else."""
    guard_provider: Literal["", "ollama", "openai"] = ""
    """Where the second model is that judges the sentences of touchy turns; empty: there is none."""
    guard_model_name: ModelName = Field(default="", validate_default=True)
    guard_deadline_ms: int = Field(default=300, ge=50, le=5_000)
    """A sentence that was not called safe after this long is not said."""

    llm_model_name: ModelName = Field(default="llama3.2", min_length=1)
    """Ollama's model for chat."""
    openai_model: ModelName = ""
    """Empty: the first one that a server on this machine has."""

    @field_validator("policy_persona")
    @classmethod
    def _can_be_loaded(cls, name: str) -> str:
        load_persona(name)
        return name

    @field_validator("policy_tools_file")
    @classmethod
    def _can_be_used(cls, path: Path) -> Path:
        found = ROOT / path.expanduser()
        if path != TOOLS_FILE.relative_to(ROOT) and not found.is_file():
            raise ValueError("must be the path of a file")
        load_tools(found)
        return found

    @field_validator("guard_model_name")
    @classmethod
    def _goes_with_the_provider(cls, name: str, info: ValidationInfo) -> str:
        provider = info.data.get("guard_provider")
        if provider and not name:
            raise ValueError(
                f"GUARD_PROVIDER is '{provider}': name its model, like llama-guard3:1b"
            )
        if name and provider == "":
            raise ValueError("needs GUARD_PROVIDER: 'ollama' or 'openai'")
        return name
