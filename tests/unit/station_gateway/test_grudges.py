"""Who breaks the rules of the wire again and again is kept waiting, and nobody else is."""

from ricarica.station_gateway.grudges import (
    ATONED_AFTER_S,
    FORGIVEN_AFTER_S,
    Grudges,
    Offenders,
)
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.throttle import Rate

ME, HOME = ("default", "CP1"), "192.0.2.1"


def waits(times: int) -> list[float]:
    grudges = Grudges(free=2, wait_max_s=3.0, names_max=10)
    waits = []
    for _ in range(times):
        grudges.note("me", 0.0)
        waits.append(grudges.wait_s("me", 0.0))
    return waits


def test_the_first_offences_are_free_and_then_each_costs_twice_as_much() -> None:
    assert waits(7) == [0.0, 0.0, 0.5, 1.0, 2.0, 3.0, 3.0]


def test_an_offence_is_forgiven_after_a_minute() -> None:
    grudges = Grudges(free=0, wait_max_s=60.0, names_max=10)
    grudges.note("me", 0.0)
    grudges.note("me", 0.0)

    assert grudges.wait_s("me", FORGIVEN_AFTER_S) == 0.5
    assert grudges.wait_s("me", 2 * FORGIVEN_AFTER_S) == 0.0


def test_of_too_many_names_the_one_that_was_quiet_longest_is_forgotten() -> None:
    grudges = Grudges(free=0, wait_max_s=60.0, names_max=2)
    for name in ("a", "b", "a", "c"):
        grudges.note(name, 0.0)

    assert [grudges.wait_s(name, 0.0) > 0 for name in "abc"] == [True, False, True]


def test_only_the_one_who_did_it_waits() -> None:
    offenders = Offenders(GatewayLimits(offences_free=1))
    for _ in range(3):
        offenders.note(*ME, HOME, 0.0)

    assert offenders.wait_s("default", "cp1", HOME, 0.0) == 1.0
    assert offenders.wait_s("default", "CP2", HOME, 0.0) == 0.0
    assert offenders.wait_s(*ME, "192.0.2.2", 0.0) == 0.0
    assert offenders.wait_s("other", "CP1", HOME, 0.0) == 0.0


def test_new_names_do_not_help_an_address_for_ever() -> None:
    offenders = Offenders(GatewayLimits(offences_free_per_remote=5))
    for number in range(7):
        offenders.note("default", f"CP{number}", HOME, 0.0)

    assert offenders.wait_s("default", "CP99", HOME, 0.0) == 1.0


def test_visits_beyond_the_rate_are_a_debt() -> None:
    offenders = Offenders(GatewayLimits(fleeting_visits=Rate(2.0, burst=3)))
    for _ in range(9):
        offenders.came_and_went(HOME, 0.0)

    assert offenders.is_restless(HOME, 3.0)
    assert not offenders.is_restless(HOME, 4.0)
    assert not offenders.is_restless("192.0.2.2", 0.0)


def test_no_debt_is_so_large_that_it_is_not_paid_soon() -> None:
    offenders = Offenders(GatewayLimits(fleeting_visits=Rate(2.0, burst=3)))
    for _ in range(999):
        offenders.came_and_went(HOME, 0.0)

    assert offenders.is_restless(HOME, ATONED_AFTER_S - 1)
    assert not offenders.is_restless(HOME, ATONED_AFTER_S + 1)
