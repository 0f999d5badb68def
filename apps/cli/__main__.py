"""The `kitsu` command.

Each command lives in its own file and is loaded only when it is used, so that `kitsu panic` does
not wait for what `kitsu up` needs.
"""

import importlib
import importlib.util
import sys

import click

from apps.cli.commands.table import COMMANDS, Entry

EXAMPLES = """\b
Examples:
  kitsu up --demo                    start everything, with scripted viewers
  kitsu chat "hello Kitsu" --as ann  a chat line, as if ann had written it
  kitsu panic                        silence everything at once
  kitsu doctor                       what is missing, and how to mend it
"""


class LazyGroup(click.Group):
    """Knows all commands by name and one line of help, and imports the one that is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, entry in COMMANDS.items() if _is_there(entry)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None or not _is_there(entry):
            return None
        try:
            command: click.Command = getattr(importlib.import_module(entry.module), entry.attribute)
        except ModuleNotFoundError as error:
            raise click.ClickException(
                f"The package '{error.name}' is missing from {sys.executable}.\n"
                "Install what is missing with: python3 scripts/kitsu.py doctor"
            ) from None
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The listing, from the table alone."""
        with formatter.section("Commands"):
            rows = [(name, COMMANDS[name].help) for name in self.list_commands(ctx)]
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and self.get_command(ctx, name) is None:
            ctx.fail(f"There is no command '{name[:40]}'.{_nearest(name)} See: kitsu --help")
        return super().resolve_command(ctx, args)


def _is_there(entry: Entry) -> bool:
    if not entry.optional:
        return True
    parent = entry.module.rpartition(".")[0]
    return importlib.util.find_spec(parent) is not None and (
        importlib.util.find_spec(entry.module) is not None
    )


def _nearest(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, COMMANDS, n=1)
    return f" Did you mean '{near[0]}'?" if near else ""


@click.group(
    cls=LazyGroup,
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="kitsu-vtuber", prog_name="kitsu")
def kitsu() -> None:
    """Kitsu: a live AI VTuber. Every command explains itself with --help."""


def main() -> None:
    """Exit code 0: done; 1: failed; 2: wrong use or wrong settings."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console with a narrow code page must not stop us
            stream.reconfigure(errors="replace")
    kitsu(prog_name="kitsu")


if __name__ == "__main__":
    main()
