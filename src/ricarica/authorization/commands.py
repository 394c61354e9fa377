from dataclasses import dataclass

from ricarica.authorization.model import ListEntry, TokenRef
from ricarica.certificates.model import HashData


@dataclass(frozen=True, slots=True)
class ClearCache:
    """Forget which tokens were accepted. C11"""


@dataclass(frozen=True, slots=True)
class ReadListVersion:
    """Which version its local list has. D02"""


@dataclass(frozen=True, slots=True)
class SendList:
    """The list as a whole, or what changes in it, and the version it has then. D01"""

    version: int
    is_full: bool
    entries: tuple[ListEntry, ...] = ()
    removed: tuple[TokenRef, ...] = ()


@dataclass(frozen=True, slots=True)
class TellCustomer:
    """What a station knows of a customer, and (or) that it shall forget it. N09, N10

    One of `token`, `certificate` and `identifier` says who. `number` names what follows.
    """

    number: int
    report: bool
    clear: bool
    token: TokenRef | None = None
    certificate: HashData | None = None
    identifier: str | None = None
