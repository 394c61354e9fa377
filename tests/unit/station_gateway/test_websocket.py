import contextlib
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Close, Frame
from websockets.frames import Opcode as TheirOpcode
from websockets.streams import StreamReader

from ricarica.station_gateway.websocket import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    BrokenFrameError,
    CloseCode,
    Incoming,
    Message,
    close_frame,
    close_words,
    framed,
    text_from,
)

MAX = 1_000
FRAGMENTS = 50


def frame(opcode: int, payload: bytes, *, fin: bool = True, rsv1: bool = False) -> bytes:
    """As another implementation, the package `websockets`, writes it."""
    wire = Frame(TheirOpcode(opcode), payload, fin).serialize(mask=True)
    return bytes((wire[0] | 0x40,)) + wire[1:] if rsv1 else wire


def messages_in(*chunks: bytes, inflates: bool = False) -> list[Message]:
    return list(read(Incoming(MAX, FRAGMENTS, inflates=inflates), *chunks))


def read(incoming: Incoming, *chunks: bytes) -> Iterator[Message]:
    for chunk in chunks:
        incoming.feed(chunk)
        while message := incoming.next():
            yield message


def deflated(payload: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-15)
    return (deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH)).removesuffix(
        b"\x00\x00\xff\xff"
    )


def broken_by(*chunks: bytes, inflates: bool = False) -> CloseCode:
    with pytest.raises(BrokenFrameError) as caught:
        messages_in(*chunks, inflates=inflates)
    return caught.value.code


@pytest.mark.parametrize("length", [0, 1, 3, 4, 5, 125, 126, 127, 999, 1_000])
def test_a_frame_of_any_length_is_read(length: int) -> None:
    payload = bytes(n % 251 for n in range(length))

    assert messages_in(frame(TEXT, payload)) == [(TEXT, payload)]


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536, 1 << 20])
def test_a_frame_of_any_length_is_written(length: int) -> None:
    theirs = Frame(TheirOpcode.TEXT, b"x" * length).serialize(mask=False)

    assert framed(TEXT, b"x" * length) == theirs


@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from([TEXT, BINARY]), st.lists(st.binary(max_size=300))),
            st.tuples(st.sampled_from([PING, PONG]), st.binary(max_size=125).map(lambda b: [b])),
        ),
        max_size=5,
    ),
    st.data(),
)
def test_messages_are_the_same_however_they_are_cut(
    sent: list[tuple[int, list[bytes]]], data: st.DataObject
) -> None:
    wire = b"".join(bytes_of(opcode, parts[:3]) for opcode, parts in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=20)))
    chunks = [wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True)]

    assert messages_in(*chunks) == [(opcode, b"".join(parts[:3])) for opcode, parts in sent]


def bytes_of(opcode: int, parts: list[bytes]) -> bytes:
    first, *rest = parts or [b""]
    frames = [frame(opcode, first, fin=not rest)]
    frames += [frame(0, part, fin=n == len(rest)) for n, part in enumerate(rest, 1)]
    return b"".join(frames)


def test_a_ping_may_come_between_fragments() -> None:
    wire = frame(TEXT, b"ab", fin=False) + frame(PING, b"?") + frame(0, b"cd")

    assert messages_in(wire) == [(PING, b"?"), (TEXT, b"abcd")]


@given(st.binary(max_size=200))
def test_noise_is_read_or_refused_and_never_raises_anything_else(noise: bytes) -> None:
    with contextlib.suppress(BrokenFrameError):
        messages_in(noise, inflates=True)


@pytest.mark.parametrize(
    "wire",
    [
        framed(TEXT, b"not masked"),
        frame(0, b"a continuation of nothing"),
        frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"),
        frame(TEXT, b"", rsv1=True),
        b"\x91\x80\x00\x00\x00\x00",
        b"\x83\x80\x00\x00\x00\x00",
        b"\x09\x80\x00\x00\x00\x00",
        b"\x89\xfe\x00\x7e\x00\x00\x00\x00",
    ],
    # The masks are random, and each of pytest's processes has to find the same names.
    ids=[
        "not masked",
        "continuation of nothing",
        "text within text",
        "compressed, as nobody agreed",
        "reserved bit 3",
        "reserved opcode",
        "ping in fragments",
        "ping too long",
    ],
)
def test_what_breaks_the_protocol_is_refused(wire: bytes) -> None:
    assert broken_by(wire) == CloseCode.PROTOCOL_ERROR


@pytest.mark.parametrize(
    "wire",
    [
        frame(TEXT, b"x" * 1_001),
        b"\x81\xff\x00\x00\x00\x00\x40\x00\x00\x00",  # a GiB is announced, and nothing came yet
        frame(TEXT, b"x" * 600, fin=False) + frame(0, b"x" * 401),
    ],
)
def test_what_is_too_big_is_refused_before_it_is_kept(wire: bytes) -> None:
    assert broken_by(wire) == CloseCode.TOO_BIG


def test_endless_fragments_are_refused() -> None:
    nothing = frame(0, b"", fin=False)

    assert messages_in(frame(TEXT, b"", fin=False) + nothing * 49 + frame(0, b"x")) == [
        (TEXT, b"x")
    ]
    assert broken_by(frame(TEXT, b"", fin=False) + nothing * 50) == CloseCode.POLICY_VIOLATION


def test_compressed_messages_are_inflated_each_by_itself() -> None:
    wire = frame(TEXT, deflated(b"a" * 900), rsv1=True) + frame(TEXT, b"plain")
    wire += frame(TEXT, deflated(b"b" * 900), rsv1=True)

    assert messages_in(wire, inflates=True) == [
        (TEXT, b"a" * 900),
        (TEXT, b"plain"),
        (TEXT, b"b" * 900),
    ]


def test_a_compressed_message_may_come_in_fragments() -> None:
    whole = deflated(b"abc" * 100)
    wire = frame(TEXT, whole[:5], fin=False, rsv1=True) + frame(0, whole[5:])

    assert messages_in(wire, inflates=True) == [(TEXT, b"abc" * 100)]


def test_what_inflates_to_too_much_is_refused() -> None:
    assert broken_by(frame(TEXT, deflated(b"x" * 1_001), rsv1=True), inflates=True) == 1009


def test_what_does_not_inflate_is_refused() -> None:
    assert broken_by(frame(TEXT, b"\xff\xff\xff", rsv1=True), inflates=True) == 1007


def test_a_message_is_unfinished_until_its_last_byte() -> None:
    incoming = Incoming(MAX, FRAGMENTS, inflates=False)
    wire = frame(TEXT, b"ab", fin=False) + frame(0, b"cd")
    seen = []
    for n in range(len(wire)):
        list(read(incoming, wire[n : n + 1]))
        seen.append(incoming.unfinished)

    assert seen == [True] * (len(wire) - 1) + [False]


@pytest.mark.parametrize(
    "payload, words",
    [(b"", (1005, "")), (b"\x03\xe8", (1000, "")), (b"\x0f\xa0bye", (4000, "bye"))],
)
def test_a_close_frame_says_why(payload: bytes, words: tuple[int, str]) -> None:
    assert close_words(payload) == words


@pytest.mark.parametrize(
    "payload, code",
    [
        (b"\x03", 1002),
        (b"\x03\xed", 1002),
        (b"\x00\x01", 1002),
        (b"\x13\x88", 1002),
        (b"\x03\xe8\xff", 1007),
    ],
)
def test_a_close_frame_that_says_nonsense_is_refused(payload: bytes, code: int) -> None:
    with pytest.raises(BrokenFrameError) as caught:
        close_words(payload)
    assert caught.value.code == code


def test_our_close_frames_are_read_by_others() -> None:
    reader = StreamReader()
    reader.feed_data(close_frame(1008, "x" * 200))
    parsing = Frame.parse(reader.read_exact, mask=False)
    with pytest.raises(StopIteration) as parsed:
        next(parsing)

    assert parsed.value.value.opcode == CLOSE
    assert Close.parse(parsed.value.value.data) == Close(1008, "x" * 123)
    assert close_frame(1005, "") == b"\x88\x00"


def test_text_is_utf_8() -> None:
    assert text_from("Zürich".encode()) == "Zürich"
    with pytest.raises(BrokenFrameError):
        text_from(b"\xed\xa0\x80")
