"""`scripts/kitsu.py`: what can be known without installing anything."""

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from libs.settings import ROOT

SCRIPTS = ROOT / "scripts"

PIP_SAYS = """\
Looking in indexes: somewhere
Ignoring async-timeout: markers 'python_full_version < "3.11.3"' don't match your environment
Collecting annotated-doc==0.0.7 (from -r base.lock (line 1))
  Downloading annotated_doc-0.0.7-py3-none-any.whl (5.3 kB)
Processing /wheels/numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl (from -r base.lock (line 9))
Collecting espeakng-loader==0.2.4 (from -r base.lock (line 140))
  Using cached espeakng_loader-0.2.4-py3-none-win_amd64.whl (10.1 MB)
Installing collected packages: annotated-doc, numpy, espeakng-loader
Successfully installed annotated-doc-0.0.7 numpy-2.4.6 espeakng-loader-0.2.4
"""
LOCK = """\
annotated-doc==0.0.7 \\
    --hash=sha256:aa
async-timeout==5.0.1 ; python_full_version < '3.11.3' \\
    --hash=sha256:bb
espeakng-loader==0.2.4 \\
    --hash=sha256:cc
    # via kitsu-vtuber (pyproject.toml)
numpy==2.4.6 \\
    --hash=sha256:dd
"""


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    yield
    for name in ("bootstrap", "installing", "lock"):
        sys.modules.pop(name, None)


@pytest.fixture
def bootstrap(scripts: None) -> ModuleType:
    return importlib.import_module("bootstrap")


@pytest.fixture
def installing(scripts: None) -> ModuleType:
    return importlib.import_module("installing")


def pins(name: str) -> dict[str, set[str]]:
    """Version and marker of each package of a lock."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / "requirements" / f"{name}.lock").read_text("utf-8").splitlines():
        if match := re.match(r"^(?P<name>[\w.-]+)==(?P<rest>[^\\]+)", line):
            found.setdefault(match["name"], set()).add(match["rest"].strip())
    return found


def test_the_launcher_is_read_by_every_python_and_tells_old_ones_in_one_line() -> None:
    code = (
        "import sys; sys.version_info = (3, 8, 10, 'final', 0); "
        f"exec(compile(open({str(SCRIPTS / 'kitsu.py')!r}).read(), 'kitsu.py', 'exec'))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("Kitsu needs Python 3.11 or newer; this is Python 3.8.")
    assert ended.stderr.count("\n") == 1


def test_the_launcher_uses_no_syntax_of_newer_pythons() -> None:
    import ast

    tree = ast.parse((SCRIPTS / "kitsu.py").read_text("utf-8"), feature_version=(3, 4))
    newer = (ast.JoinedStr, ast.NamedExpr, ast.AnnAssign, ast.AsyncFunctionDef)
    assert not [node for node in ast.walk(tree) if isinstance(node, newer)]


def test_the_bootstrap_needs_nothing_but_the_standard_library() -> None:
    import ast

    for name in ("kitsu", "bootstrap", "installing"):
        tree = ast.parse((SCRIPTS / f"{name}.py").read_text("utf-8"))
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for module in names:
                top = module.split(".")[0]
                assert top in sys.stdlib_module_names or top in ("bootstrap", "installing")


def test_progress_counts_the_packages_that_this_machine_needs(installing: ModuleType) -> None:
    shown: list[str] = []
    progress = installing.LockProgress(LOCK, lambda: 0, shown.append)
    for line in PIP_SAYS.splitlines():
        progress.heard(line)
    assert progress.total == 3
    assert shown == [
        "[1/3] fetching annotated-doc",
        "[1/3] fetching annotated-doc (5.3 kB)",
        "[2/3] fetching numpy",
        "[3/3] fetching espeakng-loader",
        "[3/3] fetching espeakng-loader (10.1 MB)",
        "[0/3] unpacking",
        "[0/3] unpacking",
    ]


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "Free|free"),
        ("NewConnectionError: Failed to establish a new connection", "network"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "network"),
        ("ERROR: Could not find a version that satisfies x (from versions: none)", "network"),
        ("ERROR: No matching distribution found for hiredis==3.5.0", "3.11, 3.12 or 3.13"),
        ("The virtual environment was not created because ensurepip is not available", "apt"),
        ("something nobody has thought of", "again"),
    ],
)
def test_what_pip_complains_about_has_a_step_that_mends_it(
    installing: ModuleType, said: str, mend: str
) -> None:
    assert re.search(mend, installing.mend_for(said))


def test_a_folder_that_is_something_else_is_never_made_an_environment(
    bootstrap: ModuleType, installing: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "thesis.txt").write_text("all my work")
    with pytest.raises(bootstrap.InstallFailed, match="KITSU_VENV"):
        installing.make_venv(tmp_path, tmp_path / "bin" / "python")
    assert (tmp_path / "thesis.txt").read_text() == "all my work"


def test_a_start_is_warm_only_when_all_steps_are_done_for_these_very_files(
    bootstrap: ModuleType, tmp_path: Path
) -> None:
    environment = bootstrap.Environment(tmp_path)
    environment.python.parent.mkdir()
    environment.python.write_text("")
    state = {
        "root": str(ROOT),
        "base": bootstrap.digest(ROOT / "requirements" / "base.lock"),
        "project": bootstrap.digest(ROOT / "pyproject.toml"),
    }

    def current(**changes: str) -> bool:
        (tmp_path / bootstrap.STATE_NAME).write_text(json.dumps({**state, **changes}))
        return bool(environment.is_current("base"))

    assert current()
    assert not current(base="of an older lock")
    assert not current(project="of an older pyproject.toml")
    assert not current(root="/where/the/checkout/was/before")
    assert not environment.is_current("dev")
    for broken in ("", "[]", "\x00", "{"):
        (tmp_path / bootstrap.STATE_NAME).write_text(broken)
        assert not environment.is_current("base")


def test_the_locks_agree_with_each_other_and_name_no_address_and_no_machine() -> None:
    base, dev = pins("base"), pins("dev")
    assert {name: dev.get(name) for name in base} == base
    for name in ("base", "dev"):
        text = (ROOT / "requirements" / f"{name}.lock").read_text("utf-8")
        assert "://" not in text
        assert not re.search(r"(?<![\w.])/(?:home|root|tmp|opt|work|Users)/", text)
        assert "--hash=sha256:" in text


def test_every_dependency_of_the_project_is_in_its_lock() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    for lock, wanted in (
        ("base", [*project["dependencies"], *extras["install"]]),
        ("dev", [*project["dependencies"], *extras["install"], *extras["dev"]]),
    ):
        locked = set(pins(lock))
        for requirement in wanted:
            name = re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-")
            assert name in locked
