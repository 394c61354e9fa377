"""OCPP 1.6, the other feature profiles and the security extension."""

from datetime import timedelta
from typing import Any

import pytest

from ricarica.ocpp.dialects import V16
from ricarica.testing.world import World
from tests.conformance.peer import Error, Json, Order, Peer, booted, carries_out, orders
from tests.conformance.sessions import (
    TAG,
    authorize,
    charging,
    later,
    only_transaction,
    show,
    start,
)

OLD = (V16,)
ACCEPTED = {"status": "Accepted"}
TOMORROW = "2026-06-02T12:00:00.000Z"
LISTED = [{"idTag": TAG, "idTagInfo": {"status": "Accepted"}}]
RESERVED = {"connectorId": 1, "expiryDate": TOMORROW, "idTag": TAG, "reservationId": 5}
SCHEDULE = {
    "chargingRateUnit": "A",
    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10}],
}
HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "ab" * 32,
    "issuerKeyHash": "cd" * 32,
    "serialNumber": "01",
}
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"


@pytest.fixture
async def peer(network: World) -> Peer:
    await network.add_token(TAG)
    return await booted(network, V16)


def profile(purpose: str, **more: Any) -> Json:
    common = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": SCHEDULE,
    }
    return common | more


def update(kind: str, **more: Any) -> Json:
    return {"listVersion": 2, "updateType": kind} | more


@orders(
    Order("TC_042_1_CSMS", "GetLocalListVersion", {}, {"listVersion": -1}, OLD),
    Order("TC_042_2_CSMS", "GetLocalListVersion", {}, {"listVersion": 0}, OLD),
    Order("TC_043_1_CSMS", "SendLocalList", update("Full"), {"status": "NotSupported"}, OLD),
    Order(
        "TC_043_3_CSMS",
        "SendLocalList",
        update("Full", localAuthorizationList=LISTED),
        {"status": "Failed"},
        OLD,
    ),
    Order(
        "TC_043_4_CSMS",
        "SendLocalList",
        update("Full", localAuthorizationList=LISTED),
        ACCEPTED,
        OLD,
    ),
    Order(
        "TC_043_5_CSMS",
        "SendLocalList",
        update("Differential", localAuthorizationList=LISTED),
        ACCEPTED,
        OLD,
    ),
    Order("TC_048_1_CSMS", "ReserveNow", RESERVED, {"status": "Faulted"}, OLD),
    Order("TC_048_2_CSMS", "ReserveNow", RESERVED, {"status": "Occupied"}, OLD),
    Order("TC_048_3_CSMS", "ReserveNow", RESERVED, {"status": "Unavailable"}, OLD),
    Order("TC_048_4_CSMS", "ReserveNow", RESERVED, {"status": "Rejected"}, OLD),
    Order("TC_051_CSMS", "CancelReservation", {"reservationId": 5}, ACCEPTED, OLD),
    Order("TC_052_CSMS", "CancelReservation", {"reservationId": 5}, {"status": "Rejected"}, OLD),
    Order(
        "TC_055_CSMS",
        "TriggerMessage",
        {"requestedMessage": "MeterValues", "connectorId": 1},
        {"status": "Rejected"},
        OLD,
    ),
    Order(
        "TC_056_CSMS",
        "SetChargingProfile",
        {"connectorId": 0, "csChargingProfiles": profile("TxDefaultProfile")},
        ACCEPTED,
        OLD,
    ),
    Order(
        "TC_057_CSMS",
        "SetChargingProfile",
        {"connectorId": 1, "csChargingProfiles": profile("TxProfile", transactionId=7)},
        ACCEPTED,
        OLD,
    ),
    Order(
        "TC_059_CSMS",
        "RemoteStartTransaction",
        {"idTag": TAG, "connectorId": 1, "chargingProfile": profile("TxProfile")},
        ACCEPTED,
        OLD,
    ),
    Order(
        "TC_066_CSMS",
        "GetCompositeSchedule",
        {"connectorId": 1, "duration": 300, "chargingRateUnit": "A"},
        ACCEPTED | {"connectorId": 1, "scheduleStart": TOMORROW, "chargingSchedule": SCHEDULE},
        OLD,
    ),
    Order("TC_067_CSMS", "ClearChargingProfile", {"id": 1}, ACCEPTED, OLD),
    Order(
        "TC_073_CSMS",
        "ChangeConfiguration",
        {"key": "AuthorizationKey", "value": "30313233343536373839616263646566"},
        ACCEPTED,
        OLD,
    ),
    Order(
        "TC_075_1_CSMS",
        "InstallCertificate",
        {"certificateType": "ManufacturerRootCertificate", "certificate": PEM},
        ACCEPTED,
        OLD,
    ),
    Order(
        "TC_075_2_CSMS",
        "InstallCertificate",
        {"certificateType": "CentralSystemRootCertificate", "certificate": PEM},
        ACCEPTED,
        OLD,
    ),
    Order(
        "TC_076_CSMS",
        "GetInstalledCertificateIds",
        {"certificateType": "CentralSystemRootCertificate"},
        ACCEPTED | {"certificateHashData": [HASHES]},
        OLD,
    ),
    Order("TC_076_CSMS", "DeleteCertificate", {"certificateHashData": HASHES}, ACCEPTED, OLD),
    Order(
        "TC_083_CSMS",
        "ChangeConfiguration",
        {"key": "SecurityProfile", "value": "2"},
        ACCEPTED,
        OLD,
    ),
)
async def test_an_order_of_1_6(network: World, order: Order, dialect: Any) -> None:
    await carries_out(network, order, dialect)


@pytest.mark.tc("TC_042_1_CSMS")
async def test_a_station_without_local_lists_may_say_that_it_knows_no_such_thing(
    peer: Peer,
) -> None:
    told = await peer.told("GetLocalListVersion", {}, Error("NotSupported"))

    assert told.code == "NotSupported"


# Firmware and diagnostics


@pytest.mark.parametrize(
    "statuses",
    [
        pytest.param(
            ["Downloading", "Downloaded", "Installing", "Installed"],
            marks=pytest.mark.tc("TC_044_1_CSMS"),
        ),
        pytest.param(["Downloading", "DownloadFailed"], marks=pytest.mark.tc("TC_044_2_CSMS")),
        pytest.param(
            ["Downloading", "Downloaded", "Installing", "InstallationFailed"],
            marks=pytest.mark.tc("TC_044_3_CSMS"),
        ),
    ],
)
async def test_a_station_that_updates_its_firmware_is_followed(
    peer: Peer, statuses: list[str]
) -> None:
    order = {"location": "https://files.example.com/fw.bin", "retrieveDate": peer.now}
    told = await peer.told("UpdateFirmware", order, {})

    answers = [
        await peer.says("FirmwareStatusNotification", {"status": status}) for status in statuses
    ]

    assert (told.code, answers) == (None, [{}] * len(statuses))


@pytest.mark.parametrize(
    "statuses",
    [
        pytest.param(["Uploading", "Uploaded"], marks=pytest.mark.tc("TC_045_1_CSMS")),
        pytest.param(["Uploading", "UploadFailed"], marks=pytest.mark.tc("TC_045_2_CSMS")),
    ],
)
async def test_a_station_that_sends_its_diagnostics_is_followed(
    peer: Peer, statuses: list[str]
) -> None:
    order = {"location": "https://files.example.com/inbox/7"}
    told = await peer.told("GetDiagnostics", order, {"fileName": "diagnostics.zip"})

    answers = [
        await peer.says("DiagnosticsStatusNotification", {"status": status}) for status in statuses
    ]

    assert (told.code, answers) == (None, [{}, {}])


@pytest.mark.parametrize(
    "statuses",
    [
        pytest.param(
            [
                "Downloading",
                "Downloaded",
                "SignatureVerified",
                "Installing",
                "InstallRebooting",
                "Installed",
            ],
            marks=pytest.mark.tc("TC_080_CSMS"),
        ),
        pytest.param(
            ["Downloading", "Downloaded", "InvalidSignature"], marks=pytest.mark.tc("TC_081_CSMS")
        ),
    ],
)
async def test_a_station_that_updates_signed_firmware_is_followed(
    peer: Peer, statuses: list[str]
) -> None:
    firmware = {
        "location": "https://files.example.com/fw.bin",
        "retrieveDateTime": peer.now,
        "signingCertificate": PEM,
        "signature": "c2lnbmVk",
    }
    told = await peer.told("SignedUpdateFirmware", {"requestId": 7, "firmware": firmware}, ACCEPTED)

    answers = [
        await peer.says("SignedFirmwareStatusNotification", {"status": status, "requestId": 7})
        for status in statuses
    ]

    assert (told.code, answers) == (None, [{}] * len(statuses))


@pytest.mark.tc("TC_079_CSMS")
async def test_a_station_that_sends_its_security_log_is_followed(peer: Peer) -> None:
    order = {
        "logType": "SecurityLog",
        "requestId": 7,
        "log": {"remoteLocation": "https://files.example.com/inbox/7"},
    }
    told = await peer.told("GetLog", order, ACCEPTED | {"filename": "security.log"})

    for status in ("Uploading", "Uploaded"):
        assert await peer.says("LogStatusNotification", {"status": status, "requestId": 7}) == {}

    assert told.code is None


# Reservations


async def reserve(peer: Peer, **more: Any) -> None:
    told = await peer.told("ReserveNow", RESERVED | more, ACCEPTED)
    assert told.code is None


@pytest.mark.parametrize(
    "connector",
    [
        pytest.param(1, marks=pytest.mark.tc("TC_046_CSMS")),
        pytest.param(0, marks=pytest.mark.tc("TC_049_CSMS")),
    ],
)
async def test_a_reservation_is_used_by_the_start_that_names_it(peer: Peer, connector: int) -> None:
    await reserve(peer, connectorId=connector)
    await show(peer, "Reserved")
    assert (await authorize(peer))["status"] == "Accepted"
    answer = await start(peer, reservationId=5)

    assert answer["idTagInfo"]["status"] == "Accepted"
    assert (await only_transaction(peer)).reservation == 5


@pytest.mark.tc("TC_047_CSMS")
async def test_a_reservation_that_nobody_used_is_over_when_the_connector_is_free(
    peer: Peer,
) -> None:
    await reserve(peer, expiryDate=later(peer, minutes=2))
    await show(peer, "Reserved")
    peer.network.clock.pass_time(timedelta(minutes=3))
    await show(peer, "Available")


@pytest.mark.tc("TC_053_CSMS")
async def test_a_reservation_is_used_by_a_token_of_the_same_group(network: World) -> None:
    await network.add_token(TAG, group="FAMILY")
    await network.add_token("TAG-2", group="FAMILY")
    peer = await booted(network, V16)
    await reserve(peer, parentIdTag="FAMILY")
    await show(peer, "Reserved")

    info = await authorize(peer, "TAG-2")
    answer = await start(peer, idTag="TAG-2", reservationId=5)

    assert (info["status"], info["parentIdTag"]) == ("Accepted", "FAMILY")
    assert answer["idTagInfo"]["parentIdTag"] == "FAMILY"


# Triggers


@pytest.mark.tc("TC_054_CSMS")
@pytest.mark.parametrize(
    ("topic", "action", "payload"),
    [
        ("MeterValues", "MeterValues", None),
        ("Heartbeat", "Heartbeat", {}),
        ("StatusNotification", "StatusNotification", None),
        ("DiagnosticsStatusNotification", "DiagnosticsStatusNotification", {"status": "Idle"}),
        ("FirmwareStatusNotification", "FirmwareStatusNotification", {"status": "Idle"}),
    ],
)
async def test_what_a_trigger_asks_for_is_taken(
    peer: Peer, topic: str, action: str, payload: Json | None
) -> None:
    values = [{"timestamp": peer.now, "sampledValue": [{"value": "1000"}]}]
    said = {
        "MeterValues": {"connectorId": 1, "meterValue": values},
        "StatusNotification": {"connectorId": 1, "status": "Available", "errorCode": "NoError"},
    }
    told = await peer.told("TriggerMessage", {"requestedMessage": topic}, ACCEPTED)

    await peer.says(action, said.get(action, payload))

    assert told.code is None


# Security


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("InvalidChargePointCertificate", marks=pytest.mark.tc("TC_077_CSMS")),
        pytest.param("InvalidCentralSystemCertificate", marks=pytest.mark.tc("TC_078_CSMS")),
    ],
)
async def test_a_security_event_is_taken(peer: Peer, kind: str) -> None:
    assert await peer.says("SecurityEventNotification", {"type": kind, "timestamp": peer.now}) == {}


@pytest.mark.tc("TC_074_CSMS")
async def test_a_station_asked_for_a_certificate_request_is_heard(peer: Peer) -> None:
    order = {"requestedMessage": "SignChargePointCertificate"}
    told = await peer.told("ExtendedTriggerMessage", order, ACCEPTED)
    answer = await peer.says("SignCertificate", {"csr": "not a request that anybody could sign"})

    assert told.code is None
    assert answer["status"] in ("Accepted", "Rejected")


@pytest.mark.tc("TC_032_1_CSMS")
async def test_readings_in_a_stop_count(peer: Peer) -> None:
    number = await charging(peer)
    values = [{"timestamp": peer.now, "sampledValue": [{"value": "2500"}]}]
    said = {
        "transactionId": number,
        "meterStop": 3000,
        "timestamp": peer.now,
        "transactionData": values,
    }
    await peer.says("StopTransaction", said)

    assert (await only_transaction(peer)).energy.energy_wh == 2000
