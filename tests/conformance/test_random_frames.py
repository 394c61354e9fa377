"""Whatever a station says, right or wrong, it gets one answer, and nothing of ours breaks."""

import json
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from ricarica.engine.sql import PUT_ASIDE
from ricarica.ocpp import actions
from ricarica.ocpp.dialects import DIALECTS, V21, Dialect
from ricarica.testing.world import World
from tests.conformance.peer import Peer, booted
from tests.fuzz.payloads import broken, payload
from tests.wire.ocpp.official import complaint

ROUNDS = 3  # of each message, right and wrong; `make fuzz` goes on for minutes


async def say(peer: Peer, id: str, action: str, given: Any) -> list[Any]:
    frames = peer.network.frames[peer.key]
    before = len(frames.to_station)
    await peer.utters(json.dumps([2, id, action, given]))
    answers = [json.loads(text) for text in frames.to_station[before:]]
    own = [frame for frame in answers if frame[0] in (3, 4) and frame[1] == id]
    assert len(own) == 1, f"{len(own)} answers to {action} {given}"
    found: list[Any] = own[0]
    return found


def frames(dialect: Dialect, seed: int) -> list[tuple[str, Any, bool]]:
    """Of every action: its payload, and whether that is right."""
    rng = Random(seed)
    found: list[tuple[str, Any, bool]] = []
    for action in sorted(actions.from_station(dialect)):
        for _ in range(ROUNDS):
            given = payload(rng, dialect, f"{action}Request")
            found += [(action, given, True), (action, broken(rng, given), False)]
    rng.shuffle(found)
    return found


async def test_who_asks_with_more_than_we_may_say_again_is_refused(network: World) -> None:
    peer = await booted(network, V21)
    hashes = {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": "ab",
        "issuerKeyHash": "cd",
        "serialNumber": "7" * 60,  # 40 are allowed
    }
    asked = {
        "source": "OCSP",
        "urls": ["http://ocsp.example.com/"],
        "certificateHashData": hashes,
    }

    answer = await say(
        peer, "q", "GetCertificateChainStatus", {"certificateStatusRequests": [asked]}
    )

    assert (answer[0], answer[2]) == (4, "PropertyConstraintViolation")


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
async def test_every_frame_gets_one_answer_and_breaks_nothing(
    network: World, dialect: Dialect, seed: int
) -> None:
    peer = await booted(network, dialect)
    await network.add_token("TAG-1")

    for number, (action, given, is_right) in enumerate(frames(dialect, seed)):
        answer = await say(peer, f"f{number}", action, given)

        assert answer[2] != "InternalError", f"{action} {json.dumps(given)}"
        if answer[0] == 3 and actions.response_type(dialect, action) is not None:
            found = complaint(dialect, f"{action}Response", answer[2])
            assert found is None, f"{action} {given} → {answer}: {found}"
        elif is_right and answer[0] == 4:
            assert answer[2] in ("NotSupported", "SecurityError"), f"{action} {given} → {answer}"

    faults = await network.database.fetch(sa.select(PUT_ASIDE.c.action, PUT_ASIDE.c.why))
    assert [each for each in faults if "RemoteProtocolError" not in each[1]] == []
