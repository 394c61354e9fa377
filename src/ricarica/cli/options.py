"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None,
    typer.Option(help="Folder of the database. [env: RICARICA_DATA]", show_default=False),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        help="sqlite:///… or postgresql://…; by default a file among the data. "
        "[env: RICARICA_DATABASE_URL]",
        show_default=False,
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="By default ricarica.toml, if there is one."),
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Url = Annotated[str, typer.Option(envvar="RICARICA_URL", help="Of the running server.")]
Key = Annotated[
    str | None, typer.Option(envvar="RICARICA_API_KEY", help="See `ricarica api-key create`.")
]

LOCAL = "http://localhost:8080"
