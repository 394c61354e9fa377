"""Blocks A, L and M of 2.0.1 and 2.1: security, firmware, certificates."""

import pytest

from ricarica.ocpp.dialects import V21, Dialect
from ricarica.testing.world import World
from tests.conformance.peer import BOTH, Json, Order, Peer, booted, carries_out, orders
from tests.conformance.sessions import TAG

both = pytest.mark.parametrize("dialect", BOTH, ids=str)
NEW = (V21,)
ACCEPTED = {"status": "Accepted"}
TODAY = "2026-06-01T12:00:00.000Z"
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "ab" * 32,
    "issuerKeyHash": "cd" * 32,
    "serialNumber": "01",
}
VARIABLE = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}


@pytest.fixture
async def peer(network: World, dialect: Dialect) -> Peer:
    await network.add_token(TAG)
    return await booted(network, dialect)


def password(status: str) -> Json:
    place = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    return {"setVariableResult": [place | {"attributeStatus": status}]}


def root(kind: str) -> Json:
    return {"certificateType": kind, "certificate": PEM}


def installed(*kinds: str) -> Json:
    return {"certificateType": list(kinds)} if kinds else {}


def has(*kinds: str) -> Json:
    chains = [{"certificateType": kind, "certificateHashData": HASHES} for kind in kinds]
    return ACCEPTED | {"certificateHashDataChain": chains}


CSMS, MAKER, V2G, OPERATOR = (
    "CSMSRootCertificate",
    "ManufacturerRootCertificate",
    "V2GRootCertificate",
    "MORootCertificate",
)
CHAIN = "V2GCertificateChain"
NEW_PASSWORD: Json = {
    "setVariableData": [
        {
            "component": {"name": "SecurityCtrlr"},
            "variable": {"name": "BasicAuthPassword"},
            "attributeValue": "0123456789abcdef",
        }
    ]
}


@orders(
    Order("TC_A_09_CSMS", "SetVariables", NEW_PASSWORD, password("Accepted")),
    Order("TC_A_10_CSMS", "SetVariables", NEW_PASSWORD, password("Rejected")),
    Order("TC_M_01_CSMS", "InstallCertificate", root(CSMS), ACCEPTED),
    Order("TC_M_02_CSMS", "InstallCertificate", root(MAKER), ACCEPTED),
    Order("TC_M_03_CSMS", "InstallCertificate", root(V2G), ACCEPTED),
    Order("TC_M_04_CSMS", "InstallCertificate", root(OPERATOR), ACCEPTED),
    Order("TC_M_05_CSMS", "InstallCertificate", root(CSMS), {"status": "Failed"}),
    Order("TC_M_101_CSMS", "InstallCertificate", root("OEMRootCertificate"), ACCEPTED, NEW),
    Order("TC_M_12_CSMS", "GetInstalledCertificateIds", installed(CSMS), has(CSMS)),
    Order("TC_M_13_CSMS", "GetInstalledCertificateIds", installed(MAKER), has(MAKER)),
    Order("TC_M_14_CSMS", "GetInstalledCertificateIds", installed(V2G), has(V2G)),
    Order("TC_M_15_CSMS", "GetInstalledCertificateIds", installed(CHAIN), has(CHAIN)),
    Order("TC_M_16_CSMS", "GetInstalledCertificateIds", installed(OPERATOR), has(OPERATOR)),
    Order("TC_M_17_CSMS", "GetInstalledCertificateIds", installed(CSMS, MAKER), has(CSMS, MAKER)),
    Order("TC_M_18_CSMS", "GetInstalledCertificateIds", {}, has(CSMS, MAKER, V2G, OPERATOR)),
    Order("TC_M_19_CSMS", "GetInstalledCertificateIds", installed(V2G), {"status": "NotFound"}),
    Order("TC_M_20_CSMS", "DeleteCertificate", {"certificateHashData": HASHES}, ACCEPTED),
    Order(
        "TC_M_21_CSMS", "DeleteCertificate", {"certificateHashData": HASHES}, {"status": "Failed"}
    ),
)
async def test_an_order_about_security(network: World, order: Order, dialect: Dialect) -> None:
    await carries_out(network, order, dialect)


@both
@pytest.mark.usecase("A02")
@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        pytest.param(
            "SignChargingStationCertificate",
            "ChargingStationCertificate",
            marks=pytest.mark.tc("TC_A_11_CSMS", "TC_A_14_CSMS"),
        ),
        pytest.param("SignV2GCertificate", "V2GCertificate", marks=pytest.mark.tc("TC_A_12_CSMS")),
    ],
)
async def test_a_request_for_a_certificate_that_cannot_be_read_is_refused(
    peer: Peer, topic: str, kind: str
) -> None:
    told = await peer.told("TriggerMessage", {"requestedMessage": topic}, ACCEPTED)
    answer = await peer.says("SignCertificate", {"csr": "no request", "certificateType": kind})

    assert (told.code, answer["status"]) == (None, "Rejected")


@both
@pytest.mark.usecase("A04")
@pytest.mark.parametrize("kind", ["InvalidChargingStationCertificate", "TamperDetectionActivated"])
async def test_a_security_event_is_taken(peer: Peer, kind: str) -> None:
    said = {"type": kind, "timestamp": peer.now, "techInfo": "at the door"}

    assert await peer.says("SecurityEventNotification", said) == {}  # A04.FR.03


# L

FIRMWARE = {
    "location": "https://files.example.com/fw.bin",
    "retrieveDateTime": TODAY,
    "signingCertificate": PEM,
    "signature": "c2lnbmVk",
}


@both
@pytest.mark.usecase("L01")
@pytest.mark.parametrize(
    ("answer", "statuses"),
    [
        pytest.param(
            "Accepted",
            "Downloading Downloaded SignatureVerified Installing Installed",
            marks=pytest.mark.tc("TC_L_01_CSMS"),
        ),
        pytest.param(
            "Accepted",
            "Downloading Downloaded SignatureVerified InstallScheduled Installing Installed",
            marks=pytest.mark.tc("TC_L_02_CSMS"),
        ),
        pytest.param(
            "Accepted",
            "DownloadScheduled Downloading Downloaded SignatureVerified Installing Installed",
            marks=pytest.mark.tc("TC_L_03_CSMS"),
        ),
        pytest.param("RevokedCertificate", "", marks=pytest.mark.tc("TC_L_04_CSMS")),
        pytest.param("InvalidCertificate", "", marks=pytest.mark.tc("TC_L_05_CSMS")),
        pytest.param(
            "Accepted",
            "Downloading Downloaded InvalidSignature",
            marks=pytest.mark.tc("TC_L_06_CSMS"),
        ),
        pytest.param(
            "Accepted", "Downloading DownloadFailed", marks=pytest.mark.tc("TC_L_07_CSMS")
        ),
        pytest.param(
            "Accepted",
            "Downloading Downloaded SignatureVerified Installing InstallVerificationFailed",
            marks=pytest.mark.tc("TC_L_08_CSMS"),
        ),
        pytest.param(
            "Accepted",
            "Downloading Downloaded SignatureVerified Installing InstallationFailed",
            marks=pytest.mark.tc("TC_L_09_CSMS"),
        ),
        pytest.param(
            "AcceptedCanceled", "Downloading Downloaded", marks=pytest.mark.tc("TC_L_10_CSMS")
        ),
        pytest.param("Rejected", "", marks=pytest.mark.tc("TC_L_11_CSMS")),
        pytest.param(
            "Accepted",
            "DownloadScheduled Downloading Downloaded InstallScheduled Installing Installed",
            marks=pytest.mark.tc("TC_L_13_CSMS"),
        ),
    ],
)
async def test_a_station_that_updates_its_firmware_is_followed(
    peer: Peer, answer: str, statuses: str
) -> None:
    order = {"requestId": 7, "firmware": FIRMWARE}
    told = await peer.told("UpdateFirmware", order, {"status": answer})

    for status in statuses.split():
        said = {"status": status, "requestId": 7}
        assert await peer.says("FirmwareStatusNotification", said) == {}

    assert told.code is None


def publishing() -> Json:
    return {
        "location": "https://files.example.com/fw.bin",
        "checksum": "0" * 32,
        "requestId": 7,
    }


@both
@pytest.mark.usecase("L03")
@pytest.mark.parametrize(
    "statuses",
    [
        pytest.param(
            "Downloading Downloaded ChecksumVerified Published",
            marks=pytest.mark.tc("TC_L_17_CSMS"),
        ),
        pytest.param(
            "Downloading Downloaded InvalidChecksum", marks=pytest.mark.tc("TC_L_19_CSMS")
        ),
        pytest.param(
            "Downloading Downloaded ChecksumVerified PublishFailed",
            marks=pytest.mark.tc("TC_L_20_CSMS"),
        ),
        pytest.param("Downloading DownloadFailed", marks=pytest.mark.tc("TC_L_24_CSMS")),
    ],
)
async def test_a_controller_that_publishes_firmware_is_followed(peer: Peer, statuses: str) -> None:
    told = await peer.told("PublishFirmware", publishing(), ACCEPTED)

    for status in statuses.split():
        said: Json = {"status": status, "requestId": 7}
        if status == "Published":
            said["location"] = ["http://10.0.0.1/fw.bin"]
        assert await peer.says("PublishFirmwareStatusNotification", said) == {}

    assert told.code is None


UNPUBLISH: Json = {"checksum": "0" * 32}


@orders(
    Order("TC_L_21_CSMS", "UnpublishFirmware", UNPUBLISH, {"status": "Unpublished"}),
    Order("TC_L_22_CSMS", "UnpublishFirmware", UNPUBLISH, {"status": "NoFirmware"}),
    Order("TC_L_23_CSMS", "UnpublishFirmware", UNPUBLISH, {"status": "DownloadOngoing"}),
)
async def test_an_order_about_firmware(network: World, order: Order, dialect: Dialect) -> None:
    await carries_out(network, order, dialect)


# M: what stations ask


@both
@pytest.mark.usecase("M06")
@pytest.mark.tc("TC_M_24_CSMS")
async def test_who_asks_after_a_certificate_that_nobody_can_tell_of_is_answered(
    peer: Peer,
) -> None:
    data = HASHES | {"responderURL": "http://ocsp.example.com/"}
    answer = await peer.says("GetCertificateStatus", {"ocspRequestData": data})

    assert answer["status"] in ("Accepted", "Failed")  # M06.FR.03, M06.FR.04


@both
@pytest.mark.usecase("M01", "M02")
@pytest.mark.parametrize(
    "action",
    [
        pytest.param("Install", marks=pytest.mark.tc("TC_M_26_CSMS")),
        pytest.param("Update", marks=pytest.mark.tc("TC_M_28_CSMS")),
    ],
)
async def test_a_car_that_asks_for_a_contract_is_answered(peer: Peer, action: str) -> None:
    said = {
        "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef",
        "action": action,
        "exiRequest": "gJgCAAAAAAAAAAAA",
    }
    answer = await peer.says("Get15118EVCertificate", said)

    assert answer["status"] in ("Accepted", "Failed")


@pytest.mark.usecase("M01")
@pytest.mark.tc("TC_M_100_CSMS")
async def test_a_car_of_iso_15118_20_may_ask_for_several_contracts(network: World) -> None:
    peer = await booted(network, V21)
    said = {
        "iso15118SchemaVersion": "urn:iso:std:iso:15118:-20:CommonMessages",
        "action": "Install",
        "exiRequest": "gJgCAAAAAAAAAAAA",
        "maximumContractCertificateChains": 2,
        "prioritizedEMAIDs": ["DE8AA1A2B3C4D5"],
    }
    answer = await peer.says("Get15118EVCertificate", said)

    assert answer["status"] in ("Accepted", "Failed")
