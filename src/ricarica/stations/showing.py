"""The one status that people are shown of an EVSE."""

from collections.abc import Iterable, Mapping

from ricarica.stations.model import ConnectorStatus

# 2.x says of a connector only that it is occupied; the transaction there knows more. Its states
# are plain text here, because transactions look down on stations and not the other way round.
OCCUPIED_WHILE: Mapping[str, ConnectorStatus] = {
    "ev_connected": ConnectorStatus.PREPARING,
    "charging": ConnectorStatus.CHARGING,
    "suspended_ev": ConnectorStatus.SUSPENDED_EV,
    "suspended_evse": ConnectorStatus.SUSPENDED_EVSE,
    "idle": ConnectorStatus.FINISHING,
}
# Of several connectors, only one can be in use: that one speaks for the EVSE. Otherwise what
# needs a person comes before what does not.
SPEAKS_FIRST = (
    ConnectorStatus.CHARGING,
    ConnectorStatus.SUSPENDED_EV,
    ConnectorStatus.SUSPENDED_EVSE,
    ConnectorStatus.FINISHING,
    ConnectorStatus.PREPARING,
    ConnectorStatus.OCCUPIED,
    ConnectorStatus.FAULTED,
    ConnectorStatus.RESERVED,
    ConnectorStatus.AVAILABLE,
    ConnectorStatus.UNAVAILABLE,
)


def shown_status(status: ConnectorStatus, charging_state: str | None) -> ConnectorStatus:
    """A connector's status, made precise by the state of the transaction that runs there."""
    if status is not ConnectorStatus.OCCUPIED or charging_state is None:
        return status
    return OCCUPIED_WHILE[charging_state]


def evse_status(connectors: Iterable[ConnectorStatus]) -> ConnectorStatus | None:
    """The status of an EVSE by those of its connectors; None if it has told of none."""
    return min(connectors, key=SPEAKS_FIRST.index, default=None)
