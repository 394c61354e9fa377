"""The log: one line per event, for people or (as JSON) for programs."""

import logging
import sys
from collections.abc import Callable

import msgspec
import structlog
from structlog.typing import EventDict

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


ORIGIN = _Origin()  # of everything that this process logs; `serve` fills it in


def configure_logs(level: str, *, as_json: bool) -> None:
    """Everything goes to standard error; standard output is for what a command answers."""
    number = logging.getLevelNamesMapping()[level.upper()]
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
            logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
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
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
            cache_logger_on_first_use=True,
        )
    # What libraries say; their own request logs would only repeat ours.
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr)


def _json(event: object, **_options: object) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)
