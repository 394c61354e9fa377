"""What went wrong, or could have, with what was charged."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from ricarica.authorization.model import TokenRef
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.tariffs.model import Prices
from ricarica.testing.wires import Teller
from ricarica.testing.world import World, world
from ricarica.transactions.model import EntryKind, Flag
from ricarica.transactions.sql import ENTRIES, SAMPLES

TEN = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


def at(minute: int) -> str:
    return shown(TEN + timedelta(minutes=minute))


def shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def event(kind: str, minute: int, seq_no: int, wh: int, **more: Any) -> dict[str, Any]:
    return {
        "eventType": kind,
        "timestamp": at(minute),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": "TX-1"},
        "evse": {"id": 1, "connectorId": 1},
        "meterValue": [{"timestamp": at(minute), "sampledValue": [{"value": wh}]}],
        **more,
    }


def start(timestamp: str, meter: int = 1_000) -> dict[str, Any]:
    return {"connectorId": 1, "idTag": "04A1B2C3", "meterStart": meter, "timestamp": timestamp}


async def tell_events(told: Teller, *events: dict[str, Any]) -> None:
    for each in events:
        await told.call("TransactionEvent", each)


async def test_events_that_all_have_one_number_are_all_recorded() -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V201))
        session = [event("Started", 0, 0, 1_000), event("Updated", 10, 0, 2_000)]
        session += [event("Updated", 20, 0, 3_000), event("Ended", 30, 0, 3_500)]

        await tell_events(told, *session, *session)

        [transaction] = await network.transactions(told.station)
        assert transaction.energy.energy_wh == 2_500
        assert transaction.ended_at == TEN + timedelta(minutes=30)


async def test_numbers_with_endless_gaps_are_kept_in_bounds() -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V21))

        for number in range(0, 500, 2):
            await told.call("TransactionEvent", event("Updated", number, number, 1_000 + number))

        [transaction] = await network.transactions(told.station)
        assert len(transaction.seen) <= 100
        assert transaction.energy.energy_wh == 498


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_an_orphan_began_with_the_earliest_that_is_known_of_it(
    order: tuple[int, int],
) -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V201))
        events = (event("Updated", 5, 1, 1_000), event("Updated", 10, 2, 2_000))

        await tell_events(told, *(events[number] for number in order))

        [transaction] = await network.transactions(told.station)
        assert transaction.started_at == TEN + timedelta(minutes=5)
        assert transaction.flags == {Flag.ORPHAN}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_an_end_before_its_start_is_the_same_in_any_order(order: tuple[int, int]) -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V201))
        events = (event("Started", 10, 0, 1_000), event("Ended", 5, 1, 1_000))

        await tell_events(told, *(events[number] for number in order))

        [transaction] = await network.transactions(told.station)
        assert transaction.started_at == transaction.ended_at == TEN + timedelta(minutes=10)
        assert transaction.flags == {Flag.IMPLAUSIBLE_TIME}


async def test_a_start_told_again_by_a_clock_that_was_never_set_is_the_same_start() -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V16))
        unset = start("1970-01-01T00:00:09Z")

        first = await told.call("StartTransaction", unset)
        await network.pass_time(timedelta(minutes=2))
        again = await told.call("StartTransaction", unset)

        assert first["transactionId"] == again["transactionId"]
        assert len(await network.transactions(told.station)) == 1


async def test_a_clock_that_was_never_set_may_tell_the_same_start_of_the_next_driver() -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V16))
        unset = start("1970-01-01T00:00:09Z", meter=0)
        first = await told.call("StartTransaction", unset)
        stop = {"transactionId": first["transactionId"], "meterStop": 700, "timestamp": at(1)}
        await told.call("StopTransaction", stop)

        second = await told.call("StartTransaction", unset)

        assert first["transactionId"] != second["transactionId"]


@pytest.mark.parametrize("is_known", [True, False])
async def test_an_end_without_a_number_told_twice_is_one_end(is_known: bool) -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V16))
        if is_known:
            await told.call("StartTransaction", start(at(0)))
        stop = {"transactionId": -1, "meterStop": 1_500, "timestamp": at(30)}

        for _ in range(3):
            await told.call("StopTransaction", stop)

        [transaction] = await network.transactions(told.station)
        assert transaction.ended_at == TEN + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("minute", "register", "token"),
    [
        pytest.param(30, 998, None, id="below-its-start"),
        pytest.param(21, 90_000, None, id="faster-than-any-outlet"),
        pytest.param(30, 1_500, "04D4E5F6", id="by-another-token"),
    ],
)
async def test_an_end_without_a_number_ends_nothing_that_it_cannot_be_of(
    minute: int, register: int, token: str | None
) -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V16))
        await told.call("StartTransaction", start(at(20)))

        stop = {"transactionId": -1, "meterStop": register, "timestamp": at(minute)}
        await told.call("StopTransaction", stop | ({"idTag": token} if token else {}))

        running, other = await network.transactions(told.station)
        assert running.register_start_wh == 1_000
        assert running.is_running
        assert other.register_stop_wh == register
        assert other.energy.energy_wh == 0
        assert other.flags == {Flag.ORPHAN}


async def test_an_end_without_a_number_may_be_by_a_card_of_the_group() -> None:
    async with world() as network:
        for uid in ("04A1B2C3", "04D4E5F6"):
            await network.add_token(uid, group="family")
        told = network.teller(await network.station("GENOVA-1", V16))
        await told.call("StartTransaction", start(at(20)))

        stop = {"transactionId": -1, "meterStop": 1_500, "timestamp": at(30), "idTag": "04D4E5F6"}
        await told.call("StopTransaction", stop)

        [transaction] = await network.transactions(told.station)
        assert transaction.register_stop_wh == 1_500


async def test_what_was_measured_before_a_transaction_began_is_not_charged() -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V16))
        await told.call("StartTransaction", start(at(10), meter=5_000))

        late = [{"timestamp": at(0), "sampledValue": [{"value": "1000"}]}]
        await told.call("MeterValues", {"connectorId": 1, "meterValue": late})

        [transaction] = await network.transactions(told.station)
        assert transaction.energy.energy_wh == 0


@pytest.mark.parametrize("order", [("next", "late"), ("late", "next")])
async def test_a_superseded_transaction_ended_when_it_was_last_heard_of(
    order: tuple[str, str],
) -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V201))
        await tell_events(told, event("Started", 0, 0, 1_000))
        next_one = event("Started", 30, 0, 2_000, transactionInfo={"transactionId": "TX-2"})
        facts = {"next": next_one, "late": event("Updated", 20, 1, 2_000)}

        await tell_events(told, *(facts[name] for name in order))

        superseded = (await network.transactions(told.station))[0]
        assert superseded.ended_at == TEN + timedelta(minutes=20)
        assert superseded.flags == {Flag.SUPERSEDED}
        assert superseded.energy.energy_wh == 1_000


async def limited(network: World) -> None:
    await network.add_token("04A1B2C3", concurrent_max=1)


async def test_a_limit_holds_for_two_that_start_in_the_same_moment() -> None:
    async with world() as network:
        await limited(network)
        tellers = [network.teller(await network.station(f"S-{n}", V16)) for n in (1, 2)]

        for each in tellers:
            each._wire().inject(
                f'[2,"same","StartTransaction",{{"connectorId":1,"idTag":"04A1B2C3",'
                f'"meterStart":0,"timestamp":"{at(0)}"}}]'
            )
        await network.settle()

        verdicts = [(await network.transactions(each.station))[0].verdict for each in tellers]
        assert sorted(str(verdict) for verdict in verdicts) == ["accepted", "concurrent"]


async def test_a_limit_holds_for_who_identifies_after_plugging_in() -> None:
    async with world() as network:
        await limited(network)
        tellers = [network.teller(await network.station(f"S-{n}", V201)) for n in (1, 2)]
        token = {"idToken": {"idToken": "04A1B2C3", "type": "ISO14443"}}

        answers = []
        for each in tellers:
            await each.call("TransactionEvent", event("Started", 0, 0, 0))
            answers.append(await each.call("TransactionEvent", event("Updated", 1, 1, 0, **token)))

        assert [answer["idTokenInfo"]["status"] for answer in answers] == [
            "Accepted",
            "ConcurrentTx",
        ]
        [transaction] = await network.transactions(tellers[1].station)
        assert transaction.verdict == "concurrent"


async def test_a_number_that_was_given_before_is_not_given_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V16))
        numbers = iter([7, 7, 8])
        monkeypatch.setattr(network.ids, "wire_number", lambda: next(numbers))
        stop = {"transactionId": 7, "meterStop": 2_000, "timestamp": at(10)}

        await told.call("StartTransaction", start(at(0)))
        await told.call("StopTransaction", stop)
        second = await told.call("StartTransaction", start(at(20), meter=2_000))

        assert second["transactionId"] == 8
        first, _ = await network.transactions(told.station)
        assert (first.ref, first.energy.energy_wh) == ("7", Decimal(1_000))


async def test_quirk_53_what_the_meter_shows_after_an_end_that_is_told_late_is_not_billed() -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V16))
        number = (await told.call("StartTransaction", start(at(0))))["transactionId"]
        at_rest = {"timestamp": at(20), "sampledValue": [{"value": "9000"}]}
        stop = {"transactionId": number, "meterStop": 2_500, "timestamp": at(10)}

        await told.call("MeterValues", {"connectorId": 1, "meterValue": [at_rest]})
        await told.call("StopTransaction", stop)

        [transaction] = await network.transactions(told.station)
        assert transaction.energy.energy_wh == 1_500


async def noted(network: World) -> set[tuple[str, str]]:
    """What is on the timelines, and of what minute."""
    notes = sa.select(ENTRIES.c.at, ENTRIES.c.detail).where(ENTRIES.c.kind == EntryKind.NOTE.value)
    return {(shown(moment), text) for moment, text in await network.database.fetch(notes)}


async def registers_at_rest(network: World) -> set[tuple[str, int]]:
    """Of no transaction."""
    registers = sa.select(SAMPLES.c.at, SAMPLES.c.register_wh).where(SAMPLES.c.ref == "")
    return {(shown(moment), int(wh)) for moment, wh in await network.database.fetch(registers)}


CARD = {"idToken": {"idToken": "04A1B2C3", "type": "ISO14443"}}
OTHER_CARD = {"idToken": {"idToken": "04D4E5F6", "type": "ISO14443"}}


@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_a_name_that_is_given_again_is_looked_into_and_loses_no_reading(
    dialect: Dialect,
) -> None:
    async with world() as network:
        await network.add_token("04A1B2C3")
        told = network.teller(await network.station("GENOVA-1", dialect))
        first = (event("Started", 0, 0, 1_000, **CARD), event("Ended", 10, 1, 3_000))
        second = (event("Started", 20, 0, 5_000, **OTHER_CARD), event("Ended", 30, 1, 9_000))

        await tell_events(told, *first)
        answer = await told.call("TransactionEvent", second[0])
        await tell_events(told, second[1], *first, *second)

        [transaction] = await network.transactions(told.station)
        assert transaction.flags == {Flag.CONTRADICTED}
        assert transaction.energy.energy_wh == 2_000
        assert answer["idTokenInfo"]["status"] == "Unknown"
        assert await noted(network) == {
            (at(20), "its start was told again, and of this moment"),
            (at(20), "its start was told again with register 5000"),
            (at(20), "its start was told again, and by 04D4E5F6"),
            (at(30), "its end was told again, and of this moment"),
            (at(30), "told again with register 9000"),
        }
        assert await registers_at_rest(network) == {(at(20), 5_000), (at(30), 9_000)}


@pytest.mark.parametrize("minute,register,is_other", [(30, 2_000, False), (30, 9_000, True)])
async def test_quirk_51_an_end_of_2_x_with_another_register_is_looked_into(
    minute: int, register: int, *, is_other: bool
) -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V201))
        await tell_events(told, event("Started", 0, 0, 1_000), event("Ended", 30, 1, 2_000))

        await tell_events(told, event("Ended", minute, 1, register))

        [transaction] = await network.transactions(told.station)
        assert transaction.energy.energy_wh == 1_000
        assert (Flag.CONTRADICTED in transaction.flags) is is_other


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
@pytest.mark.parametrize("named_in", [0, 1])
async def test_who_began_it_pays_for_it_in_any_order(order: tuple[int, ...], named_in: int) -> None:
    async with world() as network:
        await network.add_tariff(Prices("EUR", per_kwh=Decimal("0.50")), since=TEN)
        for uid in ("04A1B2C3", "04D4E5F6"):
            await network.add_token(uid, group="family", credit=Decimal(10))
        told = network.teller(await network.station("GENOVA-1", V201))
        events = [event("Started", 0, 0, 0), event("Updated", 10, 1, 2_000)]
        events[named_in] |= CARD
        events += [event("Ended", 30, 2, 8_000, **OTHER_CARD)]

        await tell_events(told, *(events[number] for number in order))

        [transaction] = await network.transactions(told.station)
        assert transaction.token == "04A1B2C3"
        left = [await credit(network, uid) for uid in ("04A1B2C3", "04D4E5F6")]
        assert left == [6, 10]


async def credit(network: World, uid: str) -> Decimal | None:
    token = await network.carry_out(
        lambda slices: slices.authorization.find(network.actor.tenant, TokenRef(uid))
    )
    return token.credit if token else None
