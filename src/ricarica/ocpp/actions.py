"""Which messages a dialect knows, their types, and who may send them."""

from collections.abc import Mapping

from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.ocpp.directions import BOTH, FROM_STATION_2, FROM_STATION_16
from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2.messages import ACTIONS_21, ACTIONS_201
from ricarica.ocpp.v16.messages import ACTIONS_16

Actions = Mapping[str, tuple[type[Payload], type[Payload] | None]]

_ACTIONS: Mapping[str, Actions] = {
    V16.name: ACTIONS_16,
    V201.name: ACTIONS_201,
    V21.name: ACTIONS_21,
}
_FROM_STATION: Mapping[str, frozenset[str]] = {
    V16.name: FROM_STATION_16,
    V201.name: FROM_STATION_2 & ACTIONS_201.keys(),
    V21.name: FROM_STATION_2,
}
_FROM_CSMS: Mapping[str, frozenset[str]] = {
    name: BOTH | (actions.keys() - _FROM_STATION[name]) for name, actions in _ACTIONS.items()
}


def request_type(dialect: Dialect, action: str) -> type[Payload] | None:
    """The type of a request; None if the dialect has no such action."""
    types = _ACTIONS[dialect.name].get(action)
    return types and types[0]


def response_type(dialect: Dialect, action: str) -> type[Payload] | None:
    """The type of a response; None if the action is unknown, or never answered (SEND)."""
    types = _ACTIONS[dialect.name].get(action)
    return types and types[1]


def known(dialect: Dialect) -> frozenset[str]:
    return frozenset(_ACTIONS[dialect.name])


def from_station(dialect: Dialect) -> frozenset[str]:
    return _FROM_STATION[dialect.name]


def from_csms(dialect: Dialect) -> frozenset[str]:
    return _FROM_CSMS[dialect.name]
