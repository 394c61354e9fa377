"""Per transaction, the result depends on the set of its facts alone."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ricarica.authorization.model import Token, TokenKind, TokenRef, TokenStatus, Verdict
from ricarica.configuration.model import Setting
from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, StationId, StationKey, TariffId
from ricarica.stations.model import Acceptance, Station
from ricarica.stations.service import StationPolicy, StationService
from ricarica.tariffs.model import Prices, Tariff
from ricarica.tariffs.service import TariffService
from ricarica.testing.clock import CountedIds
from ricarica.testing.memory import (
    MemoryStationStore,
    MemoryTariffStore,
    MemoryTokenStore,
    MemoryTransactionStore,
    Told,
)
from ricarica.testing.memory_tokens import Tokens
from ricarica.transactions.facts import Charged, Ended, Progressed, Started, TransactionFact
from ricarica.transactions.model import ChargingState, Flag, Transaction
from ricarica.transactions.neighbours import Neighbours
from ricarica.transactions.readings import Measurand, Reading
from ricarica.transactions.service import TransactionService

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=6)
MINUTE = timedelta(minutes=1)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
CARD = TokenRef("AbCd", TokenKind.ISO14443)
PRICES = Prices(
    "EUR", Decimal("0.40"), Decimal("0.02"), Decimal("0.10"), Decimal("0.50"), Decimal(22)
)
STATES = (
    ChargingState.EV_CONNECTED,
    ChargingState.CHARGING,
    ChargingState.SUSPENDED_EV,
    ChargingState.CHARGING,
    ChargingState.IDLE,
)


def readings(minute: int) -> tuple[Reading, ...]:
    at = NOON + minute * MINUTE
    return (
        Reading(Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, Decimal(5000 + 183 * minute), at),
        Reading(Measurand.POWER_ACTIVE_IMPORT, Decimal(11000 - minute), at),
        Reading(Measurand.SOC, Decimal(20 + minute), at),
    )


def fact(number: int) -> TransactionFact:
    """The numbers of a session: 0 starts it, 6 ends it."""
    kinds: dict[int, type[TransactionFact]] = {0: Started, 6: Ended}
    return kinds.get(number, Progressed)(
        station=KEY,
        at=NOON + 10 * number * MINUTE,
        received_at=LATER,
        ref="t-1",
        evse=EvseNumber(1),
        token=CARD if number in {0, 6} else None,
        readings=readings(10 * number),
        seq_no=number,
        charging_state=STATES[number - 1] if 0 < number < 6 else None,
        offline=True,
    )


SESSION = tuple(fact(number) for number in range(7))


class NoSettings:
    async def named(self, station: StationKey, names: Iterable[str]) -> dict[str, Setting]:
        return {}


class NoPayments:
    async def charged(self, charged: Charged) -> None:
        raise AssertionError("nothing was paid for")


def service(store: MemoryTransactionStore) -> TransactionService:
    told = Told()
    stations, tokens, tariffs = MemoryStationStore(), MemoryTokenStore(), MemoryTariffStore()
    stations.save(Station(KEY, Acceptance.ACCEPTED, NOON))
    tokens.save(Token(DEFAULT_TENANT, "AbCd", TokenKind.ISO14443, TokenStatus.ACTIVE, NOON))
    day = TariffId("day")
    tariffs.save(Tariff(DEFAULT_TENANT, day, "Day", PRICES, NOON, NOON))
    tariffs.defaults[DEFAULT_TENANT] = day
    return TransactionService(
        store,
        Neighbours(
            StationService(stations, told, StationPolicy()),
            Tokens(told, tokens).authorization,
            TariffService(tariffs, told),
            NoSettings(),
            NoPayments(),
        ),
        told,
        CountedIds(),
    )


def result(*facts: TransactionFact) -> Transaction:
    async def tell() -> Transaction:
        store = MemoryTransactionStore()
        transactions = service(store)
        for each in facts:
            await transactions.record(each)
        [transaction] = store.transactions.values()
        return transaction

    return asyncio.run(tell())


def test_the_session_told_in_order() -> None:
    transaction = result(*SESSION)

    assert (transaction.started_at, transaction.ended_at) == (NOON, NOON + 60 * MINUTE)
    assert transaction.energy.energy_wh == 60 * 183
    assert transaction.parking.parked == 10 * MINUTE  # and since minute 50 it stands idle again
    assert transaction.register_start_wh == Decimal(5000)
    assert transaction.register_stop_wh == Decimal(15980)
    assert transaction.is_complete
    assert transaction.flags == frozenset()
    # 10.98 kWh at 0.40, 40 minutes at 0.02, 20 parked at 0.10, and 0.50 to start
    assert transaction.cost_excl == Decimal("7.692")


@given(st.permutations(SESSION))
def test_any_order_gives_the_same(told: list[TransactionFact]) -> None:
    assert result(*told) == result(*SESSION)


@given(st.lists(st.sampled_from(SESSION), max_size=10))
def test_any_number_of_repeats_gives_the_same(repeated: list[TransactionFact]) -> None:
    assert result(*repeated, *SESSION, *repeated) == result(*SESSION)


@given(st.permutations(SESSION), st.integers(1, 5))
def test_what_is_missing_leaves_a_gap_in_any_order(
    told: list[TransactionFact], missing: int
) -> None:
    transaction = result(*(each for each in told if each.seq_no != missing))

    assert transaction.flags == {Flag.GAP}
    assert not transaction.is_complete
    assert transaction.energy.energy_wh == 60 * 183


@given(st.permutations(SESSION[1:]))
def test_without_its_start_a_transaction_is_an_orphan_in_any_order(
    told: list[TransactionFact],
) -> None:
    transaction = result(*told)

    assert transaction.flags == {Flag.ORPHAN}
    assert transaction.energy.energy_wh == 50 * 183
    assert transaction.ended_at == NOON + 60 * MINUTE


def test_another_telling_of_the_end_is_looked_into_and_changes_nothing() -> None:
    end = SESSION[-1]
    assert isinstance(end, Ended)
    other = replace(end, register_wh=Decimal(99_999))

    transaction = result(*SESSION, other)

    assert transaction == replace(result(*SESSION), flags=frozenset({Flag.CONTRADICTED}))


def test_what_is_measured_at_the_very_end_is_not_power_after_the_end() -> None:
    end = SESSION[-1]
    last = replace(SESSION[5], at=end.at, readings=readings(60), seq_no=7)

    assert result(*SESSION, last).power_w == 0
    assert result(*SESSION[:-1], last, end).power_w == 0


STRANGER = TokenRef("EfGh", TokenKind.ISO14443)
CABLE_FIRST = tuple(
    replace(each, token={1: CARD, 4: STRANGER, 6: STRANGER}.get(each.seq_no or 0))
    for each in SESSION
)


@given(st.permutations(CABLE_FIRST))
def test_it_is_of_whoever_was_named_first_in_any_order(told: list[TransactionFact]) -> None:
    transaction = result(*told)

    assert (transaction.token, transaction.verdict) == ("AbCd", Verdict.ACCEPTED)
    assert transaction == result(*CABLE_FIRST)
    assert transaction.terms is None


@given(st.permutations([each for each in CABLE_FIRST if each.seq_no != 2]))
def test_it_is_so_though_one_of_its_events_never_came(told: list[TransactionFact]) -> None:
    assert result(*told) == result(*(each for each in CABLE_FIRST if each.seq_no != 2))


@given(st.permutations([each for each in CABLE_FIRST if each.seq_no not in {1, 4}]))
def test_it_is_of_whoever_stopped_it_where_nobody_else_is_named(
    told: list[TransactionFact],
) -> None:
    assert result(*told).token == "EfGh"


def told_at(number: int, minute: int, register: int) -> TransactionFact:
    """What the session tells under that number, at another time and with another register."""
    shown = Reading(
        Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, Decimal(register), NOON + minute * MINUTE
    )
    return replace(SESSION[number], at=NOON + minute * MINUTE, readings=(shown,))


CLOCKS = {
    "set back before its end": ((0, 60, 1_000), (1, 70, 2_000), (2, 3, 3_000), (6, 5, 6_000)),
    "set back, and past its start again": (
        *((0, 60, 1_000), (1, 61, 2_000), (2, 10, 2_500), (3, 58, 4_000), (4, 62, 5_000)),
        (6, 65, 6_000),
    ),
}


@given(st.sampled_from(sorted(CLOCKS)), st.data())
def test_a_clock_that_is_set_back_turns_nothing_round_in_any_order(
    clock: str, data: st.DataObject
) -> None:
    facts = [told_at(*each) for each in CLOCKS[clock]]

    transaction = result(*data.draw(st.permutations(facts)))

    assert transaction.energy.energy_wh == 5_000
    assert transaction.register_start_wh == 1_000
    assert transaction.register_stop_wh == 6_000
    assert transaction == result(*facts)
    assert (Flag.IMPLAUSIBLE_TIME in transaction.flags) is (clock == "set back before its end")


FALLS = [told_at(n, m, wh) for n, m, wh in ((0, 0, 500), (1, 10, 900), (2, 20, 0), (3, 30, 850))]
FALLS += [told_at(4, 35, 300), told_at(5, 40, 700), told_at(6, 40, 650)]


@given(st.permutations(FALLS))
def test_a_register_that_falls_is_counted_alike_in_any_order(told: list[TransactionFact]) -> None:
    assert result(*told) == result(*FALLS)


LATE_END = [*SESSION[:6], told_at(6, 35, 5_000 + 35 * 183)]


@given(st.permutations(LATE_END))
def test_what_was_told_of_after_its_end_is_not_its_own_in_any_order(
    told: list[TransactionFact],
) -> None:
    transaction = result(*told)

    assert transaction.energy.energy_wh == 35 * 183
    assert transaction == result(*LATE_END)
