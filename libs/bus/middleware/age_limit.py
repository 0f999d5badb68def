"""Late work is dropped: its time to live, by the server's clock, is over."""

from libs.bus.base import Delivery


class AgeLimit:
    def refuse(self, delivery: Delivery) -> str | None:
        return "expired" if delivery.expired else None

    def done(self, delivery: Delivery) -> None:
        pass
