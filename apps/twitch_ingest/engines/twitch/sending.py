"""One line into chat, and what Twitch makes of it."""

from apps.twitch_ingest.engines.base import SendRefused
from apps.twitch_ingest.engines.twitch.errors import TwitchError
from apps.twitch_ingest.engines.twitch.helix import Dropped, Helix

LONGEST_LINE = 500

#: After a rate limit of which Twitch does not say when it ends: its window.
RATE_LIMIT_SECONDS = 30.0
SLOW_MODE_SECONDS = 30.0
UNREACHABLE_SECONDS = 5.0
MODERATE = "make the account a moderator of the channel"

#: Beginnings of Twitch's drop reasons → our code, its words, and when it may work.
_DROPS: tuple[tuple[str, str, str, float | None], ...] = (
    ("msg_ratelimit", "rate_limited", "too many lines; Twitch takes more soon", RATE_LIMIT_SECONDS),
    ("msg_duplicate", "duplicate", "the same line was sent a moment ago", None),
    ("msg_banned", "banned", "the account is banned from the channel", None),
    ("msg_timedout", "banned", "the account is timed out in the channel", None),
    ("msg_suspended", "banned", "the account is suspended", None),
    ("msg_slowmode", "slow_mode", f"slow mode is on: {MODERATE}", SLOW_MODE_SECONDS),
    ("msg_followersonly", "followers_only", f"only followers may write: {MODERATE}", None),
    ("msg_subsonly", "no_permission", f"only subscribers may write: {MODERATE}", None),
    ("msg_emoteonly", "no_permission", f"only emotes may be written: {MODERATE}", None),
    ("msg_rejected", "rejected", "AutoMod holds or rejects the line", None),
)

SIGN_IN_ANEW = "sign in again with: kitsu twitch login"


async def send(helix: Helix, channel_id: str, sender_id: str, text: str, reply_to: str) -> None:
    """Raises `SendRefused`."""
    if len(text) > LONGEST_LINE:
        raise SendRefused("too_long", f"Twitch takes {LONGEST_LINE} characters at most")
    try:
        dropped = await helix.send_line(channel_id, sender_id, text, reply_to)
    except TwitchError as error:
        raise _refused(error) from None
    if dropped is not None:
        raise _dropped(dropped)


def _dropped(dropped: Dropped) -> SendRefused:
    for beginning, code, words, retry in _DROPS:
        if dropped.code.startswith(beginning):
            return SendRefused(code, words, retry)
    return SendRefused("rejected", "Twitch does not show the line, and does not say why")


def _refused(error: TwitchError) -> SendRefused:
    if error.status == 422:
        return SendRefused("too_long", f"Twitch takes {LONGEST_LINE} characters at most")
    if error.status == 429:
        after = error.retry_after_seconds
        words = "too many lines; Twitch takes more soon"
        return SendRefused("rate_limited", words, RATE_LIMIT_SECONDS if after is None else after)
    if error.passing:
        # A line that may be in chat already is not sent again.
        retry = None if error.maybe_done else UNREACHABLE_SECONDS
        return SendRefused("unreachable", f"Twitch took no line: {error}", retry)
    return SendRefused("no_permission", f"Twitch refused the line ({error}); {SIGN_IN_ANEW}")
