"""The command line. `ricarica.app.main` hands in what the commands need."""

from typing import Annotated

import typer

import ricarica
from ricarica.cli import (
    alerts,
    aside,
    bulk,
    displays,
    doctor,
    energy,
    firmware,
    forward,
    logs,
    messages,
    monitors,
    payments,
    people,
    reservations,
    security,
    serving,
    settings,
    simulate,
    stations,
    swaps,
    tokens,
    transactions,
)
from ricarica.cli.output import Exit, complain
from ricarica.cli.ports import Programs, UsageError
from ricarica.cli.remote import RefusedRequestError
from ricarica.kernel.errors import InvalidError, NotFoundError, RicaricaError

EXIT_CODES = (
    "Exit codes: 0 it is done, 1 it failed, 2 what was typed or configured makes no sense, "
    "3 not found, 4 the station is not connected, 5 the station refused."
)

# What went wrong, from the special to the general.
CODES: tuple[tuple[type[RicaricaError], Exit], ...] = (
    (UsageError, Exit.USAGE),
    (RefusedRequestError, Exit.USAGE),
    (InvalidError, Exit.USAGE),
    (NotFoundError, Exit.NOT_FOUND),
    (RicaricaError, Exit.FAILED),
)

app = typer.Typer(
    name="ricarica",
    help="An open-source charging-station management system.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # among them are keys and passwords
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(serving.app)
serving.doctor_app.command("station")(doctor.station)
app.add_typer(serving.doctor_app, name="doctor")
app.add_typer(simulate.app)
stations.app.add_typer(logs.app, name="logs")
stations.app.add_typer(forward.app)
app.add_typer(stations.app, name="station")
app.add_typer(firmware.app, name="firmware")
app.add_typer(transactions.app, name="transaction")
app.add_typer(tokens.app, name="token")
app.add_typer(reservations.app, name="reservation")
app.add_typer(displays.app, name="display")
app.add_typer(payments.app, name="payment")
app.add_typer(swaps.app, name="swap")
app.add_typer(messages.app)
app.add_typer(bulk.app, name="bulk")
app.add_typer(energy.app, name="energy")
app.add_typer(security.app, name="security")
app.add_typer(security.networks, name="network")
app.add_typer(aside.app, name="put-aside")
app.add_typer(settings.settings, name="settings")
app.add_typer(settings.templates, name="template")
app.add_typer(monitors.app, name="monitor")
app.add_typer(alerts.events, name="event")
app.add_typer(alerts.alerts, name="alert")
app.add_typer(people.operators, name="operator")
app.add_typer(people.api_keys, name="api-key")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"ricarica {ricarica.__version__}")
        raise typer.Exit


@app.callback()
def common(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    pass


def run(programs: Programs, arguments: list[str] | None = None) -> int:
    """Carry out a command line; returns its exit code."""
    try:
        app(args=arguments, obj=programs)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.OK
    except RicaricaError as error:
        complain(str(error))
        return next(code for kind, code in CODES if isinstance(error, kind))
    except OSError as error:  # such as a full disk, where the answer was to be written
        complain(str(error))
        return Exit.FAILED
    return Exit.OK
