"""Tokens: refreshed once, written down first, never said."""

import asyncio
import json
import logging
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from apps.twitch_ingest.engines.base import SendRefused
from apps.twitch_ingest.engines.twitch.accounts import Account, Accounts
from apps.twitch_ingest.engines.twitch.client import TwitchClient
from apps.twitch_ingest.engines.twitch.errors import TwitchError
from apps.twitch_ingest.engines.twitch.keeper import TokenKeeper
from apps.twitch_ingest.engines.twitch.token_store import TokenStore
from tests.twitch_ingest.engines.channel_stand import SHORT, ChannelStand, until


@asynccontextmanager
async def _client(stand: ChannelStand) -> AsyncIterator[tuple[TwitchClient, Accounts]]:
    accounts = Accounts(TokenStore(stand.options.data_dir))
    accounts.load()
    client = TwitchClient.make(stand.options, accounts)
    try:
        yield client, accounts
    finally:
        await client.close()


def _stored(stand: ChannelStand) -> dict[str, Account]:
    found, _ = TokenStore(stand.options.data_dir).read()
    return {raw["role"]: Account.model_validate(raw) for raw in found}


@pytest.mark.parametrize("public", [True, False])
async def test_five_calls_at_once_on_an_expired_token_need_one_refresh(
    stand: ChannelStand, public: bool
) -> None:
    if not public:
        secret = stand.twitch.world.client_secret
        stand.options = replace(stand.options, client_secret=secret)
    account = stand.sign_in(public=public)
    async with _client(stand) as (client, _):
        stand.twitch.world.expire_tokens()
        found = await asyncio.gather(
            *(client.helix.person("kitsu_live", account.user_id) for _ in range(5))
        )
    assert [person.login for person in found if person] == ["kitsu_live"] * 5
    assert stand.twitch.oauth.refreshes == 1
    assert stand.twitch.oauth.refused_refreshes == 0


async def test_a_refusal_that_does_not_go_away_costs_one_refresh(stand: ChannelStand) -> None:
    account = stand.sign_in()
    stand.twitch.fail("GET", "/helix/users", status=401, times=1_000, message="Invalid OAuth token")
    async with _client(stand) as (client, _):
        for _ in range(20):
            with pytest.raises(TwitchError) as refused:
                await client.helix.person("kitsu_live", account.user_id)
            assert refused.value.status == 401
    assert stand.twitch.oauth.refreshes == 1


async def test_a_missing_scope_is_no_reason_to_refresh(stand: ChannelStand) -> None:
    account = stand.sign_in()
    message = "Missing scope: moderator:read:followers"
    stand.twitch.fail("GET", "/helix/users", status=401, message=message)
    async with _client(stand) as (client, _):
        with pytest.raises(TwitchError, match="Missing scope"):
            await client.helix.person("kitsu_live", account.user_id)
    assert stand.twitch.oauth.refreshes == 0


async def test_a_new_token_is_on_disk_before_it_is_used(stand: ChannelStand) -> None:
    """Killed at any moment after Twitch's answer, nobody has to sign in again."""
    account = stand.sign_in()
    stand.twitch.world.expire_tokens()
    seen: list[str] = []
    async with _client(stand) as (client, accounts):
        put = accounts.put

        def watched(fresh: Account) -> None:
            put(fresh)
            seen.append(_stored(stand)["streamer"].refresh_token)
            raise KeyboardInterrupt  # killed right after the write

        accounts.put = watched  # type: ignore[method-assign]
        with pytest.raises((KeyboardInterrupt, asyncio.CancelledError)):
            await client.requests._refresh(account)
    async with _client(stand) as (client, _):
        assert await client.helix.person("kitsu_live", account.user_id)
    assert seen != [account.refresh_token]
    assert stand.twitch.oauth.refreshes == 1
    assert stand.twitch.oauth.refused_refreshes == 0


async def test_a_refresh_goes_on_when_whoever_waits_for_it_is_cancelled(
    stand: ChannelStand,
) -> None:
    account = stand.sign_in()
    stand.twitch.world.expire_tokens()
    stand.twitch.fail("POST", "/oauth2/token", status=0, delay_seconds=0.1)
    async with _client(stand) as (client, _):
        asking = asyncio.create_task(client.helix.person("kitsu_live", account.user_id))
        await until(lambda: stand.twitch.faults.requests["POST /oauth2/token"] == 1)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    fresh = _stored(stand)["streamer"]
    assert fresh.refresh_token != account.refresh_token
    assert stand.twitch.world.living(fresh.access_token)


async def test_a_refused_refresh_ends_the_sign_in_with_the_step_that_mends_it(
    stand: ChannelStand,
) -> None:
    stand.sign_in()
    stand.twitch.world.disconnect_app(stand.host)
    async with stand:
        told = await stand.state("refused")
        health = stand.platform.health()
        with pytest.raises(SendRefused) as refused:
            await stand.platform.send("hello")
    assert "kitsu twitch login" in told["detail"]
    assert "kitsu_live" in told["detail"]
    assert health.detail == told["detail"]
    assert refused.value.code == "no_permission"
    assert _stored(stand)["streamer"].ended


async def test_a_passing_trouble_of_a_refresh_ends_nothing(stand: ChannelStand) -> None:
    account = stand.sign_in()
    stand.twitch.world.expire_tokens()
    stand.twitch.fail("POST", "/oauth2/token", status=500)
    async with _client(stand) as (client, _):
        with pytest.raises(TwitchError):
            await client.helix.person("kitsu_live", account.user_id)
        assert await client.helix.person("kitsu_live", account.user_id)


async def test_chat_goes_on_over_an_expired_token(stand: ChannelStand) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        stand.twitch.world.expire_tokens()
        stand.twitch.sockets.drop()
        await stand.gap()
        await stand.say("hello")
        await stand.heard("hello")
    assert stand.twitch.oauth.refreshes == 1


async def test_errors_say_nothing_that_could_be_a_token(stand: ChannelStand) -> None:
    account = stand.sign_in()
    message = f"bad token {account.access_token} for {account.refresh_token}"
    stand.twitch.fail("GET", "/helix/users", status=400, message=message)
    async with _client(stand) as (client, _):
        with pytest.raises(TwitchError) as refused:
            await client.helix.person("kitsu_live", account.user_id)
    assert account.access_token not in f"{refused.value!r} {refused.value}"
    assert account.refresh_token not in f"{account!r} {refused.value}"


@pytest.mark.parametrize("fault", [{"status": 302}, {"drop": True, "times": 9}, {"status": 200}])
async def test_an_answer_that_is_none_is_an_error_of_ours(
    stand: ChannelStand, fault: dict[str, int]
) -> None:
    account = stand.sign_in()
    stand.twitch.fail("GET", "/helix/users", **fault)
    async with _client(stand) as (client, _):
        with pytest.raises(TwitchError):
            await client.helix.person("kitsu_live", account.user_id)


# The hourly check ------------------------------------------------------------------------------


async def test_the_check_goes_on_whatever_happens_to_it(stand: ChannelStand) -> None:
    stand.sign_in()
    pauses = replace(SHORT, validate=0.02, validate_retry=0.02)
    stand.options = replace(stand.options, pauses=pauses)
    for fault in ({"drop": True}, {"status": 500}, {"status": 503}):
        stand.twitch.fail("GET", "/oauth2/validate", **fault)
    async with _client(stand) as (client, accounts):
        keeper = TokenKeeper(client, accounts, pauses)
        task = asyncio.create_task(keeper.run())
        await until(lambda: keeper.checks >= 6)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert accounts.get("streamer")


async def test_a_token_that_ends_before_the_next_check_is_renewed(stand: ChannelStand) -> None:
    stand.sign_in(lifetime_seconds=600)
    async with _client(stand) as (client, accounts):
        await TokenKeeper(client, accounts, replace(SHORT, validate=3_600)).check()
    assert stand.twitch.oauth.refreshes == 1


async def test_a_check_that_finds_a_dead_token_renews_it(stand: ChannelStand) -> None:
    account = stand.sign_in()
    stand.twitch.world.expire_tokens()
    async with _client(stand) as (client, accounts):
        await TokenKeeper(client, accounts, SHORT).check()
        assert accounts.get("streamer") != account
        assert accounts.reader
    assert stand.twitch.oauth.refreshes == 1


async def test_a_check_notices_that_a_right_was_taken_away(stand: ChannelStand) -> None:
    account = stand.sign_in()
    stand.twitch.world.tokens[account.access_token].scopes = ["user:read:chat"]
    async with _client(stand) as (client, accounts):
        accounts.changed.clear()
        await TokenKeeper(client, accounts, SHORT).check()
        assert accounts.changed.is_set()
    assert _stored(stand)["streamer"].scopes == ("user:read:chat",)


# The file --------------------------------------------------------------------------------------


def test_the_file_is_its_owners_only_and_whole(stand: ChannelStand) -> None:
    account = stand.sign_in()
    path = TokenStore(stand.options.data_dir).path
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["accounts"][0]["refresh_token"] == account.refresh_token
    assert [p.name for p in path.parent.iterdir()] == ["twitch.json"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_file_that_others_may_read_is_closed_to_them(stand: ChannelStand) -> None:
    stand.sign_in()
    store = TokenStore(stand.options.data_dir)
    store.path.chmod(0o644)
    store.read()
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\x00garbage", b"[]", b'{"version": 1}', b'{"version": 9, "accounts": []}',
     b'{"version": 1, "accounts": [{"role": "king", "access_token": "abc-secret"}]}',
     b'{"version": 1, "accounts": [7]}'],
)  # fmt: skip
async def test_a_broken_file_is_kept_aside_and_said(
    stand: ChannelStand, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    store = TokenStore(stand.options.data_dir)
    store.path.parent.mkdir(parents=True)
    store.path.write_bytes(content)
    document = stand.platform.link_state()
    assert "kitsu twitch login" in document["detail"]
    [aside] = store.path.parent.glob("twitch.broken-*.json")
    kept = aside.read_bytes()
    assert kept == content or json.loads(kept) == json.loads(content)
    assert os.name != "posix" or stat.S_IMODE(aside.stat().st_mode) == 0o600
    assert "abc-secret" not in caplog.text


def test_a_disk_that_takes_nothing_keeps_the_account_until_the_end(
    stand: ChannelStand, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    account = stand.sign_in()
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    accounts = Accounts(TokenStore(blocked))
    accounts.put(account)
    assert accounts.reader == account
    assert "make room" in accounts.complaint
    assert account.refresh_token not in caplog.text + accounts.complaint
