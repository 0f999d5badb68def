"""A host runs in environments that hold nothing of Kitsu's own packages."""

import ast
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOST = sorted((ROOT / "apps" / "asr_worker" / "host").glob("*.py"))
CHILD = [ROOT / "libs" / "engine_host" / name for name in ("__init__.py", "wire.py", "child.py")]


def imported(path: Path, everywhere: bool) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    nodes = ast.walk(tree) if everywhere else iter(tree.body)
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_a_host_imports_the_standard_library_and_itself_until_it_loads() -> None:
    for path in [*HOST, *CHILD]:
        for name in imported(path, everywhere=False):
            own = name.startswith(("apps.asr_worker.host", "libs.engine_host"))
            assert own or name.partition(".")[0] in sys.stdlib_module_names, (path.name, name)


def test_a_host_uses_nothing_else_of_kitsu() -> None:
    for path in [*HOST, *CHILD]:
        for name in imported(path, everywhere=True):
            if name.partition(".")[0] in ("apps", "libs"):
                assert name.startswith(("apps.asr_worker.host", "libs.engine_host")), path.name


def test_a_host_starts_without_any_package() -> None:
    """-S: no site-packages at all; the engine's own is told as missing."""
    command = [sys.executable, "-S", "-m", "apps.asr_worker.host", "faster_whisper"]
    order = b'{"type": "load", "data": {"id": 1, "models": [], "device": "cpu"}}\n'
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT) as host:
        assert host.stdin is not None
        assert host.stdout is not None
        host.stdin.write(order)
        host.stdin.flush()
        begun, failed = (json.loads(host.stdout.readline()) for _ in range(2))
        host.stdin.close()
        assert host.wait(10) == 0
    assert begun["type"] == "begun"
    assert failed["type"] == "failed"
    assert failed["data"]["code"] == "missing"


def test_an_engine_that_there_is_not_is_wrong_use() -> None:
    command = [sys.executable, "-m", "apps.asr_worker.host", "../../evil"]
    done = subprocess.run(command, capture_output=True, cwd=ROOT, timeout=30, check=False)
    assert done.returncode == 2
    assert b"no engine" in done.stderr
