"""Who answers where OBS should be."""

import json
import socket
import threading
import time
from typing import Any

import pytest
from websockets.sync.server import ServerConnection

from libs.obs import Answer, Probe, probe
from libs.testing.ports import free_port
from tests.obs_probe.partners import (
    ScriptedObs,
    listening,
    tcp,
    wait_for_goodbye,
    web_socket,
)

PASSWORD = "a password that must not be seen"

#: Long enough for a busy machine, short enough for tests that wait it out.
PATIENCE_SECONDS = 1.0


def ask(port: int, password: str = PASSWORD) -> Probe:
    """The probe, which must come back however its partner behaves, and keep the secret."""
    began = time.monotonic()
    found = probe("127.0.0.1", port, password, PATIENCE_SECONDS)
    assert time.monotonic() - began < PATIENCE_SECONDS * 10, "it was left hanging"
    assert PASSWORD not in repr(found)
    assert "\n" not in found.message
    assert (found.step == "") == (found.answer is Answer.OBS)
    return found


def test_a_right_password_gives_the_versions_of_obs() -> None:
    obs = ScriptedObs(PASSWORD)
    with web_socket(obs) as port:
        found = ask(port)
    assert found == Probe(
        Answer.OBS,
        f"OBS 29.0.2 (obs-websocket 5.1.0) answers at 127.0.0.1:{port}",
        "",
        "29.0.2",
        "5.1.0",
    )
    assert PASSWORD not in json.dumps(obs.heard)
    assert obs.heard[0]["d"]["eventSubscriptions"] == 0


def test_the_probe_says_goodbye() -> None:
    obs = ScriptedObs(PASSWORD)
    with web_socket(obs) as port:
        ask(port)
    assert obs.close_codes == [1000]


def test_an_obs_without_a_password_takes_any() -> None:
    with web_socket(ScriptedObs()) as port:
        assert ask(port).answer is Answer.OBS
        assert ask(port, "").answer is Answer.OBS


def test_a_wrong_password_is_named() -> None:
    with web_socket(ScriptedObs("another")) as port:
        found = ask(port)
    assert found.answer is Answer.WRONG_PASSWORD
    assert found.websocket_version == "5.1.0"
    assert "OBS_WS_PASSWORD" in found.message


def test_a_missing_password_is_named_without_trying() -> None:
    obs = ScriptedObs("another")
    with web_socket(obs) as port:
        assert ask(port, "").answer is Answer.NEEDS_PASSWORD
    assert obs.heard == []


def test_a_closed_port_is_nothing() -> None:
    found = ask(free_port())
    assert found.answer is Answer.NOTHING
    assert found.message == f"{found.found}: {found.step}."
    assert "Enable WebSocket server" in found.step


@pytest.mark.parametrize("host", ["a" * 300, "nul\0nul", "…..", "\ud800"])
def test_a_host_that_is_none_is_nothing(host: str) -> None:
    assert probe(host, 4455, PASSWORD, PATIENCE_SECONDS).answer is Answer.NOTHING


def test_a_host_that_nobody_knows_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert probe("studio.local", 4455, PASSWORD, PATIENCE_SECONDS).answer is Answer.NOTHING


@pytest.mark.parametrize("port", [-1, 0, 65536, 10**12])
def test_a_port_that_is_none_is_nothing(port: int) -> None:
    assert ask(port).answer is Answer.NOTHING


def test_a_look_up_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def look_up(*_: Any, **__: Any) -> list[Any]:
        answered.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    found = probe("studio.local", 4455, PASSWORD, 0.1)
    answered.set()
    assert found.answer is Answer.NOTHING


def test_a_program_that_only_listens_is_silent() -> None:
    with tcp(listening) as port:
        found = ask(port)
    assert found.answer is Answer.SILENT
    assert "OBS_WS_URL" in found.message


def test_a_hello_and_then_silence_is_silent() -> None:
    with web_socket(ScriptedObs(PASSWORD, stops_after="hello")) as port:
        found = ask(port)
    assert found.answer is Answer.SILENT
    assert found.websocket_version == "5.1.0"


def test_an_obs_that_hangs_before_it_tells_its_version_is_silent() -> None:
    with web_socket(ScriptedObs(PASSWORD, stops_after="identified")) as port:
        assert ask(port).answer is Answer.SILENT


def test_an_obs_that_leaves_after_hello_is_silent() -> None:
    def leave(connection: ServerConnection) -> None:
        connection.send(json.dumps({"op": 0, "d": ScriptedObs().hello}))
        connection.close(1001)

    with web_socket(leave) as port:
        assert ask(port).answer is Answer.SILENT


def test_another_web_socket_program_is_not_obs() -> None:
    def chat(connection: ServerConnection) -> None:
        connection.send(json.dumps({"type": "welcome"}))
        wait_for_goodbye(connection)

    with web_socket(chat) as port:
        assert ask(port).answer is Answer.NOT_OBS
    with web_socket(wait_for_goodbye) as port:
        assert ask(port).answer is Answer.NOT_OBS


class ObsWebSocket4:
    """Says nothing until it is asked, and then speaks the protocol of before OBS 28."""

    def __call__(self, connection: ServerConnection) -> None:
        for message in connection:
            asked = json.loads(message)
            answer = {
                "message-id": asked["message-id"],
                "status": "ok",
                "obs-studio-version": "27.2.4",
                "obs-websocket-version": "4.9.1",
                "available-requests": "GetVersion," * 500,
            }
            if asked["request-type"] == "GetVersion":
                connection.send(json.dumps(answer))


def test_obs_websocket_4_is_too_old_and_its_versions_are_told() -> None:
    with web_socket(ObsWebSocket4()) as port:
        found = ask(port)
    assert found.answer is Answer.TOO_OLD
    assert (found.obs_version, found.websocket_version) == ("27.2.4", "4.9.1")
    assert "OBS 28" in found.message


def test_an_event_of_obs_websocket_4_tells_its_age_too() -> None:
    def tell(connection: ServerConnection) -> None:
        connection.send(json.dumps({"update-type": "SwitchScenes", "scene-name": "Live"}))
        wait_for_goodbye(connection)

    with web_socket(tell) as port:
        assert ask(port).answer is Answer.TOO_OLD


def test_a_protocol_before_ours_is_too_old() -> None:
    with web_socket(ScriptedObs(PASSWORD, rpcVersion=0)) as port:
        assert ask(port).answer is Answer.TOO_OLD


def test_an_obs_that_no_longer_speaks_our_protocol_says_so_itself() -> None:
    def refuse(connection: ServerConnection) -> None:
        connection.send(json.dumps({"op": 0, "d": {**ScriptedObs().hello, "rpcVersion": 7}}))
        connection.recv(timeout=5)
        connection.close(4010)

    with web_socket(refuse) as port:
        assert ask(port).answer is Answer.TOO_OLD


def test_a_newer_obs_that_still_speaks_our_protocol_is_obs() -> None:
    with web_socket(ScriptedObs(PASSWORD, rpcVersion=7)) as port:
        assert ask(port).answer is Answer.OBS


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: twelve\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
        b"Sec-WebSocket-Accept: \xc3\xa4\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
        b"-ERR wrong number of arguments for 'get' command\r\n",
        b"\r\n\r\n",
        b"\xff\xfe\x00\r\n",
        b"\x00" * 100_000,
        b"HTTP/1.1 101 ok\r\n" + b"a: b\r\n" * 100_000,
        b"H",
    ],
)
def test_another_program_is_not_obs(said: bytes) -> None:
    def say(connection: socket.socket) -> None:
        connection.sendall(said)
        listening(connection)

    with tcp(say) as port:
        assert ask(port).answer is Answer.NOT_OBS


def test_a_program_that_hangs_up_at_once_is_not_obs() -> None:
    with tcp(lambda connection: None) as port:
        assert ask(port).answer is Answer.NOT_OBS


def test_bytes_that_trickle_in_do_not_hold_it_up() -> None:
    def trickle(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"a")
            time.sleep(0.05)

    with tcp(trickle) as port:
        assert ask(port).answer is Answer.NOT_OBS


@pytest.mark.parametrize(
    "hello",
    [
        "",
        "hello",
        "null",
        "[]",
        "[" * 50_000,
        "1" * 5_000,
        "{}",
        '{"op": 0}',
        '{"op": 0, "d": []}',
        '{"op": 0, "d": {}}',
        '{"op": 0, "d": {"rpcVersion": "1"}}',
        '{"op": 0, "d": {"rpcVersion": 1, "authentication": true}}',
        '{"op": 0, "d": {"rpcVersion": 1, "authentication": {}}}',
        '{"op": 0, "d": {"rpcVersion": 1, "authentication": {"salt": 1, "challenge": 2}}}',
        '{"op": 0, "d": {"rpcVersion": 1, "authentication": {"salt": "", "challenge": null}}}',
        b"\xff\xfe\xfd",
        "x" * 2_000_000,
    ],
)
def test_a_garbage_hello_is_not_obs(hello: str | bytes) -> None:
    def say(connection: ServerConnection) -> None:
        connection.send(hello)
        wait_for_goodbye(connection)

    with web_socket(say) as port:
        assert ask(port).answer is Answer.NOT_OBS


def test_a_salt_that_is_no_text_is_answered_all_the_same() -> None:
    challenge = {"salt": "\ud800", "challenge": "\udfff"}
    with web_socket(ScriptedObs(PASSWORD, authentication=challenge)) as port:
        assert ask(port).answer is Answer.WRONG_PASSWORD


def test_a_frame_that_says_it_is_huge_is_not_waited_for() -> None:
    def say(connection: ServerConnection) -> None:
        connection.socket.sendall(b"\x81\x7f" + (2**62).to_bytes(8, "big") + b"x" * 1_000_000)
        wait_for_goodbye(connection)

    with web_socket(say) as port:
        assert ask(port).answer is Answer.NOT_OBS


def test_frames_that_never_end_are_not_listened_to_for_ever() -> None:
    def say(connection: ServerConnection) -> None:
        connection.send(json.dumps({"op": 0, "d": ScriptedObs().hello}))
        while True:
            connection.send(json.dumps({"op": 5, "d": {"eventType": "x" * 1000}}))

    with web_socket(say) as port:
        assert ask(port).answer is Answer.NOT_OBS


@pytest.mark.parametrize("version", ["\x1b[31mred", "x" * 1000, 5, None, ["5"], "a\nb"])
def test_a_version_that_is_none_is_not_repeated(version: Any) -> None:
    with web_socket(ScriptedObs(obsWebSocketVersion=version)) as port:
        found = ask(port)
    assert found.answer is Answer.OBS
    assert found.websocket_version == ""


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with web_socket(ScriptedObs(PASSWORD)) as port:
        assert ask(port).answer is Answer.OBS
