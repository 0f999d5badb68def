"""Writes requirements/*.lock: every package with its hashes, for every platform.

    python scripts/lock.py              after a change in pyproject.toml or requirements/*.in
    python scripts/lock.py --upgrade    newest versions of everything
    python scripts/lock.py --check      exit code 1 when a lock does not fit what it is made of

Needs `uv` (https://docs.astral.sh/uv/); nobody needs it to install or run Kitsu.
"""

import argparse
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

#: Lock by name: the extras it holds beside the project's own dependencies.
LOCKS = {
    "base": ("install",),
    "listening": ("install", "listening"),
    "onnx-asr": ("install", "listening", "onnx-asr"),
    "dev": ("install", "dev", "tools", "listening", "onnx-asr"),
}

#: Locks of environments that are not Kitsu's own, each made of `requirements/NAME.in`, which names
#: every package.
OTHERS = ("pyvts",)
#: The oldest Python that these have to fit, as in pyproject.toml.
OLDEST_PYTHON = "3.11"

_OPTIONS = (
    "--universal",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-header",
    "--quiet",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    options = parser.parse_args()
    uv = find_uv()
    if uv is None:
        print("uv is missing: install it with `python -m pip install uv`", file=sys.stderr)
        return 2
    stale = []
    with tempfile.TemporaryDirectory() as folder:
        for name in (*LOCKS, *OTHERS):
            current = ROOT / "requirements" / f"{name}.lock"
            fresh = Path(folder) / current.name
            text = compile_lock(uv, name, fresh, upgrade=options.upgrade)
            if text is None:
                return 1
            if current.exists() and current.read_text("utf-8") == text:
                continue
            stale.append(current.name)
            if not options.check:
                current.parent.mkdir(exist_ok=True)
                current.write_text(text, "utf-8", newline="\n")
    return report(stale, check=options.check)


def find_uv() -> list[str] | None:
    if path := shutil.which("uv"):
        return [path]
    return [sys.executable, "-m", "uv"] if importlib.util.find_spec("uv") else None


def compile_lock(uv: list[str], name: str, fresh: Path, upgrade: bool) -> str | None:
    """The text of a lock; None when it cannot be made. Versions of the present lock are kept
    where they still fit, so a new release somewhere does not make a lock stale."""
    present = ROOT / "requirements" / f"{name}.lock"
    if present.exists():
        shutil.copyfile(present, fresh)
    command = [*uv, "pip", "compile", *source_of(name), *_OPTIONS]
    command += ["--output-file", str(fresh), *(["--upgrade"] if upgrade else [])]
    if subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode:
        print(f"requirements/{name}.lock could not be made; see above", file=sys.stderr)
        return None
    return fresh.read_text("utf-8")


def source_of(name: str) -> list[str]:
    if name in OTHERS:
        return [f"requirements/{name}.in", "--no-deps", "--python-version", OLDEST_PYTHON]
    extras = [part for extra in LOCKS[name] for part in ("--extra", extra)]
    return ["pyproject.toml", *extras]


def report(stale: list[str], check: bool) -> int:
    for name in stale:
        said = "does not fit what it is made of: run python scripts/lock.py" if check else "written"
        print(f"requirements/{name} {said}")
    if not stale:
        print("the locks are up to date")
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main())
