"""Cars show contracts, and get new ones; others are asked about them."""

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from ricarica.authorization.guard import STRANGERS_AT_ONCE
from ricarica.authorization.model import TokenKind, TokenStatus
from ricarica.certificates.model import HashData, RootKind
from ricarica.ocpp.dialects import V21, V201, Dialect
from ricarica.simulator.simulated import SimulatedStation
from ricarica.slices import Slices
from ricarica.testing.authorities import Issuer, pem_of, root_authority
from ricarica.testing.lines import LocalLine
from ricarica.testing.world import World

EMAID = "DE8AA1A2B3C4D5"
RESPONDER = "http://ocsp.example.com/mo"
LIST = "http://crl.example.com/mo.crl"


@pytest.fixture
def make_line() -> type[LocalLine]:
    """What is said here goes the way of everything else, and other stories hold both ways."""
    return LocalLine


pytestmark = pytest.mark.parametrize("dialect", [V201, V21], ids=str)


def hash_data(hashes: HashData, **more: str) -> dict[str, str]:
    return {
        "hashAlgorithm": hashes.algorithm.value.upper(),
        "issuerNameHash": hashes.issuer_name,
        "issuerKeyHash": hashes.issuer_key,
        "serialNumber": hashes.serial,
        **more,
    }


class Contract:
    """A contract certificate under a root, with one authority in between."""

    def __init__(self, network: World, *, lasts: timedelta = timedelta(days=30)) -> None:
        self.network = network
        self.root = root_authority("MO Root", network.clock.now())
        self.issuer: Issuer = self.root.subordinate("MO Sub-CA 2", responder=RESPONDER)
        self.leaf, _ = self.issuer.leaf(EMAID, lasts=lasts)
        network.strangers.responders[RESPONDER] = self.issuer.answer

    @property
    def chain(self) -> str:
        return pem_of(self.leaf, self.issuer.certificate)

    @property
    def hashed(self) -> list[dict[str, str]]:
        return [hash_data(self.issuer.hashes(self.leaf), responderURL=RESPONDER)]

    async def trust(self, *, also_issuer: bool = False) -> None:
        """`also_issuer`: known here too, and to be installed nowhere."""
        tenant = self.network.actor.tenant
        pems = (self.root.pem, self.issuer.pem)[: 1 + also_issuer]

        async def add(slices: Slices) -> None:
            for pem in pems:
                await slices.trust.add(tenant, RootKind.MO, pem, slices.now, stations=())

        await self.network.carry_out(add)


async def show(network: World, station: SimulatedStation, **shown: Any) -> tuple[str, str | None]:
    """What is said of the token, and of the certificate."""
    teller = network.teller(station)
    token = {"idToken": EMAID, "type": "eMAID"}
    answer = await teller.call("Authorize", {"idToken": token, **shown})
    return answer["idTokenInfo"]["status"], answer.get("certificateStatus")


async def guessed(network: World, station: SimulatedStation, contract: Contract) -> str:
    """What is said of the last of many names, all with the hashes of one good certificate."""
    teller, status = network.teller(station), ""
    for number in range(STRANGERS_AT_ONCE + 1):
        token = {"idToken": f"IT8ACG{number:08d}X", "type": "eMAID"}
        shown = {"idToken": token, "iso15118CertificateHashData": contract.hashed}
        status = (await teller.call("Authorize", shown))["idTokenInfo"]["status"]
    return status


async def contract_of(network: World) -> Contract:
    await network.add_token(EMAID, kind=TokenKind.EMAID)
    return Contract(network)


@pytest.mark.usecase("C07")
@pytest.mark.tc("TC_C_50_CSMS", "TC_C_51_CSMS")
async def test_a_contract_that_nobody_revoked_is_good(network: World, dialect: Dialect) -> None:
    contract = await contract_of(network)
    await contract.trust(also_issuer=True)
    station = await network.station("LECCO-1", dialect)

    assert await show(network, station, iso15118CertificateHashData=contract.hashed) == (
        "Accepted",
        "Accepted",
    )


@pytest.mark.usecase("C07")
async def test_a_revoked_contract_is_invalid(network: World, dialect: Dialect) -> None:
    contract = await contract_of(network)
    await contract.trust(also_issuer=True)
    contract.issuer.revoked.add(contract.leaf.serial_number)
    station = await network.station("LECCO-1", dialect)

    # C07.FR.16
    assert await show(network, station, iso15118CertificateHashData=contract.hashed) == (
        "Invalid",
        "CertificateRevoked",
    )


@pytest.mark.usecase("C07")
async def test_a_contract_that_nobody_can_be_asked_about_is_not_believed(
    network: World, dialect: Dialect
) -> None:
    contract = await contract_of(network)
    network.strangers.responders.clear()
    station = await network.station("LECCO-1", dialect)

    # C07.FR.17
    assert await show(network, station, iso15118CertificateHashData=contract.hashed) == (
        "Invalid",
        "CertChainError",
    )


@pytest.mark.usecase("C07")
async def test_a_good_certificate_without_a_contract_is_cancelled(
    network: World, dialect: Dialect
) -> None:
    contract = Contract(network)
    await contract.trust(also_issuer=True)
    await network.add_token(EMAID, kind=TokenKind.EMAID, status=TokenStatus.BLOCKED)
    station = await network.station("LECCO-1", dialect)

    # C07.FR.13
    assert await show(network, station, iso15118CertificateHashData=contract.hashed) == (
        "Blocked",
        "ContractCancelled",
    )


@pytest.mark.usecase("C07")
async def test_an_answer_that_nobody_can_verify_makes_no_contract_good(
    network: World, dialect: Dialect
) -> None:
    contract = await contract_of(network)
    station = await network.station("LECCO-1", dialect)

    # It is signed, but by somebody whom only the station has named. C07.FR.17
    assert await show(network, station, iso15118CertificateHashData=contract.hashed) == (
        "Invalid",
        "CertChainError",
    )


@pytest.mark.usecase("C07")
async def test_an_issuer_that_stands_under_a_root_of_ours_may_come_with_the_answer(
    network: World, dialect: Dialect
) -> None:
    contract = await contract_of(network)
    await contract.trust()
    station = await network.station("LECCO-1", dialect)

    assert await show(network, station, iso15118CertificateHashData=contract.hashed) == (
        "Accepted",
        "Accepted",
    )


@pytest.mark.usecase("C07")
async def test_hashes_of_a_good_certificate_let_nobody_guess_whose_contracts_there_are(
    network: World, dialect: Dialect
) -> None:
    contract = await contract_of(network)
    await contract.trust(also_issuer=True)
    station = await network.station("LECCO-1", dialect)

    assert await guessed(network, station, contract) == "Invalid"


@pytest.mark.usecase("C07")
@pytest.mark.tc("TC_C_52_CSMS")
async def test_a_chain_up_to_a_root_of_ours_is_good(network: World, dialect: Dialect) -> None:
    contract = await contract_of(network)
    await contract.trust()
    station = await network.station("LECCO-1", dialect)

    assert await show(network, station, certificate=contract.chain) == ("Accepted", "Accepted")
    assert network.strangers.asked == [RESPONDER]


@pytest.mark.usecase("C07")
async def test_a_chain_up_to_nobody_we_know_is_none(network: World, dialect: Dialect) -> None:
    contract = await contract_of(network)
    station = await network.station("LECCO-1", dialect)

    assert await show(network, station, certificate=contract.chain) == (
        "Invalid",
        "CertChainError",
    )


@pytest.mark.usecase("C07")
async def test_an_expired_contract_has_expired(network: World, dialect: Dialect) -> None:
    await network.add_token(EMAID, kind=TokenKind.EMAID)
    contract = Contract(network, lasts=timedelta(days=-1))
    await contract.trust()
    station = await network.station("LECCO-1", dialect)

    # C07.FR.15
    assert await show(network, station, certificate=contract.chain) == (
        "Expired",
        "CertificateExpired",
    )


@pytest.mark.usecase("C07")
async def test_a_contract_of_somebody_else_is_none(network: World, dialect: Dialect) -> None:
    contract = await contract_of(network)
    await contract.trust()
    other, _ = contract.issuer.leaf("DE8AA9999999Z9")
    station = await network.station("LECCO-1", dialect)
    chain = pem_of(other, contract.issuer.certificate)

    assert await show(network, station, certificate=chain) == ("Invalid", "CertChainError")


@pytest.mark.usecase("C07")
async def test_one_answer_serves_all_stations_as_long_as_it_is_good(
    network: World, dialect: Dialect
) -> None:
    contract = await contract_of(network)
    await contract.trust(also_issuer=True)
    first = await network.station("LECCO-1", dialect)
    second = await network.station("LECCO-2", dialect)

    await show(network, first, iso15118CertificateHashData=contract.hashed)
    await show(network, second, iso15118CertificateHashData=contract.hashed)

    assert network.strangers.asked == [RESPONDER]


# -- what others are asked. M06, M07


async def status_of(
    network: World, station: SimulatedStation, hashed: Mapping[str, str]
) -> dict[str, Any]:
    return await network.teller(station).call("GetCertificateStatus", {"ocspRequestData": hashed})


@pytest.mark.usecase("M06")
@pytest.mark.tc("TC_M_24_CSMS")
async def test_the_answer_of_a_responder_is_passed_on_as_it_is(
    network: World, dialect: Dialect
) -> None:
    contract = Contract(network)
    await contract.trust(also_issuer=True)
    station = await network.station("LECCO-1", dialect)

    answer = await status_of(network, station, contract.hashed[0])

    # M06.FR.02, FR.03, FR.08, FR.09
    response = ocsp.load_der_ocsp_response(base64.b64decode(answer["ocspResult"]))
    assert answer["status"] == "Accepted"
    assert response.serial_number == contract.leaf.serial_number
    assert response.certificate_status is ocsp.OCSPCertStatus.GOOD


@pytest.mark.usecase("M06")
async def test_a_revoked_certificate_is_a_successful_answer(
    network: World, dialect: Dialect
) -> None:
    contract = Contract(network)
    await contract.trust(also_issuer=True)
    contract.issuer.revoked.add(contract.leaf.serial_number)
    station = await network.station("LECCO-1", dialect)

    answer = await status_of(network, station, contract.hashed[0])

    response = ocsp.load_der_ocsp_response(base64.b64decode(answer["ocspResult"]))
    assert answer["status"] == "Accepted"
    assert response.certificate_status is ocsp.OCSPCertStatus.REVOKED


@pytest.mark.usecase("M06")
async def test_without_an_answer_the_status_has_failed(network: World, dialect: Dialect) -> None:
    contract = Contract(network)
    network.strangers.responders.clear()
    station = await network.station("LECCO-1", dialect)

    answer = await status_of(network, station, contract.hashed[0])

    assert answer["status"] == "Failed"  # M06.FR.04
    assert "ocspResult" not in answer


@pytest.mark.usecase("M06")
async def test_an_answer_that_nobody_can_verify_is_not_passed_on(
    network: World, dialect: Dialect
) -> None:
    contract = Contract(network)
    station = await network.station("LECCO-1", dialect)

    answer = await status_of(network, station, contract.hashed[0])

    assert answer["status"] == "Failed"
    assert "ocspResult" not in answer


@pytest.mark.usecase("M07")
async def test_a_car_chain_is_looked_up_by_ocsp_and_by_list(
    network: World, dialect: Dialect
) -> None:
    if dialect is not V21:
        return  # nobody else asks
    contract = Contract(network)
    await contract.trust(also_issuer=True)
    other, _ = contract.issuer.leaf("another")
    contract.issuer.revoked.add(other.serial_number)
    network.strangers.responders[LIST] = contract.issuer.list_of_revoked
    station = await network.station("LECCO-1", dialect)

    def asked(certificate: x509.Certificate, source: str, url: str) -> dict[str, Any]:
        hashes = hash_data(contract.issuer.hashes(certificate))
        return {"certificateHashData": hashes, "source": source, "urls": [url]}

    answer = await network.teller(station).call(
        "GetCertificateChainStatus",
        {
            "certificateStatusRequests": [
                asked(contract.leaf, "OCSP", RESPONDER),
                asked(contract.leaf, "CRL", LIST),
                asked(other, "CRL", LIST),
                asked(other, "OCSP", "http://nobody.example.com/"),
            ]
        },
    )

    # M07.FR.02, FR.03, FR.06, FR.07, FR.08
    assert [each["status"] for each in answer["certificateStatus"]] == [
        "Good",
        "Good",
        "Revoked",
        "Failed",
    ]
    assert [each["source"] for each in answer["certificateStatus"]] == [
        "OCSP",
        "CRL",
        "CRL",
        "OCSP",
    ]


# -- contracts for cars. M01, M02


async def car_asks(
    network: World, station: SimulatedStation, exi: str, action: str = "Install", **more: Any
) -> dict[str, Any]:
    request = {"iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef", "action": action}
    return await network.teller(station).call(
        "Get15118EVCertificate", {**request, "exiRequest": exi, **more}
    )


@pytest.mark.usecase("M01", "M02")
@pytest.mark.tc("TC_M_26_CSMS", "TC_M_28_CSMS")
@pytest.mark.parametrize("action", ["Install", "Update"])
async def test_a_contract_comes_from_the_provider_as_it_is(
    network: World, dialect: Dialect, action: str
) -> None:
    network.strangers.contracts["gAAB"] = ("gQID",)
    station = await network.station("LECCO-1", dialect)

    answer = await car_asks(network, station, "gAAB", action)

    assert (answer["status"], answer["exiResponse"]) == ("Accepted", "gQID")


@pytest.mark.usecase("M01")
async def test_a_car_without_a_contract_gets_none(network: World, dialect: Dialect) -> None:
    station = await network.station("LECCO-1", dialect)

    answer = await car_asks(network, station, "gAAB")

    assert (answer["status"], answer["exiResponse"]) == ("Failed", "")
    assert answer["statusInfo"]["reasonCode"] == "NoContract"


@pytest.mark.usecase("M01")
async def test_a_car_with_several_contracts_gets_one_after_the_other(
    network: World, dialect: Dialect
) -> None:
    if dialect is not V21:
        return  # ISO 15118-20 came later
    network.strangers.contracts["gAAB"] = ("first", "second", "third")
    station = await network.station("LECCO-1", dialect)

    answers = [
        await car_asks(network, station, "gAAB", maximumContractCertificateChains=3)
        for _ in range(3)
    ]

    # M01.FR.04, FR.06, FR.07
    assert [each["exiResponse"] for each in answers] == ["first", "second", "third"]
    assert [each["remainingContracts"] for each in answers] == [2, 1, 0]
    assert network.strangers.asked == ["gAAB"]


@pytest.mark.usecase("C08")
async def test_a_card_at_a_station_that_speaks_to_the_car_is_a_card(
    network: World, dialect: Dialect
) -> None:
    await network.add_token("04A1B2C3D4")
    station = await network.station("LECCO-1", dialect)
    token = {"idToken": "04A1B2C3D4", "type": "ISO14443"}

    answer = await network.teller(station).call("Authorize", {"idToken": token})

    assert answer["idTokenInfo"]["status"] == "Accepted"
    assert "certificateStatus" not in answer
