"""Logs: JSON lines on standard error and in one file per service and day.

A line has `ts, service, logger, level, message`, and the extras of the log call beside them.
"""

import datetime
import json
import logging
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from libs.settings import ShowSettings
from libs.telemetry.daily_file import DailyFile
from libs.telemetry.redaction import HIDDEN, SECRET_NAME, Redactor, visible

#: Longest message and longest extra that is kept, in characters.
MESSAGE_LIMIT = 8_000
EXTRA_LIMIT = 2_000

#: Libraries that tell every request at INFO.
_TALKATIVE = ("httpx", "httpcore", "websockets", "uvicorn", "asyncio")

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_OWN_FIELDS = frozenset({"ts", "service", "logger", "level", "error"})


def configure(
    service: str,
    settings: ShowSettings,
    secrets: Iterable[str] = (),
    on_screen: bool | None = None,
) -> None:
    """Sends all logging of this process to standard error and to the daily file of `service`.

    On a terminal, standard error gets plain lines. Under the supervisor it gets nothing, because
    there it is a file beside the daily one, unless `on_screen` says otherwise. Safe to call again;
    never raises.
    """
    redact = Redactor([*secret_values(settings), *secrets])
    as_json = JsonLines(service, redact)
    handlers: list[logging.Handler] = [DailyHandler(DailyFile(settings.kitsu_log_root, service))]
    handlers[0].setFormatter(as_json)
    if not settings.kitsu_supervised if on_screen is None else on_screen:
        screen = _Screen(sys.stderr)
        screen.setFormatter(PlainLines(service, redact) if _is_terminal() else as_json)
        handlers.append(screen)
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old, DailyHandler | _Screen):
            root.removeHandler(old)
            old.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(settings.kitsu_log_level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught


def secret_values(settings: ShowSettings) -> list[str]:
    """The values of all settings whose name says that they are secret."""
    values = settings.model_dump().items()
    return [str(value) for name, value in values if value and SECRET_NAME.search(name)]


class JsonLines(logging.Formatter):
    """A record as one line of JSON. Whatever is in the record, this gives a line."""

    def __init__(self, service: str, redact: Redactor) -> None:
        super().__init__()
        self._service = service
        self._redact = redact

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        fields: dict[str, Any] = {
            "ts": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "service": self._service,
            "logger": record.name,
            "level": record.levelname,
            "message": self._redact(_message(record))[:MESSAGE_LIMIT],
        }
        for name, value in vars(record).items():
            if name not in _STANDARD and name not in _OWN_FIELDS:
                fields[name] = self._extra(name, value)
        if record.exc_info and record.exc_info[0] is not None:
            fields["error"] = self._redact(self.formatException(record.exc_info))[-MESSAGE_LIMIT:]
        return fields

    def format(self, record: logging.LogRecord) -> str:
        return visible(json.dumps(self.fields(record), ensure_ascii=False, default=_text))

    def _extra(self, name: str, value: Any) -> Any:
        if SECRET_NAME.search(name.lower()):
            return HIDDEN
        if value is None or isinstance(value, bool | int | float):
            return value
        return self._redact(_text(value))[:EXTRA_LIMIT]


class PlainLines(JsonLines):
    """A record for a person at a terminal: time, level, message, extras."""

    def format(self, record: logging.LogRecord) -> str:
        return plain_line(self.fields(record))


def plain_line(fields: dict[str, Any]) -> str:
    """A line of the log for people; safe on a terminal whatever the fields hold."""
    at = str(fields.get("ts", ""))[11:19]
    level = str(fields.get("level", ""))
    extras = {k: v for k, v in fields.items() if k not in (*_OWN_FIELDS, "message")}
    line = f"{at} {level:<7} {fields.get('logger', '')}: {fields.get('message', '')}"
    if extras:
        line += "  " + " ".join(f"{name}={value}" for name, value in extras.items())
    lines = [line, *str(fields.get("error", "")).splitlines()]
    return "\n    ".join(visible(text) for text in lines)


class DailyHandler(logging.Handler):
    """Writes to the daily file. A full disk or a vanished folder costs lines, never the show."""

    def __init__(self, file: DailyFile) -> None:
        super().__init__()
        self._file = file
        self.lost = 0
        """Lines that could not be written."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._file.append(self.format(record))
        except Exception:  # noqa: BLE001 - logging is supervised here: it must not stop a worker
            self.lost += 1

    def close(self) -> None:
        self._file.close()
        super().close()


class _Screen(logging.StreamHandler[Any]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the base class's name
        """A closed or broken standard error is no reason to fail."""


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - arguments that do not fit the message, or that cannot be shown
        return f"{_text(record.msg)} {_text(record.args)}"


def _text(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - any object may be logged
        return f"<{type(value).__name__} that cannot be shown>"


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("kitsu").critical("uncaught error", exc_info=(kind, error, trace))
