from http import HTTPStatus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ricarica.station_gateway.request_head import (
    HEAD_BYTES_MAX,
    LINES_MAX,
    UnfitHeadError,
    head_end,
    head_from,
)


def head(*lines: str, request: str = "GET /CP1 HTTP/1.1") -> bytes:
    return "".join(f"{line}\r\n" for line in (request, *lines, "")).encode("latin-1")


def status_of(raw: bytes) -> HTTPStatus:
    with pytest.raises(UnfitHeadError) as unfit:
        head_from(raw)
    return unfit.value.status


def test_a_request_says_what_is_wanted_and_how() -> None:
    read = head_from(head("Host: x", "User-Agent:\t a, b ", "x-empty:"))

    assert (read.method, read.target) == ("GET", "/CP1")
    assert read.headers["HOST"] == "x"
    assert read.headers.get("user-agent") == "a, b"
    assert read.headers["X-Empty"] == ""
    assert read.headers.get("Origin") is None


def test_lines_of_one_name_are_one_list() -> None:
    read = head_from(head("Connection: keep-alive", "connection: Upgrade"))

    assert read.headers["Connection"] == "keep-alive, Upgrade"
    assert read.headers.lines("CONNECTION") == ["keep-alive", "Upgrade"]


def test_a_path_of_any_bytes_is_kept() -> None:
    assert head_from(b"GET /M\xc3\xbcnchen\xff HTTP/1.1\r\n\r\n").target == "/München\udcff"


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /CP1",
        "GET /CP1 HTTP/2.0",
        "GET /CP1 HTTP/1.1 ",
        "GET /CP1  HTTP/1.1",
        "GET /C P1 HTTP/1.1",
        "GET\t/CP1 HTTP/1.1",
        "GET /CP1\x00 HTTP/1.1",
        "GET /CP1 HTTP/1.10",
        "GET /CP1 http/1.1",
        " GET /CP1 HTTP/1.1",
        "",
    ],
)
def test_a_request_line_has_three_words(request_line: str) -> None:
    assert status_of(head("Host: x", request=request_line)) == HTTPStatus.BAD_REQUEST


# What proxies and servers have been made to disagree about.
@pytest.mark.parametrize(
    "lines",
    [
        ["Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 5"],
        ["Transfer-Encoding : chunked"],
        ["Transfer-Encoding: identity", "Transfer-Encoding: chunked"],
        ["Content-Length: 0", "Content-Length: 5"],
        ["Content-Length: +5"],
        ["Content-Length: 0x5"],
        ["Content-Length: 5, 5"],
        ["Content-Length:"],
        ["Upgrade: websocket", "Content-Length: 5"],
        ["Host: a", "Host: b"],
        ["Authorization: Basic YTpi", "authorization: Basic YTpj"],
        ["X: a", " folded: b"],
        ["X: a", "\tfolded: b"],
        [" X: a"],
        ["X : a"],
        ["X"],
        [": a"],
        ["X: a\rY: b"],
        ["X: a\nContent-Length: 5"],
        ["X: a\x00b"],
        ["X\x00: a"],
        ["Ä: a"],
    ],
    ids=repr,
)
def test_what_can_be_read_in_two_ways_is_refused(lines: list[str]) -> None:
    assert status_of(head(*lines)) == HTTPStatus.BAD_REQUEST


def test_what_has_no_body_may_say_so() -> None:
    assert head_from(head("Upgrade: websocket", "Content-Length: 0")).headers["Upgrade"]


def test_http_1_0_knows_no_upgrade() -> None:
    raw = head("Upgrade: websocket", request="GET /CP1 HTTP/1.0")

    assert status_of(raw) == HTTPStatus.BAD_REQUEST


def test_there_may_be_many_headers_but_not_any_number() -> None:
    assert len(head_from(head(*[f"X{n}: a" for n in range(LINES_MAX)])).headers) == LINES_MAX
    too_many = head(*[f"X{n}: a" for n in range(LINES_MAX + 1)])

    assert status_of(too_many) == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


def test_a_head_ends_at_its_empty_line() -> None:
    raw = bytearray(head("Host: x"))

    assert head_end(raw + b"\x81\x80") == len(raw)
    assert all(head_end(raw[:size]) is None for size in range(len(raw)))


def test_a_head_may_be_long_but_not_longer() -> None:
    fits = bytearray(b"GET / HTTP/1.1\r\nX: ".ljust(HEAD_BYTES_MAX - 4, b"a") + b"\r\n\r\n")
    longer = bytearray(b"GET / HTTP/1.1\r\nX: ".ljust(HEAD_BYTES_MAX - 3, b"a") + b"\r\n\r\n")

    assert head_end(fits) == HEAD_BYTES_MAX
    with pytest.raises(UnfitHeadError):
        head_end(longer)


@pytest.mark.parametrize("first", [b"\x16\x03\x01", b"get /", b"\r\n", b"{", b"\x00"])
def test_what_does_not_begin_as_http_need_not_end(first: bytes) -> None:
    with pytest.raises(UnfitHeadError):
        head_end(bytearray(first))


@given(st.binary(max_size=300))
@example(b"GET /CP1 HTTP/1.1\r\nHost: x")
def test_noise_is_read_or_refused(noise: bytes) -> None:
    try:
        read = head_from(noise + b"\r\n\r\n")
    except UnfitHeadError:
        return
    assert "\r" not in read.target
    assert "\n" not in "".join(read.headers.values())
