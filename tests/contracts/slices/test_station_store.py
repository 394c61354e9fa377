from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ricarica.kernel.ids import (
    DEFAULT_TENANT,
    ConnectorNumber,
    EvseNumber,
    SiteId,
    StationId,
    StationKey,
    TariffId,
    TenantId,
)
from ricarica.stations.model import Acceptance, Connector, ConnectorStatus, Site, Station
from tests.contracts.slices.conftest import Desk

NOON = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)
OTHER = TenantId("other")
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
FULL = Station(
    KEY,
    Acceptance.ACCEPTED,
    registered_at=NOON,
    name="By the gate",
    site=SiteId("home"),
    tariff=TariffId("night"),
    security_profile=1,
    secret=b"\0salt and digest\xff",
    pedantic=True,
    labels=("fast", "motorway 1"),
    vendor="Volta",
    model="Pila",
    serial="1800",
    firmware="3.20",
    iccid="8939",
    imsi="2220",
    boot_reason="PowerUp",
    booted_at=NOON,
    dialect="2.0.1",
    connected=True,
    epoch=7,
    remote="10.0.0.1",
    secure=True,
    connection_changed_at=NOON,
    last_seen_at=NOON + timedelta(seconds=1),
    node="north",
)
CONNECTOR = Connector(
    KEY,
    EvseNumber(2),
    ConnectorNumber(1),
    ConnectorStatus.FAULTED,
    NOON,
    epoch=7,
    error="GroundFailure",
    detail="wet",
)
SITE = Site(
    DEFAULT_TENANT,
    SiteId("home"),
    "Home",
    address="Via Volta 1",
    city="Como",
    country="IT",
    latitude=45.8101,
    longitude=-9.0852,
    tariff=TariffId("night"),
)


async def save(desk: Desk, *stations: Station) -> None:
    async with desk.unit() as stores:
        for station in stations:
            await stores.stations.get(station.key)
            stores.stations.save(station)


@pytest.mark.parametrize("station", [FULL, Station(KEY, Acceptance.PENDING, NOON)])
async def test_a_station_comes_back_as_it_was_saved(desk: Desk, station: Station) -> None:
    await save(desk, station)
    desk.restart()

    async with desk.unit() as stores:
        assert await stores.stations.get(KEY) == station


async def test_a_station_that_changes_is_the_changed_one(desk: Desk) -> None:
    await save(desk, FULL)
    await save(desk, replace(FULL, epoch=8))
    desk.restart()
    await save(desk, replace(FULL, epoch=9))

    async with desk.unit() as stores:
        assert await stores.stations.get(KEY) == replace(FULL, epoch=9)


async def test_what_a_unit_saved_it_reads(desk: Desk) -> None:
    async with desk.unit() as stores:
        assert await stores.stations.get(KEY) is None
        stores.stations.save(FULL)

        assert await stores.stations.get(KEY) == FULL


async def test_an_identity_is_found_in_any_case(desk: Desk) -> None:
    await save(desk, replace(FULL, key=StationKey(DEFAULT_TENANT, StationId("Straße-1"))))

    async with desk.unit() as stores:
        assert await stores.stations.canonical(DEFAULT_TENANT, "STRASSE-1") == "Straße-1"
        assert await stores.stations.canonical(DEFAULT_TENANT, "straße-1") == "Straße-1"
        assert await stores.stations.canonical(DEFAULT_TENANT, "straße-2") is None
        assert await stores.stations.canonical(OTHER, "straße-1") is None


async def test_stations_are_found_by_what_they_are_called(desk: Desk) -> None:
    second = replace(FULL, key=StationKey(DEFAULT_TENANT, StationId("CP-2")), serial="CP-1")
    foreign = replace(FULL, key=StationKey(OTHER, StationId("CP-1")))
    await save(desk, FULL, second, foreign)

    async with desk.unit() as stores:
        assert sorted(await stores.stations.called(DEFAULT_TENANT, "CP-1")) == ["CP-1", "CP-2"]
        assert await stores.stations.called(DEFAULT_TENANT, "cp-1") == ["CP-1"]
        assert await stores.stations.called(DEFAULT_TENANT, "1800") == ["CP-1"]
        assert await stores.stations.called(DEFAULT_TENANT, "4711") == []


async def test_the_pending_ones_of_one_tenant_are_counted(desk: Desk) -> None:
    pending = [
        Station(StationKey(DEFAULT_TENANT, StationId(f"P-{number}")), Acceptance.PENDING, NOON)
        for number in range(2)
    ]
    stranger = Station(StationKey(OTHER, StationId("P-0")), Acceptance.PENDING, NOON)
    await save(desk, FULL, *pending, stranger)

    async with desk.unit() as stores:
        assert await stores.stations.pending_count(DEFAULT_TENANT) == 2


async def test_a_removed_station_is_gone_and_may_come_back(desk: Desk) -> None:
    await save(desk, FULL)
    async with desk.unit() as stores:
        await stores.stations.remove(FULL)

    async with desk.unit() as stores:
        assert await stores.stations.get(KEY) is None
        assert await stores.stations.canonical(DEFAULT_TENANT, "CP-1") is None
    await save(desk, FULL)
    desk.restart()
    async with desk.unit() as stores:
        assert await stores.stations.get(KEY) == FULL


async def test_a_connector_comes_back_as_it_was_saved(desk: Desk) -> None:
    async with desk.unit() as stores:
        stores.stations.save_connector(CONNECTOR)
    desk.restart()

    async with desk.unit() as stores:
        found = await stores.stations.connector(KEY, EvseNumber(2), ConnectorNumber(1))
        other = await stores.stations.connector(KEY, EvseNumber(2), ConnectorNumber(2))

    assert found == CONNECTOR
    assert other is None


async def test_a_site_comes_back_changes_and_goes(desk: Desk) -> None:
    async with desk.unit() as stores:
        stores.stations.save_site(SITE)
    async with desk.unit() as stores:
        assert await stores.stations.site(DEFAULT_TENANT, SITE.id) == SITE
        stores.stations.save_site(replace(SITE, name="Casa", latitude=None, longitude=None))
    desk.restart()
    async with desk.unit() as stores:
        found = await stores.stations.site(DEFAULT_TENANT, SITE.id)
        assert found == replace(SITE, name="Casa", latitude=None, longitude=None)
        stores.stations.remove_site(found)
    async with desk.unit() as stores:
        assert await stores.stations.site(DEFAULT_TENANT, SITE.id) is None
        assert await stores.stations.site(OTHER, SITE.id) is None


async def test_those_that_are_there_are_found_a_part_after_the_other(desk: Desk) -> None:
    keys = [StationKey(DEFAULT_TENANT, StationId(f"CP-{number}")) for number in range(1, 5)]
    async with desk.unit() as stores:
        for key in (*keys, StationKey(OTHER, StationId("CP-9"))):
            there = key.station != "CP-2"
            stores.stations.save(
                Station(key, Acceptance.ACCEPTED, NOON, site=SiteId("home"), connected=there)
            )

    async with desk.unit() as stores:
        first = StationKey(DEFAULT_TENANT, StationId(""))
        some = await stores.stations.connected(first, 2)
        others = await stores.stations.connected(some[-1][0], 2)
        assert await stores.stations.connector_count(keys[0]) == 0

    assert some == [(keys[0], "home"), (keys[2], "home")]
    assert others == [(keys[3], "home")]
