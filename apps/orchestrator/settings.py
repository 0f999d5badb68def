"""Settings of the orchestrator."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from apps.orchestrator.floor.rules import FLOOR_FILE, load_rules
from apps.orchestrator.panic_words import PanicWords
from libs.settings.avatar import AvatarFileSettings
from libs.settings.model_servers import ModelName, ModelServerSettings
from libs.settings.personas import load_persona


class OrchestratorSettings(ModelServerSettings, AvatarFileSettings):
    restore_context: bool = True
    """Whether the conversation before a restart is given to her again."""
    history_lines: int = Field(default=12, ge=0, le=200)
    """Earlier lines that go with a turn."""
    memory_tokens: int = Field(default=1_200, ge=0, le=100_000)
    """What history and summary of a turn may take of a model's attention, about."""
    restore_context_hours: float = Field(default=12.0, ge=0, le=8_760)
    """Older lines do not go with a turn as history; they can still be recalled when they fit."""
    summary_every_lines: int = Field(default=40, ge=0, le=10_000)
    """Lines after which the summary of the show is written anew; 0: none."""
    summary_by_model: bool = True
    """Whether a language model writes it, while nobody waits for an answer."""
    memory_retention_days: float = Field(default=0.0, ge=0, le=36_500)
    """What is older is forgotten; 0: nothing is."""
    embedding_model_name: ModelName = ""
    """The model that finds memories by meaning; empty: they are found by their words."""
    embedding_provider: Literal["auto", "ollama", "openai"] = "auto"
    """auto: what is on this machine, and what OLLAMA_URL names."""
    embedding_deadline_ms: float = Field(default=40.0, ge=1, le=1_000)
    """An answer does not wait longer for the meaning of its question."""
    floor_file: str = Field(default="", validate_default=True)
    """Who deserves an answer, instead of configs/floor.yaml: another file of its kind."""
    turn_expires_seconds: float = Field(default=30.0, ge=5, le=300)
    """A sentence that was not begun this long after its turn was committed is not said."""
    turn_thinking_seconds: float = Field(default=12.0, ge=1, le=120)
    """A turn without a first sound after this long is given up."""
    retract_minutes: float = Field(default=10.0, ge=0, le=1_440)
    """What a viewer wrote within so many minutes before a ban or a timeout is struck from memory;
    so is what stood in a chat that was cleared."""
    poll_seconds: float = Field(default=60.0, ge=1, le=600)
    """How long viewers may vote in a poll of hers."""
    policy_persona: str = "kitsu"
    """File name in configs/personas."""
    policy_family_friendly: bool = True
    """Family mode until the operator changes it; where it is set, it wins over the persona's file.
    """

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

    @field_validator("floor_file")
    @classmethod
    def _has_rules(cls, name: str) -> str:
        load_rules(Path(name) if name else FLOOR_FILE)
        return name

    @property
    def floor_path(self) -> Path:
        return Path(self.floor_file) if self.floor_file else FLOOR_FILE
