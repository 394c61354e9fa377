"""A network in which something has happened."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ricarica.ocpp.dialects import V16, V201
from ricarica.tariffs.model import Prices
from ricarica.testing.wires import Teller
from ricarica.testing.world import World

EIGHT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
START = {"connectorId": 1, "idTag": "04A1B2C3", "meterStart": 1_000}


def at(minute: int) -> str:
    return (EIGHT + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")


def register(minute: int, wh: int) -> dict[str, Any]:
    return {"timestamp": at(minute), "sampledValue": [{"value": wh}]}


def event(kind: str, minute: int, seq_no: int, wh: int, state: str) -> dict[str, Any]:
    return {
        "eventType": kind,
        "timestamp": at(minute),
        "triggerReason": "ChargingStateChanged",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": "TX-1", "chargingState": state},
        "evse": {"id": 1, "connectorId": 1},
        "meterValue": [register(minute, wh)],
    }


async def charge_by_16(told: Teller) -> None:
    """Two transactions, of which one ends, and its start is told twice."""
    start = START | {"timestamp": at(0)}
    await told.call("StartTransaction", start)
    ref = (await told.call("StartTransaction", start))["transactionId"]
    values = {"timestamp": at(10), "sampledValue": [{"value": "4000"}]}
    await told.call("MeterValues", {"connectorId": 1, "transactionId": ref, "meterValue": [values]})
    stop = {"transactionId": ref, "meterStop": 6_000, "timestamp": at(20)}
    await told.call("StopTransaction", stop)
    await told.call("StartTransaction", START | {"meterStart": 6_000, "timestamp": at(30)})


async def charge_by_201(told: Teller) -> None:
    await told.call("TransactionEvent", event("Started", 0, 0, 1_000, "Charging"))
    await told.call("TransactionEvent", event("Ended", 30, 2, 5_000, "EVConnected"))
    await told.call("TransactionEvent", event("Updated", 20, 1, 4_000, "SuspendedEV"))


async def lived_in(world: World) -> World:
    """With what two stations told, of whom one is connected."""
    await world.add_tariff(Prices("EUR", Decimal("0.5"), per_idle_minute=Decimal("0.1")))
    await charge_by_16(world.teller(await world.station("GENOVA-1", V16)))
    liguria = await world.station("LIGURIA-1", V201)
    await charge_by_201(world.teller(liguria))
    await world.cut(liguria)
    return world
