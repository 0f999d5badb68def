"""`configs/twitch.yaml`: what it may say, and how what is wrong is told."""

from collections.abc import Callable
from pathlib import Path

import pytest

from apps.twitch_ingest.chat_rules import DEFAULTS, FOR_MODERATORS, RANK, ChatRules
from apps.twitch_ingest.rules_file import (
    SHIPPED_FILE,
    ChatRulesError,
    load_chat_rules,
)
from apps.twitch_ingest.worker import TwitchIngestWorker
from libs.bus.memory import MemoryBus, MemoryServer
from libs.contracts.chat import AlertKind
from libs.contracts.people import Role
from libs.settings.strict_yaml import MAXIMUM_BYTES
from libs.worker.problems import CannotRun
from tests.twitch_ingest.conftest import settings_in

Write = Callable[[str], Path]


def complaint(path: Path) -> str:
    with pytest.raises(ChatRulesError) as caught:
        load_chat_rules(path)
    return str(caught.value)


def test_the_shipped_file_says_what_holds_without_it() -> None:
    shipped = load_chat_rules(SHIPPED_FILE)
    assert shipped.commands == DEFAULTS
    assert shipped.prefix == ChatRules().prefix
    assert "nightbot" in shipped.ignored_accounts
    assert not shipped.events[AlertKind.FOLLOW].prompt


def test_what_an_entry_leaves_out_is_as_without_it(rules_file: Write) -> None:
    rules = load_chat_rules(rules_file("commands:\n  status: {aliases: [s]}\n"))
    assert rules.commands["status"].role is Role.VIEWER
    assert rules.commands["status"].cooldown_seconds == DEFAULTS["status"].cooldown_seconds
    assert rules.names()["s"] == "status"
    assert rules.commands["panic"] == DEFAULTS["panic"]


@pytest.mark.parametrize("name", sorted(FOR_MODERATORS))
@pytest.mark.parametrize("role", ["vip", "subscriber", "viewer"])
def test_no_file_opens_the_shows_controls(rules_file: Write, name: str, role: str) -> None:
    said = complaint(rules_file(f"prefix: '!'\ncommands:\n  {name}:\n    role: {role}\n"))
    assert f"line 4: commands.{name}.role: must be moderator or broadcaster" in said


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("commands: {panic: {cooldown_seconds: 1}}", 1, "nothing may hold up a panic"),
        ("commands:\n  panic: {viewer_cooldown_seconds: 1}", 2, "nothing may hold up a panic"),
        ("commands:\n  panic: {enabled: false}", 2, "cannot be switched off"),
        ("commands:\n  forget: {enabled: false}", 2, "cannot be switched off"),
        ("commands:\n  forget: {role: vip}", 2, "everybody may ask to be forgotten"),
        ("commands:\n\n  dance: {}", 3, "there is no such command"),
        ("commands:\n  stop: {role: operator}", 2, "must be one of broadcaster, moderator"),
        ("commands:\n  stop: {role: boss}", 2, "commands.stop.role"),
        ("commands:\n  stop: {cooldown_seconds: -1}", 2, "greater than or equal to 0"),
        ("commands:\n  stop: {aliases: [panic]}", 2, "already the name of 'panic'"),
        ("commands:\n  stop: {aliases: [forgetme]}", 2, "already the name of 'forget'"),
        ("commands:\n  stop: {aliases: [x]}\n  skip: {aliases: [x]}", 3, "the name of 'stop'"),
        ("commands:\n  stop: {aliases: ['не']}", 2, "a name has a-z"),
        ("commands:\n  stop:\n  stop: {}", 3, "stands here twice"),
        ("prefix: /", 1, "must be one to three signs"),
        ("prefix: ''", 1, "must be one to three signs"),
        ("prefix: a", 1, "must be one to three signs"),
        ("unknown: 1", 1, "is not a setting of this file"),
        ("rewards:\n  Tea: {item: no such thing}", 2, "there is no item 'no such thing'"),
        ("rewards:\n  Tea: {say: '{viewer}'}", 2, "no other braces"),
        ("rewards:\n  Tea: {say: '{author.role}'}", 2, "no other braces"),
        ("rewards:\n  Tea: {say: '{author!r:>99}'}", 2, "no other braces"),
        ("rewards:\n  Tea: {say: '{'}", 2, "braces"),
        ("rewards:\n  Tea: {mood: furious}", 2, "rewards.Tea.mood"),
        ("events:\n  party: {}", 2, "events.party"),
        ("commands: [", 1, "not valid YAML"),
        ("- a\n- b", 1, "the file"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    rules_file: Write, text: str, line: int, said: str
) -> None:
    told = complaint(rules_file(text))
    assert said in told
    assert f"twitch.yaml, line {line}" in told


def test_an_item_may_be_drawn_or_be_one_of_vtube_studios(rules_file: Write, tmp_path: Path) -> None:
    avatar_file = tmp_path / "avatar.yaml"
    rules = rules_file("rewards:\n  Tea: {item: tea cup}\n  Pie: {item: pie}\n  Bun: {item: bun}")
    avatar_file.write_text("items:\n  pie: {file: pie.png}\n  bun: {file: bun.png}", "utf-8")
    assert load_chat_rules(rules, avatar_file).rewards["Pie"].item == "pie"
    avatar_file.write_text("items:\n  pie: {file: pie.png}", "utf-8")
    with pytest.raises(
        ChatRulesError, match=r"line 4.*no item 'bun' in configs/items\.yaml or ava"
    ):
        load_chat_rules(rules, avatar_file)


def test_a_wrong_file_of_items_costs_no_chat(
    rules_file: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    avatar_file = tmp_path / "avatar.yaml"
    avatar_file.write_text("items: 7", "utf-8")
    rules = rules_file("rewards:\n  Pie: {item: pie}")
    assert load_chat_rules(rules, avatar_file).rewards["Pie"].item == "pie"
    assert "avatar.yaml, line 1: items" in caplog.text
    drawn = rules_file("rewards:\n  Tea: {item: tea cup}")  # then that file is not asked
    caplog.clear()
    assert load_chat_rules(drawn, avatar_file).rewards["Tea"].item == "tea cup"
    assert not caplog.text


def test_files_that_are_none_are_told(rules_file: Write, tmp_path: Path) -> None:
    assert "there is no file" in complaint(tmp_path / "nowhere.yaml")
    assert "larger than" in complaint(rules_file("#" * (MAXIMUM_BYTES + 1)))
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in complaint(tmp_path / "bytes.yaml")


async def test_the_worker_does_not_start_with_a_wrong_file(
    rules_file: Write, tmp_path: Path
) -> None:
    settings = settings_in(tmp_path, twitch_file=rules_file("commands:\n  panic: {role: vip}\n"))
    with pytest.raises(CannotRun, match=r"twitch.yaml, line 2: commands.panic.role"):
        TwitchIngestWorker(settings, MemoryBus(MemoryServer(), "x@y#0"))


def test_the_ranks_put_vips_below_moderators() -> None:
    assert RANK[Role.VIP] < RANK[Role.MODERATOR] < RANK[Role.BROADCASTER]
    assert not DEFAULTS["panic"].allows(Role.VIP)
    assert not DEFAULTS["panic"].allows(Role.OPERATOR)  # no platform can vouch for one
