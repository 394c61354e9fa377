"""Stations written with the PyPI package `ocpp`, which shares no line with us, charge here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import ocpp.v16
import ocpp.v16.call
import ocpp.v16.call_result
import ocpp.v16.enums
import ocpp.v21
import ocpp.v21.call
import ocpp.v201
import ocpp.v201.call
import pytest
from ocpp.routing import on
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from ricarica.access.model import system_actor
from ricarica.app.wiring import Node
from ricarica.authorization.model import Token, TokenKind, TokenRef, TokenStatus
from ricarica.kernel.clock import SystemClock
from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, StationId, StationKey
from ricarica.stations.commands import Outcome
from ricarica.storage.work import Remembered, Work
from ricarica.transactions.commands import StartCharging, StopCharging
from ricarica.transactions.model import Transaction
from ricarica.transactions.sql import TRANSACTION_SHELF, TRANSACTIONS

KEY = StationKey(DEFAULT_TENANT, StationId("TORINO-1"))
BEGIN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)


def at(minutes: int) -> str:
    return (BEGIN + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


class Station16(ocpp.v16.ChargePoint):  # type: ignore[misc]  # the package has no types
    """A 1.6 station with one connector."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.transaction = 0
        self.wanted: asyncio.Queue[str] = asyncio.Queue()

    async def boot(self) -> str:
        answer = await self.call(ocpp.v16.call.BootNotification("Model", "Vendor"))
        await self.call(ocpp.v16.call.StatusNotification(1, "NoError", "Available"))
        return str(answer.status)

    async def start_charging(self, token: str) -> str:
        request = ocpp.v16.call.StartTransaction(1, token, 1_000, at(0))
        answer = await self.call(request)
        self.transaction = answer.transaction_id
        return str(answer.id_tag_info["status"])

    async def measure(self, minutes: int, register_wh: int) -> None:
        sampled = {"value": str(register_wh), "measurand": "Energy.Active.Import.Register"}
        values = [{"timestamp": at(minutes), "sampledValue": [sampled]}]
        await self.call(ocpp.v16.call.MeterValues(1, values, self.transaction))

    async def stop_charging(self, minutes: int, register_wh: int) -> None:
        request = ocpp.v16.call.StopTransaction(register_wh, at(minutes), self.transaction)
        await self.call(request)

    @on("RemoteStartTransaction")  # type: ignore[untyped-decorator]  # the package has no types
    def remote_start(self, id_tag: str, **_: Any) -> Any:
        self.wanted.put_nowait(f"start {id_tag}")
        return ocpp.v16.call_result.RemoteStartTransaction("Accepted")

    @on("RemoteStopTransaction")  # type: ignore[untyped-decorator]  # the package has no types
    def remote_stop(self, transaction_id: int) -> Any:
        self.wanted.put_nowait("stop" if transaction_id == self.transaction else "stop what?")
        return ocpp.v16.call_result.RemoteStopTransaction("Accepted")


class Station2:
    """What stations of 2.0.1 and 2.1 say alike."""

    version: Any
    call: Any

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.seq_no = 0
        self.token = ""
        self.wanted: asyncio.Queue[str] = asyncio.Queue()

    async def boot(self) -> str:
        station = {"model": "Model", "vendorName": "Vendor"}
        boot = self.version.call.BootNotification(charging_station=station, reason="PowerUp")
        answer = await self.call(boot)
        status = self.version.call.StatusNotification(
            timestamp=at(0), connector_status="Available", evse_id=1, connector_id=1
        )
        await self.call(status)
        return str(answer.status)

    async def start_charging(self, token: str) -> str:
        self.token = token
        answer = await self._event("Started", "Authorized", 0, 1_000, "Charging")
        return str(answer.id_token_info["status"])

    async def measure(self, minutes: int, register_wh: int) -> None:
        await self._event("Updated", "MeterValuePeriodic", minutes, register_wh, "Charging")

    async def stop_charging(self, minutes: int, register_wh: int) -> None:
        await self._event("Ended", "StopAuthorized", minutes, register_wh, "Idle")

    async def _event(self, kind: str, why: str, minutes: int, register_wh: int, state: str) -> Any:
        sampled = {"value": register_wh, "measurand": "Energy.Active.Import.Register"}
        request = self.version.call.TransactionEvent(
            event_type=kind,
            timestamp=at(minutes),
            trigger_reason=why,
            seq_no=self.seq_no,
            transaction_info={"transactionId": "tx-1", "chargingState": state},
            evse={"id": 1, "connectorId": 1},
            id_token={"idToken": self.token, "type": "ISO14443"},
            meter_value=[{"timestamp": at(minutes), "sampledValue": [sampled]}],
        )
        self.seq_no += 1
        return await self.call(request)

    @on("RequestStartTransaction")  # type: ignore[untyped-decorator]  # the package has no types
    def request_start(self, id_token: dict[str, str], **_: Any) -> Any:
        self.wanted.put_nowait(f"start {id_token['id_token']}")
        return self.version.call_result.RequestStartTransaction("Accepted")

    @on("RequestStopTransaction")  # type: ignore[untyped-decorator]  # the package has no types
    def request_stop(self, transaction_id: str) -> Any:
        self.wanted.put_nowait("stop" if transaction_id == "tx-1" else "stop what?")
        return self.version.call_result.RequestStopTransaction("Accepted")

    @on("GetBaseReport")  # type: ignore[untyped-decorator]  # the package has no types
    def get_base_report(self, **_: Any) -> Any:
        """Whatever it does not know in 2.1, the package leaves unanswered."""
        return self.version.call_result.GetBaseReport("NotSupported")


class Station201(Station2, ocpp.v201.ChargePoint):  # type: ignore[misc]  # the package has no types
    version = ocpp.v201


class Station21(Station2, ocpp.v21.ChargePoint):  # type: ignore[misc]  # the package has no types
    version = ocpp.v21


STATIONS: dict[str, Any] = {"ocpp1.6": Station16, "ocpp2.0.1": Station201, "ocpp2.1": Station21}


@pytest.fixture(params=STATIONS)
def subprotocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@asynccontextmanager
async def connected(url: str, subprotocol: str) -> AsyncIterator[Any]:
    offered = [Subprotocol(subprotocol)]
    async with connect(f"{url}/{KEY.station}", subprotocols=offered) as socket:
        assert socket.subprotocol == subprotocol
        station = STATIONS[subprotocol](KEY.station, socket)
        listening = asyncio.get_running_loop().create_task(station.start())
        try:
            yield station
        finally:
            listening.cancel()
            await asyncio.wait([listening])


async def with_token(node: Node) -> None:
    uid, now = "04A1B2C3", SystemClock().now()
    token = Token(DEFAULT_TENANT, uid, TokenKind.ISO14443, TokenStatus.ACTIVE, created_at=now)
    await node.engine.carry_out(
        system_actor(DEFAULT_TENANT), lambda slices: slices.authorization.add(token)
    )


async def transactions(node: Node) -> list[Transaction]:
    """As the database has them, past everything that is remembered."""
    work = Work(node.parts.database, Remembered(SystemClock().monotonic))
    return await work.find(TRANSACTION_SHELF, TRANSACTIONS.c.station == KEY.station)


async def test_a_station_boots_charges_and_stops(node: Node, url: str, subprotocol: str) -> None:
    await with_token(node)
    async with connected(url, subprotocol) as station:
        assert await station.boot() == "Accepted"
        assert await station.start_charging("04A1B2C3") == "Accepted"
        await station.measure(10, 3_000)
        [running] = await transactions(node)
        await station.stop_charging(20, 4_500)

    [ended] = await transactions(node)
    assert (running.is_running, running.energy.energy_wh) == (True, Decimal(2_000))
    assert (ended.is_running, ended.energy.energy_wh) == (False, Decimal(3_500))
    assert (ended.token, ended.evse, ended.is_complete) == ("04A1B2C3", 1, True)
    assert (ended.started_at, ended.ended_at) == (BEGIN, BEGIN + timedelta(minutes=20))


async def test_a_stranger_does_not_get_accepted(node: Node, url: str, subprotocol: str) -> None:
    async with connected(url, subprotocol) as station:
        await station.boot()

        assert await station.start_charging("STRANGER") in {"Invalid", "Unknown"}


async def test_an_operator_starts_and_stops_a_station(
    node: Node, url: str, subprotocol: str
) -> None:
    await with_token(node)
    async with connected(url, subprotocol) as station:
        await station.boot()
        start = StartCharging(TokenRef("04A1B2C3"), number=7, evse=EvseNumber(1))
        started = await node.engine.commands.tell(KEY, start)
        assert await station.wanted.get() == "start 04A1B2C3"
        await station.start_charging("04A1B2C3")
        [running] = await transactions(node)
        stopped = await node.engine.commands.tell(KEY, StopCharging(running.ref))
        assert await station.wanted.get() == "stop"
        await station.stop_charging(20, 4_500)

    assert (started.outcome, stopped.outcome) == (Outcome.ACCEPTED, Outcome.ACCEPTED)
    [ended] = await transactions(node)
    assert not ended.is_running


async def test_a_transaction_goes_on_over_a_new_connection(
    node: Node, url: str, subprotocol: str
) -> None:
    await with_token(node)
    async with connected(url, subprotocol) as station:
        await station.boot()
        await station.start_charging("04A1B2C3")
        known = vars(station)
        [running] = await transactions(node)

    async with connected(url, subprotocol) as station:
        vars(station).update({name: known[name] for name in known.keys() & KEPT})
        await station.measure(10, 3_000)
        await station.stop_charging(20, 4_500)

    [ended] = await transactions(node)
    assert ended.id == running.id
    assert ended.energy.energy_wh == Decimal(3_500)


KEPT = {"transaction", "seq_no", "token"}  # what a station remembers without its connection
