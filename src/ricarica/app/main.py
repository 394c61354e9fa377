"""Where `ricarica` begins: the command line, with the rest of the house behind it.

What a command needs is imported when it runs, so that `ricarica --help` answers at once.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from ricarica.app.collector import rarely_collect
from ricarica.app.config import Config, ConfigError, load_config, unknown_variables
from ricarica.app.logs import configure_logs
from ricarica.app.roles import Role
from ricarica.cli.main import run
from ricarica.cli.output import complain
from ricarica.cli.ports import Choices, Desk, Finding, Programs, UsageError
from ricarica.kernel.errors import ConflictError, RicaricaError

if TYPE_CHECKING:
    from ricarica.app.serve import Serving

# Known to everyone, so the demo listens to its own machine unless it is told otherwise.
DEMO_PASSWORD = "ricarica-demo"  # noqa: S105 - it protects nothing


class BrokenOffError(RicaricaError):
    """The system refused something that nothing goes without, such as a port."""


def main() -> None:
    rarely_collect()
    _never_fail_at_a_character()
    sys.exit(run(Programs(serve, demo, desk, doctor, doctor_data)))


def _never_fail_at_a_character() -> None:
    """A terminal that cannot show one gets another in its place."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def serve(choices: Choices) -> None:
    from ricarica.app.serve import serve as run_server

    config = _config(choices)
    _begin(run_server(config, _announcement(config)), config)


def demo(choices: Choices, stations: int) -> None:
    from ricarica.app.demo import demo as run_demo

    password = os.environ.get("RICARICA_ADMIN_PASSWORD") or DEMO_PASSWORD
    config = _config(Choices({**choices.flags, "admin_password": password}, choices.file))
    _begin(run_demo(config, stations, _announcement(config, password)), config)


def desk(choices: Choices) -> AbstractAsyncContextManager[Desk]:
    from ricarica.app.desk import desk_of

    return desk_of(_config(choices))


def doctor(choices: Choices) -> Sequence[Finding]:
    from ricarica.app.doctor import examine

    return asyncio.run(examine(_config(choices)))


def doctor_data(choices: Choices) -> Sequence[Finding]:
    from ricarica.app.doctor import examine_data

    return asyncio.run(examine_data(_config(choices)))


def _config(choices: Choices) -> Config:
    for name in unknown_variables(os.environ):
        complain(f"{name} is not a variable of ours and changes nothing; is it mistyped?")
    try:
        return load_config(choices.flags, os.environ, choices.file)
    except ConfigError as error:
        raise UsageError(str(error)) from error


def _begin(work: Coroutine[None, None, None], config: Config) -> None:
    import uvloop

    configure_logs(config.log_level, as_json=config.log_json)
    broken_off: list[BaseException] = []
    with suppress(KeyboardInterrupt):  # the way to end it
        try:
            uvloop.run(work)
        except* (OSError, ConflictError) as group:
            broken_off.extend(_leaves(group))
    if broken_off:  # raised here, as Python before 3.11.4 wraps what is raised in an `except*`
        raise BrokenOffError("; ".join(map(str, broken_off))) from broken_off[0]


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """What went wrong in the end: tasks within tasks wrap it as often as they are deep."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error


def _announcement(config: Config, password: str | None = None) -> "Callable[[Serving], None]":
    """Says where to go, once both doors are open."""

    def announce(served: "Serving") -> None:
        host = "localhost" if config.http_host in ("0.0.0.0", "127.0.0.1") else config.http_host  # noqa: S104 - compared, not listened to
        secret = served.first_password or password
        lines = [f"Ricarica serves at  http://{host}:{served.http_port}/"]
        if served.station_port:  # another process may have the stations, or the pages
            lines.append(f"Stations connect at ws://{host}:{served.station_port}/IDENTITY")
        if Role.WEB in served.node.parts.roles:
            lines.append(f"Programs begin at   http://{host}:{served.http_port}/api/docs")
        if secret:
            once = "" if password else "  (shown this once)"
            lines.append(f"Log in as           admin, password {secret}{once}")
        text = Text("\n".join(lines))
        text.stylize("bold", 0, len(lines[0]))
        with suppress(OSError):  # a full disk must not keep stations from charging
            Console().print(text)  # at once, or who reads along takes a part for the whole

    return announce


if __name__ == "__main__":
    main()
