"""A04, B09, B10: security events, and the networks by which a station reaches servers."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16
from ricarica.simulator.core import Block, Station
from ricarica.simulator.settings import Access, Described, Kind, Place

FACTORY_SLOT = 1  # by which it was installed


@dataclass(slots=True)
class Networks:
    """`dead`: slots over which it reaches nobody. `refuses`: the word to answer the next with."""

    slots: dict[int, v2.NetworkConnectionProfile] = field(default_factory=dict)
    active: int = FACTORY_SLOT
    dead: set[int] = field(default_factory=set)
    refuses: str | None = None


def tell_security_event(station: Station, kind: str, info: str | None = None) -> None:
    """A04"""
    family = v16 if station.dialect.family == "v16" else v2
    station.ask(
        family.SecurityEventNotificationRequest(type=kind, timestamp=station.clock, tech_info=info)
    )


def _set_network(station: Station, request: v2.SetNetworkProfileRequest) -> Payload:
    """B09.FR.01–05"""
    networks, status = station.memory(Networks), v2.SetNetworkProfileStatus
    if networks.refuses is not None:
        return v2.SetNetworkProfileResponse(status=status(networks.refuses))
    allowed = _slots(station)
    if request.configuration_slot not in allowed:
        return v2.SetNetworkProfileResponse(status=status.Rejected)
    current = station.settings.integer("security_profile")
    if request.connection_data.security_profile < current:
        return v2.SetNetworkProfileResponse(status=status.Rejected)
    networks.slots[request.configuration_slot] = request.connection_data
    return v2.SetNetworkProfileResponse(status=status.Accepted)


def _slots(station: Station) -> set[int]:
    setting = next(each for each in station.settings.catalogue if each.name == "network_priority")
    return {int(choice) for choice in setting.choices}


def _connect_by_order(station: Station) -> None:
    """B10.FR.04, FR.07: it has come up, by the first slot that leads anywhere."""
    networks = station.memory(Networks)
    order = [int(slot) for slot in station.settings.members("network_priority")]
    known = [slot for slot in order if slot == FACTORY_SLOT or slot in networks.slots]
    networks.active = next((slot for slot in known if slot not in networks.dead), networks.active)


def _shown(station: Station) -> Iterator[Described]:
    place = Place("OCPPCommCtrlr", "ActiveNetworkProfile")
    yield Described(place, str(station.memory(Networks).active), Kind.INTEGER, Access.READ_ONLY)
    # Only 1.6 can be told to raise it; here it follows from the network.
    level = Place("SecurityCtrlr", "SecurityProfile")
    yield Described(level, station.settings["security_profile"], Kind.INTEGER, Access.READ_ONLY)


def _say_event(station: Station, kind: str, info: str | None = None) -> None:
    tell_security_event(station, kind, info)


BLOCK = Block(
    "security",
    commands={v2.SetNetworkProfileRequest: _set_network},
    variables=(_shown,),
    after_boot=(_connect_by_order,),
    sayings={"security_event": _say_event},
)
