"""`configs/tools.yaml`: what may stand there, and what stops the start."""

import re
from pathlib import Path

import pytest

from apps.policy_worker.settings import PolicySettings
from apps.policy_worker.tools_file import OWN_SECRETS, TOOLS_FILE, ToolsError, load_tools
from libs.contracts.people import Role
from libs.settings import ROOT, SettingsError, load
from libs.telemetry.redaction import SECRET_NAME

DICE = "  dice:\n    command: uvx\n    arguments: [dice]\n    allow: [roll]\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "tools.yaml"
    path.write_text(text, "utf-8")
    return path


def test_out_of_the_box_there_are_no_tools() -> None:
    settings = load_tools()
    assert TOOLS_FILE.is_file()
    assert settings.servers == {}
    assert settings.maximum_calls == 3


def test_what_is_commented_out_in_the_file_is_right(tmp_path: Path) -> None:
    text = TOOLS_FILE.read_text("utf-8").replace("servers: {}\n", "servers:\n")
    head, tail = text.split("servers:\n")
    opened = head + "servers:\n" + re.sub(r"^#", "", tail, flags=re.MULTILINE)
    settings = load_tools(written(tmp_path, opened))
    assert set(settings.servers) == {"dice", "weather"}
    assert settings.servers["dice"].environment == ("DICE_KEY",)
    assert Role.VIEWER in settings.servers["dice"].roles
    assert settings.servers["weather"].roles == (Role.BROADCASTER, Role.MODERATOR)


def test_a_file_that_is_not_there_means_no_tools(tmp_path: Path) -> None:
    assert load_tools(tmp_path / "nowhere.yaml").servers == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("servers: {", r"tools.yaml, line \d: not valid YAML"),
        ("maximum_calls: 99\n", "line 1: maximum_calls: must be less than or equal to 10"),
        ("maximum_calls: 3\nmaximum_calls: 4\n", "line 2: maximum_calls: stands here twice"),
        ("hold_on_seconds: 0\n", "line 1: hold_on_seconds: must be greater than or equal to 0.1"),
        ("tool: 1\n", "line 1: tool: is not a setting of this file"),
        ("servers:\n  Dice!:\n    command: x\n    allow: [a]\n", "line 2: servers.Dice!: "),
        ("servers:\n  dice:\n    command: x\n", "line 3: servers.dice.allow: is missing"),
        ("servers:\n  dice:\n    command: x\n    allow: []\n", "line 4: servers.dice.allow: "),
        ("servers:\n  dice:\n    command: x\n    allow: ['a b']\n", "servers.dice.allow.0: "),
        ("servers:\n  dice:\n    allow: [a]\n", "exactly one of command and url"),
        ("servers:\n  dice:\n    command: ' '\n    allow: [a]\n", "exactly one of command and url"),
        (f"servers:\n{DICE}    url: http://x/\n", "line 2: servers.dice: a server has exactly one"),
        (f"servers:\n{DICE}    timeout_seconds: 60\n", "line 6: servers.dice.timeout_seconds: "),
        (f"servers:\n{DICE}    timeout_seconds: .nan\n", "servers.dice.timeout_seconds: "),
        (
            f"servers:\n{DICE}    roles: [king]\n",
            "line 6: servers.dice.roles.0: must be 'operator'",
        ),
        (f"servers:\n{DICE}    roles: []\n", "line 6: servers.dice.roles: "),
        (f"servers:\n{DICE}    bearer_from: X\n", "bearer_from goes with url"),
        (f"servers:\n{DICE}    environment: ['A=B']\n", "servers.dice.environment.0: "),
        (f"servers:\n{DICE}    environment: [OPENAI_API_KEY]\n", "is Kitsu's own"),
        (f"servers:\n{DICE}    environment: [KITSU_REDIS_URL]\n", "is Kitsu's own"),
        ("servers:\n  w:\n    url: ftp://x/\n    allow: [a]\n", "line 3: servers.w.url: must look"),
        ("servers:\n  w:\n    url: http://me:pw@x/\n    allow: [a]\n", "use bearer_from"),
        ("servers:\n  w:\n    url: http://x:99999/\n    allow: [a]\n", "line 3: servers.w.url: "),
        ("servers:\n  w:\n    url: http://far/\n    bearer_from: T\n    allow: [a]\n", "https://"),
        (
            "servers:\n  w:\n    url: http://x/\n    arguments: [a]\n    allow: [a]\n",
            "with command",
        ),
        ("servers:\n  d:\n    command: x\n    allow: [a.b, a/b]\n", "line 4: servers.d.allow.1: a"),
        ("servers:\n  d:\n    command: x\n    allow: [a, a]\n", "names a tool twice"),
        ("servers: [1]\n", "line 1: servers: "),
        ("7\n", "line 1: the file: "),
        ("servers: &a\n  d: *a\n", "tools.yaml"),
        ("[" * 3_000, "inside each other"),
        ("#" * 300_000, "larger than"),
    ],
)
def test_a_wrong_file_says_where_and_what_is_allowed(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ToolsError, match=said):
        load_tools(written(tmp_path, text))


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "tools.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ToolsError, match="not UTF-8"):
        load_tools(tmp_path / "tools.yaml")


def test_a_wrong_file_stops_the_start_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "maximum_calls: many\n")
    with pytest.raises(SettingsError, match=r"POLICY_TOOLS_FILE.*line 1: maximum_calls: must be"):
        load(PolicySettings, _env_file=None, policy_tools_file=path)
    with pytest.raises(SettingsError, match=r"POLICY_TOOLS_FILE.*must be the path of a file"):
        load(PolicySettings, _env_file=None, policy_tools_file=tmp_path / "nowhere.yaml")


def test_two_servers_may_have_tools_of_one_name_and_odd_names_are_made_plain(
    tmp_path: Path,
) -> None:
    text = (
        f"servers:\n{DICE}"
        "  cards:\n    url: http://127.0.0.1:9/mcp\n    allow: [roll, 'words.look-up/now']\n"
    )
    assert load_tools(written(tmp_path, text)).model_names() == {
        ("dice", "roll"): "dice__roll",
        ("cards", "roll"): "cards__roll",
        ("cards", "words.look-up/now"): "words_look-up_now",
    }


def test_no_secret_of_the_settings_can_be_named() -> None:
    example = (ROOT / ".env.example").read_text("utf-8")
    names = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE)
    secret = {name for name in names if SECRET_NAME.search(name.lower())}
    counted_in_tokens = {"MEMORY_TOKENS", "POLICY_FIRST_TOKEN_SECONDS"}
    own = {name for name in secret if not name.startswith("KITSU_")}
    assert own - counted_in_tokens == OWN_SECRETS
