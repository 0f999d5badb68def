"""What all messages and commands of the panel have in common."""

from pydantic import BaseModel, ConfigDict, Field


class Message(BaseModel):
    """Unknown fields of a newer server are ignored by an older panel."""

    model_config = ConfigDict(extra="ignore")


class Command(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(max_length=64)
