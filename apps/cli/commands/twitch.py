"""`kitsu twitch`: signing in to Twitch, and how the link to it is."""

import time

import click

from apps.cli.failures import Failed
from apps.cli.printing import print_json, print_rows
from apps.cli.settings import cli_settings
from apps.cli.twitch_desk import TwitchAccount, TwitchDesk, TwitchLink, TwitchSignIn
from libs.telemetry.redaction import visible

#: How often it is asked whether somebody agreed.
ASK_SECONDS = 1.0

ACCOUNTS = click.Choice(["streamer", "bot"])

EXAMPLES = """\b
Examples:
  kitsu twitch login                sign in as the streamer
  kitsu twitch login --account bot  sign in the account that chats
  kitsu twitch status               what is heard, and what is missing
  kitsu twitch logout               take the sign-in back, here and at Twitch
"""


@click.group(epilog=EXAMPLES)
def twitch_command() -> None:
    """Sign in to Twitch, and see how the link to it is.

    One account is enough: the streamer's own then also chats. Kitsu must be running.
    """


@twitch_command.command(epilog="\b\nExample:\n  kitsu twitch login --account bot")
@click.option("--account", type=ACCOUNTS, default="streamer", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document, when it is over.")
def login(account: str, as_json: bool) -> None:
    """Sign in. Ctrl+C cancels.

    Shows an address and a code: open it in any browser, enter the code and agree. It needs the
    client id of an application of yours (https://dev.twitch.tv/console/apps, client type Public) in
    .env as TWITCH_CLIENT_ID.
    """
    desk = TwitchDesk(cli_settings())
    view = desk.begin(account)
    _show(view, as_json)
    try:
        for view in desk.watch():
            if view.state != "waiting":
                break
            time.sleep(ASK_SECONDS)
    except KeyboardInterrupt:
        desk.cancel()
        raise Failed("\nCancelled. Nobody was signed in.") from None
    if as_json:
        print_json(view.model_dump())
    if view.state != "done":
        if as_json:
            raise SystemExit(1)
        raise Failed(view.message or f"The sign-in ended: {view.state}.")
    if not as_json:
        click.echo(visible(f"Signed in as {view.message}. What is heard now: kitsu twitch status"))


@twitch_command.command(epilog="\b\nExample:\n  kitsu twitch status --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def status(as_json: bool) -> None:
    """How the link to Twitch is. Exit code 1 when chat is not heard."""
    document, link = TwitchDesk(cli_settings()).link()
    if as_json:
        print_json(document)
    else:
        _print(link)
    if not link.works:
        raise SystemExit(1)


@twitch_command.command(epilog="\b\nExample:\n  kitsu twitch logout --account bot")
@click.option("--account", type=ACCOUNTS, default="streamer", show_default=True)
def logout(account: str) -> None:
    """Take a sign-in back, here and at Twitch."""
    if TwitchDesk(cli_settings()).sign_out(account):
        click.echo(f"The {account} is signed out.")
    else:
        click.echo(f"No {account} was signed in.")


def _show(view: TwitchSignIn, quiet: bool) -> None:
    """Where to go and what to enter. On standard error, so that a JSON document stays alone."""
    click.echo(visible(f"Open this address:  {view.address}"), err=quiet)
    if view.user_code:
        click.echo(visible(f"and enter the code: {view.user_code}"), err=quiet)
    elif view.message:
        click.echo(visible(view.message), err=quiet)
    if view.expires_at is not None:
        minutes = max(1, round((view.expires_at - time.time()) / 60))
        click.echo(f"Waiting up to {minutes} minutes for it; Ctrl+C cancels.", err=quiet)


def _print(link: TwitchLink) -> None:
    rows = [["Twitch", link.state, link.detail]]
    rows += [["channel", link.channel, ""]] if link.channel else []
    rows += [_account_row("streamer", link.account)] if link.account else []
    rows += [_account_row("bot", link.bot_account)] if link.bot_account else []
    if link.sign_in is not None and link.sign_in.state == "waiting":
        rows += [["sign-in", "waiting", link.sign_in.message]]
    print_rows(rows, state_column=1)
    if link.works:
        topics = [[f"  {one.topic}", one.state, one.reason or one.why] for one in link.topics]
        print_rows(topics, state_column=1)


def _account_row(role: str, account: TwitchAccount) -> list[str]:
    return [role, account.login, ", ".join(account.scopes)]
