"""Changing settings in `.env`."""

import os
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from apps.cli.env_file import set_in_env_file
from apps.cli.failures import Failed

NAME = "OBS_WS_PASSWORD"


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "OBS_WS_PASSWORD=new\n"),
        ("A=1\n", "A=1\nOBS_WS_PASSWORD=new\n"),
        ("A=1", "A=1\nOBS_WS_PASSWORD=new\n"),
        ("A=1\r\n# b\r\n", "A=1\r\n# b\r\nOBS_WS_PASSWORD=new\r\n"),
        ("OBS_WS_PASSWORD=old\nA=1\n", "OBS_WS_PASSWORD=new\nA=1\n"),
        ("obs_ws_password=old\n", "obs_ws_password=new\n"),
        ("OBS_WS_PASSWORD=old", "OBS_WS_PASSWORD=new"),
        ("OBS_WS_PASSWORD\n", "OBS_WS_PASSWORD\nOBS_WS_PASSWORD=new\n"),
        (
            "\n\nexport OBS_WS_PASSWORD = 'o # ld' # mine\nA=1\n",
            "\n\nexport OBS_WS_PASSWORD = new # mine\nA=1\n",
        ),
        ('OBS_WS_PASSWORD="o\nld"\r\nA=1\n', "OBS_WS_PASSWORD=new\r\nA=1\n"),
        ("OBS_WS_PASSWORD=\n", "OBS_WS_PASSWORD=new\n"),
        ("OBS_WS_PASSWORD=a\nOBS_WS_PASSWORD=b\n", "OBS_WS_PASSWORD=a\nOBS_WS_PASSWORD=new\n"),
        (
            "# its password\n#OBS_WS_PASSWORD=\n#OBS_SCENES=\n",
            "# its password\n#OBS_WS_PASSWORD=\nOBS_WS_PASSWORD=new\n#OBS_SCENES=\n",
        ),
        ("#OBS_WS_PASSWORD=", "#OBS_WS_PASSWORD=\nOBS_WS_PASSWORD=new\n"),
        ("A='\nOBS_WS_PASSWORD=no\n'\n", "A='\nOBS_WS_PASSWORD=no\n'\nOBS_WS_PASSWORD=new\n"),
        ("MY_OBS_WS_PASSWORD=1\n", "MY_OBS_WS_PASSWORD=1\nOBS_WS_PASSWORD=new\n"),
    ],
)
def test_every_other_line_stays_as_it_is(env_file: Path, before: str, after: str) -> None:
    env_file.write_bytes(before.encode())
    set_in_env_file(env_file, {NAME: "new"})
    assert env_file.read_bytes().decode() == after


def test_a_file_that_is_not_there_is_made(env_file: Path) -> None:
    set_in_env_file(env_file, {NAME: "new", "OBS_WS_URL": "ws://127.0.0.1:4460"})
    assert env_file.read_text() == "OBS_WS_PASSWORD=new\nOBS_WS_URL=ws://127.0.0.1:4460\n"


@given(value=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_a_value_is_read_back_as_it_is_or_refused(
    tmp_path_factory: pytest.TempPathFactory, value: str
) -> None:
    path = tmp_path_factory.mktemp("env") / ".env"
    path.write_text("A='b c'\n")
    try:
        set_in_env_file(path, {NAME: value})
    except Failed:
        assert path.read_text() == "A='b c'\n"
        assert "${" in value or not value.isprintable()
    else:
        assert dotenv_values(path) == {"A": "b c", NAME: value}


def test_a_value_that_the_file_cannot_hold_is_refused_without_naming_it(env_file: Path) -> None:
    env_file.write_text("A=1\n")
    for value in ("geheim${HOME}", "geheim\nB=2"):
        with pytest.raises(Failed, match="by hand") as problem:
            set_in_env_file(env_file, {NAME: value})
        assert "geheim" not in str(problem.value)
        assert NAME in str(problem.value)
    assert env_file.read_text() == "A=1\n"


def test_a_file_that_is_not_text_is_left_alone(env_file: Path) -> None:
    env_file.write_bytes(b"\xff\xfe\x00A")
    with pytest.raises(Failed, match="cannot be read"):
        set_in_env_file(env_file, {NAME: "new"})
    assert env_file.read_bytes() == b"\xff\xfe\x00A"


@pytest.mark.skipif(os.name != "posix", reason="no modes")
def test_only_its_owner_can_read_it_afterwards(env_file: Path) -> None:
    env_file.write_text("A=1\n")
    env_file.chmod(0o644)
    set_in_env_file(env_file, {NAME: "new"})
    assert env_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name != "posix", reason="links need rights")
def test_a_link_stays_a_link(env_file: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / "settings"
    target.write_text("A=1\n")
    env_file.symlink_to(target)
    set_in_env_file(env_file, {NAME: "new"})
    assert env_file.is_symlink()
    assert target.read_text() == "A=1\nOBS_WS_PASSWORD=new\n"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="cannot be written"):
        set_in_env_file(tmp_path / "no" / ".env", {NAME: "new"})


def test_nothing_is_left_behind_when_it_cannot_be_replaced(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    with pytest.raises(Failed):
        set_in_env_file(tmp_path / ".env", {NAME: "new"})
    assert [path.name for path in tmp_path.iterdir()] == [".env"]
