from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.ids import DEFAULT_TENANT, TariffId, TenantId
from ricarica.tariffs.events import TariffChanged
from ricarica.tariffs.model import Prices, Tariff
from ricarica.tariffs.service import TariffChanges, TariffService
from ricarica.testing.memory import MemoryTariffStore, Told

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)
OTHER = TenantId("other")
PRICES = Prices("EUR", per_kwh=Decimal("0.45"))
DAY = Tariff(DEFAULT_TENANT, TariffId("day"), "Day", PRICES, NOON, NOON)
NIGHT = replace(DAY, id=TariffId("night"), name="Night")


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def tariffs(told: Told) -> TariffService:
    return TariffService(MemoryTariffStore(), told)


async def test_an_added_tariff_is_there(tariffs: TariffService, told: Told) -> None:
    added = await tariffs.add(replace(DAY, name=" Day "))

    assert added == DAY
    assert await tariffs.get(DEFAULT_TENANT, DAY.id) == DAY
    assert told.events == [TariffChanged(DAY.id, 1)]


async def test_the_same_tariff_is_not_added_twice(tariffs: TariffService) -> None:
    await tariffs.add(DAY)

    with pytest.raises(ConflictError):
        await tariffs.add(DAY)


async def test_two_tenants_may_use_one_name(tariffs: TariffService) -> None:
    await tariffs.add(DAY)
    await tariffs.add(replace(DAY, tenant=OTHER))

    assert (await tariffs.get(OTHER, DAY.id)).tenant == OTHER


async def test_senseless_prices_are_not_added(tariffs: TariffService, told: Told) -> None:
    with pytest.raises(InvalidError):
        await tariffs.add(replace(DAY, prices=replace(PRICES, currency="euro")))

    with pytest.raises(NotFoundError):
        await tariffs.get(DEFAULT_TENANT, DAY.id)
    assert told.events == []


async def test_the_first_candidate_that_exists_is_in_force(tariffs: TariffService) -> None:
    await tariffs.add(DAY)
    await tariffs.add(replace(NIGHT, is_default=True))

    assert await tariffs.in_force(DEFAULT_TENANT, None, TariffId("gone"), DAY.id) == DAY


async def test_without_a_candidate_the_default_is_in_force(tariffs: TariffService) -> None:
    await tariffs.add(DAY)
    default = await tariffs.add(replace(NIGHT, is_default=True))

    assert await tariffs.in_force(DEFAULT_TENANT, None) == default
    assert await tariffs.in_force(OTHER) is None


async def test_without_a_default_nothing_is_charged(tariffs: TariffService) -> None:
    await tariffs.add(DAY)

    assert await tariffs.in_force(DEFAULT_TENANT) is None


async def test_a_change_makes_a_new_revision(tariffs: TariffService, told: Told) -> None:
    await tariffs.add(DAY)
    dearer = replace(PRICES, per_kwh=Decimal("0.55"))

    changed = await tariffs.change(DEFAULT_TENANT, DAY.id, TariffChanges(prices=dearer), LATER)

    assert changed == replace(DAY, prices=dearer, revision=2, revised_at=LATER)
    assert await tariffs.get(DEFAULT_TENANT, DAY.id) == changed
    assert told.events[-1] == TariffChanged(DAY.id, 2)


async def test_a_change_to_the_same_is_none(tariffs: TariffService, told: Told) -> None:
    await tariffs.add(DAY)

    unchanged = await tariffs.change(DEFAULT_TENANT, DAY.id, TariffChanges("Day ", PRICES), LATER)

    assert unchanged == DAY
    assert len(told.events) == 1


async def test_a_changed_default_stays_the_default(tariffs: TariffService) -> None:
    await tariffs.add(replace(DAY, is_default=True))

    await tariffs.change(DEFAULT_TENANT, DAY.id, TariffChanges(name="Always"), LATER)

    in_force = await tariffs.in_force(DEFAULT_TENANT)
    assert in_force is not None
    assert (in_force.name, in_force.is_default) == ("Always", True)


async def test_a_senseless_change_is_refused(tariffs: TariffService) -> None:
    await tariffs.add(DAY)

    for wrong in (
        TariffChanges(prices=replace(PRICES, per_kwh=Decimal(-1))),
        TariffChanges(name=""),
    ):
        with pytest.raises(InvalidError):
            await tariffs.change(DEFAULT_TENANT, DAY.id, wrong, LATER)

    assert await tariffs.get(DEFAULT_TENANT, DAY.id) == DAY


async def test_there_is_one_default(tariffs: TariffService) -> None:
    await tariffs.add(replace(DAY, is_default=True))
    await tariffs.add(NIGHT)

    assert (await tariffs.make_default(DEFAULT_TENANT, NIGHT.id)).is_default

    assert not (await tariffs.get(DEFAULT_TENANT, DAY.id)).is_default
    in_force = await tariffs.in_force(DEFAULT_TENANT)
    assert in_force is not None
    assert in_force.id == NIGHT.id


async def test_the_default_can_be_taken_away(tariffs: TariffService, told: Told) -> None:
    await tariffs.add(replace(DAY, is_default=True))

    await tariffs.clear_default(DEFAULT_TENANT)
    await tariffs.clear_default(DEFAULT_TENANT)

    assert await tariffs.in_force(DEFAULT_TENANT) is None
    assert len(told.events) == 2


async def test_a_removed_default_leaves_no_default(tariffs: TariffService, told: Told) -> None:
    await tariffs.add(replace(DAY, is_default=True))

    await tariffs.remove(DEFAULT_TENANT, DAY.id)

    assert await tariffs.in_force(DEFAULT_TENANT, DAY.id) is None
    assert told.events[-1] == TariffChanged(DAY.id, None)


async def test_what_is_not_there_cannot_be_changed(tariffs: TariffService) -> None:
    nobody = TariffId("nobody")

    with pytest.raises(NotFoundError):
        await tariffs.change(DEFAULT_TENANT, nobody, TariffChanges(), NOON)
    with pytest.raises(NotFoundError):
        await tariffs.make_default(DEFAULT_TENANT, nobody)
    with pytest.raises(NotFoundError):
        await tariffs.remove(DEFAULT_TENANT, nobody)
