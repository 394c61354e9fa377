"""What the first page reads of the whole network, on both databases."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec import structs

from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, TransactionId
from ricarica.kernel.money import Money
from ricarica.stations.model import Acceptance, ConnectorStatus, Station
from ricarica.storage.open import OpenDatabase
from ricarica.transactions.model import Flag
from ricarica.transactions.queries.overview import (
    Concern,
    Day,
    OverviewQueries,
    PowerPoint,
    Trouble,
)
from tests.contracts.slices.network import (
    ALFA,
    BETA,
    ENDED,
    EVSE,
    HOUR,
    MIDNIGHT,
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


async def test_the_figures_of_the_network(filled: OpenDatabase) -> None:
    unreachable = structs.replace(RUNNING, station=BETA.key, ref="u", id=TransactionId("id-u"))
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


async def test_energy_that_cannot_have_flown_is_not_in_the_sum_of_its_day(
    filled: OpenDatabase,
) -> None:
    before = (await OverviewQueries(filled).days(DEFAULT_TENANT, MIDNIGHT, 1))[0]
    absurd = structs.replace(
        ENDED,
        ref="absurd",
        id=TransactionId("id-absurd"),
        flags=frozenset({Flag.GAP, Flag.IMPLAUSIBLE_ENERGY}),
    )
    await fill(filled, absurd)

    day = (await OverviewQueries(filled).days(DEFAULT_TENANT, MIDNIGHT, 1))[0]

    assert (day.transactions, day.energy_wh) == (before.transactions + 1, before.energy_wh)


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
    inlet = structs.replace(power(0, 9999), location="Inlet")
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
        await fill(database, structs.replace(RUNNING, station=gamma.key))

    concerns = await OverviewQueries(database).attention(DEFAULT_TENANT, NOON)

    assert [concern.station for concern in concerns] == expected
