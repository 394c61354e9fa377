import pytest
from hypothesis import given
from hypothesis import strategies as st

from ricarica.kernel.errors import InvalidError
from ricarica.station_gateway.proxies import NO_PROXIES, Peer, Proxies, network_of, networks_from

BEHIND = Proxies(networks_from(["10.0.0.0/8", "fd00::1"]))
STATION = "198.51.100.7"


def behind(*forwarded_for: str, peer: str = "10.1.2.3", proto: str | None = None) -> Peer:
    return BEHIND.peer_behind(Peer(peer, secure=False), forwarded_for, [proto] if proto else [])


@pytest.mark.parametrize(
    "forwarded_for, remote",
    [
        ([STATION], STATION),
        ([f"{STATION}, 10.9.9.9"], STATION),
        ([STATION, "10.9.9.9"], STATION),
        ([f"{STATION}:50211"], STATION),
        (["[2001:db8::7]:50211"], "2001:db8::7"),
        (["::ffff:198.51.100.7"], STATION),
        ([], "10.1.2.3"),
        (["unknown"], "10.1.2.3"),
        (["10.9.9.9"], "10.9.9.9"),
    ],
)
def test_a_trusted_proxy_says_for_whom_it_speaks(forwarded_for: list[str], remote: str) -> None:
    assert behind(*forwarded_for).remote == remote


def test_what_the_station_itself_claims_before_is_not_believed() -> None:
    assert behind(f"10.0.0.1, 203.0.113.1, {STATION}").remote == STATION
    assert behind(f"203.0.113.1, _hidden, {STATION}, 10.1.1.1").remote == STATION


def test_of_nobody_else_is_anything_believed() -> None:
    assert behind("203.0.113.1", peer=STATION, proto="https") == Peer(STATION, secure=False)
    assert NO_PROXIES.peer_behind(Peer(STATION, secure=True), ["203.0.113.1"], ["http"]) == Peer(
        STATION, secure=True
    )


@pytest.mark.parametrize(
    "proto, secure",
    [("https", True), ("wss", True), ("HTTPS", True), ("http", False), ("http, https", True)],
)
def test_a_trusted_proxy_says_whether_tls_was_spoken(proto: str, secure: bool) -> None:
    assert behind(STATION, proto=proto).secure is secure


def test_a_proxy_that_says_nothing_of_it_is_as_secure_as_its_own_connection() -> None:
    peer = BEHIND.peer_behind(Peer("fd00::1", secure=True), [STATION], [])

    assert peer == Peer(STATION, secure=True)


@given(st.lists(st.text(max_size=20), max_size=5))
def test_whatever_is_forwarded_an_address_comes_out(lines: list[str]) -> None:
    assert network_of(behind(*lines).remote)


@pytest.mark.parametrize("text", ["10.0.0.0/33", "proxy.example", "10.0.0"])
def test_a_proxy_is_named_by_its_address(text: str) -> None:
    with pytest.raises(InvalidError, match=text.partition("/")[0]):
        networks_from([text])


@pytest.mark.parametrize(
    "remote, network",
    [
        (STATION, STATION),
        ("::ffff:198.51.100.7", STATION),
        ("2001:db8::7", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_addresses_that_one_may_have_together_count_together(remote: str, network: str) -> None:
    assert network_of(remote) == network
