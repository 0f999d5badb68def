"""Files of settings: whatever stands in one, its contents come back or words for people."""

import os
from pathlib import Path
from typing import Literal

import pytest
import yaml
from pydantic import Field

from libs.settings import ROOT, yaml_text
from libs.settings.strict_yaml import MAXIMUM_TOLD, FileError, SettingsFile, Strict
from libs.settings.yaml_text import MAXIMUM_DEPTH, NestedTooDeep, document_of, safe_events


class TeaError(FileError):
    """The file says nothing of tea."""


class Pot(Strict):
    cups: int = Field(default=1, ge=1)
    kind: Literal["black", "green"] = "black"
    lid: bool = True


class Tray(Strict):
    wood: str
    sugar: bool = True


class Tea(Strict):
    pots: dict[str, Pot] = Field(default={})
    tray: Tray | None = None
    shelf: Pot = Pot()


def read(folder: Path, text: str | bytes, aliases: bool = True) -> Tea:
    path = folder / "tea.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return SettingsFile(path, TeaError, maximum_bytes=2_000, aliases=aliases).check(Tea)


def test_a_file_that_says_nothing_is_all_defaults(tmp_path: Path) -> None:
    assert read(tmp_path, "# nothing\n") == Tea()


def test_what_stands_in_it_comes_back(tmp_path: Path) -> None:
    assert read(tmp_path, "pots: {big: {cups: 6}}").pots == {"big": Pot(cups=6)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pots:\n  big:\n    cups: 0\n", "line 3: pots.big.cups: must be greater than"),
        ("pots:\n  big: {cup: 2}\n", "line 2: pots.big.cup: is not a setting of this file"),
        ("pots:\n  big: {kind: red}\n", "line 2: pots.big.kind: must be 'black' or 'green'"),
        ("pots:\n  big: {lid: maybe}\n", "line 2: pots.big.lid: must be true or false"),
        ("tray:\n  sugar: true\n", "line 2: tray.wood: is missing"),
        ("cups: 1\n", "cups: is not a setting of this file; there are: pots, tray, shelf"),
        ("shelf: {cup: 1}\n", "shelf.cup: is not a setting of this file; there are: cups, kind"),
        ("pots: {}\n\npots: {}\n", "line 3: pots: stands here twice"),
        ("pots:\n  big: [\n", "line 3: not valid YAML"),
        ("pots: {", "line 1: not valid YAML"),
        ("made: 2024-99-99\n", "not valid YAML"),
        ("- a\n", "line 1: the file: must be names with their values"),
        ("shelf: 3\n", "line 1: shelf: must be names with their values"),
        ("pots:\n  big: {cups: many}\n", "line 2: pots.big.cups: must be a whole number"),
        ("tray: {wood: 3}\n", "line 1: tray.wood: must be words"),
        ("[" * 20, "not valid YAML"),
        ("\n" + "[" * 600, "line 2: more than 32 lists and mappings inside each other"),
        ("#" * 2_001, "is larger than 2000 bytes"),
        (b"\xff\xfe", "is not UTF-8 text"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str | bytes, told: str) -> None:
    with pytest.raises(TeaError) as problem:
        read(tmp_path, text)
    assert str(problem.value).startswith("tea.yaml")
    assert told in str(problem.value)


def test_a_file_that_is_wrong_all_over_is_told_of_in_a_few_lines(tmp_path: Path) -> None:
    with pytest.raises(TeaError) as problem:
        read(tmp_path, "".join(f"key{number}: 1\n" for number in range(40)))
    assert len(str(problem.value).splitlines()) == MAXIMUM_TOLD


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "tea.yaml")
    with pytest.raises(TeaError, match=r"tea\.yaml cannot be read: it is no file"):
        SettingsFile(tmp_path / "tea.yaml", TeaError)


def test_a_device_that_never_ends_is_not_read(tmp_path: Path) -> None:
    if not Path("/dev/zero").exists():
        pytest.skip("there is no such device here")
    (tmp_path / "tea.yaml").symlink_to("/dev/zero")
    with pytest.raises(TeaError, match=r"tea\.yaml cannot be read: it is no file"):
        SettingsFile(tmp_path / "tea.yaml", TeaError)


def test_what_other_people_wrote_may_not_multiply_itself(tmp_path: Path) -> None:
    text = "pots:\n  big: &pot {cups: 2}\n  small: *pot\n"
    assert read(tmp_path, text).pots["small"].cups == 2
    with pytest.raises(TeaError, match=r"line 3: \*pot: write it out"):
        read(tmp_path, text, aliases=False)


@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml_text.LOADER])
@pytest.mark.parametrize("opening", ["[", "[[], ", "{a: ", "- ", "? ", "- ? ", "&a [", "!!seq ["])
def test_what_nests_without_end_is_refused_when_its_beginning_is_read(
    loader: type[yaml.SafeLoader], opening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_text, "LOADER", loader)
    seen: list[yaml.Event] = []
    with pytest.raises(NestedTooDeep):
        seen.extend(safe_events(opening * 20_000))
    assert len(seen) <= 4 * MAXIMUM_DEPTH


def test_files_of_settings_may_nest_as_they_do() -> None:
    depth = MAXIMUM_DEPTH
    assert document_of("[" * depth + "]" * depth) is not None
    with pytest.raises(NestedTooDeep):
        document_of("[" * (depth + 1) + "]" * (depth + 1))


def test_a_file_is_the_same_whether_it_is_read_in_c_or_not() -> None:
    files = sorted((ROOT / "configs").rglob("*.yaml"))
    assert files
    for file in files:
        text = file.read_text("utf-8")
        assert document_of(text) == yaml.safe_load(text), file.name


def test_a_file_that_leads_back_into_itself_ends_in_words(tmp_path: Path) -> None:
    with pytest.raises(TeaError):
        read(tmp_path, "pots: &pots {big: *pots}\n")


def test_a_file_that_is_not_there_is_for_whoever_asked_to_judge(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        SettingsFile(tmp_path / "none.yaml", TeaError)
