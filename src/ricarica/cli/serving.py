"""`ricarica serve`, `ricarica demo`, `ricarica doctor`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ricarica.cli.options import AsJson, ConfigFile, Data, DatabaseUrl
from ricarica.cli.output import Exit, show_json
from ricarica.cli.ports import Choices, Finding, Programs

app = typer.Typer()
doctor_app = typer.Typer()

StationPort = Annotated[
    int | None, typer.Option(help="For stations; 9000 by default. [env: RICARICA_STATION_PORT]")
]
HttpPort = Annotated[
    int | None,
    typer.Option(help="For people and programs; 8080 by default. [env: RICARICA_HTTP_PORT]"),
]
StationHost = Annotated[str | None, typer.Option(help="Address that stations reach.")]
HttpHost = Annotated[str | None, typer.Option(help="Address that people and programs reach.")]
DEMO_DATA = Path("demo-data")
DEMO_STATIONS_MAX = 1_000  # on one core with everything else


@app.command()
def serve(
    context: typer.Context,
    *,
    data: Data = None,
    station_port: StationPort = None,
    http_port: HttpPort = None,
    station_host: StationHost = None,
    http_host: HttpHost = None,
    database_url: DatabaseUrl = None,
    nats_url: Annotated[
        str | None,
        typer.Option(help="nats://HOST:4222, for several processes on one PostgreSQL."),
    ] = None,
    roles: Annotated[
        str | None,
        typer.Option(help="Of this process: gateway,core,web,worker by default; needs nats_url."),
    ] = None,
    accept_unknown_stations: Annotated[
        bool,
        typer.Option(
            "--accept-unknown-stations",
            envvar="RICARICA_ACCEPT_UNKNOWN_STATIONS",
            show_envvar=False,
            help="Whoever connects may charge.",
        ),
    ] = False,
    unknown_stations: Annotated[
        str | None, typer.Option(help="refuse, pending (they wait for approval) or accept.")
    ] = None,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM, for stations.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM, of the certificate.")] = None,
    station_tls_port: Annotated[int | None, typer.Option(help="9443 by default.")] = None,
    heartbeat_s: Annotated[int | None, typer.Option(help="Between signs of life.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217; EUR by default.")] = None,
    public_url: Annotated[
        str | None,
        typer.Option(help="Where stations find files of ours, e.g. https://csms.example."),
    ] = None,
    time_zone: Annotated[str | None, typer.Option(help="Of the pages; UTC by default.")] = None,
    secure_cookies: Annotated[
        bool | None, typer.Option(help="Cookies over HTTPS only, whatever a proxy says.")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    log_json: Annotated[bool | None, typer.Option(help="One JSON object a line.")] = None,
    config: ConfigFile = None,
) -> None:
    """Serve stations, people and programs, in one process.

    Every option is also a variable RICARICA_… and a line of ricarica.toml. The first start makes
    the operator admin, with the password in RICARICA_ADMIN_PASSWORD or one that is shown once.
    """
    given = dict(context.params)
    programs: Programs = context.obj
    programs.serve(_choices(given))


@app.command()
def demo(
    context: typer.Context,
    *,
    stations: Annotated[int, typer.Option(min=1, max=DEMO_STATIONS_MAX, help="How many.")] = 50,
    data: Annotated[Path, typer.Option(help="Folder of the demo's database.")] = DEMO_DATA,
    station_port: StationPort = None,
    http_port: HttpPort = None,
    http_host: HttpHost = "127.0.0.1",
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "warning",
    config: ConfigFile = None,
) -> None:
    """Serve with simulated stations that charge, so that there is something to see."""
    given = dict(context.params)
    count: int = given.pop("stations")
    programs: Programs = context.obj
    programs.demo(_choices({**given, "station_host": "127.0.0.1"}), count)


@doctor_app.callback(invoke_without_command=True)
def doctor(
    context: typer.Context,
    *,
    data: Data = None,
    station_port: StationPort = None,
    http_port: HttpPort = None,
    database_url: DatabaseUrl = None,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM, for stations.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM, of the certificate.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Look for what would keep Ricarica from working here, and say what to do about it."""
    if context.invoked_subcommand is not None:
        return
    given = dict(context.params)
    given.pop("as_json")
    programs: Programs = context.obj
    _tell(programs.doctor(_choices(given)), as_json=as_json)


@doctor_app.command("data")
def doctor_data(
    context: typer.Context,
    *,
    data: Data = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Check that what the database holds agrees with itself.

    It changes nothing, and may run while Ricarica does; a million readings take some seconds.
    """
    given = dict(context.params)
    given.pop("as_json")
    programs: Programs = context.obj
    _tell(programs.doctor_data(_choices(given)), as_json=as_json)


def _tell(findings: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        show_json([_of_finding(finding) for finding in findings])
    else:
        _show(findings)
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(Exit.FAILED)


def _choices(given: dict[str, object]) -> Choices:
    file = given.pop("config")
    if given.pop("accept_unknown_stations", False):
        given["unknown_stations"] = "accept"
    return Choices(given, file if isinstance(file, Path) else None)


def _show(findings: Sequence[Finding]) -> None:
    console = Console(highlight=False, markup=False)
    for finding in findings:
        mark, style = ("✓", "green") if finding.is_well else ("✗", "red")
        console.print(f"{mark} {finding.check}: {finding.text}", style=style)
        if finding.remedy and not finding.is_well:
            console.print(f"  → {finding.remedy}")


def _of_finding(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "is_well": finding.is_well,
        "text": finding.text,
        "remedy": finding.remedy,
        "row": finding.row,
    }
