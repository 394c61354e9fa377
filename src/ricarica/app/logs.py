"""The log: one line per event, for people or (as JSON) for programs."""

import logging
import os
import re
import select
import stat
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import BinaryIO, TextIO, cast

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

STDERR = 2
AMBIGUOUS = re.compile(r"""[\s="']""")  # what a value without quotation marks cannot contain
log = structlog.get_logger()
LEVELS = ("debug", "info", "warning", "error")


class _Origin:
    """Marks each line with the process it comes from, and with the trace it belongs to.

    `hidden`: what libraries, which cannot know that it is secret, may say.
    """

    def __init__(self) -> None:
        self.node = ""
        self.hidden: frozenset[str] = frozenset()
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


class _Libraries(logging.Handler):
    """What libraries say, as lines like ours."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            said = self.format(record)
        except (TypeError, ValueError, LookupError):  # the words do not fit what they are about
            said = str(record.msg)
        for secret in ORIGIN.hidden:
            said = said.replace(secret, "…")
        if record.levelno >= logging.ERROR:
            log.error("library", name=record.name, said=said)
        else:
            log.warning("library", name=record.name, said=said)


def configure_logs(level: str, *, as_json: bool) -> None:
    """Everything goes to standard error; standard output is for what a command answers."""
    number = logging.getLevelNamesMapping()[level.upper()]
    lines = Unfailing(STDERR)
    common: list[structlog.typing.Processor] = [
        ORIGIN,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    colors = sys.stderr.isatty()
    # The pretty one shows local variables, and with them keys and passwords.
    console = structlog.dev.ConsoleRenderer(
        colors=colors, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(
        processors=[*common, structlog.processors.format_exc_info, _as_json]
        if as_json
        else [*common, _AsText(console, colors=colors)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", lines))
        if as_json
        else structlog.WriteLoggerFactory(cast("TextIO", lines)),
        cache_logger_on_first_use=True,
    )
    # Their own request logs would only repeat ours.
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[_Libraries()], force=True)


# An event may stand for many that have `each` of these besides. So the lines of a batch's calls
# cost a tenth of what they would by themselves, and are written at once.


def _as_json(_logger: object, _method: str, event: EventDict) -> bytes:
    each = event.pop("each", None)
    shared = msgspec.json.encode(event, enc_hook=str)
    if each is None:
        return shared
    return b"\n".join(shared[:-1] + b"," + msgspec.json.encode(line)[1:] for line in each)


class _AsText:
    def __init__(self, console: structlog.dev.ConsoleRenderer, *, colors: bool) -> None:
        self._console = console
        self._colors = colors

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> str:
        each = event.pop("each", None)
        if each is None:
            return self._console(logger, method, event)
        if not self._colors:
            return _plain(event, each)
        lines = (event | msgspec.to_builtins(line) for line in each)
        return "\n".join(self._console(logger, method, line) for line in lines)


def _plain(event: EventDict, each: Iterable[msgspec.Struct]) -> str:
    """As the console would write them without colours, but twenty times as fast."""
    head = f"{event.pop('timestamp')} [{event.pop('level'):<9}] {event.pop('event'):<30} "
    return "\n".join(
        head + " ".join([f"{key}={_word(said)}" for key, said in sorted(fields.items())])
        for fields in (event | msgspec.to_builtins(line) for line in each)
    )


def _word(said: object) -> str:
    text = str(said)
    return repr(text) if AMBIGUOUS.search(text) else text
