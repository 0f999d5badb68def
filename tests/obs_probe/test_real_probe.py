"""The probe, and a real OBS."""

import asyncio

import pytest

from libs.obs import Answer, Probe, probe
from libs.testing.obs_studio import ObsStudio

pytestmark = [pytest.mark.real_obs, pytest.mark.asyncio(loop_scope="module")]


async def ask(obs: ObsStudio, password: str) -> Probe:
    return await asyncio.to_thread(probe, "127.0.0.1", obs.port, password)


async def test_the_right_password_is_let_in(module_obs: ObsStudio) -> None:
    found = await ask(module_obs, module_obs.password)
    assert found.answer is Answer.OBS
    assert found.obs_version
    assert found.websocket_version.startswith("5.")


async def test_a_wrong_password_and_none_are_told_apart(module_obs: ObsStudio) -> None:
    assert (await ask(module_obs, "wrong")).answer is Answer.WRONG_PASSWORD
    assert (await ask(module_obs, "")).answer is Answer.NEEDS_PASSWORD


async def test_an_obs_that_hangs_is_silent_and_well_again_afterwards(module_obs: ObsStudio) -> None:
    module_obs.suspend()
    try:
        await asyncio.sleep(0.2)  # the signal is not obeyed at once
        assert (await ask(module_obs, module_obs.password)).answer is Answer.SILENT
    finally:
        module_obs.resume()
    assert (await ask(module_obs, module_obs.password)).answer is Answer.OBS


async def test_many_probes_do_no_harm(module_obs: ObsStudio) -> None:
    answers = await asyncio.gather(*(ask(module_obs, module_obs.password) for _ in range(20)))
    assert {found.answer for found in answers} == {Answer.OBS}
    assert module_obs.running
