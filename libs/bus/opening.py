"""Which bus a process uses."""

from libs.bus.base import Bus, BusUnavailable
from libs.bus.embedded import read_address
from libs.bus.redis_streams import RedisBus
from libs.settings import ShowSettings


def connect(settings: ShowSettings, source: str) -> Bus:
    """The bus of these settings, not opened yet: KITSU_REDIS_URL, else the embedded server.

    `source` is `module@host#instance`. Raises `BusUnavailable` when there is neither.
    """
    if settings.kitsu_redis_url:
        return RedisBus(settings.kitsu_redis_url, source)
    address = read_address(settings.kitsu_data_dir)
    if address is None:
        raise BusUnavailable("no message bus runs here: start `kitsu up`, or set KITSU_REDIS_URL")
    return RedisBus(address, source, origin="embedded")
