"""The smaller parts of the Twitch engine."""

import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from apps.twitch_ingest.engines.base import Gap
from apps.twitch_ingest.engines.twitch import helix as helix_module
from apps.twitch_ingest.engines.twitch.backoff import Backoff
from apps.twitch_ingest.engines.twitch.ear import Ear
from apps.twitch_ingest.engines.twitch.errors import TwitchError
from apps.twitch_ingest.engines.twitch.options import Pauses, TwitchOptions, is_twitch
from apps.twitch_ingest.engines.twitch.requests import _decoded
from apps.twitch_ingest.engines.twitch.topics import TOPICS
from libs.worker.problems import CannotRun


@pytest.mark.parametrize(
    ("given", "login"),
    [
        ("Kitsu_Live", "kitsu_live"),
        (" @Kitsu_Live ", "kitsu_live"),
        ("#kitsu_live", "kitsu_live"),
        ("https://www.twitch.tv/Kitsu_Live/", "kitsu_live"),
        ("", ""),
    ],
)
def test_a_channel_may_be_pasted_in_any_form(given: str, login: str, tmp_path: Path) -> None:
    assert TwitchOptions(data_dir=tmp_path, channel=given).channel == login


@pytest.mark.parametrize("given", ["kitsu live", "kitsü", "x" * 26, "a;b", "../../etc"])
def test_a_channel_that_can_be_none_is_refused(given: str, tmp_path: Path) -> None:
    if given == "../../etc":
        assert TwitchOptions(data_dir=tmp_path, channel=given).channel == "etc"
        return
    with pytest.raises(ValueError, match="TWITCH_CHANNEL"):
        TwitchOptions(data_dir=tmp_path, channel=given)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://api.twitch.tv/helix", True),
        ("https://id.twitch.tv", True),
        ("http://127.0.0.1:8090/helix", True),
        ("http://[::1]:8090", True),
        ("http://localhost:8090", True),
        ("http://api.twitch.tv/helix", False),
        ("https://twitch.tv.evil.example", False),
        ("https://eviltwitch.tv", False),
        ("https://api.twitch.tv@evil.example", False),
        ("https://user:pass@api.twitch.tv", False),
        ("https://api.twitch.tv:port", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_tokens_go_to_twitch_or_stay_on_this_machine(url: str, allowed: bool) -> None:
    assert is_twitch(url, ("https", "http")) is allowed


@pytest.mark.parametrize("name", ["helix_url", "id_url", "eventsub_url", "irc_url"])
def test_a_foreign_address_is_refused_with_its_setting(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"TWITCH_{name}".upper()):
        TwitchOptions(data_dir=tmp_path, **{name: "https://evil.example"})


def test_options_do_not_show_secrets(tmp_path: Path) -> None:
    options = TwitchOptions(
        data_dir=tmp_path, client_secret="s3cr3t-value", oauth_token="oauth:t0ken-value"
    )
    assert options.oauth_token == "t0ken-value"
    assert "s3cr3t" not in repr(options)
    assert "t0ken" not in repr(options)


def test_pauses_double_up_to_the_longest_and_begin_anew_after_a_good_connection() -> None:
    backoff = Backoff(Pauses(first_retry=1.0, longest_retry=8.0, steady=20.0), chance=lambda: 1.0)
    assert [backoff.next_seconds() for _ in range(5)] == [1.0, 2.0, 4.0, 8.0, 8.0]
    assert backoff.next_seconds(lived_seconds=30.0) == 1.0


def test_what_is_lost_is_heard_of_again_within_15_seconds_by_the_real_pauses() -> None:
    """The longest way back that is not Twitch's own doing: silence, then two attempts."""
    pauses = Pauses()
    backoff = Backoff(pauses, chance=lambda: 1.0)
    silent = 10.0 + pauses.keepalive_grace + backoff.next_seconds()
    assert silent <= 15.0
    backoff = Backoff(pauses, chance=lambda: 1.0)
    assert pauses.welcome + sum(backoff.next_seconds() for _ in range(2)) <= 15.0
    backoff = Backoff(pauses, chance=lambda: 1.0)
    assert sum(backoff.next_seconds() for _ in range(4)) <= 15.0


def test_a_gap_begins_at_the_last_thing_heard_and_its_first_reason_counts() -> None:
    now = 100.0
    ear = Ear(lambda: now)
    assert ear.back() is None
    now = 105.0
    ear.heard()
    now = 117.0
    ear.lost("silence")
    ear.lost("refused")
    now = 120.0
    assert ear.back() == Gap(105.0, 120.0, "silence")
    assert ear.back() is None


def test_a_clock_that_was_set_back_gives_no_gap_that_ends_before_it_begins() -> None:
    now = 100.0
    ear = Ear(lambda: now)
    ear.back()
    now = 40.0
    ear.lost("silence")
    gap = ear.back()
    assert gap is not None
    assert gap.started_at <= gap.ended_at


def test_every_topic_says_why_it_is_heard() -> None:
    assert all(topic.why.startswith("to ") for topic in TOPICS)
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)


def test_a_twitchio_that_lacks_something_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    helix_module.check_twitchio()
    monkeypatch.delattr(helix_module.eventsub, "ChatMessageSubscription")
    with pytest.raises(CannotRun, match="ChatMessageSubscription"):
        helix_module.check_twitchio()


@pytest.mark.parametrize(
    ("status", "message", "passing", "refused"),
    [
        (0, "no answer", True, False),
        (500, "", True, False),
        (429, "", True, False),
        (401, "Invalid OAuth token", False, True),
        (401, "invalid access token", False, True),
        (401, "Missing scope: user:read:chat", False, False),
        (403, "subscription missing proper authorization", False, False),
    ],
)
def test_errors_know_whether_trying_again_helps(
    status: int, message: str, passing: bool, refused: bool
) -> None:
    error = TwitchError(status, message)
    assert (error.passing, error.token_refused) == (passing, refused)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("authorization_pending", "authorization_pending"),
        ("token abcdefghijklmnopqrstuvwxyz1234 is bad", "token (hidden) is bad"),
        ("xauthorization_pending", "(hidden)"),
        ("Missing scope: channel:read:redemptions", "Missing scope: channel:read:redemptions"),
        ("a\x00b\u202ec", "abc"),
    ],
)
def test_what_could_be_a_token_is_left_out_of_errors(said: str, told: str) -> None:
    assert TwitchError(400, said).message == told


def test_without_an_account_neither_twitchio_nor_aiohttp_is_loaded() -> None:
    code = (
        "import sys, apps.twitch_ingest.engines.twitch, apps.twitch_ingest.sign_in_web, "
        "apps.twitch_ingest.engines.anonymous_chat; "
        "print({'twitchio', 'aiohttp'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


@pytest.mark.parametrize("body", [b"[" * 20_000, b"\xff", b"[]", b'"x"'])
async def test_an_answer_of_twitch_that_is_no_document_is_an_error_like_any_other(
    body: bytes,
) -> None:
    async def answers(_request: web.Request) -> web.Response:
        return web.Response(body=body)

    app = web.Application()
    app.router.add_get("/", answers)
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession() as http,
        http.get(server.make_url("/")) as answer,
    ):
        with pytest.raises(TwitchError, match="HTTP 200"):
            _decoded(answer, await answer.read())
