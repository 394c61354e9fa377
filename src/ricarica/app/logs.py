"""The log: one line per event, for people or (as JSON) for programs."""

import logging
import os
import select
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, TextIO, cast

import msgspec
import structlog
from structlog.typing import EventDict

STDERR = 2
LEVELS = ("debug", "info", "warning", "error")


class _Origin:
    """Marks each line with the process it comes from, and with the trace it belongs to."""

    def __init__(self) -> None:
        self.node = ""
        self.current_trace: Callable[[], str | None] | None = None

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        if self.node:
            event["node"] = self.node
        if self.current_trace and "trace_id" not in event and (traced := self.current_trace()):
            event["trace_id"] = traced
        return event


class Unfailing:
    """A file whose lines may be lost: when its disk is full, or whoever reads it hangs.

    The log is for people, and charging does not wait for them.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._room: select.poll | None = None
        if _may_hang(os.fstat(number).st_mode):
            self._room = select.poll()
            self._room.register(number, select.POLLOUT)

    def write(self, line: str | bytes) -> None:
        data = line if isinstance(line, bytes) else line.encode(errors="backslashreplace")
        with suppress(OSError):
            if self._room is None:
                os.write(self._number, data)
                return
            # A pipe that has room at all takes as much as this without making us wait.
            for start in range(0, len(data), select.PIPE_BUF):
                if not self._room.poll(0):
                    return
                os.write(self._number, data[start : start + select.PIPE_BUF])

    def flush(self) -> None:
        """Nothing waits here."""


def _may_hang(mode: int) -> bool:
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


ORIGIN = _Origin()  # of everything that this process logs; `serve` fills it in


def configure_logs(level: str, *, as_json: bool) -> None:
    """Everything goes to standard error; standard output is for what a command answers."""
    number = logging.getLevelNamesMapping()[level.upper()]
    lines = Unfailing(STDERR)
    common: list[structlog.typing.Processor] = [
        ORIGIN,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if as_json:
        structlog.configure(
            processors=[
                *common,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(serializer=_json),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(number),
            logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", lines)),
            cache_logger_on_first_use=True,
        )
    else:
        structlog.configure(
            processors=[
                *common,
                structlog.dev.ConsoleRenderer(
                    colors=sys.stderr.isatty(),
                    # The pretty one shows local variables, and with them keys and passwords.
                    exception_formatter=structlog.dev.plain_traceback,
                ),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(number),
            logger_factory=structlog.WriteLoggerFactory(cast("TextIO", lines)),
            cache_logger_on_first_use=True,
        )
    # What libraries say; their own request logs would only repeat ours.
    logging.basicConfig(level=max(number, logging.WARNING), stream=lines)


def _json(event: object, **_options: object) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)
