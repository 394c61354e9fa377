"""`ricarica messages`: what stations and the server say to each other."""

import json
import sys
import time
from collections import OrderedDict
from pathlib import Path
from typing import Annotated

import typer

from ricarica.cli.options import LOCAL, AsJson, Key, OfStation, Url
from ricarica.cli.output import Row, show_list
from ricarica.cli.ports import UsageError
from ricarica.cli.remote import Server, path_to, query_of

app = typer.Typer()

LOOK_EVERY_S = 1.0
SEEN_MAX = 5_000  # ids of messages that may come twice
TEXT_SHOWN = 160  # characters; --json has all of them


@app.command()
def messages(
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show what comes, on and on.")] = (
        False
    ),
    station: OfStation = None,
    action: Annotated[str | None, typer.Option(help="Only these, e.g. Heartbeat.")] = None,
    direction: Annotated[str | None, typer.Option(help="from-station or to-station.")] = None,
    outcome: Annotated[str | None, typer.Option(help="answered, or the code of an error.")] = None,
    text: Annotated[str | None, typer.Option(help="In the request or its answer.")] = None,
    since: Annotated[str | None, typer.Option(help="ISO 8601; a day ago by default.")] = None,
    until: Annotated[str | None, typer.Option(help="ISO 8601.")] = None,
    transaction: Annotated[str | None, typer.Option(help="What was said of this one.")] = None,
    export: Annotated[
        Path | None, typer.Option(help="Write them to a file: .csv, or JSON lines.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many to show.")] = 50,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show the log of messages of all stations."""
    query = query_of(
        station=station,
        action=action,
        direction=direction,
        outcome=outcome,
        q=text,
        since=since,
        until=until,
        transaction=transaction,
    )
    server = Server(url, key)
    if export is not None:
        _export(server, query, export)
    elif follow:
        _follow(server, query, as_json=as_json)
    else:
        _show(server, query, limit, as_json=as_json)


def _show(server: Server, query: dict[str, str], limit: int, *, as_json: bool) -> None:
    asked = dict(query)
    path = "/messages"
    if transaction := asked.pop("transaction", None):
        path = path_to("transactions", transaction, "messages")
    found = server.get(path, {**asked, "limit": str(limit)})["items"]
    headings = ("at", "station", "", "action", "outcome", "ms", "request")
    show_list(reversed(found), headings, _row, as_json=as_json)


def _export(server: Server, query: dict[str, str], file: Path) -> None:
    kind = "csv" if file.suffix == ".csv" else "jsonl"
    with file.open("wb") as target:
        server.download("/messages/export", {**query, "format": kind}, target)
    typer.echo(file)


def _follow(server: Server, query: dict[str, str], *, as_json: bool) -> None:
    if {"since", "until", "transaction"} & set(query):
        raise UsageError("who follows sees what comes; leave out times and the transaction")
    place: str | None = None
    seen: OrderedDict[str, None] = OrderedDict()
    while True:
        page = server.get("/messages/after", {**query, **({"id": place} if place else {})})
        place = page["next"]
        for message in page["items"]:
            if message["id"] not in seen:
                seen[message["id"]] = None
                _tell(message, as_json=as_json)
        while len(seen) > SEEN_MAX:
            seen.popitem(last=False)
        time.sleep(LOOK_EVERY_S)


def _tell(message: Row, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(message, ensure_ascii=False), flush=True)
        return
    at, station, arrow, action, outcome, took, request = _row(message)
    print(f"{at} {station} {arrow} {action} {outcome} {took} ms {request}", flush=True)


def _row(message: Row) -> tuple[object, ...]:
    request = message["request"]
    text = request if isinstance(request, str) else json.dumps(request, ensure_ascii=False)
    mended = f" (mended: {', '.join(message['flags'])})" if message["flags"] else ""
    return (
        message["at"],
        message["station"],
        "←" if message["direction"] == "from-station" else "→",
        message["action"],
        message["outcome"] + mended,
        message["duration_ms"],
        _printable(text)[:TEXT_SHOWN],
    )


def _printable(text: str) -> str:
    """What stations send must not move the cursor."""
    encoding = sys.stdout.encoding or "utf-8"
    plain = "".join(c if c.isprintable() else "�" for c in text)
    return plain.encode(encoding, "replace").decode(encoding)
