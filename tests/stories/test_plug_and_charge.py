"""Cars show contracts at stations of 1.6 too, which wrap the messages of 2.0.1 for it."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ricarica.authorization.model import TokenKind, Verdict
from ricarica.certificates.commands import DeliverCertificate
from ricarica.certificates.model import Purpose, RequestState
from ricarica.ocpp.dialects import V16
from ricarica.ocpp.v16 import messages as v16
from ricarica.simulator.blocks.certificates import csr_pem
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome, Topic, Trigger
from ricarica.testing.world import World, key_of
from ricarica.translation.routes import PHRASES
from tests.stories.test_certificates import found_authority, requests_of
from tests.stories.test_contract_certificates import EMAID, Contract
from tests.stories.test_tokens import attempts

VENDOR = "org.openchargealliance.iso15118pnc"


async def transferred(
    network: World, station: SimulatedStation, message: str, data: Any
) -> tuple[str, Any]:
    text = data if isinstance(data, str) else json.dumps(data)
    told = {"vendorId": VENDOR, "messageId": message, "data": text}
    answer = await network.teller(station).call("DataTransfer", told)
    return answer["status"], json.loads(answer["data"]) if "data" in answer else None


def shown(kind: str = "eMAID", **more: Any) -> dict[str, Any]:
    return {"idToken": {"idToken": EMAID, "type": kind}, **more}


@pytest.mark.usecase("C07")
async def test_a_contract_is_judged_and_its_status_said(network: World) -> None:
    await network.add_token(EMAID, kind=TokenKind.EMAID)
    contract = Contract(network)
    await contract.trust()
    station = await network.station("LECCO-1", V16)

    good = await transferred(
        network, station, "Authorize", shown(iso15118CertificateHashData=contract.hashed)
    )
    of_nobody = await transferred(network, station, "Authorize", shown(certificate="no PEM"))

    status, answer = good
    assert (status, answer["idTokenInfo"]["status"]) == ("Accepted", "Accepted")
    assert answer["certificateStatus"] == "Accepted"
    assert of_nobody[1]["certificateStatus"] == "CertChainError"
    verdicts = {attempt.verdict for attempt in await attempts(network)}
    assert verdicts == {Verdict.ACCEPTED, Verdict.INVALID}


async def test_what_is_no_contract_is_not_shown_that_way(network: World) -> None:
    station = await network.station("LECCO-1", V16)

    code = await transferred(network, station, "Authorize", shown("KeyCode"))
    broken = await transferred(network, station, "Authorize", "{")
    unknown = await transferred(network, station, "Sing", {})

    assert [status for status, _ in (code, broken, unknown)] == [
        "Rejected",
        "Rejected",
        "UnknownMessageId",
    ]
    assert await attempts(network) == []


@pytest.mark.usecase("M06")
async def test_the_status_of_a_certificate_comes_from_its_responder(network: World) -> None:
    contract = Contract(network)
    await contract.trust()
    station = await network.station("LECCO-1", V16)

    status, answer = await transferred(
        network, station, "GetCertificateStatus", {"ocspRequestData": contract.hashed[0]}
    )

    assert (status, answer["status"]) == ("Accepted", "Accepted")
    assert network.strangers.asked


@pytest.mark.usecase("M01")
async def test_a_car_gets_its_contract(network: World) -> None:
    network.strangers.contracts["gAAB"] = ("gQID",)
    station = await network.station("LECCO-1", V16)
    wish = {
        "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef",
        "action": "Install",
        "exiRequest": "gAAB",
    }

    _, answer = await transferred(network, station, "Get15118EVCertificate", wish)

    assert (answer["status"], answer["exiResponse"]) == ("Accepted", "gQID")


@pytest.mark.usecase("A03")
async def test_a_certificate_for_cars_is_brought_as_it_was_asked_for(network: World) -> None:
    await found_authority(network, "v2g")
    station = await network.station("LECCO-1", V16)
    key = ec.generate_private_key(ec.SECP256R1())
    csr = csr_pem(key, station.core.make.serial, "Ricarica")

    status, answer = await transferred(network, station, "SignCertificate", {"csr": csr})
    await network.settle()

    assert (status, answer["status"]) == ("Accepted", "Accepted")
    [request] = await requests_of(network, station)
    assert request.purpose is Purpose.V2G
    told = [json.loads(text) for text in network.frames[key_of(station).station].to_station]
    [brought] = [frame[3] for frame in told if frame[0] == 2 and frame[2] == "DataTransfer"]
    assert (brought["vendorId"], brought["messageId"]) == (VENDOR, "CertificateSigned")
    said = json.loads(brought["data"])
    assert said == {"certificateChain": request.chain, "certificateType": "V2GCertificate"}
    # The simulated station knows no such vendor.
    assert request.state is RequestState.REFUSED


@pytest.mark.usecase("A02")
async def test_a_station_is_asked_for_a_key_that_cars_are_shown(network: World) -> None:
    station = await network.station("LECCO-1", V16)

    result = await network.tell(station, Trigger(Topic.V2G_CERTIFICATE))

    told = [json.loads(text) for text in network.frames[key_of(station).station].to_station]
    [asked] = [frame[3] for frame in told if frame[0] == 2 and frame[2] == "DataTransfer"]
    assert (asked["vendorId"], asked["messageId"]) == (VENDOR, "TriggerMessage")
    assert json.loads(asked["data"]) == {"requestedMessage": "SignV2GCertificate"}
    assert (result.outcome, result.status) == (Outcome.REFUSED, "UnknownVendorId")


@pytest.mark.parametrize("command", [DeliverCertificate, Trigger])
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"status": "Accepted", "data": '{"status":"Accepted"}'}, Outcome.ACCEPTED),
        ({"status": "Accepted", "data": '{"status":"Rejected"}'}, Outcome.REFUSED),
        ({"status": "Accepted"}, Outcome.REFUSED),
        ({"status": "UnknownVendorId"}, Outcome.REFUSED),
    ],
)
def test_whether_it_took_it_stands_in_the_text(
    command: type, answer: dict[str, str], outcome: Outcome
) -> None:
    response = v16.DataTransferResponse(
        v16.DataTransferStatus(answer["status"]), answer.get("data")
    )

    assert PHRASES[V16.name][command].result_from(response).outcome is outcome
