"""S01–S04: a station whose slots are EVSEs, and whose cars are batteries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.simulator import charging
from ricarica.simulator.battery import Battery, Vehicle
from ricarica.simulator.core import Block, Station
from ricarica.simulator.settings import Kind, Place, Setting
from ricarica.simulator.transaction import Token

CAPACITY_WH = Decimal(2_000)  # of a scooter's battery
NOBODY = Token("", "NoAuthorization")


@dataclass(frozen=True, slots=True)
class Pack:
    serial: str
    soc_percent: Decimal
    soh_percent: Decimal = Decimal(98)
    made_at: datetime | None = None
    detail: str | None = None


@dataclass(slots=True)
class Slots:
    packs: dict[int, Pack] = field(default_factory=dict)
    wanted: dict[int, Token] = field(default_factory=dict)
    """Swaps that the server asked for, by their number."""


def fill(station: Station, packs: Mapping[int, Pack]) -> None:
    """Batteries that lie in the station from the beginning."""
    for number, pack in packs.items():
        _insert(station, number, pack)


def put_in(station: Station, number: int, token: Token, packs: Mapping[int, Pack]) -> None:
    """S03.FR.01: `number` names the swap, `packs` are by slot."""
    _tell(station, v2.BatterySwapEvent.BatteryIn, number, token, packs)
    for slot, pack in packs.items():
        _insert(station, slot, pack)


def take_out(station: Station, number: int, token: Token, slots: tuple[int, ...]) -> None:
    """S03.FR.03"""
    packs = {slot: _pack_now(station, slot) for slot in slots}
    _tell(station, v2.BatterySwapEvent.BatteryOut, number, token, packs)
    for slot in slots:
        del station.memory(Slots).packs[slot]
        charging.unplug(station, station.evses[slot])  # S04.FR.07


def leave(station: Station, number: int, token: Token, slots: tuple[int, ...]) -> None:
    """S03.FR.06: what was offered was not taken."""
    packs = {slot: _pack_now(station, slot) for slot in slots}
    _tell(station, v2.BatterySwapEvent.BatteryOutTimeout, number, token, packs)


def _insert(station: Station, slot: int, pack: Pack) -> None:
    """S04.FR.01–03: it begins to charge, for the station itself."""
    station.memory(Slots).packs[slot] = pack
    own = station.settings["swap_token"]
    evse = station.evses[slot]
    charging.authorize(station, evse, Token(own, "Central") if own else NOBODY)
    charged_wh = CAPACITY_WH * pack.soc_percent / 100
    charging.plug_in(station, evse, Vehicle(Battery(CAPACITY_WH, charged_wh)), 1)


def _pack_now(station: Station, slot: int) -> Pack:
    pack, vehicle = station.memory(Slots).packs[slot], station.evses[slot].vehicle
    soc = vehicle.battery.soc_percent if vehicle else pack.soc_percent
    return Pack(pack.serial, soc.quantize(Decimal(1)), pack.soh_percent, pack.made_at, pack.detail)


def _tell(
    station: Station,
    event: v2.BatterySwapEvent,
    number: int,
    token: Token,
    packs: Mapping[int, Pack],
) -> None:
    data = [
        v2.BatteryData(
            slot, pack.serial, pack.soc_percent, pack.soh_percent, pack.made_at, pack.detail
        )
        for slot, pack in packs.items()
    ]
    said = v2.IdToken(id_token=token.uid, type=token.kind)
    station.ask(v2.BatterySwapRequest(data, event, said, number))


def _request(station: Station, request: v2.RequestBatterySwapRequest) -> Payload:
    slots, target = station.memory(Slots), station.settings.integer("swap_target")
    charged = [slot for slot in slots.packs if _pack_now(station, slot).soc_percent >= target]
    if not charged:
        status = v2.GenericStatus.Rejected  # S02.FR.04
        why = v2.StatusInfo(reason_code="NoBatteryAvailable")
        return v2.RequestBatterySwapResponse(status=status, status_info=why)
    token = Token(request.id_token.id_token, request.id_token.type)
    slots.wanted[request.request_id] = token
    return v2.RequestBatterySwapResponse(status=v2.GenericStatus.Accepted)


BLOCK = Block(
    "swaps",
    commands={v2.RequestBatterySwapRequest: _request},
    settings=(
        Setting("swap_token", "", place=Place("BatterySwapCtrlr", "IdToken")),
        Setting(
            "swap_target",
            "80",
            Kind.INTEGER,
            place=Place("BatterySwapCtrlr", "TargetSoC"),
            unit="%",
            lowest=0,
            highest=100,
        ),
    ),
)
