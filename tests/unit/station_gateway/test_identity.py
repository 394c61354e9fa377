import pytest
from hypothesis import given
from hypothesis import strategies as st

from ricarica.kernel.ids import DEFAULT_TENANT, TenantId
from ricarica.station_gateway.identity import Address, UnfitPathError, address_from


@pytest.mark.parametrize(
    "raw_path, identity",
    [
        ("/CP1", "CP1"),
        ("/RDAM%20123", "RDAM 123"),
        ("/RDAM%7C123", "RDAM|123"),
        ("//CP1//", "CP1"),
        ("/ocpp/j/CP1/", "CP1"),
        ("/ws://host:9000/CP_1/SERIAL", "SERIAL"),
        ("ws://host:9000/CP1", "CP1"),
        ("/CP1?token=abc", "CP1"),
        ("/M%C3%BCnchen", "München"),
        ("/München", "München"),
        ("/t", "t"),
        ("/a..b", "a..b"),
        ("/DE*ABC@x.y+z=1|2", "DE*ABC@x.y+z=1|2"),
        ("/" + "x" * 255, "x" * 255),
    ],
)
def test_the_last_segment_of_a_path_is_the_identity(raw_path: str, identity: str) -> None:
    assert address_from(raw_path) == Address(DEFAULT_TENANT, identity)


def test_a_path_is_decoded_only_once() -> None:
    assert address_from("/CP%2531").identity == "CP%31"


@pytest.mark.parametrize(
    "raw_path", ["/t/acme/CP1", "/t/acme/CP1/", "//t//acme//ocpp/CP1", "wss://h/t/acme/CP1"]
)
def test_a_tenant_is_named_before_the_identity(raw_path: str) -> None:
    assert address_from(raw_path) == Address(TenantId("acme"), "CP1")


def test_the_identity_cannot_name_a_tenant() -> None:
    with pytest.raises(UnfitPathError):
        address_from("/t%2Facme%2FCP1")


@pytest.mark.parametrize(
    "raw_path",
    [
        "",
        "/",
        "///",
        "/?CP1",
        "/CP%",
        "/CP%G1",
        "/CP%1",
        "/%FF%FE",
        "/\udcff",
        "/CP%00",
        "/CP%0A1",
        "/CP%1B[31m",
        "/a%2Fb",
        "/a%5Cb",
        "/..",
        "/%2E%2E",
        "/.",
        "/CP%3A1",
        "/%20CP1",
        "/CP1%20",
        "/CP%E2%80%AE1",
        "/" + "x" * 256,
        "/t/acme",
        "/t/acme/",
        "/t/ac%6De/CP1",
        "/t/-/CP1",
        "/t/" + "x" * 64 + "/CP1",
    ],
)
def test_a_path_that_names_no_station_is_refused(raw_path: str) -> None:
    with pytest.raises(UnfitPathError):
        address_from(raw_path)


@given(st.text(max_size=60))
def test_any_path_either_names_a_visible_identity_or_is_refused(raw_path: str) -> None:
    try:
        identity = address_from(raw_path).identity
    except UnfitPathError:
        return

    assert identity.isprintable()
    assert identity == identity.strip() != ""
    assert not set(identity) & set("/\\:")
