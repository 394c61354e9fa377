"""How energy may flow changes while a car charges. Q02"""

from decimal import Decimal

import pytest

from ricarica.authorization.model import EnergyTransfer
from ricarica.energy.commands import AllowTransfers
from ricarica.kernel.ids import StationId
from ricarica.ocpp.v2 import messages as v2
from ricarica.simulator.blocks.smart_charging import Smart
from ricarica.stations.commands import Outcome
from ricarica.testing.world import World
from tests.stories.test_cars import charging, decide, said, tell_needs, v2x_needs


@pytest.mark.usecase("Q02")
async def test_a_transaction_is_allowed_to_give_back_later(network: World) -> None:
    station = await charging(network)
    [transaction] = await network.transactions(station)

    command = AllowTransfers(transaction.ref, (EnergyTransfer.AC_BPT,))
    result = await network.tell(station, command)

    assert result.outcome is Outcome.ACCEPTED
    assert station.core.memory(Smart).allowed == {transaction.ref: ["AC_BPT"]}


@pytest.mark.usecase("Q02")
@pytest.mark.parametrize("station_id", [None, StationId("ROMA-1")], ids=["all", "one"])
async def test_who_charges_is_told_when_more_is_allowed(
    network: World, station_id: StationId | None
) -> None:
    station = await charging(network)
    await decide(network, transfers=(EnergyTransfer.AC_THREE_PHASE,))
    await tell_needs(network, station, v2x_needs(v2.EnergyTransferMode.AC_three_phase))
    both = (EnergyTransfer.AC_THREE_PHASE, EnergyTransfer.AC_BPT)

    await decide(network, station=station_id, transfers=both)
    await decide(network, station=station_id, transfers=both, power_w=Decimal(9_000))
    await network.settle()

    [transaction] = await network.transactions(station)
    assert said(network, station, "NotifyAllowedEnergyTransfer") == [  # Q02.FR.05
        {
            "transactionId": transaction.ref,
            "allowedEnergyTransfer": ["AC_three_phase", "AC_BPT"],
        }
    ]
