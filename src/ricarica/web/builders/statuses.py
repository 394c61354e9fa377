"""How something is doing, as pages show it."""

from collections.abc import Iterable

from ricarica.stations.model import ConnectorStatus
from ricarica.stations.showing import OCCUPIED_WHILE
from ricarica.transactions.model import Transaction
from ricarica.web.views.status import Status

# Of a site, people want to know first what is broken, then what is going on.
MATTERS = (
    Status.FAULTED,
    Status.CHARGING,
    Status.SUSPENDED_EV,
    Status.SUSPENDED_EVSE,
    Status.FINISHING,
    Status.PREPARING,
    Status.OCCUPIED,
    Status.RESERVED,
    Status.AVAILABLE,
    Status.UNAVAILABLE,
    Status.OFFLINE,
    Status.UNKNOWN,
)


def status_from(status: ConnectorStatus | None, *, is_connected: bool) -> Status:
    """Offline wins over what was reported last: we then know nothing newer."""
    if not is_connected:
        return Status.OFFLINE
    return Status.UNKNOWN if status is None else Status(status.value)


def transaction_status(transaction: Transaction, *, is_connected: bool) -> Status:
    if not is_connected:
        return Status.OFFLINE
    if transaction.charging_state is not None:
        return Status(OCCUPIED_WHILE[transaction.charging_state].value)
    # 1.6 tells states of connectors only; what draws power charges.
    return Status.CHARGING if transaction.power_w else Status.OCCUPIED


def what_matters(statuses: Iterable[Status]) -> Status:
    return min(statuses, key=MATTERS.index, default=Status.UNKNOWN)
