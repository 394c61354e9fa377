"""What screens read of transactions and of stations that charge, on both databases."""

from dataclasses import replace
from decimal import Decimal

import pytest
from msgspec import structs

from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, TransactionId
from ricarica.kernel.money import Money
from ricarica.stations.model import Acceptance, ConnectorStatus, Station
from ricarica.storage.open import OpenDatabase
from ricarica.storage.pages import Wanted
from ricarica.tariffs.model import Prices, prices_text
from ricarica.transactions.model import ChargingState, Entry, EntryKind, Transaction
from ricarica.transactions.queries.listing import TransactionFilter, TransactionQueries
from ricarica.transactions.queries.live import Dot, LiveQueries
from ricarica.transactions.readings import Measurand, Reading
from tests.contracts.slices.network import (
    ALFA,
    BETA,
    ENDED,
    EVSE,
    HOME,
    HOUR,
    MINUTE,
    NOON,
    OTHER,
    RUNNING,
    YESTERDAY,
    connector,
    fill,
    fill_network,
    key,
    measure,
    power,
)


@pytest.fixture
async def filled(database: OpenDatabase) -> OpenDatabase:
    return await fill_network(database)


async def test_transactions_come_newest_first_page_by_page(filled: OpenDatabase) -> None:
    queries = TransactionQueries(filled)

    first = await queries.transactions(DEFAULT_TENANT, wanted=Wanted(limit=2))
    second = await queries.transactions(DEFAULT_TENANT, wanted=Wanted(2, first.next))

    seen = [view.transaction for view in (*first.items, *second.items)]
    assert seen == [RUNNING, ENDED, YESTERDAY]
    assert second.next is None


async def test_a_listed_transaction_says_where_and_for_how_much(filled: OpenDatabase) -> None:
    page = await TransactionQueries(filled).transactions(DEFAULT_TENANT)

    assert [(view.site, view.connected) for view in page.items] == [
        ("Home", True),
        (None, False),
        (None, False),
    ]
    assert page.items[0].cost == Money(Decimal("2.5"), "EUR")


@pytest.mark.parametrize(
    "filter_,expected",
    [
        (TransactionFilter(station=ALFA.key.station), [RUNNING]),
        (TransactionFilter(station=BETA.key.station, evse=EvseNumber(2)), []),
        (TransactionFilter(token="abcd"), [RUNNING]),
        (TransactionFilter(running=True), [RUNNING]),
        (TransactionFilter(running=False), [ENDED, YESTERDAY]),
        (TransactionFilter(flagged=True), [ENDED]),
        (TransactionFilter(flagged=False), [RUNNING, YESTERDAY]),
        (TransactionFilter(since=NOON), [RUNNING]),
        (TransactionFilter(since=NOON - HOUR, until=NOON), [ENDED]),
        (TransactionFilter(text="BET"), [ENDED, YESTERDAY]),
        (TransactionFilter(text="bCD"), [RUNNING]),
        (TransactionFilter(text="id-y"), [YESTERDAY]),
        (TransactionFilter(text="%"), []),
    ],
)
async def test_transactions_are_filtered(
    filled: OpenDatabase, filter_: TransactionFilter, expected: list[Transaction]
) -> None:
    page = await TransactionQueries(filled).transactions(DEFAULT_TENANT, filter_)

    assert [view.transaction for view in page.items] == expected


async def test_rows_are_found_again_by_their_names(filled: OpenDatabase) -> None:
    found = await TransactionQueries(filled).by_ids(
        DEFAULT_TENANT, [RUNNING.id, YESTERDAY.id, TransactionId("gone")]
    )

    assert set(found) == {RUNNING.id, YESTERDAY.id}


# -- one of them


async def test_a_transaction_comes_with_its_timeline_and_its_cost(database: OpenDatabase) -> None:
    prices = Prices("EUR", per_kwh=Decimal("0.40"), vat_percent=Decimal(10))
    priced = structs.replace(RUNNING, tariff=prices_text(prices))
    note = Entry(ALFA.key, "r", EntryKind.NOTE, NOON + MINUTE, NOON, detail="why")
    start = Entry(
        ALFA.key,
        "r",
        EntryKind.STARTED,
        NOON,
        NOON,
        seq_no=0,
        trigger="Authorized",
        charging_state=ChargingState.CHARGING,
        offline=True,
    )
    await fill(database, ALFA, priced, note, start)

    detail = await TransactionQueries(database).transaction(DEFAULT_TENANT, RUNNING.id)

    assert detail is not None
    assert detail.view.transaction == priced
    assert detail.entries == (start, note)
    assert detail.prices == prices
    assert detail.cost is not None
    assert (detail.cost.excl, detail.cost.vat, detail.cost.incl) == (
        Decimal("2.00"),
        Decimal("0.20"),
        Decimal("2.20"),
    )


async def test_a_transaction_without_a_tariff_has_no_cost(filled: OpenDatabase) -> None:
    detail = await TransactionQueries(filled).transaction(DEFAULT_TENANT, ENDED.id)

    assert detail is not None
    assert (detail.entries, detail.prices, detail.cost) == ((), None, None)
    assert await TransactionQueries(filled).transaction(OTHER, ENDED.id) is None


async def test_readings_come_oldest_first_and_of_what_was_asked_for(filled: OpenDatabase) -> None:
    soc = Reading(Measurand.SOC, Decimal("80.5"), NOON)
    custom = Reading(Measurand.OTHER, Decimal(7), NOON, name="Vendor.Speed")
    await measure(filled, RUNNING, power(5, 11000), power(0, 7000, "L1"), soc, custom)
    queries = TransactionQueries(filled)

    assert await queries.readings(RUNNING) == [power(0, 7000, "L1"), soc, custom, power(5, 11000)]
    assert await queries.readings(RUNNING, [Measurand.SOC]) == [soc]
    assert await queries.readings(RUNNING, since=NOON + MINUTE) == [power(5, 11000)]
    assert await queries.readings(RUNNING, limit=1) == [power(0, 7000, "L1")]
    assert await queries.readings(ENDED) == []


# -- stations, live


async def test_an_occupied_connector_shows_what_its_transaction_does(
    filled: OpenDatabase,
) -> None:
    await fill(
        filled,
        connector(ALFA, 1, 1, ConnectorStatus.OCCUPIED),
        connector(ALFA, 1, 2, ConnectorStatus.UNAVAILABLE),
        connector(ALFA, 2, 1, ConnectorStatus.OCCUPIED),
    )

    live = await LiveQueries(filled).station(DEFAULT_TENANT, "ALFA")

    assert live is not None
    assert [(evse.number, evse.status, evse.transaction) for evse in live.evses] == [
        (1, ConnectorStatus.CHARGING, RUNNING),
        (2, ConnectorStatus.OCCUPIED, None),
    ]
    assert [each.status for each in live.evses[0].connectors] == [
        ConnectorStatus.CHARGING,
        ConnectorStatus.UNAVAILABLE,
    ]
    assert live.running == (RUNNING,)
    assert live.power_w == Decimal(11000)


async def test_an_evse_that_charges_without_having_told_its_status_is_shown(
    filled: OpenDatabase,
) -> None:
    page = await LiveQueries(filled).stations(DEFAULT_TENANT)

    evses = {live.view.station.key.station: live.evses for live in page.items}
    assert [(evse.number, evse.status) for evse in evses[ALFA.key.station]] == [(1, None)]
    assert evses[BETA.key.station] == ()


@pytest.mark.parametrize(
    "status,expected",
    [
        (ConnectorStatus.CHARGING, ["Alfa"]),
        (ConnectorStatus.OCCUPIED, ["Gamma"]),
        (ConnectorStatus.AVAILABLE, []),  # Beta has told so, but is not connected
        (ConnectorStatus.PREPARING, ["Gamma"]),
        (ConnectorStatus.SUSPENDED_EV, []),
    ],
)
async def test_stations_are_found_by_the_status_that_is_shown(
    filled: OpenDatabase, status: ConnectorStatus, expected: list[str]
) -> None:
    gamma = replace(ALFA, key=key("Gamma"))
    await fill(
        filled,
        gamma,
        connector(ALFA, 1, 1, ConnectorStatus.OCCUPIED),
        connector(BETA, 1, 1, ConnectorStatus.AVAILABLE),
        connector(gamma, 0, 0, ConnectorStatus.AVAILABLE),
        connector(gamma, 1, 1, ConnectorStatus.OCCUPIED),
        connector(gamma, 2, 1, ConnectorStatus.PREPARING),
    )

    page = await LiveQueries(filled).stations(DEFAULT_TENANT, status=status)

    assert [live.view.station.key.station for live in page.items] == expected


async def test_running_transactions_are_found_everywhere_or_at_some_stations(
    filled: OpenDatabase,
) -> None:
    queries = LiveQueries(filled)

    everywhere = await queries.running(DEFAULT_TENANT)

    assert [view.transaction for view in everywhere] == [RUNNING]
    assert await queries.running(DEFAULT_TENANT, [BETA.key.station]) == []
    assert await queries.running(DEFAULT_TENANT, [ALFA.key.station]) == everywhere


async def test_every_evse_is_a_dot(filled: OpenDatabase) -> None:
    pending = Station(key("Pending"), Acceptance.PENDING, NOON)
    await fill(
        filled,
        pending,
        connector(pending, 1, 1, ConnectorStatus.AVAILABLE),
        connector(ALFA, 0, 0, ConnectorStatus.AVAILABLE),
        connector(ALFA, 1, 1, ConnectorStatus.OCCUPIED),
        connector(ALFA, 1, 2, ConnectorStatus.UNAVAILABLE),
        connector(BETA, 3, 1, ConnectorStatus.FAULTED),
    )

    dots = await LiveQueries(filled).dots(DEFAULT_TENANT)

    assert dots == [
        Dot(
            ALFA.key.station,
            HOME.id,
            EVSE,
            connected=True,
            status=ConnectorStatus.CHARGING,
            transaction=RUNNING.id,
            power_w=Decimal(11000),
        ),
        Dot(
            BETA.key.station,
            None,
            EvseNumber(3),
            connected=False,
            status=ConnectorStatus.FAULTED,
        ),
    ]
