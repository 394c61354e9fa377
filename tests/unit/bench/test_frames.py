"""The stations' end of WebSocket in the benchmarks, against the server's own."""

import pytest

from bench.frames import PING, TEXT, framed, frames_from, status_of, upgrade_request
from ricarica.station_gateway import websocket
from ricarica.station_gateway.handshake import upgrade_problem
from ricarica.station_gateway.websocket import Incoming

LENGTHS = [0, 1, 125, 126, 65_535, 65_536]


@pytest.mark.parametrize("length", LENGTHS)
def test_the_server_understands_a_frame_of_any_length(length: int) -> None:
    incoming = Incoming(message_max=1 << 20, fragments_max=1, inflates=False)

    incoming.feed(framed(TEXT, b"x" * length))

    assert incoming.next() == (TEXT, b"x" * length)
    assert not incoming.unfinished


@pytest.mark.parametrize("length", LENGTHS)
def test_a_frame_of_the_server_is_read_whatever_its_length(length: int) -> None:
    payload = b"y" * length

    assert frames_from(websocket.framed(TEXT, payload)) == ([(TEXT, payload)], b"")


def test_several_frames_in_one_piece_are_all_counted() -> None:
    buffer = websocket.framed(TEXT, b"a") + websocket.framed(PING, b"") + b"\x81"

    assert frames_from(buffer) == ([(TEXT, b"a"), (PING, b"")], b"\x81")


@pytest.mark.parametrize("length", [5, 300, 70_000])
def test_a_frame_cut_anywhere_waits_for_its_rest(length: int) -> None:
    whole = websocket.framed(TEXT, b"z" * length)

    for cut in {1, 2, 3, 9, 10, len(whole) - 1} & set(range(len(whole))):
        assert frames_from(whole[:cut]) == ([], whole[:cut])


def test_the_handshake_is_one() -> None:
    lines = upgrade_request("/BENCH-1", "ocpp1.6").decode().split("\r\n")
    headers = dict(line.split(": ") for line in lines[1:] if line)

    assert lines[0] == "GET /BENCH-1 HTTP/1.1"
    assert upgrade_problem("GET", headers) is None


@pytest.mark.parametrize(
    ("head", "status"),
    [(b"HTTP/1.1 101 Switching Protocols", 101), (b"HTTP/1.1 503", 503), (b"\x15\x03", 0)],
)
def test_the_status_is_read_from_the_answer(head: bytes, status: int) -> None:
    assert status_of(head) == status
