"""Settings of chat, and which platform they give."""

from pathlib import Path
from typing import Any

import pytest

from apps.twitch_ingest.engines.no_chat import NoChat
from apps.twitch_ingest.engines.replay import ReplayPlatform
from apps.twitch_ingest.platforms import (
    NO_CHANNEL,
    NO_LOG,
    NOT_SET_UP,
    OFF,
    can_use_twitch,
    platform_of,
)
from apps.twitch_ingest.settings import TwitchIngestSettings
from apps.twitch_ingest.worker import TwitchIngestWorker
from libs.bus.memory import MemoryBus, MemoryServer
from libs.contracts.health import ModuleState
from libs.safety import Gate
from libs.settings import SettingsError, load
from libs.worker.runtime import running
from tests.twitch_ingest.conftest import settings_in


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("Kitsu_Live", "kitsu_live"),
        ("@kitsu", "kitsu"),
        ("#kitsu", "kitsu"),
        (" https://www.twitch.tv/Kitsu/ ", "kitsu"),
        ("", ""),
    ],
)
def test_the_channel_is_found_in_what_people_paste(tmp_path: Path, given: str, meant: str) -> None:
    assert settings_in(tmp_path, twitch_channel=given).twitch_channel == meant


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("twitch_channel", "two words"),
        ("twitch_channel", "кitsu"),
        ("twitch_channel", "a" * 26),
        ("twitch_bot_nick", "bot;drop"),
        ("twitch_helix_url", "https://api.twitch.tv.evil.example/helix"),
        ("twitch_helix_url", "https://eviltwitch.tv/helix"),
        ("twitch_helix_url", "http://api.twitch.tv/helix"),
        ("twitch_helix_url", "https://user:word@api.twitch.tv/helix"),
        ("twitch_id_url", "ftp://127.0.0.1"),
        ("twitch_eventsub_url", "ws://eventsub.wss.twitch.tv/ws"),
        ("twitch_eventsub_url", "wss://10.0.0.1/ws"),
        ("twitch_irc_url", "wss://127.0.0.1:99999"),
        ("chat_platform", "myspace"),
        ("chat_replay_speed", "-1"),
        ("chat_replay_speed", "fast"),
    ],
)
def test_a_wrong_value_stops_the_start_with_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name.upper()):
        load(TwitchIngestSettings, _env_file=None, **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("twitch_helix_url", "http://127.0.0.1:9000/helix"),
        ("twitch_eventsub_url", "ws://localhost:9000/ws"),
    ],
)
def test_a_stand_in_on_this_machine_may_be_asked(tmp_path: Path, name: str, value: str) -> None:
    assert getattr(settings_in(tmp_path, **{name: value}), name) == value


def test_no_secret_is_shown_or_told() -> None:
    secrets = {"twitch_client_secret": "s" * 30, "twitch_oauth_token": "t" * 30}
    settings = TwitchIngestSettings(_env_file=None, **secrets)  # type: ignore[arg-type]
    assert not any(value in repr(settings) for value in secrets.values())
    long = "x" * 300
    for name in secrets:
        with pytest.raises(SettingsError) as caught:
            load(TwitchIngestSettings, _env_file=None, **{name: long})
        assert "xxx" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({}, NOT_SET_UP),
        ({"chat_platform": "twitch"}, NOT_SET_UP),
        ({"chat_platform": "off", "twitch_client_id": "abc"}, OFF),
        ({"chat_platform": "anonymous"}, NO_CHANNEL),
        ({"chat_platform": "replay"}, NO_LOG),
    ],
)
def test_what_is_missing_is_told_with_the_step_that_mends_it(
    tmp_path: Path, fields: dict[str, Any], detail: str
) -> None:
    platform = platform_of(settings_in(tmp_path, **fields))
    assert isinstance(platform, NoChat)
    health = platform.health()
    assert (health.state, health.detail) == (ModuleState.NOT_CONFIGURED, detail)


@pytest.mark.parametrize("fields", [{"twitch_client_id": "abc"}, {"twitch_oauth_token": "abc"}])
def test_an_application_or_a_token_is_enough_for_twitch(
    tmp_path: Path, fields: dict[str, str]
) -> None:
    assert can_use_twitch(settings_in(tmp_path, **fields))


def test_so_is_an_account_that_signed_in_once(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    assert not can_use_twitch(settings)
    (tmp_path / "secrets").mkdir(exist_ok=True)
    (tmp_path / "secrets" / "twitch.json").write_text("{}", "utf-8")
    assert can_use_twitch(settings)


def test_a_log_can_be_the_platform(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, chat_platform="replay", chat_replay_file="x.jsonl")
    assert isinstance(platform_of(settings), ReplayPlatform)


async def test_without_chat_the_worker_runs_and_says_so(tmp_path: Path, gate: Gate) -> None:
    bus = MemoryBus(MemoryServer(), "twitch_ingest@here#0")
    worker = TwitchIngestWorker(settings_in(tmp_path), bus, gate=gate)
    async with running(worker, bus):
        health = worker.health()
        assert (health.state, health.detail) == (ModuleState.NOT_CONFIGURED, NOT_SET_UP)
