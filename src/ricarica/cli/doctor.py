"""`ricarica doctor station`: why can this station not connect, or not charge?"""

from typing import Annotated, Any

import typer
from rich.console import Console

from ricarica.cli.options import LOCAL, AsJson, Key, Url
from ricarica.cli.output import Exit, show_json
from ricarica.cli.remote import Server, path_to

MARKS = {
    "ok": ("✓", "green"),
    "note": ("·", "dim"),
    "warning": ("!", "yellow"),
    "bad": ("✗", "red"),
}
TIMEOUT_S = 30.0  # it looks at the network, too


def station(
    identity: Annotated[str, typer.Argument(help="Of a station, registered or not.")],
    *,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Say in plain words why a station cannot connect or charge, and what to do about it.

    It asks a running server, which remembers who was turned away at the door.
    """
    path = path_to("stations", identity, "doctor")
    diagnosis = Server(url, key).get(path, timeout_s=TIMEOUT_S)
    if as_json:
        show_json(diagnosis)
    else:
        _show(diagnosis["findings"])
    if not diagnosis["is_well"]:
        raise typer.Exit(Exit.FAILED)


def _show(findings: list[dict[str, Any]]) -> None:
    console = Console(highlight=False, markup=False)
    for finding in findings:
        mark, style = MARKS[finding["level"]]
        when = f" ({finding['at']})" if finding["at"] else ""
        console.print(f"{mark} {finding['text']}{when}", style=style)
        if finding["remedy"]:
            console.print(f"  → {finding['remedy']}")
