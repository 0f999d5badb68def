"""Signing in to VTube Studio: its user is asked once, and never again after a no, but on order."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from apps.avatar_controller.engines.vtube_studio import sign_in as sign_in_module
from libs.contracts.avatar import AvatarLink
from libs.testing.stand_ins.vtube_studio import Plugin, VTubeStudioStandIn
from tests.avatar_controller.vtube_studio.link_stand import LinkStand
from tests.avatar_controller.vtube_studio.scripted_vts import until

KITSU = Plugin("Kitsu", "Kitsu")


@pytest.fixture
async def vts() -> AsyncIterator[VTubeStudioStandIn]:
    async with VTubeStudioStandIn() as app:
        yield app


async def test_a_click_signs_in_for_good(vts: VTubeStudioStandIn, tmp_path: Path) -> None:
    vts.studio.popup.answer = "wait"
    async with LinkStand(vts.url, tmp_path) as stand:
        detail = await stand.reach(AvatarLink.ASKING)
        assert "click Allow" in detail
        await until(lambda: vts.studio.popup.is_open)
        vts.studio.popup.click()
        await stand.ready()
    async with LinkStand(vts.url, tmp_path) as stand:
        await stand.ready()
        assert stand.links() == [AvatarLink.READY]
    assert len(vts.studio.popup.asked) == 1


async def test_who_was_denied_asks_only_on_order_also_after_restarts(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    vts.studio.popup.answer = "deny"
    async with LinkStand(vts.url, tmp_path) as stand:
        assert "Ask again" in await stand.reach(AvatarLink.DENIED)
        vts.drop()
        await until(lambda: vts.connections == 2)
        await stand.reach(AvatarLink.DENIED)
    vts.studio.popup.answer = "allow"
    async with LinkStand(vts.url, tmp_path) as stand:
        await stand.reach(AvatarLink.DENIED)
        await asyncio.sleep(0.2)
        assert len(vts.studio.popup.asked) == 1
        await stand.link.ask_again()
        await stand.ready()
        assert len(vts.studio.popup.asked) == 2
        assert stand.store.read().token in vts.studio.rights.tokens
        assert not stand.store.read().denied


async def test_who_is_denied_twice_stays_denied(vts: VTubeStudioStandIn, tmp_path: Path) -> None:
    vts.studio.popup.answer = "deny"
    async with LinkStand(vts.url, tmp_path) as stand:
        await stand.reach(AvatarLink.DENIED)
        await stand.link.ask_again()
        await until(lambda: len(vts.studio.popup.asked) == 2)
        await stand.reach(AvatarLink.DENIED)
        assert stand.links()[-3:] == [AvatarLink.DENIED, AvatarLink.ASKING, AvatarLink.DENIED]


async def test_an_order_to_ask_that_nobody_needs_does_nothing(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    async with LinkStand(vts.url, tmp_path) as stand:
        await stand.ready()
        await stand.link.ask_again()
        vts.drop()
        await stand.ready(times=2)
    assert len(vts.studio.popup.asked) == 1


async def test_a_stale_token_leads_to_a_new_question(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    stand = LinkStand(vts.url, tmp_path)
    stand.store.write("a-token-of-long-ago")
    async with stand:
        await stand.ready()
    assert len(vts.studio.popup.asked) == 1
    assert stand.store.read().token in vts.studio.rights.tokens


async def test_a_question_left_open_is_not_asked_twice_over_reconnects(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    """The popup stays there while the connection breaks: VTube Studio says so."""
    vts.studio.popup.answer = "wait"
    vts.studio.popup.stays = True
    async with LinkStand(vts.url, tmp_path) as stand:
        await until(lambda: vts.studio.popup.is_open)
        vts.drop()
        assert "earlier question" in await stand.reach(AvatarLink.ASKING, "earlier")
        vts.studio.popup.answer = "allow"
        vts.studio.popup.click()
        await stand.ready()


async def test_a_question_whose_answer_is_lost_is_asked_again(
    vts: VTubeStudioStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in_module, "LOOK_AGAIN_SECONDS", 0.2)
    vts.answers.swallow(1, "AuthenticationTokenRequest")
    async with LinkStand(vts.url, tmp_path) as stand:
        await stand.ready()
    assert len(vts.studio.popup.asked) == 2


async def test_whoever_thinks_long_is_not_asked_again(
    vts: VTubeStudioStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in_module, "LOOK_AGAIN_SECONDS", 0.1)
    monkeypatch.setattr(sign_in_module, "QUESTION_OPEN_PAUSE_SECONDS", 0.01)
    vts.studio.popup.answer = "wait"
    async with LinkStand(vts.url, tmp_path) as stand:
        await until(lambda: vts.recording.counts["AuthenticationTokenRequest"] >= 5)
        assert stand.link.link is AvatarLink.ASKING
        assert "click Allow there" in stand.link.detail
        assert len(vts.studio.popup.asked) == 1
        monkeypatch.setattr(sign_in_module, "LOOK_AGAIN_SECONDS", 60.0)
        await asyncio.sleep(0.3)
        vts.studio.popup.click()
        await stand.ready()
    assert len(vts.studio.popup.asked) == 1


@pytest.mark.parametrize(
    "kind", ["APIStateRequest", "AuthenticationRequest", "EventSubscriptionRequest"]
)
async def test_a_lost_answer_while_signing_in_costs_no_connection(
    kind: str, vts: VTubeStudioStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in_module, "TRY_SECONDS", 0.3)
    vts.answers.swallow(1, kind)
    async with LinkStand(vts.url, tmp_path) as stand:
        await stand.ready()
        assert stand.link.connections == 1
    assert vts.connections == 1


# VTS_AUTH_TOKEN ----------------------------------------------------------------------------------


async def test_a_token_in_the_settings_wins(vts: VTubeStudioStandIn, tmp_path: Path) -> None:
    token = vts.studio.rights.grant(KITSU)
    stand = LinkStand(vts.url, tmp_path, vts_auth_token=token)
    stand.store.write("another")
    async with stand:
        await stand.ready()
    assert stand.store.read().token == "another"
    assert vts.studio.popup.asked == []


async def test_a_token_in_the_settings_that_is_refused_is_said_and_not_replaced(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    async with LinkStand(vts.url, tmp_path, vts_auth_token="no-such-token") as stand:
        detail = await stand.reach(AvatarLink.DENIED)
        assert "VTS_AUTH_TOKEN" in detail
        assert "no-such-token" not in detail
        await stand.link.ask_again()
        await until(lambda: vts.recording.counts["AuthenticationRequest"] == 2)
        vts.studio.rights.tokens["no-such-token"] = KITSU
        await stand.link.ask_again()
        await stand.ready()
    assert vts.studio.popup.asked == []
    assert not stand.store.path.exists()


# The file ----------------------------------------------------------------------------------------


async def test_a_garbage_token_file_is_said_and_the_user_asked(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    vts.studio.popup.answer = "wait"
    stand = LinkStand(vts.url, tmp_path)
    stand.store.path.parent.mkdir(parents=True)
    stand.store.path.write_bytes(b"\x00garbage")
    async with stand:
        detail = await stand.reach(AvatarLink.ASKING, "was broken")
        [aside] = stand.store.path.parent.iterdir()
        assert aside.name in detail
        assert "click Allow" in detail
        await until(lambda: vts.studio.popup.is_open)
        vts.studio.popup.click()
        await stand.ready()
        assert stand.link.detail == ""
    assert stand.store.read().token


async def test_a_disk_that_takes_no_token_is_said_while_all_works(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    async with LinkStand(vts.url, blocked) as stand:
        await stand.ready()
        assert "make room" in stand.link.detail
        vts.drop()
        await stand.ready(times=2)
    assert len(vts.studio.popup.asked) == 1
