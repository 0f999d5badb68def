"""The slow part of the bootstrap: a virtual environment, pip, and a progress line for people."""

import datetime
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bootstrap import ROOT, InstallFailed

#: How many lines of pip's output are shown when it fails.
LAST_LINES = 12

_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)==", re.MULTILINE)
_FETCHING = re.compile(r"^(?:Collecting|Processing|Requirement already satisfied:) (?P<what>\S+)")
_DOWNLOADING = re.compile(r"^\s+(?:Downloading|Using cached) \S+ \((?P<size>[\d.]+ [kM]B)\)")

#: What pip says, and the step that mends it. The first that is found counts.
MENDS: tuple[tuple[str, str], ...] = (
    (
        "No space left on device|not enough space",
        "The disk is full: free about 500 MB, then run the same command again.",
    ),
    (
        "DO NOT MATCH THE HASHES|HashMismatch",
        "A download is not what the lock expects: something between here and the package index "
        "changes files. Try another network, then run the same command again.",
    ),
    (
        "name resolution|NewConnectionError|ConnectTimeout|Read timed out|ProxyError|"
        "Network is unreachable|Failed to establish|ConnectionError|SSLError|CERTIFICATE_VERIFY",
        "The package index cannot be reached: check the network (and proxy), then run the same "
        "command again; it goes on where it stopped.",
    ),
    (
        "from versions: none",
        "The package index gave nothing that fits. Check the network (and proxy) and run the same "
        "command again; if the network is well, use 64-bit Python 3.11, 3.12 or 3.13 (delete the "
        ".venv folder first).",
    ),
    (
        "No matching distribution|not a supported wheel|Failed building|error: command",
        "A package has no ready-made build for this Python or system: use 64-bit Python "
        "3.11, 3.12 or 3.13 (delete the .venv folder first).",
    ),
    (
        "ensurepip is not available|No module named ensurepip|python3-venv",
        "This Python cannot make virtual environments. On Debian and Ubuntu: "
        "sudo apt install python3-venv",
    ),
    ("Permission denied|Access is denied", "A file cannot be written: check who owns the folder."),
)


def mend_for(output: str) -> str:
    """The one step that mends what pip complained about."""
    for pattern, mend in MENDS:
        if re.search(pattern, output, re.IGNORECASE):
            return mend
    return "Run the same command again; if it fails the same way, the log says more."


def make_venv(folder: Path, python: Path) -> None:
    """An empty virtual environment. One that is there and whole is kept, for it may be the
    user's own; a folder that is something else is never touched."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "pyvenv.cfg").exists():
        raise InstallFailed(
            f"{folder} is not a virtual environment: set KITSU_VENV to an empty or new folder."
        )
    if python.exists() and _has_pip(python) and (folder / "pyvenv.cfg").exists():
        return
    print(f"Making a virtual environment in {folder}", flush=True)
    command = [sys.executable, "-m", "venv", "--clear", str(folder)]
    made = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if made.returncode:
        said = (made.stdout + made.stderr).strip()
        raise InstallFailed(f"{_tail(said.splitlines())}\n{mend_for(said)}")


def _has_pip(python: Path) -> bool:
    try:
        tried = subprocess.run(
            [str(python), "-m", "pip", "--version"], capture_output=True, check=False
        )
    except OSError:
        return False
    return tried.returncode == 0


class Pip:
    """pip of one environment: everything it says goes to a log, the gist to one line."""

    def __init__(self, venv: Path, python: Path) -> None:
        self._venv = venv
        self._python = python
        self._log = _log_path()
        self._line = ProgressLine()

    def install_lock(self, lock: Path) -> None:
        """Every package of the lock, each checked against its hash."""
        progress = LockProgress(lock.read_text("utf-8"), self._installed, self._line.show)
        self._run(["--require-hashes", "-r", str(lock)], progress.heard)
        self._line.close(f"Installed {progress.total} packages")

    def install_project(self, root: Path) -> None:
        """The checkout itself, editable: what is changed there is in force at the next start."""
        self._line.show("Installing Kitsu itself")
        self._run(["--no-deps", "--no-build-isolation", "-e", str(root)], lambda line: None)
        self._line.close("Installed Kitsu itself")

    def done(self) -> None:
        print(f"Installation complete. What pip said is in {self._log}", flush=True)

    def _installed(self) -> int:
        pattern = "Lib/site-packages" if os.name == "nt" else "lib/python3*/site-packages"
        return sum(1 for _ in self._venv.glob(f"{pattern}/*.dist-info"))

    def _run(self, arguments: Sequence[str], heard: Callable[[str], None]) -> None:
        command = [str(self._python), "-m", "pip", "install", "--no-input"]
        command += ["--disable-pip-version-check", "--progress-bar", "off", *arguments]
        tail: deque[str] = deque(maxlen=200)
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"{' '.join(command)}\n")
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            try:
                for line in lines_of(child):
                    if line:
                        log.write(f"{line}\n")
                        tail.append(line)
                    heard(line)
            except BaseException:
                child.terminate()
                child.wait()
                self._line.close()
                raise
        if child.wait():
            self._line.close()
            said = "\n".join(tail)
            raise InstallFailed(
                f"The installation failed. pip said last:\n{_tail(list(tail))}\n\n"
                f"{mend_for(said)}\nAll it said: {self._log}"
            )


def lines_of(child: "subprocess.Popen[str]") -> Iterator[str]:
    """The child's lines as they come, and an empty one whenever it is silent for a moment."""
    heard: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        assert child.stdout is not None
        for line in child.stdout:
            heard.put(line.rstrip())
        heard.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = heard.get(timeout=0.25)
        except queue.Empty:
            yield ""
            continue
        if line is None:
            return
        yield line


class LockProgress:
    """Reads pip's output for one lock and says how far it is."""

    def __init__(
        self, lock_text: str, installed: Callable[[], int], show: Callable[[str], None]
    ) -> None:
        self.total = len(_PINNED.findall(lock_text))
        self._fetched = 0
        self._what = ""
        self._unpacking = False
        self._installed = installed
        self._already = installed()
        self._show = show

    def heard(self, line: str) -> None:
        """A line of pip; an empty one when it says nothing just now."""
        if line.startswith("Ignoring "):  # for another system or another Python
            self.total -= 1
        elif match := _FETCHING.match(line):
            self._fetched = min(self._fetched + 1, self.total)
            self._what = package_of(match["what"])
            self._show(f"[{self._fetched}/{self.total}] fetching {self._what}")
        elif match := _DOWNLOADING.match(line):
            self._show(f"[{self._fetched}/{self.total}] fetching {self._what} ({match['size']})")
        elif line.startswith("Installing collected packages"):
            self._unpacking = True
        if self._unpacking:
            new = max(0, min(self._installed() - self._already, self.total))
            self._show(f"[{new}/{self.total}] unpacking")


def package_of(what: str) -> str:
    """The package that pip means by `numpy==2.4.6` or `/wheels/numpy-2.4.6-cp311.whl`."""
    return re.split(r"==|-(?=\d)", re.split(r"[\\/]", what)[-1])[0]


class ProgressLine:
    """One line that is written over, on a terminal; elsewhere a line now and then."""

    #: Without a terminal, every so many messages one is printed.
    EVERY = 10

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._shown = ""
        self._count = 0

    def show(self, text: str) -> None:
        if text == self._shown:
            return
        self._shown = text
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{text[:width]:<{width}}", end="", flush=True)
        elif self._count % self.EVERY == 0:
            print(text, flush=True)
        self._count += 1

    def close(self, text: str = "") -> None:
        """Ends the line, with a last word in its place."""
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{text:<{width}}", flush=True)
        elif text:
            print(text, flush=True)
        self._shown, self._count = "", 0


def _tail(lines: Sequence[str]) -> str:
    return "\n".join(f"  {line}" for line in lines[-LAST_LINES:])


def _log_path() -> Path:
    given = os.environ.get("KITSU_LOG_ROOT", "")
    folder = Path(given).expanduser() if given else ROOT / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    return (folder / f"install-{day}.log").absolute()
