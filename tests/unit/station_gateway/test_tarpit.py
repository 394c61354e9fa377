from dataclasses import dataclass

from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.tarpit import Tarpit
from ricarica.station_gateway.throttle import Rate
from ricarica.testing.gateway import Hourglass

LIMITS = GatewayLimits(
    refusals=Rate(per_s=2.0, burst=3), refused_late_s=1.5, stuck_per_remote=2, stuck_max=3
)
MANY = "198.51.100.7"


@dataclass(eq=False)
class Peer:
    counted_as: str | None = MANY


def test_the_first_refusals_are_told_at_once_and_the_others_late() -> None:
    hourglass = Hourglass()
    tarpit = Tarpit(LIMITS, hourglass)

    assert [tarpit.delay_s(Peer()) for _ in range(4)] == [0.0, 0.0, 0.0, 1.5]

    hourglass.turn(1.0)

    assert [tarpit.delay_s(Peer()) for _ in range(3)] == [0.0, 0.0, 1.5]


def test_only_so_many_of_an_address_wait_for_their_answer() -> None:
    tarpit = Tarpit(LIMITS, Hourglass())
    stuck = [Peer() for _ in range(5)]

    for peer in stuck:
        tarpit.delay_s(peer)
    beyond = tarpit.delay_s(Peer())
    tarpit.leave(stuck[-1])

    assert beyond == 0.0
    assert tarpit.delay_s(Peer()) == 1.5


def test_only_so_many_wait_altogether_and_others_are_answered_at_once() -> None:
    tarpit = Tarpit(LIMITS, Hourglass())

    delays = [tarpit.delay_s(Peer(each)) for each in ("one", "two") for _ in range(5)]

    assert delays == [0.0] * 3 + [1.5] * 2 + [0.0] * 3 + [1.5, 0.0]
    assert tarpit.delay_s(Peer("three")) == 0.0
    assert len(tarpit) == 3


def test_who_did_not_wait_may_leave_too() -> None:
    tarpit = Tarpit(LIMITS, Hourglass())

    tarpit.leave(Peer())

    assert len(tarpit) == 0


def test_a_proxy_is_answered_at_once() -> None:
    tarpit = Tarpit(LIMITS, Hourglass())

    assert [tarpit.delay_s(Peer(None)) for _ in range(9)] == [0.0] * 9
