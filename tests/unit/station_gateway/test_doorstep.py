from dataclasses import dataclass, field

from ricarica.station_gateway.doorstep import Doorstep, Turnstile
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.throttle import Rate
from ricarica.testing.gateway import Hourglass

RATE = Rate(per_s=4.0, burst=8)


@dataclass(eq=False)
class Guest:
    network: str
    gone: list["Guest"] = field(default_factory=list)

    def send_away(self) -> None:
        self.gone.append(self)


def passing(turnstile: Turnstile, networks: list[str] | list[None]) -> int:
    """How many of these may pass at once."""
    waits = [turnstile.wait_s(network, patience_s=0.0) for network in networks]
    assert set(waits) <= {0.0, None}
    return waits.count(0.0)


def test_so_many_pass_at_once_and_then_so_many_a_second() -> None:
    hourglass = Hourglass()
    turnstile = Turnstile(RATE, 10, hourglass)

    assert passing(turnstile, [str(number) for number in range(20)]) == 8

    hourglass.turn(1.0)

    assert passing(turnstile, [str(number) for number in range(20)]) == 4


def test_one_address_takes_no_more_than_half() -> None:
    turnstile = Turnstile(RATE, 10, Hourglass())

    assert passing(turnstile, ["198.51.100.7" for _ in range(20)]) == 4
    assert passing(turnstile, [str(number) for number in range(20)]) == 4


def test_a_proxy_is_not_one_address() -> None:
    turnstile = Turnstile(RATE, 10, Hourglass())

    assert passing(turnstile, [None for _ in range(20)]) == 8


def test_who_comes_too_early_waits_its_turn_if_that_is_soon() -> None:
    hourglass = Hourglass()
    turnstile = Turnstile(RATE, 20, hourglass)

    waits = [turnstile.wait_s(str(number), patience_s=1.0) for number in range(14)]

    assert waits == [0.0] * 8 + [0.25, 0.5, 0.75, 1.0, None, None]
    hourglass.turn(0.25)
    assert turnstile.wait_s("late", patience_s=1.0) == 1.0


def test_those_of_one_address_wait_for_each_other_if_they_may() -> None:
    turnstile = Turnstile(RATE, 10, Hourglass())

    waits = [turnstile.wait_s("one", patience_s=1.0, own_patience_s=1.0) for _ in range(8)]

    assert waits == [0.0] * 4 + [0.5, 1.0, None, None]
    assert turnstile.wait_s("other", patience_s=1.0) == 0.0


def test_of_one_address_nobody_waits() -> None:
    turnstile = Turnstile(RATE, 10, Hourglass())

    assert [turnstile.wait_s("one", patience_s=1.0) for _ in range(6)] == [0.0] * 4 + [None] * 2


def test_who_waits_longest_at_the_busiest_address_has_to_go() -> None:
    doorstep = Doorstep(GatewayLimits(handshakes_max=4), Hourglass())
    gone: list[Guest] = []
    station = Guest("station", gone)
    crowd = [Guest("crowd", gone) for _ in range(10)]

    doorstep.stand(station)
    for guest in crowd:
        doorstep.stand(guest)

    assert gone == crowd[:7]
    assert len(doorstep) == 4


def test_who_has_left_makes_room() -> None:
    doorstep = Doorstep(GatewayLimits(handshakes_max=2), Hourglass())
    gone: list[Guest] = []
    guests = [Guest(str(number), gone) for number in range(4)]
    for guest in guests:
        doorstep.stand(guest)
        doorstep.leave(guest)
        doorstep.leave(guest)

    assert (len(doorstep), gone) == (0, [])


def test_a_guest_is_found_again_whatever_became_of_its_address() -> None:
    doorstep = Doorstep(GatewayLimits(), Hourglass())
    guest = Guest("proxy")
    doorstep.stand(guest)
    guest.network = "station"

    doorstep.leave(guest)

    assert len(doorstep) == 0
