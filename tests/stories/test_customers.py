"""What stations know of customers, and what they forget; and what makers add to OCPP."""

import json
from collections.abc import Callable

import pytest

from ricarica.authorization.book import ListDefinition
from ricarica.authorization.commands import TellCustomer
from ricarica.authorization.model import TokenKind, TokenRef
from ricarica.authorization.queries import CustomerQueries
from ricarica.authorization.reports import CustomerReport, ReportState
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.blocks.transfers import VENDOR, Answers
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome, Result, TransferData
from ricarica.testing.lines import Line, LocalLine
from ricarica.testing.world import World, key_of

IN_2X = pytest.mark.parametrize("dialect", [V201, V21], ids=str)
CARD = "04A1B2C3"
ADA = TokenRef(CARD, TokenKind.ISO14443)


@pytest.fixture
def make_line() -> Callable[[], Line]:
    return LocalLine


async def ask(
    network: World,
    station: SimulatedStation,
    *,
    report: bool = False,
    clear: bool = False,
    token: TokenRef | None = ADA,
    identifier: str | None = None,
) -> Result:
    key = key_of(station)
    command = TellCustomer(4711, report, clear, token, identifier=identifier)
    await network.carry_out(lambda slices: slices.customers.prepare(key, command, slices.now), key)
    result = await network.tell(station, command)
    await network.settle()
    return result


async def told(network: World) -> CustomerReport:
    [report] = await CustomerQueries(network.database).reports(DEFAULT_TENANT)
    return report


async def met(network: World, dialect: Dialect) -> SimulatedStation:
    """A station that remembers Ada, and has her on its list."""
    await network.add_token(CARD)
    station = await network.station("NAPOLI-1", dialect)
    station.present(CARD, 1)
    await network.settle()
    everybody = ListDefinition("all")
    await network.carry_out(lambda slices: slices.access_rules.put_list(DEFAULT_TENANT, everybody))
    await network.settle()
    return station


@IN_2X
@pytest.mark.usecase("N09")
@pytest.mark.tc("TC_N_27_CSMS")
async def test_what_a_station_knows_of_a_customer_is_told_in_parts(
    network: World, dialect: Dialect
) -> None:
    station = await met(network, dialect)

    result = await ask(network, station, report=True)

    report = await told(network)
    assert result.outcome is Outcome.ACCEPTED
    assert (report.state, report.who) == (ReportState.TOLD, "04…C3")
    assert "cache" in report.text
    assert "local list" in report.text
    assert len(report.parts) > 1


@IN_2X
@pytest.mark.usecase("N09")
@pytest.mark.tc("TC_N_28_CSMS", "TC_N_29_CSMS")
async def test_a_customer_nobody_knows_is_told_as_such(network: World, dialect: Dialect) -> None:
    station = await network.station("NAPOLI-1", dialect)

    await ask(network, station, report=True, token=None, identifier="customer 42")

    assert "nothing is known" in (await told(network)).text


@IN_2X
@pytest.mark.usecase("N10")
@pytest.mark.tc("TC_N_30_CSMS", "TC_N_46_CSMS")
async def test_a_customer_who_wants_to_be_forgotten_is_on_no_list_either(
    network: World, dialect: Dialect
) -> None:
    station = await met(network, dialect)
    assert set(station.core.tokens.local_list) == {CARD.casefold()}

    await ask(network, station, report=True, clear=True)

    assert station.core.tokens.cache == {}
    assert station.core.tokens.local_list == {}  # N10.FR.02
    assert "cache" in (await told(network)).text


@IN_2X
@pytest.mark.usecase("N10")
@pytest.mark.tc("TC_N_31_CSMS", "TC_N_32_CSMS")
async def test_data_is_cleared_without_being_shown(network: World, dialect: Dialect) -> None:
    station = await met(network, dialect)

    await ask(network, station, clear=True)

    report = await told(network)
    assert (report.state, report.text) == (ReportState.TOLD, "the data was cleared")


@IN_2X
async def test_who_is_meant_must_be_said_once(network: World, dialect: Dialect) -> None:
    station = await network.station("NAPOLI-1", dialect)

    with pytest.raises(InvalidError):
        await ask(network, station, report=True, token=None)
    with pytest.raises(InvalidError):
        await ask(network, station, report=True, identifier="Ada")
    with pytest.raises(InvalidError):
        await ask(network, station)


@IN_2X
async def test_what_nobody_asked_for_is_not_kept(network: World, dialect: Dialect) -> None:
    station = await network.station("NAPOLI-1", dialect)

    answer = await network.teller(station).call(
        "NotifyCustomerInformation",
        {"data": "secret", "seqNo": 0, "generatedAt": "2026-03-02T07:00:00Z", "requestId": 9},
    )

    assert answer == {}
    assert await CustomerQueries(network.database).reports(DEFAULT_TENANT) == []


async def test_1_6_knows_of_no_customers(network: World) -> None:
    station = await network.station("NAPOLI-1", V16)

    result = await ask(network, station, report=True)

    assert result.outcome is Outcome.UNSUPPORTED


# -- data transfer


@pytest.mark.usecase("P01")
async def test_data_goes_to_a_vendor_the_station_knows(network: World, dialect: Dialect) -> None:
    station = await network.station("NAPOLI-1", dialect)

    result = await network.tell(station, TransferData(VENDOR, "Echo", "hello"))
    unknown = await network.tell(station, TransferData(VENDOR, "Sing"))

    assert (result.outcome, result.answer["data"]) == (Outcome.ACCEPTED, "hello")
    assert unknown.status == "UnknownMessageId"


@pytest.mark.usecase("P02")
@pytest.mark.tc("TC_P_02_CSMS")
async def test_data_of_a_vendor_we_know_is_answered(network: World, dialect: Dialect) -> None:
    station = await network.station("NAPOLI-1", dialect)

    station.say("transfer", vendor="org.ricarica", message="Echo", data="hello")
    station.say("transfer", vendor="org.ricarica", message="Sing")
    station.say("transfer", vendor="com.example")
    await network.settle()

    heard = station.core.memory(Answers)
    assert heard.statuses == ["Accepted", "UnknownMessageId", "UnknownVendorId"]
    assert heard.data[0] == "hello"


@IN_2X
@pytest.mark.usecase("P02")
async def test_data_of_any_kind_comes_back_as_it_came(network: World, dialect: Dialect) -> None:
    station = await network.station("NAPOLI-1", dialect)
    data = {"deep": [1, {"er": None}]}

    answer = await network.teller(station).call(
        "DataTransfer", {"vendorId": "org.ricarica", "messageId": "Echo", "data": data}
    )

    assert json.loads(json.dumps(answer["data"])) == data
