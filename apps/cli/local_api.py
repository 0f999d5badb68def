"""HTTP calls to the modules on this machine.

On `http.client`, because a command such as `kitsu panic` must not load a larger client first.
"""

import contextlib
import http.client
import json
from collections.abc import Iterator
from typing import Any

from apps.cli.failures import Failed
from apps.cli.settings import CliSettings
from libs.worker.access import Access, Scope

#: Of an answer that comes bit by bit, a longer line is not ours; of a refusal so much is read.
LONGEST_LINE = 100_000
MOST_OF_A_REFUSAL = 100_000


class Unreachable(Failed):
    """Nobody answers on the module's port."""


class Refused(Failed):
    """The module answered with a problem."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class LocalApi:
    """Speaks to the modules with the operator's token of this installation."""

    def __init__(self, settings: CliSettings) -> None:
        self._settings = settings
        self._token = operator_token(settings)

    def call(
        self,
        module: str,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        timeout_seconds: float = 5.0,
    ) -> dict[str, Any]:
        """The JSON answer. Raises `Unreachable` or `Refused`, both with the step that mends it."""
        status, raw = self._request(module, method, path, body, timeout_seconds)
        return _answer(module, status, raw)

    def fetch(
        self,
        module: str,
        path: str,
        body: dict[str, Any] | None = None,
        timeout_seconds: float = 60.0,
        method: str = "POST",
    ) -> bytes:
        """The raw answer. Raises as `call` does."""
        status, raw = self._request(module, method, path, body, timeout_seconds)
        if status >= 400:
            _answer(module, status, raw)
        return raw

    def send(
        self, module: str, path: str, data: bytes, content_type: str, timeout_seconds: float
    ) -> dict[str, Any]:
        """The JSON answer to a body that is no JSON. Raises as `call` does."""
        host, port = self._settings.host_of(module), self._settings.port_of(module)
        connection = http.client.HTTPConnection(host, port, timeout=timeout_seconds)
        headers = {**_headers(self._token), "Content-Type": content_type}
        try:
            connection.request("POST", path, data, headers)
            answer = connection.getresponse()
            status, raw = answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            raise self._unreachable(module) from None
        finally:
            connection.close()
        return _answer(module, status, raw)

    def events(
        self, module: str, path: str, body: dict[str, Any], silence_seconds: float
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """The events of an answer that comes bit by bit (WHATWG HTML, section 9.2), each with its
        document. Raises as `call` does; ends where the answer does, whole or not."""
        host, port = self._settings.host_of(module), self._settings.port_of(module)
        connection = http.client.HTTPConnection(host, port, timeout=silence_seconds)
        try:
            connection.request("POST", path, json.dumps(body).encode(), _headers(self._token))
            answer = connection.getresponse()
            if answer.status >= 400:
                _answer(module, answer.status, answer.read(MOST_OF_A_REFUSAL))
            yield from _events_in(answer)
        except (OSError, http.client.HTTPException):
            raise self._unreachable(module) from None
        finally:
            connection.close()

    def _unreachable(self, module: str) -> Unreachable:
        host, port = self._settings.host_of(module), self._settings.port_of(module)
        return Unreachable(
            f"The {module} does not answer on {host}:{port}. Start Kitsu with: kitsu up"
        )

    def _request(
        self, module: str, method: str, path: str, body: dict[str, Any] | None, seconds: float
    ) -> tuple[int, bytes]:
        host, port = self._settings.host_of(module), self._settings.port_of(module)
        try:
            return request(host, port, method, path, self._token, body, seconds)
        except (OSError, http.client.HTTPException):
            raise self._unreachable(module) from None


def operator_token(settings: CliSettings) -> str:
    try:
        return Access(settings.kitsu_data_dir).token(Scope.OPERATOR)
    except (OSError, ValueError, KeyError) as error:
        where = settings.kitsu_data_dir / "secrets"
        raise Failed(
            f"The tokens in {where} cannot be read ({type(error).__name__}).\n"
            f"Check who owns that folder; if the file is broken, delete it and run: kitsu up"
        ) from None


def request(
    host: str,
    port: int,
    method: str,
    path: str,
    token: str,
    body: dict[str, Any] | None,
    timeout_seconds: float,
) -> tuple[int, bytes]:
    """One request: status and body. Raises `OSError` or `http.client.HTTPException`."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout_seconds)
    headers = {"Authorization": f"Bearer {token}", "Host": f"{host}:{port}"}
    payload = None
    if body is not None:
        payload = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    try:
        connection.request(method, path, payload, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def _events_in(answer: http.client.HTTPResponse) -> Iterator[tuple[str, dict[str, Any]]]:
    kind = "message"
    while line := answer.readline(LONGEST_LINE):
        name, _, value = line.decode("utf-8", "replace").strip().partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            with contextlib.suppress(ValueError):
                document = json.loads(value)
                if isinstance(document, dict):
                    yield kind, document


def _answer(module: str, status: int, raw: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(raw or b"{}")
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise Refused(
            f"What answers on the port of {module} is not Kitsu (HTTP {status}).\n"
            "Stop that program, or move Kitsu's port in .env.",
            status,
        )
    if status < 400:
        return answer
    if status == 401:
        raise Refused(
            f"The {module} that is running belongs to another data folder: "
            "set KITSU_DATA_DIR to the one it uses.",
            status,
        )
    title = str(answer.get("title", f"HTTP {status}"))
    detail = str(answer.get("detail", ""))
    if detail.startswith(title):
        title, detail = detail, ""
    raise Refused(f"{title}: {detail}" if detail else title, status)
