"""Set-up: says what is missing, makes it on request, and touches nothing that is there."""

import copy
from pathlib import Path

import pytest

from apps.obs_controller.engines.base import CannotConnect
from apps.obs_controller.scenes_file import Scenes, ScenesError, load_scenes
from libs.contracts.studio import StudioLink
from tests.obs_controller.conftest import Start
from tests.obs_controller.scripted_obs import MemoryObs


async def test_what_is_missing_is_listed_and_made_at_once(
    controller: Start, obs: MemoryObs
) -> None:
    obs.scenes.remove("BRB")
    obs.inputs.pop("Caption")
    async with controller(
        obs_voice_inputs="", obs_caption_source="Caption", obs_now_playing_source="Now"
    ) as stand:
        found = (await stand.request("GET", "/setup")).json()
        assert found["link"] == "ready"
        assert found["dock_url"].endswith(f":{stand.settings.orch_port}/")
        states = {item["id"]: item["state"] for item in found["items"]}
        assert states == {
            "brb_scene": "missing",
            "overlay": "missing",
            "caption": "missing",
            "now_playing": "missing",
        }
        done = (await stand.request("POST", "/setup", {})).json()["done"]
        assert [(one["id"], one["ok"]) for one in done] == [(key, True) for key in states]

        assert "BRB" in obs.scenes
        overlay = obs.settings["Kitsu overlay"]
        assert overlay["reroute_audio"] is True, "OBS must be able to mute her voice"
        assert f":{stand.settings.stage_port}/?key=" in overlay["url"]
        assert "Kitsu overlay" in obs.items["Live"]
        after = (await stand.request("GET", "/setup")).json()["items"]
        assert {item["state"] for item in after} == {"there"}
        assert stand.told.missing == ()


async def test_nothing_that_is_there_is_changed(controller: Start, obs: MemoryObs) -> None:
    obs.inputs["Kitsu overlay"] = "browser_source"
    obs.settings["Kitsu overlay"] = {"url": "https://example.org/"}
    obs.muted["Kitsu overlay"] = False
    async with controller() as stand:
        before = copy.deepcopy(obs.settings)
        obs.asked.clear()
        found = (await stand.request("GET", "/setup")).json()["items"]
        assert {i["id"]: i["state"] for i in found}["overlay"] == "differs"
        done = (await stand.request("POST", "/setup", {"items": ["overlay", "brb_scene"]})).json()
        assert [one["ok"] for one in done["done"]] == [False, True]
        assert obs.settings == before
        assert obs.kinds_asked() == []


async def test_an_overlay_whose_sound_obs_cannot_mute_is_told_of(
    controller: Start, obs: MemoryObs
) -> None:
    obs.inputs["My overlay"] = "browser_source"
    obs.muted["My overlay"] = False
    async with controller(stage_port=8010) as stand:
        obs.settings["My overlay"] = {"url": "http://localhost:8010/?key=k"}
        await stand.worker.studio.read_anew()
        items = (await stand.request("GET", "/setup")).json()["items"]
        overlay = next(item for item in items if item["id"] == "overlay")
        assert overlay["state"] == "differs"
        assert "Control audio via OBS" in overlay["detail"]


async def test_an_obs_without_browser_sources_says_what_to_install(
    controller: Start, obs: MemoryObs
) -> None:
    obs.kinds.remove("browser_source")
    async with controller() as stand:
        done = (await stand.request("POST", "/setup", {"items": ["overlay"]})).json()["done"]
        assert done[0]["ok"] is False
        assert "obsproject.com" in done[0]["message"]


async def test_set_up_waits_for_the_end_of_a_panic(controller: Start, obs: MemoryObs) -> None:
    async with controller() as stand:
        await stand.request("POST", "/panic")
        obs.asked.clear()
        done = (await stand.request("POST", "/setup", {})).json()["done"]
        assert {one["ok"] for one in done} == {False}
        assert "release" in done[0]["message"]
        assert obs.kinds_asked() == []


@pytest.mark.parametrize("body", [{"items": "all"}, {"item": []}, [1], {"items": ["x"] * 50}])
async def test_a_request_that_is_none_is_refused(
    body: object, controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        answer = await stand.request("POST", "/setup", body)
        assert answer.status_code == 422
        assert obs.kinds_asked() == []


async def test_without_an_obs_set_up_says_what_is_wrong(controller: Start, obs: MemoryObs) -> None:
    obs.cannot = CannotConnect(StudioLink.WRONG_PASSWORD, "OBS refuses the password.")
    async with controller(ready=False) as stand:
        for _ in range(200):
            found = (await stand.request("GET", "/setup")).json()
            if found["link"] == "wrong_password":
                break
        assert found["items"] == []
        answer = await stand.request("POST", "/setup", {})
        assert answer.status_code == 503
        assert answer.json()["detail"] == "OBS refuses the password."


# configs/scenes.yaml -----------------------------------------------------------------------------


def test_the_shipped_file_is_good() -> None:
    assert load_scenes() == Scenes()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("actions: {Bad Name: {scene: A}}", "a-z"),
        ("actions: {a: {}}", "exactly one of"),
        ("actions: {a: {scene: A, media: B}}", "exactly one of"),
        ("actions: {a: {media: B, for_seconds: 3}}", "cannot undo media"),
        ("actions: {a: {file: /etc/passwd}}", "actions.a.file"),
        ("actions: {a: {scene: A, for_seconds: -1}}", "actions.a.for_seconds"),
        ("moods: {happy: dance}", "no action 'dance'"),
        ("moods: {furious: dance}", "moods.furious"),
        ("actions: [", "not valid YAML"),
        ("- 1", "scenes.yaml"),
        ("odd: 1", "odd"),
    ],
)
def test_a_wrong_file_stops_the_start_and_says_where(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "scenes.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ScenesError, match=says):
        load_scenes(path)


def test_a_file_of_garbage_is_no_crash_and_a_missing_one_allows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "scenes.yaml"
    assert load_scenes(path) == Scenes()
    for broken in (b"\xff\xfe\x00", b"a" * 300_000):
        path.write_bytes(broken)
        with pytest.raises(ScenesError):
            load_scenes(path)
