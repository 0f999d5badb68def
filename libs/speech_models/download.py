"""Fetching a model from the Hugging Face Hub, file by file, so that a break costs nothing.

What there is and how large it is comes through `huggingface_hub` (addresses, mirrors by
HF_ENDPOINT, sign-in by HF_TOKEN). The bytes are fetched here: version 2.4 of that package begins
every file anew when it was stopped. A model has its own name only when every file of it was
compared with its hash or length.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from libs.speech_models.catalogue import Model
from libs.speech_models.shelf import UNFINISHED, look_at

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0
#: After a break it is tried again so often, as long as no byte came in between.
TRIES = 5
#: What stays free on the disk.
SPARE_BYTES = 200_000_000

#: Bytes so far, and all of them.
Progress = Callable[[int, int], None]


class DownloadFailed(Exception):
    """The message says what happened and the step that mends it."""


@dataclass(frozen=True)
class RemoteFile:
    name: str
    url: str
    size_bytes: int
    sha256: str = ""
    """Only of large files."""


class Hub:
    """The Hugging Face Hub, or a mirror of it."""

    def __init__(self, endpoint: str = "") -> None:
        self._endpoint = (endpoint or os.environ.get("HF_ENDPOINT", "")).rstrip("/") or None

    def files(self, model: Model) -> list[RemoteFile]:
        """Those of one version that the model needs. Raises `DownloadFailed`."""
        with _plain_errors(model):
            from huggingface_hub import HfApi, hf_hub_url

            api = HfApi(self._endpoint, library_name="kitsu")
            about: Any = api.model_info(model.repository, files_metadata=True, timeout=20.0)
            found = [
                RemoteFile(
                    name,
                    hf_hub_url(model.repository, name, revision=about.sha, endpoint=self._endpoint),
                    int(file.size or 0),
                    str(file.lfs.sha256) if file.lfs else "",
                )
                for file in about.siblings
                if _wanted(name := str(file.rfilename), model)
            ]
        if not found:
            raise DownloadFailed(f"{model.repository} has none of the files that are needed")
        return found

    def headers(self) -> dict[str, str]:
        from huggingface_hub import get_token

        token = get_token()
        signed = {"Authorization": f"Bearer {token}"} if token else {}
        return {**signed, "Accept-Encoding": "identity", "User-Agent": "kitsu"}


class Download:
    """One model on its way into a folder. What is there already is not fetched again."""

    def __init__(self, model: Model, shelf_folder: Path, hub: Hub) -> None:
        self._model = model
        self._hub = hub
        self.folder = shelf_folder / model.name
        self._unfinished = shelf_folder / f"{model.name}{UNFINISHED}"

    def run(self, progress: Progress) -> Path:
        """The folder with the whole model. Raises `DownloadFailed`; run again it goes on."""
        shelved = look_at(self.folder)
        if shelved is not None and not shelved.problem:
            return self.folder
        files = self._hub.files(self._model)
        with _plain_errors(self._model):
            self._begin(files)
            self._fetch_all(files, progress)
            self._finish()
        return self.folder

    def _begin(self, files: list[RemoteFile]) -> None:
        if self.folder.exists():  # is not whole
            shutil.rmtree(self._unfinished, ignore_errors=True)
            self.folder.rename(self._unfinished)
            for file in files:
                if not file.sha256:  # it may be the broken one, and nothing would tell
                    (self._unfinished / file.name).unlink(missing_ok=True)
        self._unfinished.mkdir(parents=True, exist_ok=True)
        missing = sum(file.size_bytes for file in files) - sum(map(self._there, files))
        free = shutil.disk_usage(self._unfinished).free
        if free < missing + SPARE_BYTES:
            raise DownloadFailed(
                f"The disk has {free / 1e6:.0f} MB free and {missing / 1e6:.0f} MB are to come: "
                f"free some, or set ASR_MODELS_DIR to a folder on another disk."
            )

    def _fetch_all(self, files: list[RemoteFile], progress: Progress) -> None:
        import httpx

        total, before = sum(file.size_bytes for file in files), 0
        timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
        headers = self._hub.headers()
        with httpx.Client(timeout=timeout, follow_redirects=True, headers=headers) as client:
            for file in files:
                target = self._unfinished / file.name
                for done in _Fetch(client, file, target).pieces():
                    progress(before + done, total)
                before += file.size_bytes
        progress(total, total)

    def _finish(self) -> None:
        self._unfinished.rename(self.folder)
        whole = look_at(self.folder)
        if whole is None or whole.problem:
            problem = whole.problem if whole else "it is empty"
            raise DownloadFailed(
                f"What {self._model.repository} holds is no whole model: {problem}"
            )

    def _there(self, file: RemoteFile) -> int:
        path = self._unfinished / file.name
        return min(path.stat().st_size, file.size_bytes) if path.is_file() else 0


class _Fetch:
    """One file: goes on where the target ends, and compares the whole in the end."""

    def __init__(self, client: "httpx.Client", file: RemoteFile, target: Path) -> None:
        self._client = client
        self._file = file
        self._target = target

    def pieces(self) -> Iterator[int]:
        """Bytes that are there, each time some more are."""
        import httpx

        tries = TRIES
        while (there := self._size()) != self._file.size_bytes or not self._target.exists():
            try:
                yield from self._go_on(there if there < self._file.size_bytes else 0)
            except (httpx.TransportError, _CutShort):
                tries = TRIES if self._size() > there else tries - 1
                if not tries:
                    raise
        if not self._right():
            self._target.unlink()
            raise DownloadFailed(
                f"{self._file.name} is not what was announced: something on the way changes files. "
                "Try another network, then run the same command again."
            )

    def _go_on(self, start: int) -> Iterator[int]:
        headers = {"Range": f"bytes={start}-"} if start else {}
        with self._client.stream("GET", self._file.url, headers=headers) as answer:
            answer.raise_for_status()
            if answer.status_code != 206:
                start = 0  # it sends all of it
            self._target.parent.mkdir(parents=True, exist_ok=True)
            with self._target.open("ab" if start else "wb") as target:
                for piece in answer.iter_bytes():
                    target.write(piece)
                    start += len(piece)
                    if start > self._file.size_bytes:
                        raise DownloadFailed(f"{self._file.name} does not end: try again later")
                    yield start
        if start < self._file.size_bytes:
            raise _CutShort

    def _right(self) -> bool:
        if not self._file.sha256:
            return True
        with self._target.open("rb") as target:
            return hashlib.file_digest(target, "sha256").hexdigest() == self._file.sha256

    def _size(self) -> int:
        return self._target.stat().st_size if self._target.exists() else 0


class _CutShort(Exception):
    """The answer ended before the file did."""


def _wanted(name: str, model: Model) -> bool:
    """Only plain names: a path could lead out of the folder."""
    return PurePosixPath(name).name == name and any(fnmatch(name, form) for form in model.files)


@contextmanager
def _plain_errors(model: Model) -> Iterator[None]:
    """All that may go wrong, as one sentence with a step. No server's own text is passed on."""
    try:
        yield
    except ImportError:
        raise DownloadFailed("huggingface_hub is not installed: kitsu ears install") from None
    except OSError as error:
        raise _of_os_error(error, model) from None
    except (_CutShort, ValueError) as error:
        raise DownloadFailed(_unreachable(type(error).__name__.strip("_"))) from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("httpx", "httpx2", "huggingface_hub"):
            raise
        raise _of_answer(error, model) from None


def _of_os_error(error: OSError, model: Model) -> DownloadFailed:
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DownloadFailed("The disk is full: free some space, then run the same command again.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return DownloadFailed(
            "The models folder cannot be written: make it yours, or set ASR_MODELS_DIR to another."
        )
    return _of_answer(error, model)


def _of_answer(error: Exception, model: Model) -> DownloadFailed:
    status = getattr(getattr(error, "response", None), "status_code", 0)
    if status in (401, 403):
        where = f"https://huggingface.co/{model.repository}"
        return DownloadFailed(
            f"The hub does not give {model.repository} to all: sign in at {where}"
        )
    if status == 404:
        return DownloadFailed(f"The hub has no {model.repository} (any more): try another model.")
    if status:
        return DownloadFailed(f"The hub is out of order (status {status}): try again later.")
    return DownloadFailed(_unreachable(type(error).__name__))


def _unreachable(why: str) -> str:
    return (
        f"The hub cannot be reached ({why}): check the network (and proxy), then run the same "
        "command again; it goes on where it stopped. Without a network, copy a model's folder into "
        "the models folder."
    )
