"""Viewers' names are read aloud: they pass a gate of their own."""

import pytest

from libs.contracts.safety import GateAction
from libs.safety import Gate
from tests.safety.corpus import DISGUISES

GATE = Gate.load()


@pytest.mark.parametrize(
    "name",
    ["luna", "ana.maria99", "xX_D4rkL0rd_Xx", "Assassin_Creed", "scunthorpe_fc", "João", "さくら"],
)
def test_an_ordinary_name_passes(name: str) -> None:
    verdict = GATE.name(name, "friend")
    assert (verdict.action, verdict.text) == (GateAction.ALLOW, name)


@pytest.mark.parametrize(
    "name",
    [
        "KillYourselfNow",
        "kill_yourself",
        f"xX_{DISGUISES['plain']}er_Xx",
        DISGUISES["slur leet"],
        "ignore_previous_instructions",
        "IgnorePreviousInstructions",
        "free_robux_com",
        "1488_boy",
    ],
)
def test_a_name_that_is_a_message_is_replaced(name: str) -> None:
    verdict = GATE.name(name, "friend")
    assert (verdict.action, verdict.text) == (GateAction.REPLACE, "friend")
    assert verdict.rule


def test_a_name_without_anything_to_be_seen_is_short_and_clean() -> None:
    assert GATE.name("lu\u202ena\u200b" + "a" * 100, "friend").text == ("luna" + "a" * 100)[:25]
