from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ricarica.configuration.model import Access, DeviceModel, ModelState, Setting
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
    neutral="power",
    lowest=Decimal("0.5"),
    highest=Decimal("1e40"),
    elements_max=3,
    persistent=True,
    constant=False,
    monitorable=True,
    refused="23000",
    refused_why="Rejected",
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


async def test_settings_are_found_by_our_words(desk: Desk) -> None:
    async with desk.unit() as stores:
        await stores.settings.save_all([PLAIN, FULL])
    desk.restart()

    async with desk.unit() as stores:
        assert await stores.settings.by_neutral(KEY, ["power", "nothing"]) == {"power": FULL}


async def test_what_was_not_told_again_is_forgotten(desk: Desk) -> None:
    later = NOON + timedelta(hours=1)
    async with desk.unit() as stores:
        await stores.settings.save_all([PLAIN, replace(FULL, reported_at=later)])
    desk.restart()

    async with desk.unit() as stores:
        await stores.settings.forget_older(KEY, later)
    desk.restart()

    async with desk.unit() as stores:
        assert await stores.settings.count(KEY) == 1
        assert await stores.settings.get(KEY, PLAIN.name) is None


async def test_how_far_a_report_came_is_kept(desk: Desk) -> None:
    model = DeviceModel(KEY, 7, ModelState.ASKED, NOON, "2.4.1", 3, NOON, "later")
    async with desk.unit() as stores:
        assert await stores.settings.device_model(KEY) is None
        stores.settings.save_device_model(model)
    desk.restart()

    async with desk.unit() as stores:
        assert await stores.settings.device_model(KEY) == model
