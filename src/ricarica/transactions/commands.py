from dataclasses import dataclass

from ricarica.authorization.model import TokenRef
from ricarica.kernel.ids import ConnectorNumber, EvseNumber
from ricarica.kernel.money import Money
from ricarica.tariffs.plan import Plan


@dataclass(frozen=True, slots=True)
class StartCharging:
    """F01, F02: start a transaction from afar. `number` names this request."""

    token: TokenRef
    number: int
    evse: EvseNumber | None = None
    connector: ConnectorNumber | None = None
    group: str | None = None  # of the token: what is reserved for it is not in the way


@dataclass(frozen=True, slots=True)
class StopCharging:
    """F03: stop a transaction from afar; `ref` is its name between us and the station."""

    ref: str


@dataclass(frozen=True, slots=True)
class ShowCost:
    """I02: what a running transaction has cost so far."""

    ref: str
    cost: Money


@dataclass(frozen=True, slots=True)
class CheckTransaction:
    """E14: does a transaction still run, and has the station more to tell of it?

    Without `ref`, whether it has anything to tell of any transaction.
    """

    ref: str | None = None


@dataclass(frozen=True, slots=True)
class ChangePrices:
    """I11: from now on, the station counts a running transaction by other prices."""

    ref: str
    plan: Plan
