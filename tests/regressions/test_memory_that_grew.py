"""Queries made for the occasion were kept as if they came again, one more with every look."""

from ricarica.app.retention import Retention, rings
from ricarica.app.vat import AT_ONCE_MAX
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.ocpp.dialects import V21
from ricarica.storage.sqlite import SqliteDatabase
from ricarica.testing.world import World, world

SWAP = {
    "batteryData": [{"evseId": 1, "serialNumber": "B-1", "soC": 10, "soH": 90}],
    "eventType": "BatteryIn",
    "idToken": {"idToken": "A", "type": "Central"},
    "requestId": 7,
}


async def look(network: World) -> None:
    """What timers do again and again, and a message that asks for what is like it."""

    async def ring(unit: UnitOfWork) -> None:
        for name, each in rings(Retention()).items():
            await each(unit, name)
        await unit.slices.billing.vat_numbers_to_check(AT_ONCE_MAX)

    await network.soon(network.engine.in_unit(DEFAULT_TENANT, ring))


async def test_looking_again_leaves_nothing_behind() -> None:
    async with world() as network:
        database = network.database
        assert isinstance(database, SqliteDatabase)
        station = network.teller(await network.station("CP-1", V21))
        await look(network)
        await station.call("BatterySwap", SWAP)
        known = len(database.prepared)

        for _ in range(3):
            await look(network)
            await station.call("BatterySwap", SWAP)

        assert len(database.prepared) == known
