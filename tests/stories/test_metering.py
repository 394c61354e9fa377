"""What meters say, and what they sign."""

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.simulated import SimulatedStation
from ricarica.testing.world import World, key_of
from ricarica.transactions.sql import SIGNED

KEY = "b2NhOmJhc2UxNjphc24xOjMwNTYzMDEw"
RECORD = "T0NNRnx7IkZWIjoiMS4wIn18eyJTRCI6Ijg4NyJ9"
AT = "2026-05-04T12:00:00Z"


def signed(dialect: Dialect, data: str = RECORD) -> dict[str, Any]:
    """A reading of a meter that signs, in the dialect's words."""
    told = {
        "signedMeterData": data,
        "signingMethod": "ECDSA-secp256r1-SHA256",
        "encodingMethod": "OCMF",
        "publicKey": KEY,
    }
    if dialect is V16:
        text = {"value": json.dumps(told), "format": "SignedData", "context": "Transaction.End"}
        return {"timestamp": AT, "sampledValue": [text]}
    number = {"value": 12_345, "signedMeterValue": told, "context": "Transaction.End"}
    return {"timestamp": AT, "sampledValue": [number]}


async def kept(network: World) -> list[tuple[Any, ...]]:
    columns = SIGNED.c
    query = sa.select(columns.ref, columns.method, columns.encoding, columns.data)
    found = await network.database.fetch(query.add_columns(columns.public_key, columns.context))
    return [tuple(row) for row in found]


async def charging(network: World, dialect: Dialect) -> tuple[SimulatedStation, str]:
    await network.add_token("04A1B2C3")
    station = await network.station("TORINO-1", dialect)
    station.plug_in(1)
    station.present("04A1B2C3", 1)
    await network.settle()
    [transaction] = await network.transactions(station)
    return station, transaction.ref


def told_of(dialect: Dialect, ref: str, values: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """The message in which a running transaction's readings come."""
    if dialect is V16:
        return "MeterValues", {"connectorId": 1, "transactionId": int(ref), "meterValue": values}
    event = {
        "eventType": "Updated",
        "timestamp": AT,
        "triggerReason": "SignedDataReceived",
        "seqNo": 99,
        "transactionInfo": {"transactionId": ref},
        "meterValue": values,
    }
    return "TransactionEvent", event


@pytest.mark.usecase("J02", "J03")
async def test_what_a_meter_signed_is_kept_as_it_came_and_once(
    network: World, dialect: Dialect
) -> None:
    station, ref = await charging(network, dialect)
    teller = network.teller(station)

    for _ in range(2):
        await teller.call(*told_of(dialect, ref, [signed(dialect)]))

    assert await kept(network) == [
        (ref, "ECDSA-secp256r1-SHA256", "OCMF", RECORD, KEY, "end"),
    ]


@pytest.mark.usecase("J02")
@pytest.mark.parametrize("dialect", [V16], ids=str)
async def test_a_record_without_its_wrapping_is_kept_too(network: World, dialect: Dialect) -> None:
    station, ref = await charging(network, dialect)
    record = 'OCMF|{"FV":"1.0","RD":[]}|{"SD":"3045"}'
    values = [
        {"timestamp": AT, "sampledValue": [{"value": record, "format": "SignedData"}]},
    ]

    await network.teller(station).call(*told_of(dialect, ref, values))

    assert await kept(network) == [(ref, "", "", record, None, "periodic")]


@pytest.mark.usecase("J01")
@pytest.mark.tc("TC_J_01_CSMS")
@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_what_is_signed_while_nobody_charges_belongs_to_no_transaction(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("TORINO-1", dialect)

    answer = await network.teller(station).call(
        "MeterValues", {"evseId": 1, "meterValue": [signed(dialect)]}
    )

    assert answer == {}
    assert [row[0] for row in await kept(network)] == [""]


@pytest.mark.usecase("E02", "E04", "E12")
@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_an_event_that_never_came_leaves_a_gap_that_is_flagged(
    network: World, dialect: Dialect
) -> None:
    station, ref = await charging(network, dialect)
    _, event = told_of(dialect, ref, [])
    del event["meterValue"]

    now = network.clock.now().isoformat()
    await network.teller(station).call(
        "TransactionEvent", {**event, "eventType": "Ended", "seqNo": 7, "timestamp": now}
    )

    [transaction] = await network.transactions(station)
    assert transaction.station == key_of(station)
    assert sorted(transaction.flags) == ["gap"]
    assert not transaction.is_complete


@pytest.mark.usecase("J02")
@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_a_meter_that_tells_each_phase_and_no_total_counts_too(
    network: World, dialect: Dialect
) -> None:
    """2.0.1 RegisterValuesWithoutPhases, where it is not true; here one event comes late."""
    station = await network.station("TORINO-1", dialect)
    teller = network.teller(station)
    begun = network.clock.now()

    for number, kind in ((0, "Started"), (2, "Ended"), (1, "Updated")):
        phases = [
            {"phase": phase, "value": 1_000 * factor + 500 * number}
            for factor, phase in enumerate(("L1", "L2-N", "L3"), start=1)
        ]
        neutral = {"phase": "N", "value": number}
        at = (begun + number * timedelta(minutes=30)).isoformat()
        values = [{"timestamp": at, "sampledValue": [*phases, neutral]}]
        action, event = told_of(dialect, "by-phases", values)
        told = {"eventType": kind, "timestamp": at, "seqNo": number}
        await teller.call(action, event | told)

    [transaction] = await network.transactions(station)
    assert transaction.energy.energy_wh == 3_000
    assert transaction.is_complete


async def test_one_phase_is_not_taken_for_a_total_that_is_told_apart(network: World) -> None:
    """1.6 tells the totals of a start and an end by themselves."""
    await network.add_token("04A1B2C3")
    station = await network.station("TORINO-1", V16)
    teller, begun = network.teller(station), network.clock.now()
    at = [(begun + minutes * timedelta(minutes=30)).isoformat() for minutes in range(3)]
    start = {"connectorId": 1, "idTag": "04A1B2C3", "meterStart": 30_000, "timestamp": at[0]}
    ref = (await teller.call("StartTransaction", start))["transactionId"]
    values = [{"timestamp": at[1], "sampledValue": [{"phase": "L1", "value": "11000"}]}]

    await teller.call(*told_of(V16, ref, values))
    await teller.call(
        "StopTransaction", {"transactionId": ref, "meterStop": 36_000, "timestamp": at[2]}
    )

    [transaction] = await network.transactions(station)
    assert transaction.energy.energy_wh == 6_000
    assert not transaction.flags


TRIGGERS = (
    "ChargingRateChanged",
    "CostLimitReached",
    "EVDeparted",
    "EVDetected",
    "LimitSet",
    "OperationModeChanged",
    "RunningCost",
    "SignedDataReceived",
    "SoCLimitReached",
    "TariffChanged",
    "TariffNotAccepted",
    "TxResumed",
)


@pytest.mark.usecase("E17")
@pytest.mark.parametrize("dialect", [V21], ids=str)
async def test_whatever_an_event_is_told_for_it_is_on_the_timeline(
    network: World, dialect: Dialect
) -> None:
    station, ref = await charging(network, dialect)
    _, event = told_of(dialect, ref, [])
    del event["meterValue"]

    for number, trigger in enumerate(TRIGGERS, start=20):
        await network.teller(station).call(
            "TransactionEvent", {**event, "triggerReason": trigger, "seqNo": number}
        )

    frames = [json.loads(text) for text in network.frames[key_of(station).station].to_station]
    [transaction] = await network.transactions(station)
    assert not [frame for frame in frames if frame[0] == 4]
    assert transaction.is_running


@pytest.mark.usecase("E01", "E15")
@pytest.mark.parametrize("dialect", [V21], ids=str)
async def test_what_else_a_station_tells_of_a_transaction_is_kept(
    network: World, dialect: Dialect
) -> None:
    station, ref = await charging(network, dialect)
    _, event = told_of(dialect, ref, [])
    del event["meterValue"]
    more = {"numberOfPhasesUsed": 3, "cableMaxCurrent": 32, "evseSleep": False}

    await network.teller(station).call("TransactionEvent", {**event, **more})

    [transaction] = await network.transactions(station)
    assert transaction.terms is not None
    assert transaction.terms.told == {"phases": "3", "cable_max_a": "32", "asleep": "False"}
