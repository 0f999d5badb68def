"""`kitsu logs`."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import click

from apps.cli.failures import Failed
from apps.cli.settings import cli_settings
from libs.telemetry.daily_file import path_of, today
from libs.telemetry.logs import plain_line

LOOK_SECONDS = 0.3
#: How much of the end of each file is read before following it.
TAIL_BYTES = 512 * 1024


@click.command(epilog="\b\nExamples:\n  kitsu logs stage -f\n  kitsu logs -n 200")
@click.argument("module", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on as new lines come.")
@click.option("-n", "count", type=click.IntRange(0), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The lines as they are in the files.")
def logs_command(module: str | None, follow: bool, count: int, as_json: bool) -> None:
    """Read today's logs of all modules, or of MODULE (also: supervisor)."""
    folder = cli_settings().kitsu_log_root
    reader = LogReader(folder, module)
    lines = reader.new_lines()
    if not lines and not follow:
        known = ", ".join(sorted(reader.services())) or "none"
        raise Failed(f"There are no such lines of today in {folder} (services: {known}).")
    for line in lines[len(lines) - count if count < len(lines) else 0 :]:
        _print(line, as_json)
    try:
        while follow:
            time.sleep(LOOK_SECONDS)
            for line in reader.new_lines():
                _print(line, as_json)
    except KeyboardInterrupt:
        pass


class LogReader:
    """Reads today's files, each from where it stopped; a new day's files when they appear."""

    def __init__(self, folder: Path, module: str | None) -> None:
        self._folder = folder
        self._module = module
        self._offsets: dict[Path, int] = {}

    def services(self) -> set[str]:
        """Those that wrote anything today."""
        ending = f"-{today().isoformat()}.jsonl"
        return {path.name.removesuffix(ending) for path in self._folder.glob(f"*{ending}")}

    def new_lines(self) -> list[str]:
        """Whole lines since the last call, of all files together, in the order of time."""
        found = [
            line
            for service in self.services()
            if self._module in (None, service)
            for line in self._read(path_of(self._folder, service, today()))
        ]
        return sorted(found, key=_time_of)

    def _read(self, path: Path) -> Iterator[str]:
        try:
            with path.open("rb") as file:
                size = file.seek(0, 2)
                start = self._offsets.get(path, max(0, size - TAIL_BYTES))
                file.seek(start)
                raw = file.read()
        except OSError:
            return
        if start and path not in self._offsets:
            raw = raw[raw.find(b"\n") + 1 :]
        whole = raw.rfind(b"\n") + 1
        self._offsets[path] = size - (len(raw) - whole)
        for line in raw[:whole].splitlines():
            yield line.decode("utf-8", "replace")


def _time_of(line: str) -> str:
    start = line.find('"ts": "')
    return line[start + 7 : start + 31] if start >= 0 else ""


def _print(line: str, as_json: bool) -> None:
    if as_json:
        click.echo(line)
        return
    try:
        fields = json.loads(line)
    except ValueError:
        fields = {"message": line}
    if not isinstance(fields, dict):
        fields = {"message": line}
    service = fields.pop("service", "")
    fields["logger"] = service or fields.get("logger", "")
    colour = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}.get(str(fields.get("level")))
    click.secho(plain_line(fields), fg=colour)
