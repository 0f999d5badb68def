"""A settings file that may change, and may be wrong, while a process runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from libs.settings.strict_yaml import FileError

Content = TypeVar("Content")

#: Of a file on the disk: when it was written, when anything about it changed (on Windows: when it
#: was made), its size, and which one it is. None: it is not there.
_Stamp = tuple[int, int, int, int] | None


class FollowedFile(Generic[Content]):
    """Promises: there is always something that can be used, and nothing raises: what stood in the
    file when it was last good in this process, and before that what is usual. A file that has not
    changed costs one look at its date; one that was mended is taken up by the next `look`.
    """

    def __init__(
        self, path: Path, read: Callable[[Path], Content], usual: Callable[[], Content]
    ) -> None:
        """`read` raises `FileError`."""
        self._path = path
        self._read = read
        self._was_good = False
        self._stamp: _Stamp = _stamp_of(path)
        self.content = usual()
        """What counts now."""
        self.trouble = ""
        """What is wrong with the file, in a sentence, and what counts meanwhile; empty: nothing."""
        self._take_up()

    @property
    def now(self) -> Content:
        """What counts now, after a look at the file."""
        self.look()
        return self.content

    @property
    def changed(self) -> bool:
        """Whether the file is another one than was read last."""
        return _stamp_of(self._path) != self._stamp

    def look(self) -> bool:
        """Reads the file where it has changed. True: what counts, or what is wrong, is different
        from before."""
        stamp = _stamp_of(self._path)
        if stamp == self._stamp:
            return False
        before = (self.content, self.trouble)
        self._stamp = stamp
        self._take_up()
        return before != (self.content, self.trouble)

    def _take_up(self) -> None:
        try:
            self.content = self._read(self._path)
        except FileError as problem:
            self.trouble = self._said(str(problem).splitlines())
        else:
            self._was_good, self.trouble = True, ""

    def _said(self, complaints: list[str]) -> str:
        more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
        counting = "its settings of before" if self._was_good else "the usual settings"
        return f"{complaints[0]}{more}; until that is corrected {counting} count."


def _stamp_of(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
