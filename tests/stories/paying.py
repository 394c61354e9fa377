"""What the stories of payments have in common."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ricarica.authorization.model import TokenRef
from ricarica.billing.model import Payment
from ricarica.billing.sql import PAYMENT_SHELF, PAYMENTS
from ricarica.configuration.commands import ReportSettings
from ricarica.kernel.ids import EvseNumber
from ricarica.ocpp.dialects import V21, Dialect
from ricarica.simulator.blocks import payments as terminal
from ricarica.simulator.blocks.payments import Outcome
from ricarica.simulator.simulated import SimulatedStation
from ricarica.storage.work import Remembered, Work
from ricarica.tariffs.model import Prices
from ricarica.testing.world import World, key_of
from ricarica.transactions.model import Transaction

D = Decimal
MINUTE = timedelta(minutes=1)
FIRST = EvseNumber(1)
PRICES = Prices("EUR", per_kwh=D("0.50"), per_session=D("1.00"), vat_percent=D(22))
PSP = "psp-ref-4711"


async def prepared(network: World, dialect: Dialect = V21) -> SimulatedStation:
    await network.add_tariff(PRICES)
    station = await network.station("TORINO-1", dialect)
    await network.tell(station, ReportSettings(number=1))
    await network.settle()
    return station


async def payments(network: World) -> list[Payment]:
    work = Work(network.database, Remembered(network.clock.monotonic))
    return await work.find(PAYMENT_SHELF, PAYMENTS.c.tenant == network.actor.tenant)


async def only_payment(network: World) -> Payment:
    [payment] = await payments(network)
    return payment


async def last(network: World, station: SimulatedStation) -> Transaction:
    return (await network.transactions(station))[-1]


async def settled(
    network: World, station: SimulatedStation, outcome: Outcome, reference: str = PSP
) -> None:
    charged = station.transaction(1)
    terminal.settle(station.core, reference, outcome, charged)
    await network.settle()


def answers(network: World, station: SimulatedStation, member: str) -> list[Any]:
    frames = [json.loads(text) for text in network.frames[key_of(station).station].to_station]
    return [frame[2][member] for frame in frames if frame[0] == 3 and member in frame[2]]


async def credit_of(network: World, uid: str) -> Decimal:
    known = await network.carry_out(
        lambda slices: slices.authorization.find(network.actor.tenant, TokenRef(uid))
    )
    assert known is not None
    assert known.credit is not None
    return known.credit
