"""`ricarica bulk`: one command for many stations."""

import time
from typing import Annotated

import msgspec
import typer

from ricarica.cli.options import LOCAL, AsJson, Key, PayloadOrNone, Url
from ricarica.cli.output import (
    Exit,
    Row,
    members,
    named,
    show_json,
    show_list,
    show_one,
    show_table,
)
from ricarica.cli.payloads import payload_from
from ricarica.cli.remote import Server, given, path_to

app = typer.Typer(no_args_is_help=True, help="One command for many stations.")

LOOK_EVERY_S = 2.0
Number = Annotated[str, typer.Argument(help="Its id.")]


@app.command("begin")
def begin(
    command: Annotated[
        str, typer.Argument(help="Neutral, e.g. reset or clear-cache; or of OCPP, e.g. Reset.")
    ],
    payload: PayloadOrNone = None,
    *,
    station: Annotated[list[str] | None, typer.Option(help="Only this one; repeat it.")] = None,
    vendor: Annotated[str | None, typer.Option(help="Only of this vendor.")] = None,
    model: Annotated[str | None, typer.Option(help="Only of this model.")] = None,
    firmware: Annotated[str | None, typer.Option(help="Only with this firmware.")] = None,
    site: Annotated[str | None, typer.Option(help="Only at this site, by its id.")] = None,
    label: Annotated[str | None, typer.Option(help="Only those with this label.")] = None,
    dialect: Annotated[str | None, typer.Option(help="Only those that speak it, e.g. 1.6.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All stations.")] = False,
    pace: Annotated[int, typer.Option(help="Stations a minute.")] = 60,
    failures_max: Annotated[int | None, typer.Option(help="Stop after so many.")] = None,
    failures_percent: Annotated[int | None, typer.Option(help="Stop at this share.")] = None,
    keep: Annotated[
        str | None, typer.Option(help="For how long it waits for what is away, e.g. PT2H.")
    ] = None,
    trial: Annotated[bool, typer.Option("--trial", help="Only say which it would be.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Until it has ended.")] = False,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Tell many stations the same, at a pace. Say which, or --all."""
    words = {"vendor": vendor, "model": model, "firmware": firmware, "site": site}
    chosen = {**words, "label": label, "dialect": dialect, "ids": station}
    select = {name: value for name, value in chosen.items() if value}
    if not select and not everything:
        raise typer.BadParameter("say which stations, or --all")
    away = {} if keep is None else {"when_away": "keep", "expires": keep}
    body = {
        "command": command,
        "body": msgspec.Raw(payload_from(payload or ())),
        "select": select,
        "pace": pace,
        "trial": trial,
        **away,
        **given(failures_max=failures_max, failures_percent=failures_percent),
    }
    server = Server(url, key)
    job = server.post("/bulk", body)
    while wait and job["id"] and job["state"] == "running":
        time.sleep(LOOK_EVERY_S)
        job = server.get(path_to("bulk", job["id"]))
    _show(job, as_json=as_json)
    if wait and job["state"] == "stopped":
        raise typer.Exit(Exit.FAILED)


@app.command("list")
def list_jobs(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List jobs, the latest first."""
    headings = ("id", "command", "state", "stations", "made by", "made at")
    show_list(Server(url, key).get("/bulk")["items"], headings, _row, as_json=as_json)


@app.command("show")
def show_job(
    number: Number,
    *,
    stations: Annotated[bool, typer.Option("--stations", help="With every station.")] = False,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show how far a job is."""
    server = Server(url, key)
    job = server.get(path_to("bulk", number))
    targets = list(server.items(path_to("bulk", number, "stations"))) if stations else []
    if as_json:
        show_json({**job, "targets": targets} if stations else job)
        return
    _show(job, as_json=False)
    if stations:
        headings = ("station", "state", "status", "detail", "at")
        show_table(headings, (members(each, headings) for each in targets))


@app.command("cancel")
def cancel_job(
    number: Number, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Tell nobody else."""
    _show(Server(url, key).post(path_to("bulk", number, "cancel")), as_json=as_json)


SHOWN = ("id", "command", "state", "why", "made_by", "made_at", "ended_at", "pace")


def _show(job: Row, *, as_json: bool) -> None:
    first = {"among_them": job["first"]} if job["first"] else {}
    facts = {**{name: job[name] for name in SHOWN}, "stations": _counts(job), **first}
    show_one(job, named(facts), as_json=as_json)


def _row(job: Row) -> tuple[object, ...]:
    at = (job["made_by"], job["made_at"])
    return job["id"], job["command"], job["state"], _counts(job), *at


def _counts(job: Row) -> str:
    counts = (f"{count} {state}" for state, count in sorted(job["counts"].items()))
    return ", ".join(counts) or str(job["stations"])
