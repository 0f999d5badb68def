"""Settings of the orchestrator."""

from pydantic import Field, field_validator

from apps.orchestrator.panic_words import PanicWords
from libs.settings import ShowSettings
from libs.settings.personas import load_persona


class OrchestratorSettings(ShowSettings):
    restore_context: bool = True
    """Whether the conversation before a restart is given to her again."""
    history_lines: int = Field(default=12, ge=0, le=200)
    """Earlier lines that go with a turn."""
    floor_waiting_lines: int = Field(default=8, ge=1, le=500)
    """Chat lines that may wait; when one more comes, the oldest is skipped as outranked."""
    floor_fresh_seconds: float = Field(default=15.0, gt=0, le=300)
    """A chat line older than this is not answered any more."""
    turn_expires_seconds: float = Field(default=30.0, ge=5, le=300)
    """A sentence that was not begun this long after its turn was committed is not said."""
    turn_thinking_seconds: float = Field(default=12.0, ge=1, le=120)
    """A turn without a first sound after this long is given up."""
    policy_persona: str = "kitsu"
    """File name in configs/personas."""
    policy_family_friendly: bool = True
    """Family mode until the operator changes it."""

    panic_words: str = "kitsu panic, panic panic panic"
    """What the host says to engage panic, with commas between the phrases; empty: nothing."""

    @field_validator("panic_words")
    @classmethod
    def _are_phrases(cls, listed: str) -> str:
        PanicWords(listed)
        return listed

    @field_validator("policy_persona")
    @classmethod
    def _can_be_loaded(cls, name: str) -> str:
        load_persona(name)
        return name
