import pytest

from ricarica.station_gateway.duplicates import Claim, Ruling, Swaps, ruling_on

OLDER = Claim(remote="192.0.2.1", credential=b"digest", authenticated=True)


@pytest.mark.parametrize(
    "newcomer, ruling",
    [
        (Claim("192.0.2.1", b"digest", authenticated=True), Ruling.SWAP),
        (Claim("192.0.2.9", b"digest", authenticated=True), Ruling.OTHER_ADDRESS),
        (Claim("192.0.2.1", b"other", authenticated=True), Ruling.OTHER_CREDENTIAL),
        (Claim("192.0.2.1", b"digest", authenticated=False), Ruling.NOT_AUTHENTICATED),
    ],
)
def test_a_live_connection_gives_way_only_to_its_own_station(
    newcomer: Claim, ruling: Ruling
) -> None:
    assert ruling_on(newcomer, OLDER, older_alive=True, flapping=False) == ruling


@pytest.mark.parametrize("authenticated", [True, False])
def test_a_dead_connection_gives_way_to_whoever_was_admitted(authenticated: bool) -> None:
    newcomer = Claim("198.51.100.7", b"other", authenticated=authenticated)

    assert ruling_on(newcomer, OLDER, older_alive=False, flapping=True) == Ruling.SWAP


def test_a_live_connection_does_not_give_way_over_and_over() -> None:
    assert ruling_on(OLDER, OLDER, older_alive=True, flapping=True) == Ruling.FLAPPING


def test_more_than_five_swaps_in_ten_minutes_are_flapping() -> None:
    swaps = Swaps(swaps_max=5, window_s=600.0)
    for now in (0.0, 100.0, 200.0, 300.0):
        swaps.swapped(now)

    assert not swaps.flapping(400.0)

    swaps.swapped(400.0)

    assert swaps.flapping(599.9)
    assert not swaps.flapping(600.0)


def test_swaps_are_forgotten_after_the_window() -> None:
    swaps = Swaps(swaps_max=5, window_s=600.0)
    swaps.swapped(0.0)

    assert not swaps.stale(599.9)
    assert swaps.stale(600.0)
