"""A stand-in for every test, and a search for secrets after it."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from apps.twitch_ingest.engines.twitch.loading import load_twitchio
from libs.testing.stand_ins.twitch import TwitchStandIn
from tests.twitch_ingest.engines.channel_stand import ChannelStand

load_twitchio()


@pytest.fixture
async def twitch(caplog: pytest.LogCaptureFixture) -> AsyncIterator[TwitchStandIn]:
    """Whatever the test did, no secret that was ever given out may stand in any log."""
    caplog.set_level(logging.DEBUG)
    async with TwitchStandIn() as twitch:
        yield twitch
    said = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records)
    assert [secret for secret in twitch.world.issued if secret in said] == []


@pytest.fixture
def stand(twitch: TwitchStandIn, tmp_path: Path) -> ChannelStand:
    return ChannelStand(twitch, tmp_path)
