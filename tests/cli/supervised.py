"""A supervisor over tiny workers, as a program: what `kitsu up` does, without the real modules.

supervised.py DATA_DIR NAME:PORT[:OPTION…] …
"""

import asyncio
import sys
from pathlib import Path

from apps.cli.settings import CliSettings
from apps.cli.supervisor.child import Command
from apps.cli.supervisor.plan import Wishes, child_environment
from apps.cli.supervisor.readiness import Door
from apps.cli.supervisor.run_state import RunStateFile
from apps.cli.supervisor.supervisor import Bus, Supervisor
from apps.cli.supervisor.view import PlainView

TINY = Path(__file__).with_name("tiny_worker.py")


def command(settings: CliSettings, text: str) -> Command:
    name, port, *options = text.split(":")
    argv = (sys.executable, str(TINY), name, port, *options)
    doors = (Door(name, "127.0.0.1", int(port)),) if int(port) else ()
    return Command(name, argv, child_environment(settings, Wishes()), doors)


def main() -> int:
    folder = Path(sys.argv[1])
    settings = CliSettings(kitsu_data_dir=folder, kitsu_log_root=folder / "logs")
    commands = [command(settings, text) for text in sys.argv[2:]]
    file = RunStateFile(folder)
    own = file.claim()
    supervisor = Supervisor(settings, commands, Bus("tests"), PlainView(), open_panel=False)
    return asyncio.run(supervisor.run(file, own))


if __name__ == "__main__":
    sys.exit(main())
