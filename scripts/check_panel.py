"""Rebuilds the panel in a temporary folder and compares it with the built files that are committed.

    python scripts/check_panel.py            needs node; runs `npm ci` where node_modules is missing
    python scripts/check_panel.py --no-check leaves svelte-check out

Exit code 0: the same, byte by byte. 1: different, or the sources do not check. 2: cannot be run.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PANEL = ROOT / "apps" / "orchestrator" / "panel"
STATIC = PANEL / "static"


def differences(committed: Path, fresh: Path) -> list[str]:
    """One line for each file that is missing on one side or differs."""
    names = {
        path.relative_to(folder).as_posix()
        for folder in (committed, fresh)
        for path in folder.rglob("*")
        if path.is_file()
    }
    found = []
    for name in sorted(names):
        ours, theirs = committed / name, fresh / name
        if not ours.is_file():
            found.append(f"{name}: a build makes it, but it is not committed")
        elif not theirs.is_file():
            found.append(f"{name}: committed, but a build does not make it")
        elif ours.read_bytes() != theirs.read_bytes():
            found.append(f"{name}: differs from a fresh build")
    return found


def addresses_in_lock(lock_text: str) -> bool:
    """Whether the lock file names the registry that someone happened to install from."""
    return re.search(r'"resolved":\s*"\w+:', lock_text) is not None


def main(arguments: list[str]) -> int:
    npm = shutil.which("npm")
    if npm is None:
        print("npm was not found: install Node 20.19 or newer to check the panel's built files.")
        return 2
    if addresses_in_lock((PANEL / "package-lock.json").read_text(encoding="utf-8")):
        print(
            "package-lock.json holds registry addresses: delete them and run `npm install` again."
        )
        return 1
    if not (PANEL / "node_modules").is_dir():
        subprocess.run([npm, "ci"], cwd=PANEL, check=True)
    if "--no-check" not in arguments:
        checked = subprocess.run([npm, "run", "--silent", "check"], cwd=PANEL, check=False)
        if checked.returncode != 0:
            return 1
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "static"
        subprocess.run(
            [npm, "run", "--silent", "build", "--", "--logLevel", "warn"],
            cwd=PANEL,
            env={**os.environ, "PANEL_OUT": str(fresh)},
            check=True,
        )
        found = differences(STATIC, fresh)
    for line in found:
        print(f"static/{line}")
    if found:
        print("Run `npm run build` in apps/orchestrator/panel and commit static/.")
        return 1
    print("The committed panel is what its sources build.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
