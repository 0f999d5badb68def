"""A stand-in for every test, and a search for secrets after it."""

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from apps.twitch_ingest.engines.twitch.loading import load_twitchio
from libs.testing.stand_ins.twitch import TwitchStandIn
from tests.twitch_ingest.engines.channel_stand import ChannelStand

load_twitchio()


class _Said(logging.Handler):
    """Everything that any logger says, as it would be written, without our own redaction."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    handler, root = _Said(), logging.getLogger()
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "httpx")  # the tests' own browser
    caplog.set_level(logging.WARNING, "httpcore")
    root.addHandler(handler)
    yield handler.lines
    root.removeHandler(handler)


@pytest.fixture
async def twitch(said: list[str]) -> AsyncIterator[TwitchStandIn]:
    """Whatever the test did, no secret that was ever given out may stand in any log."""
    async with TwitchStandIn() as twitch:
        yield twitch
    log = "\n".join(said)
    assert [secret for secret in twitch.world.issued if secret in log] == []


@pytest.fixture
def stand(twitch: TwitchStandIn, tmp_path: Path) -> ChannelStand:
    return ChannelStand(twitch, tmp_path)
