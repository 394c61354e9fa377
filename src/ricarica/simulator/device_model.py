"""The device model of a station: its settings, and what it is built of, as 2.x sees them."""

from collections.abc import Iterator

from ricarica.simulator.core import Station
from ricarica.simulator.evse import Evse, State
from ricarica.simulator.settings import Access, Described, Kind, Place, Setting

AVAILABILITY = "Available,Occupied,Reserved,Unavailable,Faulted"
TAKEN = "Occupied"
FREE = frozenset({State.AVAILABLE, State.RESERVED, State.UNAVAILABLE, State.FAULTED})


def described(station: Station) -> Iterator[Described]:
    for setting in station.settings.catalogue:
        if setting.place is not None:
            yield _of_setting(station, setting, setting.place)
    yield from _of_station(station)
    for variables in station.abilities.variables:
        yield from variables(station)
    for evse in station.evses.values():
        yield from _of_evse(evse)
        for connector in evse.connectors:
            yield from _of_connector(evse, connector.number, connector.type)


def find(station: Station, wanted: Place) -> Described | None:
    return next((each for each in described(station) if same_place(each.place, wanted)), None)


def has_component(station: Station, wanted: Place) -> bool:
    return any(same_component(each.place, wanted) for each in described(station))


def same_place(one: Place, other: Place) -> bool:
    return same_component(one, other) and (
        one.variable.casefold(),
        (one.instance or "").casefold(),
    ) == (other.variable.casefold(), (other.instance or "").casefold())


def same_component(one: Place, other: Place) -> bool:
    return (one.component.casefold(), one.evse, one.connector) == (
        other.component.casefold(),
        other.evse,
        other.connector,
    )


def _of_setting(station: Station, setting: Setting, place: Place) -> Described:
    value: str | None = station.settings[setting.name]
    if setting.access is Access.WRITE_ONLY:
        value = None
    elif setting.kind is Kind.DATE_TIME:
        value = station.clock.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Described(
        place,
        value,
        setting.kind,
        setting.access,
        setting.unit,
        setting.lowest,
        setting.highest,
        ",".join(setting.choices) or None,
        setting,
    )


def _of_station(station: Station) -> Iterator[Described]:
    make = station.make
    state = "Available" if station.is_operative else "Unavailable"
    yield _fact("ChargingStation", "Available", "true", Kind.BOOLEAN)
    yield _availability(Place("ChargingStation", "AvailabilityState"), state)
    yield _fact("ChargingStation", "VendorName", make.vendor, Kind.STRING)
    yield _fact("ChargingStation", "Model", make.model, Kind.STRING)
    yield _fact("ChargingStation", "SerialNumber", make.serial, Kind.STRING)
    yield _fact("ChargingStation", "FirmwareVersion", make.firmware, Kind.STRING)
    yield _fact("ChargingStation", "SupplyPhases", "3", Kind.INTEGER)
    yield _fact("SecurityCtrlr", "Identity", station.identity, Kind.STRING)


def _of_evse(evse: Evse) -> Iterator[Described]:
    number = evse.number
    power = str(int(evse.outlet.power_w_max))
    yield Described(Place("EVSE", "Available", evse=number), "true", Kind.BOOLEAN)
    yield _availability(Place("EVSE", "AvailabilityState", evse=number), _state(evse, 1))
    yield Described(
        Place("EVSE", "Power", evse=number),
        str(int(evse.draw.power_w)),
        Kind.DECIMAL,
        unit="W",
        highest=int(power),
        is_monitorable=True,
    )
    yield Described(
        Place("EVSE", "SupplyPhases", evse=number), str(evse.outlet.phases), Kind.INTEGER
    )


def _of_connector(evse: Evse, number: int, kind: str) -> Iterator[Described]:
    def place(variable: str) -> Place:
        return Place("Connector", variable, evse=evse.number, connector=number)

    yield Described(place("Available"), "true", Kind.BOOLEAN)
    yield _availability(place("AvailabilityState"), _state(evse, number))
    yield Described(place("ConnectorType"), kind, Kind.STRING)
    yield Described(place("SupplyPhases"), str(evse.outlet.phases), Kind.INTEGER)


def _state(evse: Evse, connector: int) -> str:
    state = evse.state(connector)
    return state.value if state in FREE else TAKEN


def _fact(component: str, variable: str, value: str, kind: Kind) -> Described:
    return Described(Place(component, variable), value, kind)


def _availability(place: Place, value: str) -> Described:
    return Described(place, value, Kind.OPTION, choices=AVAILABILITY, is_monitorable=True)
