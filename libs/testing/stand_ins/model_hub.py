"""The Hugging Face Hub on loopback, as far as a model is fetched from it.

Protocol (huggingface_hub 2.4): `GET /api/models/OWNER/NAME?blobs=true` tells the version and the
files with lengths and, of large ones, hashes; `GET /OWNER/NAME/resolve/VERSION/FILE` gives a file,
large ones by way of a redirect to another address, with `ETag` and `Range` (RFC 9110, section 14).
"""

import hashlib
import json
import re
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from libs.testing.stand_ins.http_wire import Connection, Request
from libs.testing.stand_ins.listener import HttpStandIn

VERSION = "0123456789abcdef0123456789abcdef01234567"
LARGE_BYTES = 300_000

#: What the next requests for a large file meet: a status, or one of these.
FAULTS = (
    "break",  # the connection ends in the middle of what is left
    "reset",  # it ends before the answer
    "other",  # as long as it should be, but something else
    "endless",  # more than was announced
    "no-range",  # the whole file, although a part was asked for
)


class ModelHubStandIn(HttpStandIn):
    """`url` is what goes into HF_ENDPOINT. `asked_for` lists requests for files: name and Range."""

    def __init__(
        self,
        repository: str,
        files: Mapping[str, bytes],
        *,
        faults: Iterable[str] = (),
        about_status: int = 200,
    ) -> None:
        super().__init__()
        self.repository = repository
        self.files = dict(files)
        self.faults = deque(faults)
        self.about_status = about_status
        self.asked_for: list[tuple[str, str]] = []
        self.sent_bytes = 0

    async def route(self, connection: Connection, request: Request) -> None:
        path = urlsplit(request.path).path
        if path == f"/api/models/{self.repository}" and self.about_status == 200:
            await self._tell_of_it(connection)
        elif path.startswith("/api/models/"):
            status = self.about_status if self.about_status != 200 else 404
            error = {"error": "Repository not found"}
            headers = {"X-Error-Code": "RepoNotFound"} if status == 404 else {}
            body = json.dumps(error).encode()
            await connection.answer(status, body, "application/json", headers)
        elif match := re.fullmatch(rf"/{self.repository}/resolve/{VERSION}/(.+)", path):
            await self._resolve(connection, request, match[1])
        elif path.startswith("/blobs/"):
            await self._give(connection, request, path.removeprefix("/blobs/"))
        else:
            await connection.answer(404, b"", "text/plain", {"X-Error-Code": "EntryNotFound"})

    async def _tell_of_it(self, connection: Connection) -> None:
        siblings: list[dict[str, Any]] = []
        for name, content in self.files.items():
            entry: dict[str, Any] = {
                "rfilename": name,
                "size": len(content),
                "blobId": _sha1(content),
            }
            if len(content) >= LARGE_BYTES:
                entry["lfs"] = {
                    "sha256": _sha256(content),
                    "size": len(content),
                    "pointerSize": 134,
                }
            siblings.append(entry)
        about = {
            "id": self.repository,
            "modelId": self.repository,
            "sha": VERSION,
            "private": False,
        }
        about |= {"tags": [], "downloads": 1, "likes": 0, "siblings": siblings}
        await connection.answer(200, json.dumps(about).encode(), "application/json")

    async def _resolve(self, connection: Connection, request: Request, name: str) -> None:
        if name not in self.files:
            await connection.answer(404, b"", "text/plain", {"X-Error-Code": "EntryNotFound"})
        elif len(self.files[name]) >= LARGE_BYTES:  # as on the hub: they lie elsewhere
            headers = {"Location": f"{self.url}/blobs/{name}", "X-Repo-Commit": VERSION}
            await connection.answer(302, b"", "text/plain", headers)
        else:
            await self._give(connection, request, name)

    async def _give(self, connection: Connection, request: Request, name: str) -> None:
        content, wanted = self.files[name], request.headers.get("range", "")
        self.asked_for.append((name, wanted))
        large = len(content) >= LARGE_BYTES
        fault = self.faults.popleft() if self.faults and large else ""
        if fault.isdigit():
            await connection.answer(int(fault), b"", "text/plain")
            return
        if fault == "reset":
            connection.reset()
            return
        start = int(wanted.removeprefix("bytes=").partition("-")[0] or 0) if wanted else 0
        if fault == "no-range":
            start, wanted = 0, ""
        if start >= len(content):
            await connection.answer(416, b"", "text/plain")
            return
        part = content[start:]
        if fault == "other":
            part = bytes(byte ^ 1 for byte in part)
        if fault == "endless":
            part += bytes(100_000)
        length = len(part)
        if fault == "break":
            part = part[: len(part) // 2]
        self.sent_bytes += len(part)
        headers = {"ETag": f'"{_sha256(content)}"', "Accept-Ranges": "bytes"}
        headers["Content-Length"] = str(length)
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        kind = "application/octet-stream"
        await connection.answer(206 if wanted else 200, part, kind, headers)
        if fault == "break":
            await connection.close()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
