"""The package `ocpp` takes our frames apart as we mean them, and we take apart its own."""

import msgspec
from ocpp import messages as peer

from ricarica.ocpp import frames


def test_the_peer_unpacks_our_call() -> None:
    text = frames.write(frames.Call("i", "Reset", msgspec.Raw(b'{"type":"Hard"}')))

    call = peer.unpack(text)

    assert isinstance(call, peer.Call)
    assert (call.unique_id, call.action, call.payload) == ("i", "Reset", {"type": "Hard"})


def test_the_peer_unpacks_our_result() -> None:
    result = peer.unpack(
        frames.write(frames.CallResult("i", msgspec.Raw(b'{"status":"Accepted"}')))
    )

    assert isinstance(result, peer.CallResult)
    assert (result.unique_id, result.payload) == ("i", {"status": "Accepted"})


def test_the_peer_unpacks_our_error() -> None:
    error = peer.unpack(frames.write(frames.CallError("i", "NotSupported", "no")))

    assert isinstance(error, peer.CallError)
    assert (error.unique_id, error.error_code, error.error_description, error.error_details) == (
        "i", "NotSupported", "no", {},
    )  # fmt: skip


def test_we_read_what_the_peer_writes() -> None:
    call = frames.read(peer.pack(peer.Call("i", "Reset", {"type": "Hard"})))
    result = frames.read(peer.pack(peer.CallResult("i", {"status": "Accepted"})))
    error = frames.read(peer.pack(peer.CallError("i", "NotSupported", "no", {"why": "so"})))

    assert isinstance(call, frames.Call)
    assert (call.id, call.action, bytes(call.payload)) == ("i", "Reset", b'{"type":"Hard"}')
    assert isinstance(result, frames.CallResult)
    assert bytes(result.payload) == b'{"status":"Accepted"}'
    assert isinstance(error, frames.CallError)
    assert (error.code, error.description) == ("NotSupported", "no")
    assert bytes(error.details) == b'{"why":"so"}'
