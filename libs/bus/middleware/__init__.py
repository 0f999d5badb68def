"""What stands between a delivery and its handler: one small class per concern."""

from libs.bus.middleware.age_limit import AgeLimit
from libs.bus.middleware.base import Middleware
from libs.bus.middleware.dedupe import Dedupe
from libs.bus.middleware.fencing import Fencing

__all__ = ["AgeLimit", "Dedupe", "Fencing", "Middleware"]
