"""What could have grown without an end."""

from ricarica.ocpp.dialects import V201
from ricarica.testing.world import world


async def test_actions_that_nobody_knows_are_counted_as_one() -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V201))

        for number in range(50):
            assert (await told.call_raw(f"Invented{number}", {}))[2] == "NotImplemented"

        counted = network.engine.dispatcher.counts.by_outcome
        assert counted["unknown", "NotImplemented"] == 50
        assert not any(action.startswith("Invented") for action, _ in counted)
