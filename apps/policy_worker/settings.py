"""Settings of the policy worker."""

from typing import Literal

from pydantic import Field, field_validator

from libs.settings import ShowSettings
from libs.settings.personas import load_persona


class PolicySettings(ShowSettings):
    policy_engine: Literal["auto", "ollama", "scripted"] = "auto"
    """auto: Ollama as soon as it is there with the model, the scripted persona until then."""
    policy_force_mock: bool = False
    """Only the scripted persona, whatever else is set."""
    policy_persona: str = "kitsu"
    """File name in configs/personas."""
    policy_family_friendly: bool = True
    """Family mode for texts that come without a persona of their own (`POST /respond`)."""
    policy_retry_attempts: int = Field(default=1, ge=0, le=5)
    """How often an engine that failed quickly is asked again."""
    policy_retry_backoff: float = Field(default=0.25, ge=0, le=5)
    """Seconds before the first repetition; twice as long before each further one."""

    ollama_url: str = Field(default="http://127.0.0.1:11434", pattern=r"^https?://[^\s/?#]+/?$")
    llm_model_name: str = Field(default="llama3.2", min_length=1, max_length=200)

    @field_validator("policy_persona")
    @classmethod
    def _can_be_loaded(cls, name: str) -> str:
        load_persona(name)
        return name
