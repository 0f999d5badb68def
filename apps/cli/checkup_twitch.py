"""What `kitsu doctor` says of Twitch."""

from apps.cli.check import Check
from apps.cli.failures import Failed
from apps.cli.settings import CliSettings
from apps.cli.supervisor.control_client import SupervisorClient
from apps.cli.twitch_desk import TwitchDesk, TwitchLink

OPTIONAL = (
    "Optional: register an application at https://dev.twitch.tv/console/apps (client type: "
    "Public), put its client id into .env as TWITCH_CLIENT_ID, then: "
    "kitsu restart twitch_ingest, and kitsu twitch login"
)
LOGIN = "kitsu twitch login"
RESTART = f"kitsu restart twitch_ingest, and {LOGIN}"


def twitch(settings: CliSettings) -> list[Check]:
    """While Kitsu runs, whether chat is heard; otherwise whether it can be tried at all."""
    if not (settings.twitch_client_id or settings.twitch_oauth_token):
        if settings.twitch_channel:
            found = f"chat of {settings.twitch_channel} is read without an account, for demos only"
            return [Check("Twitch", "warn", found, OPTIONAL)]
        return [Check("Twitch", "warn", "not set up", OPTIONAL)]
    if SupervisorClient(settings).state is None:
        return [Check("Twitch", "ok", "set up; whether it works is seen while Kitsu runs")]
    try:
        _, link = TwitchDesk(settings).link()
    except Failed as problem:
        return [Check("Twitch", "warn", problem.format_message(), "kitsu logs twitch_ingest")]
    return [_of_link(link)]


def _of_link(link: TwitchLink) -> Check:
    if link.works and not link.lacking:
        return Check("Twitch", "ok", link.detail)
    if link.state == "off":
        return Check("Twitch", "ok", f"not used: {link.detail}")
    if link.state == "not_configured":  # the settings on disk say otherwise
        return Check("Twitch", "warn", "the twitch_ingest started before it was set up", RESTART)
    if link.detail.startswith("Connecting"):
        return Check("Twitch", "warn", link.detail, "Wait a moment, then run this again.")
    found, _, step = link.detail.rpartition(": ")
    if step.startswith("kitsu "):
        return Check("Twitch", "warn", _without_lead(found), step)
    mend = LOGIN if link.state in ("needs_sign_in", "refused") else "kitsu logs twitch_ingest"
    return Check("Twitch", "warn", link.detail, mend)


def _without_lead(found: str) -> str:
    """Without the words that lead to the step: `Sign in again with`."""
    fault, _, lead = found.rpartition(". ")
    return fault if fault and lead.endswith(" with") else found
