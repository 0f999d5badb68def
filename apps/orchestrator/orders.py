"""What all orders of people have in common, over HTTP and over the panel's stream."""

from pydantic import BaseModel, ConfigDict


class Order(BaseModel):
    """Nothing is guessed: a wrong type or an unknown field is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)
