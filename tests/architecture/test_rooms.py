"""The rules of the house: who may import whom, what may do I/O, and how rooms are laid out."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = sorted(p.name for p in (ROOT / "apps").iterdir() if (p / "__init__.py").exists())
WORKERS = sorted(p for p in APPS if (ROOT / "apps" / p / "worker.py").exists())

#: Modules of the standard library and others that reach outside the process.
DOES_IO = {
    "asyncio", "httpx", "io", "logging", "os", "pathlib", "redis", "socket", "sqlite3",
    "subprocess", "tempfile", "threading", "urllib", "websockets",
}  # fmt: skip


def _files(folder: str) -> list[Path]:
    return [p for p in sorted((ROOT / folder).rglob("*.py")) if "node_modules" not in p.parts]


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _guilty(files: list[Path], forbidden: object) -> list[str]:
    assert callable(forbidden)
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in _imports(path)
        if forbidden(name)
    ]


def test_libraries_never_import_apps() -> None:
    assert _guilty(_files("libs"), lambda name: name.split(".")[0] == "apps") == []


@pytest.mark.parametrize("app", APPS)
def test_an_app_never_imports_another_app(app: str) -> None:
    def foreign(name: str) -> bool:
        parts = name.split(".")
        return parts[0] == "apps" and len(parts) > 1 and parts[1] != app

    assert _guilty(_files(f"apps/{app}"), foreign) == []


@pytest.mark.parametrize("room", ["libs/contracts", "libs/speech"])
def test_contracts_and_speech_rules_do_no_io(room: str) -> None:
    assert _guilty(_files(room), lambda name: name.split(".")[0] in DOES_IO) == []


@pytest.mark.parametrize("app", WORKERS)
def test_every_worker_has_the_same_rooms(app: str) -> None:
    names = {p.name for p in (ROOT / "apps" / app).iterdir()}
    assert {"__init__.py", "__main__.py", "settings.py", "worker.py"} <= names


def test_files_are_nouns_of_the_domain() -> None:
    forbidden = {"utils", "util", "helpers", "common", "manager", "misc"}
    names = [p for folder in ("apps", "libs") for p in _files(folder) if p.stem in forbidden]
    assert names == []


def test_nothing_in_production_code_is_called_mock_fake_or_dummy() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for folder in ("apps", "libs")
        for path in _files(folder)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if node.name.lower().strip("_").startswith(("mock", "fake", "dummy"))
    ]
    assert found == []


def test_no_file_needs_minutes_of_scrolling() -> None:
    long = {str(p.relative_to(ROOT)): n for f in ("apps", "libs") for p in _files(f)
            if (n := len(p.read_text("utf-8").splitlines())) > 400}  # fmt: skip
    assert long == {}
