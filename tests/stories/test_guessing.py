"""What a station shows is what it says it is: no code, no card and no contract is guessed."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ricarica.authorization.model import TokenKind, TokenStatus, Verdict
from ricarica.engine.orders import start_order
from ricarica.kernel.ids import EvseNumber
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.evse import Evse
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome
from ricarica.testing.lines import Line, LocalLine
from ricarica.testing.world import World, key_of
from ricarica.transactions.commands import StartCharging
from tests.stories.test_tokens import attempts

IN_2X = pytest.mark.parametrize("dialect", [V201, V21], ids=str)
CARD = "04A1B2C3"


@pytest.fixture
def make_line() -> Callable[[], Line]:
    """A verdict is the same wherever it is given."""
    return LocalLine


async def begun(
    network: World, station: SimulatedStation, uid: str, kind: str = "ISO14443", ref: str = "T-1"
) -> str:
    """What is said of the token that a transaction of 2.x begins with."""
    told: dict[str, Any] = {
        "eventType": "Started",
        "timestamp": f"{network.clock.now():%Y-%m-%dT%H:%M:%SZ}",
        "triggerReason": "Authorized",
        "seqNo": 0,
        "transactionInfo": {"transactionId": ref},
        "evse": {"id": 1},
        "idToken": {"idToken": uid, "type": kind},
    }
    answer = await network.teller(station).call("TransactionEvent", told)
    return str(answer["idTokenInfo"]["status"])


async def shown(network: World, station: SimulatedStation, uid: str, kind: str = "ISO14443") -> str:
    """What a station that is there already is answered."""
    told = network.teller(station)
    if station.dialect is V16:
        answer = await told.call("Authorize", {"idTag": uid})
        return str(answer["idTagInfo"]["status"])
    answer = await told.call("Authorize", {"idToken": {"idToken": uid, "type": kind}})
    return str(answer["idTokenInfo"]["status"])


@IN_2X
@pytest.mark.usecase("C04")
async def test_codes_are_not_guessed_by_transactions_either(
    network: World, dialect: Dialect
) -> None:
    await network.add_token("4711", kind=TokenKind.KEY_CODE)
    station = await network.station("PISA-1", dialect)

    heard = [
        await begun(network, station, code, "KeyCode", ref=f"T-{code}")
        for code in ("0001", "0002", "0003", "4711")
    ]

    assert heard == ["Invalid"] * 4
    # What is true is recorded all the same.
    verdicts = [each.verdict for each in await network.transactions(station)]
    assert verdicts.count(Verdict.ACCEPTED) == 1


@pytest.mark.usecase("C01")
async def test_who_shows_one_card_after_the_other_has_to_wait(
    network: World, dialect: Dialect
) -> None:
    await network.add_token(CARD)
    station = await network.station("PISA-1", dialect)
    await network.station("PISA-2", dialect)

    heard = [await shown(network, station, f"{n:08X}") for n in range(20)]
    shut = await shown(network, station, CARD)
    elsewhere = await shown(network, network._stations[1], CARD)
    await network.pass_time(timedelta(minutes=1))

    assert set(heard) <= {"Invalid", "Unknown"}
    assert (shut, elsewhere) == ("Invalid", "Accepted")
    assert await shown(network, station, CARD) == "Accepted"


async def test_a_card_of_1_6_is_nobodys_code(network: World, dialect: Dialect) -> None:
    if dialect is not V16:
        return  # others say of what kind a token is
    await network.add_token("4711", kind=TokenKind.KEY_CODE)
    station = await network.station("PISA-1", dialect)

    assert await shown(network, station, "4711") == "Invalid"
    assert [attempt.verdict for attempt in await attempts(network)] == [Verdict.UNKNOWN]


@IN_2X
async def test_what_a_reader_reads_is_never_a_token_of_ours(
    network: World, dialect: Dialect
) -> None:
    await network.add_token("RICARICA-DESK", kind=TokenKind.CENTRAL)
    station = await network.station("PISA-1", dialect)

    assert await shown(network, station, "RICARICA-DESK") == "Unknown"  # C01.FR.25


@pytest.mark.parametrize("shown_as", ["DE8AAC12345678", "de8aac123456789", "DE-8AA-C12345678-9"])
async def test_a_contract_is_known_however_it_is_written(
    network: World, dialect: Dialect, shown_as: str
) -> None:
    await network.add_token("DE-8AA-C12345678", kind=TokenKind.EMAID)
    station = await network.station("PISA-1", dialect)

    assert await shown(network, station, shown_as, kind="eMAID") == "Accepted"


@IN_2X
@pytest.mark.usecase("C01")
async def test_nobody_takes_over_a_transaction_that_may_not_go_on(
    network: World, dialect: Dialect
) -> None:
    await network.add_token(CARD)
    await network.add_token("BLOCKED", status=TokenStatus.BLOCKED)
    station = network.build("PISA-1", dialect, [Evse(1)])
    await network.connect(station)
    await begun(network, station, "BLOCKED")

    assert await shown(network, station, CARD) == "NotAtThisTime"  # C01.FR.24


@pytest.mark.usecase("F01")
@IN_2X
async def test_a_start_from_afar_names_the_group_of_its_token(
    network: World, dialect: Dialect
) -> None:
    await network.add_token(CARD, group="FAMILY")
    station = await network.station("PISA-1", dialect)
    key = key_of(station)
    command: StartCharging = await network.carry_out(
        lambda slices: start_order(slices, key, CARD, EvseNumber(1))
    )

    await network.tell(station, command)

    told = network.frames[key.station].to_station
    asked = next(json.loads(text)[3] for text in told if "RequestStartTransaction" in text)
    # F01.FR.22
    assert asked["groupIdToken"] == {"idToken": "FAMILY", "type": "Central"}


async def test_a_code_is_no_word_of_1_6(network: World, dialect: Dialect) -> None:
    await network.add_token("4711", kind=TokenKind.KEY_CODE)
    station = await network.station("PISA-1", dialect)
    key = key_of(station)
    command: StartCharging = await network.carry_out(
        lambda slices: start_order(slices, key, "4711", EvseNumber(1))
    )

    result = await network.tell(station, command)

    assert (result.outcome is Outcome.UNSUPPORTED) is (dialect is V16)
