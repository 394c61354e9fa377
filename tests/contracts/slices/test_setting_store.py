from dataclasses import replace
from datetime import UTC, datetime

from ricarica.configuration.model import Access, Setting
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from tests.contracts.slices.conftest import Desk

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
PLAIN = Setting(KEY, "HeartbeatInterval", None, None, NOON)
FULL = Setting(
    KEY,
    "EVSE@1.Power:MaxSet",
    "22000",
    Access.READ_WRITE,
    NOON,
    unit="W",
    kind="decimal",
    choices="11000,22000",
    needs_reboot=True,
)


async def test_settings_come_back_as_they_were_saved(desk: Desk) -> None:
    async with desk.unit() as stores:
        await stores.settings.save_all([PLAIN, FULL])
    desk.restart()

    async with desk.unit() as stores:
        assert await stores.settings.get(KEY, PLAIN.name) == PLAIN
        assert await stores.settings.get(KEY, FULL.name) == FULL
        assert await stores.settings.get(KEY, "Nothing") is None
        names = [FULL.name, "Nothing"]
        assert await stores.settings.known(KEY, names) == {FULL.name: FULL}


async def test_a_later_value_replaces_an_earlier_one(desk: Desk) -> None:
    async with desk.unit() as stores:
        await stores.settings.save_all([PLAIN, FULL])
    desk.restart()

    async with desk.unit() as stores:
        await stores.settings.save_all([replace(PLAIN, value="300"), FULL])
    desk.restart()

    async with desk.unit() as stores:
        assert await stores.settings.get(KEY, PLAIN.name) == replace(PLAIN, value="300")
