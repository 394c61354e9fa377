"""What screens read of transactions, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ricarica.kernel.ids import (
    DEFAULT_TENANT,
    ConnectorNumber,
    EvseNumber,
    SiteId,
    StationId,
    StationKey,
    TenantId,
    TransactionId,
)
from ricarica.kernel.money import Money
from ricarica.stations.model import Acceptance, Connector, ConnectorStatus, Site, Station
from ricarica.storage.open import OpenDatabase
from ricarica.storage.pages import Wanted
from ricarica.tariffs.model import Prices, prices_text
from ricarica.transactions.model import (
    ChargingState,
    EnergyTally,
    Entry,
    EntryKind,
    Flag,
    ParkingTally,
    StatePoint,
    Transaction,
)
from ricarica.transactions.queries.listing import TransactionFilter, TransactionQueries
from ricarica.transactions.queries.live import Dot, LiveQueries
from ricarica.transactions.queries.overview import (
    Concern,
    Day,
    OverviewQueries,
    PowerPoint,
    Trouble,
)
from ricarica.transactions.readings import Measurand, Reading
from tests.contracts.slices.conftest import SqlDesk

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 5, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
OTHER = TenantId("other")
HOME = Site(DEFAULT_TENANT, SiteId("home"), "Home")
EVSE = EvseNumber(1)


def key(identity: str, tenant: TenantId = DEFAULT_TENANT) -> StationKey:
    return StationKey(tenant, StationId(identity))


ALFA = Station(
    key("Alfa"), Acceptance.ACCEPTED, NOON, site=HOME.id, dialect="2.1", connected=True, epoch=1
)
BETA = Station(
    key("Beta"),
    Acceptance.ACCEPTED,
    NOON,
    connection_changed_at=NOON - HOUR,
    epoch=1,
    dialect="1.6",
)
RUNNING = Transaction(
    ALFA.key,
    "r",
    TransactionId("id-r"),
    EVSE,
    started_at=NOON,
    received_at=NOON,
    token="AbCd",
    energy=EnergyTally(None, Decimal(5000)),
    parking=ParkingTally(StatePoint(NOON, 1, ChargingState.CHARGING)),
    power_w=Decimal(11000),
    cost_incl=Decimal("2.5"),
    currency="EUR",
)
ENDED = Transaction(
    BETA.key,
    "e",
    TransactionId("id-e"),
    EVSE,
    started_at=NOON - HOUR,
    received_at=NOON,
    token="zz",
    ended_at=NOON,
    energy=EnergyTally(None, Decimal("1000.5")),
    power_w=Decimal(0),
    cost_incl=Decimal("0.125"),
    currency="EUR",
    flags=frozenset({Flag.GAP}),
)
YESTERDAY = replace(
    ENDED,
    ref="y",
    id=TransactionId("id-y"),
    started_at=NOON - 24 * HOUR,
    ended_at=NOON - 23 * HOUR,
    flags=frozenset(),
    currency="CHF",
)


async def fill(database: OpenDatabase, *things: object) -> OpenDatabase:
    async with SqlDesk(database).unit() as stores:
        for thing in things:
            match thing:
                case Site():
                    stores.stations.save_site(thing)
                case Station():
                    stores.stations.save(thing)
                case Connector():
                    stores.stations.save_connector(thing)
                case Transaction():
                    await stores.transactions.get(thing.station, thing.ref)
                    stores.transactions.save(thing)
                case Entry():
                    stores.transactions.add_entry(thing)
    return database


async def measure(database: OpenDatabase, transaction: Transaction, *readings: Reading) -> None:
    async with SqlDesk(database).unit() as stores:
        stores.transactions.add_readings(
            transaction.station, transaction.evse, transaction.ref, readings, NOON
        )


def power(minute: int, watts: int, phase: str | None = None) -> Reading:
    at = NOON + minute * MINUTE
    return Reading(Measurand.POWER_ACTIVE_IMPORT, Decimal(watts), at, phase=phase)


def connector(station: Station, evse: int, number: int, status: ConnectorStatus) -> Connector:
    return Connector(station.key, EvseNumber(evse), ConnectorNumber(number), status, NOON, epoch=1)


@pytest.fixture
async def filled(database: OpenDatabase) -> OpenDatabase:
    stranger = replace(RUNNING, station=key("Alfa", OTHER))
    return await fill(database, HOME, ALFA, BETA, RUNNING, ENDED, YESTERDAY, stranger)


# -- the list


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
    priced = replace(RUNNING, tariff=prices_text(prices))
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


# -- the overview


async def test_the_figures_of_the_network(filled: OpenDatabase) -> None:
    unreachable = replace(RUNNING, station=BETA.key, ref="u", id=TransactionId("id-u"))
    await fill(
        filled,
        unreachable,
        connector(ALFA, 1, 1, ConnectorStatus.OCCUPIED),
        connector(ALFA, 2, 1, ConnectorStatus.AVAILABLE),
        connector(BETA, 1, 1, ConnectorStatus.AVAILABLE),
    )

    figures = await OverviewQueries(filled).figures(DEFAULT_TENANT, MIDNIGHT)

    assert figures.power_w == Decimal(11000)  # what the unreachable one draws nobody knows
    assert figures.running == 2
    assert figures.transactions_today == 3
    assert figures.energy_today_wh == Decimal("11000.5")
    assert figures.revenue_today == (Money(Decimal("5.125"), "EUR"),)
    assert figures.stations.connected == {"2.1": 1}
    assert figures.evses[ConnectorStatus.CHARGING] == 1
    assert figures.evses[ConnectorStatus.AVAILABLE] == 1
    assert sum(figures.evses.values()) == 2
    assert figures.evses_offline == 1


async def test_a_network_without_anything_has_figures_too(database: OpenDatabase) -> None:
    figures = await OverviewQueries(database).figures(DEFAULT_TENANT, MIDNIGHT)

    assert figures.power_w == figures.energy_today_wh == Decimal(0)
    assert figures.running == 0
    assert figures.revenue_today == ()


async def test_days_are_summed_up_by_currency(filled: OpenDatabase) -> None:
    queries = OverviewQueries(filled)
    days = [MIDNIGHT - 48 * HOUR, MIDNIGHT - 24 * HOUR, MIDNIGHT]

    of_all = await queries.days(DEFAULT_TENANT, days[0], 3)
    of_beta = await queries.days(DEFAULT_TENANT, days[0], 3, BETA.key.station)

    chf, eur = Money(Decimal("0.125"), "CHF"), Money(Decimal("0.125"), "EUR")
    assert of_all == [
        Day(days[0], 0, Decimal(0), ()),
        Day(days[1], 1, Decimal("1000.5"), (chf,)),
        Day(days[2], 2, Decimal("6000.5"), (Money(Decimal("2.625"), "EUR"),)),
    ]
    assert of_beta[2] == Day(days[2], 1, Decimal("1000.5"), (eur,))


async def test_power_over_time_is_the_mean_of_each_summed_up(filled: OpenDatabase) -> None:
    await measure(
        filled,
        RUNNING,
        power(0, 10000),
        power(4, 12000),
        power(4, 4000, "L1"),  # a part of the total is not counted beside it
        power(5, 7000),
    )
    await measure(
        filled,
        ENDED,
        *(power(1, 1000, phase) for phase in ("L1", "L2", "L3")),
        *(power(2, 2000, phase) for phase in ("L1", "L2", "L3")),
        power(-61, 9999),
    )
    inlet = replace(power(0, 9999), location="Inlet")
    await measure(filled, RUNNING, inlet)

    curve = await OverviewQueries(filled).power(DEFAULT_TENANT, NOON - HOUR, NOON + HOUR)

    assert curve == [
        PowerPoint(NOON, Decimal(11000 + 4500)),
        PowerPoint(NOON + 5 * MINUTE, Decimal(7000)),
    ]


async def test_what_ran_before_and_after_is_not_in_the_curve(filled: OpenDatabase) -> None:
    await measure(filled, RUNNING, power(0, 1000), power(60, 2000))
    await measure(filled, YESTERDAY, power(0, 9999))
    queries = OverviewQueries(filled)

    assert await queries.power(DEFAULT_TENANT, NOON, NOON + HOUR, HOUR) == [
        PowerPoint(NOON, Decimal(1000))
    ]
    assert await queries.power(OTHER, NOON, NOON + HOUR) == []


async def test_what_needs_a_person_comes_latest_first(filled: OpenDatabase) -> None:
    pending = Station(key("Pending"), Acceptance.PENDING, NOON - 2 * HOUR)
    fault = replace(connector(ALFA, 2, 1, ConnectorStatus.FAULTED), error="GroundFailure")
    await fill(filled, pending, replace(fault, at=NOON + MINUTE))

    concerns = await OverviewQueries(filled).attention(DEFAULT_TENANT, NOON)

    assert concerns == [
        Concern(
            Trouble.FAULT,
            ALFA.key.station,
            NOON + MINUTE,
            EvseNumber(2),
            detail="GroundFailure",
        ),
        Concern(Trouble.OFFLINE, BETA.key.station, NOON - HOUR),
        Concern(
            Trouble.FLAGGED, BETA.key.station, ENDED.started_at, EVSE, ENDED.id, Flag.GAP.value
        ),
        Concern(Trouble.PENDING, pending.key.station, NOON - 2 * HOUR),
    ]


@pytest.mark.parametrize(
    "away,runs,expected",
    [
        (timedelta(minutes=10), False, []),
        (timedelta(minutes=10, seconds=1), False, ["Gamma"]),
        (timedelta(seconds=1), True, ["Gamma"]),
    ],
)
async def test_a_station_away_for_long_or_in_mid_charge_needs_a_person(
    database: OpenDatabase, away: timedelta, runs: bool, expected: list[str]
) -> None:
    gamma = replace(BETA, key=key("Gamma"), connection_changed_at=NOON - away)
    never_here = replace(BETA, key=key("Prepared"), connection_changed_at=None)
    await fill(database, gamma, never_here)
    if runs:
        await fill(database, replace(RUNNING, station=gamma.key))

    concerns = await OverviewQueries(database).attention(DEFAULT_TENANT, NOON)

    assert [concern.station for concern in concerns] == expected
