from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ricarica.kernel.ids import DEFAULT_TENANT, TariffId, TenantId
from ricarica.storage.open import OpenDatabase
from ricarica.tariffs.model import Prices, Tariff
from ricarica.tariffs.queries import TariffQueries
from tests.contracts.slices.conftest import Desk, SqlDesk

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
OTHER = TenantId("other")
PRICES = Prices(
    "EUR", Decimal("0.45"), Decimal("0.02"), Decimal("0.1"), Decimal("1.5"), Decimal(22)
)
DAY = Tariff(DEFAULT_TENANT, TariffId("day"), "Day", PRICES, NOON, NOON)
NIGHT = replace(DAY, id=TariffId("night"), name="Night")


async def save(desk: Desk, *tariffs: Tariff) -> None:
    async with desk.unit() as stores:
        for tariff in tariffs:
            await stores.tariffs.get(tariff.tenant, tariff.id)
            stores.tariffs.save(tariff)


async def choose(desk: Desk, tariff: TariffId | None) -> None:
    async with desk.unit() as stores:
        await stores.tariffs.set_default(DEFAULT_TENANT, tariff)


async def test_a_tariff_comes_back_as_it_was_saved(desk: Desk) -> None:
    await save(desk, DAY)
    desk.restart()

    async with desk.unit() as stores:
        assert await stores.tariffs.get(DEFAULT_TENANT, DAY.id) == DAY
        assert await stores.tariffs.get(OTHER, DAY.id) is None
        assert await stores.tariffs.get(DEFAULT_TENANT, NIGHT.id) is None


async def test_the_latest_revision_is_the_tariff(desk: Desk) -> None:
    dearer = replace(DAY, revision=2, revised_at=NOON + timedelta(days=1), name="Day, dearer")
    await save(desk, DAY)
    await save(desk, dearer)
    desk.restart()

    async with desk.unit() as stores:
        assert await stores.tariffs.get(DEFAULT_TENANT, DAY.id) == dearer


async def test_a_tariff_is_remembered_as_it_was(desk: Desk) -> None:
    day = timedelta(days=1)
    dearer = replace(
        DAY, revision=2, revised_at=NOON + day, name="Dearer", prices=Prices("EUR", Decimal(1))
    )
    await save(desk, DAY)
    await save(desk, dearer)
    desk.restart()

    async with desk.unit() as stores:
        moments = [NOON - day, NOON, NOON + day - timedelta.resolution, NOON + day]
        were = [await stores.tariffs.revision_at(dearer, at) for at in moments]
    assert were == [DAY, DAY, DAY, dearer]


async def test_one_tariff_of_a_tenant_is_the_default(desk: Desk) -> None:
    await save(desk, DAY, NIGHT)
    await choose(desk, DAY.id)
    await choose(desk, NIGHT.id)
    desk.restart()

    async with desk.unit() as stores:
        assert await stores.tariffs.default(DEFAULT_TENANT) == NIGHT.id
        assert await stores.tariffs.get(DEFAULT_TENANT, DAY.id) == DAY
        assert await stores.tariffs.get(DEFAULT_TENANT, NIGHT.id) == replace(NIGHT, is_default=True)
        assert await stores.tariffs.default(OTHER) is None


async def test_there_may_be_no_default(desk: Desk) -> None:
    await save(desk, DAY)
    await choose(desk, DAY.id)

    await choose(desk, None)

    async with desk.unit() as stores:
        assert await stores.tariffs.default(DEFAULT_TENANT) is None


async def test_a_removed_tariff_is_gone(desk: Desk) -> None:
    await save(desk, DAY)
    async with desk.unit() as stores:
        stores.tariffs.remove(DAY)

    async with desk.unit() as stores:
        assert await stores.tariffs.get(DEFAULT_TENANT, DAY.id) is None


async def test_screens_see_tariffs_by_name_and_what_they_were(database: OpenDatabase) -> None:
    desk = SqlDesk(database)
    dearer = replace(DAY, revision=2, revised_at=NOON + timedelta(days=1), name="Zenith")
    await save(desk, DAY, NIGHT)
    await save(desk, dearer)
    await choose(desk, NIGHT.id)
    queries = TariffQueries(database)

    page = await queries.tariffs(DEFAULT_TENANT)

    assert page.items == (replace(NIGHT, is_default=True), dearer)
    assert page.next is None
    assert await queries.tariff(DEFAULT_TENANT, DAY.id) == dearer
    assert await queries.tariff(OTHER, DAY.id) is None
    revisions = await queries.revisions(DEFAULT_TENANT, DAY.id)
    assert [(tariff.revision, tariff.name) for tariff in revisions] == [(2, "Zenith"), (1, "Day")]
