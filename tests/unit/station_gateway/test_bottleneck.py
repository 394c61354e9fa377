"""So many at a time, in their order, and who waits for too long hears so."""

import asyncio

from ricarica.station_gateway.doorstep import Bottleneck
from ricarica.testing.gateway import Hourglass


async def entering(bottleneck: Bottleneck, until: float = 2.0) -> "asyncio.Task[bool]":
    """As far as it comes for now."""
    task = asyncio.ensure_future(bottleneck.enter(until))
    await asyncio.sleep(0)
    return task


async def test_who_finds_no_room_enters_when_another_leaves_in_their_order() -> None:
    bottleneck = Bottleneck(1, Hourglass())
    assert await bottleneck.enter(0.0)
    first, second = [await entering(bottleneck) for _ in range(2)]

    bottleneck.leave()

    assert await first
    assert not second.done()
    bottleneck.leave()
    assert await second


async def test_who_waits_for_too_long_hears_so_and_takes_no_room() -> None:
    hourglass = Hourglass()
    bottleneck = Bottleneck(1, hourglass)
    assert await bottleneck.enter(0.0)
    late = await entering(bottleneck, until=2.0)
    patient = await entering(bottleneck, until=9.0)

    hourglass.turn(2.0)

    assert not await late
    bottleneck.leave()
    assert await patient
    bottleneck.leave()
    assert await bottleneck.enter(0.0)


async def test_who_goes_while_it_waits_or_when_its_turn_comes_leaves_its_room_to_others() -> None:
    bottleneck = Bottleneck(1, Hourglass())
    assert await bottleneck.enter(0.0)
    waits, has_its_turn, last = [await entering(bottleneck) for _ in range(3)]

    waits.cancel()
    await asyncio.wait({waits})
    bottleneck.leave()  # to the second, which goes before it hears of it
    has_its_turn.cancel()
    await asyncio.wait({has_its_turn})

    assert waits.cancelled()
    assert has_its_turn.cancelled()
    assert await last
