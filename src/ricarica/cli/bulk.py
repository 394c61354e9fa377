"""`ricarica bulk`: one command for many stations."""

import json
import time
from typing import Annotated, Any

import typer

from ricarica.cli.options import LOCAL, AsJson, Key, Url
from ricarica.cli.output import Exit, show_facts, show_json, show_table
from ricarica.cli.payloads import payload_from
from ricarica.cli.remote import Server

app = typer.Typer(no_args_is_help=True, help="One command for many stations.")

LOOK_EVERY_S = 2.0
Number = Annotated[str, typer.Argument(help="Its id.")]


@app.command("begin")
def begin(
    command: Annotated[
        str, typer.Argument(help="Neutral, e.g. reset or clear-cache; or of OCPP, e.g. Reset.")
    ],
    payload: Annotated[
        list[str] | None,
        typer.Argument(help="JSON; @FILE; - for standard input; or members as name=value."),
    ] = None,
    *,
    station: Annotated[list[str] | None, typer.Option(help="Only this one; repeat it.")] = None,
    vendor: Annotated[str | None, typer.Option(help="Only of this vendor.")] = None,
    model: Annotated[str | None, typer.Option(help="Only of this model.")] = None,
    firmware: Annotated[str | None, typer.Option(help="Only with this firmware.")] = None,
    site: Annotated[str | None, typer.Option(help="Only at this site, by its id.")] = None,
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
    chosen = {**words, "dialect": dialect, "ids": station}
    select = {name: value for name, value in chosen.items() if value}
    if not select and not everything:
        raise typer.BadParameter("say which stations, or --all")
    away = {} if keep is None else {"when_away": "keep", "expires": keep}
    limits = {"failures_max": failures_max, "failures_percent": failures_percent}
    body = {
        "command": command,
        "body": json.loads(payload_from(payload or ())),
        "select": select,
        "pace": pace,
        "trial": trial,
        **away,
        **{name: value for name, value in limits.items() if value is not None},
    }
    server = Server(url, key)
    job = server.post("/bulk", json.dumps(body).encode(), {})
    while wait and job["id"] and job["state"] == "running":
        time.sleep(LOOK_EVERY_S)
        job = server.get(f"/bulk/{job['id']}")
    _show(job, as_json=as_json)
    if wait and job["state"] == "stopped":
        raise typer.Exit(Exit.FAILED)


@app.command("list")
def list_jobs(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List jobs, the latest first."""
    jobs = Server(url, key).get("/bulk")["items"]
    if as_json:
        show_json(jobs)
        return
    rows = (
        [job["id"], job["command"], job["state"], _counts(job), job["made_by"], job["made_at"]]
        for job in jobs
    )
    show_table(("id", "command", "state", "stations", "made by", "made at"), rows)


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
    job = server.get(f"/bulk/{number}")
    targets = list(server.items(f"/bulk/{number}/stations", {})) if stations else []
    if as_json:
        show_json({**job, "targets": targets} if stations else job)
        return
    _show(job, as_json=False)
    if stations:
        headings = ("station", "state", "status", "detail", "at")
        show_table(headings, ([each[name] for name in headings] for each in targets))


@app.command("cancel")
def cancel_job(
    number: Number, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Tell nobody else."""
    _show(Server(url, key).post(f"/bulk/{number}/cancel", b"", {}), as_json=as_json)


def _show(job: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(job)
        return
    shown = ("id", "command", "state", "why", "made_by", "made_at", "ended_at", "pace")
    facts = [(name.replace("_", " "), job[name]) for name in shown]
    first = [("among them", ", ".join(job["first"]))] if job["first"] else []
    show_facts([*facts, ("stations", _counts(job)), *first])


def _counts(job: dict[str, Any]) -> str:
    counts = (f"{count} {state}" for state, count in sorted(job["counts"].items()))
    return ", ".join(counts) or str(job["stations"])
