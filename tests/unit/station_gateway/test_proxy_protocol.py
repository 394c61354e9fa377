from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ricarica.station_gateway.proxy_protocol import (
    Announced,
    UnfitAnnouncementError,
    announced_in,
)

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
TEXT = b"PROXY TCP4 198.51.100.7 203.0.113.1 50211 9000\r\n"


def binary(
    command: int = 0x21, family: int = 0x11, source: str = "198.51.100.7", remarks: bytes = b""
) -> bytes:
    target = {0x11: "203.0.113.1", 0x21: "2001:db8::1"}.get(family, "203.0.113.1")
    addresses = ip_address(source).packed + ip_address(target).packed + b"\xc4\x23\x23\x28"
    body = addresses + remarks
    return SIGNATURE + bytes((command, family)) + len(body).to_bytes(2, "big") + body


def read(raw: bytes) -> Announced | None:
    return announced_in(bytearray(raw))


def test_a_line_of_text_names_the_station() -> None:
    assert read(TEXT + b"GET /") == Announced(len(TEXT), "198.51.100.7", secure=False)
    six = b"PROXY TCP6 2001:db8::7 2001:db8::1 50211 9000\r\n"
    assert read(six) == Announced(len(six), "2001:db8::7", secure=False)


def test_a_proxy_may_speak_for_itself() -> None:
    assert read(b"PROXY UNKNOWN\r\n") == Announced(15, None, secure=False)
    assert read(b"PROXY UNKNOWN ffff:: ffff:: 1 2\r\n") == Announced(33, None, secure=False)
    checking = binary(command=0x20)
    assert read(checking) == Announced(len(checking), None, secure=False)
    by_file = binary(family=0x31)
    assert read(by_file) == Announced(len(by_file), None, secure=False)


@pytest.mark.parametrize(
    "raw, remote",
    [
        (binary(), "198.51.100.7"),
        (binary(family=0x21, source="2001:db8::7"), "2001:db8::7"),
    ],
)
def test_a_binary_header_names_the_station(raw: bytes, remote: str) -> None:
    assert read(raw + b"\x16\x03") == Announced(len(raw), remote, secure=False)


@pytest.mark.parametrize("client, secure", [(b"\x01", True), (b"\x00", False)])
def test_a_binary_header_says_whether_tls_was_spoken(client: bytes, secure: bool) -> None:
    about_tls = b"\x20\x00\x05" + client + bytes(4)
    raw = binary(remarks=b"\x04\x00\x02ab" + about_tls)

    assert read(raw) == Announced(len(raw), "198.51.100.7", secure=secure)


@pytest.mark.parametrize("raw", [TEXT, binary(), binary(remarks=b"\x04\x00\x02ab")])
def test_a_header_may_come_in_pieces(raw: bytes) -> None:
    assert all(read(raw[:size]) is None for size in range(len(raw)))


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /CP1 HTTP/1.1\r\n",
        b"\x16\x03\x01",
        b"PROXY TCP4 198.51.100.7 203.0.113.1 50211\r\n",
        b"PROXY TCP4 nowhere 203.0.113.1 50211 9000\r\n",
        b"PROXY UDP4 198.51.100.7 203.0.113.1 50211 9000\r\n",
        b"PROXY TCP4 " + b"1" * 107,
        SIGNATURE + b"\x11\x11\x00\x0c" + bytes(12),
        SIGNATURE + b"\x21\x11\x00\x04" + bytes(4),
        SIGNATURE + b"\x21\x11\xff\xff",
    ],
)
def test_whoever_has_to_announce_and_does_not_is_refused(raw: bytes) -> None:
    with pytest.raises(UnfitAnnouncementError):
        read(raw)


@given(st.sampled_from([b"", b"PROXY ", SIGNATURE]), st.binary(max_size=200))
def test_noise_is_read_waited_for_or_refused(start: bytes, noise: bytes) -> None:
    try:
        announced = read(start + noise)
    except UnfitAnnouncementError:
        return
    assert announced is None or announced.size <= len(start + noise)
