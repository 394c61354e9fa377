"""What went wrong, or could have, with what stations are told."""

from ricarica.ocpp.dialects import V16
from ricarica.stations.commands import Outcome
from ricarica.testing.world import world
from ricarica.transactions.commands import StopCharging


async def test_a_transaction_begun_in_2_x_cannot_be_stopped_in_1_6() -> None:
    async with world() as network:
        station = await network.station("GENOVA-1", V16)

        result = await network.tell(station, StopCharging("TX-1"))

        assert result.outcome is Outcome.UNSUPPORTED
        assert "TX-1" in (result.detail or "")
