"""What the commands need of the rest of the house; `app` hands it in."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ricarica.access.authentication import Authentication, Commit
from ricarica.access.model import Actor
from ricarica.kernel.errors import RicaricaError

if TYPE_CHECKING:
    from ricarica.storage.database import Database


class UsageError(RicaricaError):
    """What was typed, or configured, makes no sense."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What was chosen on the command line, by the names of the configuration; None: not given."""

    flags: Mapping[str, Any]
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """The people's part of a database, whether or not a server runs on it."""

    commit: Commit
    authentication: Authentication
    database: "Database"
    actor: Actor
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. `remedy`: what to do, where something is wrong."""

    check: str
    is_well: bool
    text: str
    remedy: str | None = None
    row: str | None = None  # of the database, where it is about one


@dataclass(frozen=True, slots=True)
class Programs:
    """Each raises `UsageError` for choices that make no sense."""

    serve: Callable[[Choices], None]
    demo: Callable[[Choices, int], None]
    desk: Callable[[Choices], AbstractAsyncContextManager[Desk]]
    doctor: Callable[[Choices], Sequence[Finding]]
    doctor_data: Callable[[Choices], Sequence[Finding]]
