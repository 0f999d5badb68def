"""The seam: admit a delivery or refuse it with a reason code."""

from typing import Protocol

from libs.bus.base import Delivery


class Middleware(Protocol):
    """Asked before each handler call; told after it.

    A refused delivery is acknowledged, counted under the reason code, and never handled.
    """

    def refuse(self, delivery: Delivery) -> str | None:
        """A reason code, or None to let the delivery pass."""
        ...

    def done(self, delivery: Delivery) -> None:
        """The handler returned without an error."""
        ...
