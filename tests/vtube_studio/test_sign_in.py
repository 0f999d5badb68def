"""Tokens, the popup that asks for them, and rights that are taken back."""

import asyncio
import base64

import pytest

from libs.testing.stand_ins.vtube_studio import ErrorId, VTubeStudioStandIn
from tests.vtube_studio.plain_plugin import PlainPlugin

WHO = {"pluginName": "Kitsu", "pluginDeveloper": "Tests"}


def png(width: int, height: int) -> str:
    head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
    return base64.b64encode(head + width.to_bytes(4) + height.to_bytes(4)).decode()


async def test_a_token_that_was_allowed_signs_in_on_every_connection(
    vts: VTubeStudioStandIn,
) -> None:
    async with PlainPlugin(vts) as plugin:
        state = await plugin.ask("APIStateRequest")
        assert state["currentSessionAuthenticated"] is True
        assert len(plugin.token) <= 64
    async with PlainPlugin(vts, sign_in=False) as again:
        assert await again.authenticate(plugin.token)
    assert vts.studio.popup.asked == ["Plain plugin by Tests"]


async def test_a_token_is_good_for_the_plugin_it_was_made_for_alone(
    vts: VTubeStudioStandIn,
) -> None:
    async with PlainPlugin(vts) as plugin, PlainPlugin(vts, "Thief", sign_in=False) as thief:
        assert not await thief.authenticate(plugin.token)
        assert not await thief.authenticate("garbage")
        assert await thief.error("CurrentModelRequest") == ErrorId.NOT_AUTHENTICATED


async def test_a_user_who_denies_is_error_50_and_may_be_asked_again(
    vts: VTubeStudioStandIn,
) -> None:
    async with PlainPlugin(vts, sign_in=False) as plugin:
        vts.studio.popup.answer = "deny"
        assert await plugin.error("AuthenticationTokenRequest", WHO) == ErrorId.TOKEN_DENIED
        vts.studio.popup.answer = "allow"
        await plugin.sign_in()


async def test_while_a_popup_is_open_a_second_request_is_error_51(
    vts: VTubeStudioStandIn,
) -> None:
    vts.studio.popup.answer = "wait"
    async with (
        PlainPlugin(vts, sign_in=False) as plugin,
        PlainPlugin(vts, sign_in=False) as other,
    ):
        signing_in = asyncio.create_task(plugin.sign_in())
        await vts.until(lambda: vts.studio.popup.is_open)
        second = await other.error("AuthenticationTokenRequest", WHO)
        assert second == ErrorId.TOKEN_REQUEST_ONGOING
        assert not signing_in.done()
        vts.studio.popup.click(allow=True)
        await signing_in
        assert not vts.studio.popup.is_open


@pytest.mark.parametrize("stays", [False, True])
async def test_a_popup_whose_plugin_has_gone_closes_or_stays(
    vts: VTubeStudioStandIn, stays: bool
) -> None:
    vts.studio.popup.answer, vts.studio.popup.stays = "wait", stays
    async with PlainPlugin(vts, sign_in=False) as plugin:
        signing_in = asyncio.create_task(plugin.sign_in())
        await vts.until(lambda: vts.studio.popup.is_open)
        signing_in.cancel()
    await vts.until(lambda: not vts.studio.sessions)
    assert vts.studio.popup.is_open is stays
    vts.studio.popup.click()
    vts.studio.popup.answer = "allow"
    async with PlainPlugin(vts):
        pass


@pytest.mark.parametrize(
    ("change", "error_id"),
    [
        ({"pluginName": "ab"}, ErrorId.TOKEN_PLUGIN_NAME_INVALID),
        ({"pluginName": "x" * 33}, ErrorId.TOKEN_PLUGIN_NAME_INVALID),
        ({"pluginDeveloper": ""}, ErrorId.TOKEN_DEVELOPER_INVALID),
        ({"pluginIcon": "no base64!"}, ErrorId.TOKEN_ICON_INVALID),
        ({"pluginIcon": png(64, 64)}, ErrorId.TOKEN_ICON_INVALID),
        ({"pluginIcon": png(128, 128)}, 0),
    ],
)
async def test_names_and_pictures_of_plugins_are_checked(
    vts: VTubeStudioStandIn, change: dict[str, str], error_id: int
) -> None:
    async with PlainPlugin(vts, sign_in=False) as plugin:
        assert await plugin.error("AuthenticationTokenRequest", {**WHO, **change}) == error_id


@pytest.mark.parametrize(
    ("missing", "error_id"),
    [("authenticationToken", 100), ("pluginName", 101), ("pluginDeveloper", 102)],
)
async def test_signing_in_without_a_field_is_an_error(
    vts: VTubeStudioStandIn, missing: str, error_id: int
) -> None:
    whole = {**WHO, "authenticationToken": "x"}
    data = {key: value for key, value in whole.items() if key != missing}
    async with PlainPlugin(vts, sign_in=False) as plugin:
        assert await plugin.error("AuthenticationRequest", data) == error_id


async def test_a_plugin_whose_rights_were_taken_back_gets_error_50_until_it_is_allowed_again(
    vts: VTubeStudioStandIn,
) -> None:
    own = {"parameterName": "MyOwn", "min": 0, "max": 1, "defaultValue": 0}
    async with PlainPlugin(vts) as plugin, PlainPlugin(vts, "Bystander") as bystander:
        await plugin.ask("ParameterCreationRequest", own)
        await plugin.inject(MouthOpen=1.0)
        vts.studio.revoke("Plain plugin")
        for kind in ("CurrentModelRequest", "InjectParameterDataRequest", "StatisticsRequest"):
            assert await plugin.error(kind) == ErrorId.TOKEN_DENIED
        assert vts.studio.value("MouthOpen") == 0
        assert not vts.studio.parameters.has("MyOwn")
        assert not await plugin.authenticate(plugin.token)
        assert (await bystander.ask("CurrentModelRequest"))["modelLoaded"]
        await plugin.sign_in()
        assert (await plugin.ask("CurrentModelRequest"))["modelLoaded"]


@pytest.mark.parametrize("forgotten", [False, True])
async def test_a_restart_keeps_the_port_and_forgets_tokens_only_when_told(
    vts: VTubeStudioStandIn, forgotten: bool
) -> None:
    port, instance = vts.port, vts.instance_id
    async with PlainPlugin(vts) as plugin:
        await vts.restart(forget_tokens=forgotten)
        await plugin.connection.wait_closed()
        assert plugin.connection.close_code == 1006
    assert (vts.port, vts.instance_id != instance) == (port, True)
    async with PlainPlugin(vts, sign_in=False) as again:
        assert await again.authenticate(plugin.token) is not forgotten


async def test_own_pictures_need_a_permission_that_the_user_gives(
    vts: VTubeStudioStandIn,
) -> None:
    wanted = {"requestedPermission": "LoadCustomImagesAsItems"}
    async with PlainPlugin(vts) as plugin:
        vts.studio.popup.answer = "deny"
        assert not (await plugin.ask("PermissionRequest", wanted))["grantSuccess"]
        vts.studio.popup.answer = "allow"
        assert (await plugin.ask("PermissionRequest", wanted))["grantSuccess"]
        listed = (await plugin.ask("PermissionRequest"))["permissions"]
        assert listed == [{"name": "LoadCustomImagesAsItems", "granted": True}]
        assert await plugin.error("PermissionRequest", {"requestedPermission": "Root"}) == 1100
