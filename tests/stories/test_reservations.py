"""An EVSE is held for a driver, as far as stations do that."""

from collections.abc import Callable
from datetime import timedelta
from typing import cast

import pytest
import sqlalchemy as sa

from ricarica.authorization.model import TokenStatus
from ricarica.authorization.service import AuthorizationService
from ricarica.engine.sql import OUTBOX
from ricarica.kernel.errors import ConflictError, InvalidError, LostUpdateError
from ricarica.kernel.ids import ConnectorNumber, EvseNumber
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.reservations.commands import Reserve
from ricarica.reservations.model import Reservation, ReservationState
from ricarica.reservations.queries import ReservationQueries
from ricarica.reservations.service import ReservationService, Wish
from ricarica.reservations.sql import SqlReservationStore
from ricarica.simulator.evse import State
from ricarica.simulator.simulated import SimulatedStation, ac_evse, dc_evse
from ricarica.stations.commands import ChangeAvailability, Outcome, Result
from ricarica.stations.model import ConnectorStatus
from ricarica.stations.sql import SqlStationStore
from ricarica.storage.work import Remembered, Work
from ricarica.testing.lines import Line, LocalLine
from ricarica.testing.memory import Told
from ricarica.testing.world import World, key_of

IN_2X = pytest.mark.parametrize("dialect", [V201, V21], ids=str)
CARD = "04A1B2C3"
FIRST = EvseNumber(1)
HOUR = timedelta(hours=1)


@pytest.fixture
def make_line() -> Callable[[], Line]:
    return LocalLine


async def reserve(
    network: World, station: SimulatedStation, evse: EvseNumber | None = FIRST, **wish: object
) -> tuple[Reserve, Result]:
    wanted = Wish(CARD, network.clock.now() + HOUR, evse, **wish)  # type: ignore[arg-type]  # by name
    command = await network.carry_out(
        lambda slices: slices.reservations.prepare(key_of(station), wanted, slices.now),
        key_of(station),
    )
    result = await network.tell(station, command)
    await network.settle()
    return command, result


async def the_one(network: World, station: SimulatedStation) -> Reservation:
    page = await ReservationQueries(network.database).reservations(key_of(station).tenant)
    [reservation] = page.items
    return reservation


async def status_of(network: World, station: SimulatedStation) -> ConnectorStatus | None:
    work = Work(network.database, Remembered(network.clock.monotonic))
    found = await SqlStationStore(work).connector(key_of(station), FIRST, ConnectorNumber(1))
    return found.status if found else None


@pytest.mark.usecase("H01")
@pytest.mark.tc("TC_H_01_CSMS", "TC_H_08_CSMS")
async def test_an_evse_is_held_for_a_token(network: World, dialect: Dialect) -> None:
    await network.add_token(CARD)
    station = await network.station("COMO-1", dialect)

    _, result = await reserve(network, station)

    assert result.outcome is Outcome.ACCEPTED
    assert station.state(1) is State.RESERVED
    assert (await the_one(network, station)).state is ReservationState.HELD
    assert await status_of(network, station) is ConnectorStatus.RESERVED


@pytest.mark.usecase("H01")
@pytest.mark.tc("TC_H_14_CSMS")
async def test_any_evse_is_held_for_a_token(network: World, dialect: Dialect) -> None:
    await network.add_token(CARD)
    station = await network.station("COMO-1", dialect)

    _, result = await reserve(network, station, evse=None)

    assert result.outcome is Outcome.ACCEPTED
    assert (await the_one(network, station)).evse == 0


@IN_2X
@pytest.mark.usecase("H01")
@pytest.mark.tc("TC_H_15_CSMS")
async def test_a_plug_is_held_for_a_token(network: World, dialect: Dialect) -> None:
    await network.add_token(CARD)
    station = network.build("COMO-1", dialect)
    station.core.evses = {1: ac_evse(1), 2: dc_evse(2)}
    await network.connect(station)

    await reserve(network, station, evse=None, connector_type="cCCS2")

    assert (station.state(1), station.state(2)) == (State.AVAILABLE, State.RESERVED)


async def test_1_6_has_no_word_for_a_plug(network: World) -> None:
    await network.add_token(CARD)
    station = await network.station("COMO-1", V16)

    _, result = await reserve(network, station, connector_type="cCCS2")

    assert result.outcome is Outcome.UNSUPPORTED


@pytest.mark.usecase("H01")
@pytest.mark.parametrize("why", ["Occupied", "Faulted", "Unavailable"])
async def test_why_an_evse_cannot_be_held_is_kept(
    network: World, dialect: Dialect, why: str
) -> None:
    await network.add_token(CARD)
    station = await network.station("COMO-1", dialect)
    if why == "Occupied":
        station.plug_in(1)
    elif why == "Faulted":
        station.fault(1, "GroundFailure")
    else:
        await network.tell(station, ChangeAvailability(operative=False, evse=FIRST))

    _, result = await reserve(network, station)

    assert (result.outcome, result.status) == (Outcome.REFUSED, why)
    refused = await the_one(network, station)
    assert (refused.state, refused.detail) == (ReservationState.REFUSED, why)


@pytest.mark.usecase("H01")
async def test_the_same_number_puts_another_in_its_place(network: World, dialect: Dialect) -> None:
    await network.add_token(CARD)
    station = await network.station("COMO-1", dialect)
    command, _ = await reserve(network, station)

    await reserve(network, station, EvseNumber(2), number=command.number)

    assert (station.state(1), station.state(2)) == (State.AVAILABLE, State.RESERVED)
    assert (await the_one(network, station)).evse == 2


@pytest.mark.usecase("H01")
async def test_an_evse_is_held_for_one_at_a_time(network: World, dialect: Dialect) -> None:
    await network.add_token(CARD)
    station = await network.station("COMO-1", dialect)
    first, _ = await reserve(network, station)
    station.evses[1].reservation = None  # and what it told of that was lost

    second, _ = await reserve(network, station)

    page = await ReservationQueries(network.database).reservations(key_of(station).tenant)
    states = {each.number: each.state for each in page.items}
    assert states == {
        first.number: ReservationState.REMOVED,
        second.number: ReservationState.HELD,
    }


@pytest.mark.usecase("H01")
async def test_two_nodes_that_write_down_answers_at_once_do_not_both_hold_it(
    network: World,
) -> None:
    await network.add_token(CARD)
    station = await network.station("COMO-1", V21)
    key, now = key_of(station), network.clock.now()
    first, second = [
        await network.carry_out(
            lambda slices: slices.reservations.prepare(key, Wish(CARD, now + HOUR, FIRST), now)
        )
        for _ in range(2)
    ]

    async def accepted(command: Reserve) -> Work:
        work = Work(network.database, Remembered(network.clock.monotonic))
        unasked = cast("AuthorizationService", None)
        service = ReservationService(SqlReservationStore(work), unasked, Told(), network.ids)
        await service.answered(key, command, "Accepted", now)
        work.keep()
        return work

    here, there = await accepted(first), await accepted(second)
    await here.commit()
    with pytest.raises(LostUpdateError):
        await there.commit()
    await (await accepted(second)).commit()

    page = await ReservationQueries(network.database).reservations(key.tenant)
    assert {each.number: each.state for each in page.items} == {
        first.number: ReservationState.REMOVED,
        second.number: ReservationState.HELD,
    }


@pytest.mark.usecase("H02")
@pytest.mark.tc("TC_H_17_CSMS")
async def test_a_cancelled_reservation_holds_nothing(network: World, dialect: Dialect) -> None:
    await network.add_token(CARD)
    station = await network.station("COMO-1", dialect)
    made, _ = await reserve(network, station)

    command = await network.carry_out(
        lambda slices: slices.reservations.cancel(key_of(station), made.number)
    )
    result = await network.tell(station, command)
    await network.settle()

    assert result.outcome is Outcome.ACCEPTED
    assert station.state(1) is State.AVAILABLE
    assert (await the_one(network, station)).state is ReservationState.CANCELLED
    with pytest.raises(ConflictError):
        await network.carry_out(
            lambda slices: slices.reservations.cancel(key_of(station), made.number)
        )


@pytest.mark.usecase("H02")
async def test_what_a_station_does_not_know_it_does_not_hold(
    network: World, dialect: Dialect
) -> None:
    await network.add_token(CARD)
    station = await network.station("COMO-1", dialect)
    made, _ = await reserve(network, station)
    station.evses[1].reservation = None
    command = await network.carry_out(
        lambda slices: slices.reservations.cancel(key_of(station), made.number)
    )

    result = await network.tell(station, command)

    assert result.outcome is Outcome.REFUSED  # H02.FR.01
    assert (await the_one(network, station)).state is ReservationState.CANCELLED


@pytest.mark.usecase("H03")
@pytest.mark.tc("TC_H_19_CSMS")
async def test_a_transaction_uses_what_was_held_for_it(network: World, dialect: Dialect) -> None:
    await network.add_token(CARD)
    station = await network.station("COMO-1", dialect)
    await reserve(network, station)

    station.present(CARD, 1)
    await network.settle()
    station.plug_in(1)
    await network.settle()

    [transaction] = await network.transactions(station)
    used = await the_one(network, station)
    assert (used.state, used.transaction) == (ReservationState.USED, transaction.id)
    assert transaction.reservation == used.number


@pytest.mark.usecase("H03")
async def test_a_reservation_is_used_once(network: World) -> None:
    await network.add_token(CARD)
    station = await network.station("COMO-1", V16)
    made, _ = await reserve(network, station)
    told = network.teller(station)
    start = {"connectorId": 1, "idTag": CARD, "meterStart": 0, "reservationId": made.number}

    for minute in (1, 2):
        await told.call("StartTransaction", start | {"timestamp": f"2026-03-02T08:0{minute}:00Z"})

    first, _ = await network.transactions(station)
    assert (await the_one(network, station)).transaction == first.id


@pytest.mark.usecase("H03", "C09")
@pytest.mark.tc("TC_H_20_CSMS")
async def test_a_member_of_the_group_uses_it_too(network: World, dialect: Dialect) -> None:
    await network.add_token(CARD, group="FAMILY")
    await network.add_token("OTHER", group="FAMILY")
    station = await network.station("COMO-1", dialect)
    await reserve(network, station)

    station.present("OTHER", 1)
    await network.settle()
    station.plug_in(1)
    await network.settle()

    assert (await the_one(network, station)).state is ReservationState.USED


@pytest.mark.usecase("H03")
async def test_nobody_else_charges_where_it_is_held(network: World, dialect: Dialect) -> None:
    await network.add_token(CARD)
    await network.add_token("OTHER")
    station = await network.station("COMO-1", dialect)
    await reserve(network, station)

    station.present("OTHER", 1)
    await network.settle()
    station.plug_in(1)
    await network.settle()

    assert await network.transactions(station) == []


@pytest.mark.usecase("H04")
@pytest.mark.tc("TC_H_07_CSMS")
async def test_when_nobody_came_it_is_over(network: World, dialect: Dialect) -> None:
    await network.add_token(CARD)
    station = await network.station("COMO-1", dialect)
    await reserve(network, station)

    await network.pass_time(HOUR + timedelta(minutes=1), timedelta(minutes=10))

    over = await the_one(network, station)
    assert over.state_at(network.clock.now()) is ReservationState.EXPIRED
    told = ReservationState.HELD if dialect is V16 else ReservationState.EXPIRED
    assert over.state is told  # 1.6 has no word for it
    assert await status_of(network, station) is ConnectorStatus.AVAILABLE


@IN_2X
@pytest.mark.usecase("H04")
async def test_what_a_broken_evse_held_is_removed(network: World, dialect: Dialect) -> None:
    await network.add_token(CARD)
    station = await network.station("COMO-1", dialect)
    await reserve(network, station)

    station.fault(1, "GroundFailure")
    await network.settle()

    assert (await the_one(network, station)).state is ReservationState.REMOVED


@pytest.mark.usecase("H04")
async def test_a_driver_who_came_and_did_not_charge_left_it_unused(network: World) -> None:
    await network.add_token(CARD)
    station = await network.station("COMO-1", V21)
    made, _ = await reserve(network, station)

    station.say("reservation", number=str(made.number), status="NoTransaction")
    await network.settle()

    assert (await the_one(network, station)).state is ReservationState.UNUSED


@IN_2X
@pytest.mark.usecase("H04")
async def test_the_end_of_what_nobody_made_is_no_fault(network: World, dialect: Dialect) -> None:
    station = await network.station("COMO-1", dialect)

    answer = await network.teller(station).call(
        "ReservationStatusUpdate", {"reservationId": 99, "reservationUpdateStatus": "Expired"}
    )

    assert answer == {}


async def test_an_end_that_is_told_again_is_announced_once(network: World) -> None:
    await network.add_token(CARD)
    station = await network.station("COMO-1", V21)
    made, _ = await reserve(network, station)
    told = {"reservationId": made.number, "reservationUpdateStatus": "Expired"}

    for _ in range(2):
        await network.teller(station).call("ReservationStatusUpdate", told)

    kinds = await network.database.fetch(sa.select(OUTBOX.c.kind))
    announced = [kind for (kind,) in kinds].count("ReservationChanged")
    assert announced == 3, "asked, held, expired"


async def test_nothing_is_held_for_whom_may_not_charge(network: World) -> None:
    await network.add_token(CARD, status=TokenStatus.BLOCKED)
    station = await network.station("COMO-1", V21)

    with pytest.raises(InvalidError, match="blocked"):
        await reserve(network, station)
