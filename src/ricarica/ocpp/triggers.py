"""What a call of ours makes a station say, though it has not been accepted yet."""

from collections.abc import Mapping

import msgspec

REPORTS = frozenset({"GetBaseReport", "GetReport"})
TRIGGERS = frozenset({"TriggerMessage", "ExtendedTriggerMessage"})
CERTIFICATE = frozenset({"SignCertificate"})
# Most topics are named as the action that they ask for.
SAID_BY: Mapping[str, frozenset[str]] = {
    "SignChargePointCertificate": CERTIFICATE,
    "SignChargingStationCertificate": CERTIFICATE,
    "SignV2GCertificate": CERTIFICATE,
    "SignV2G20Certificate": CERTIFICATE,
    "SignCombinedCertificate": CERTIFICATE,
    "FirmwareStatusNotification": frozenset(
        {"FirmwareStatusNotification", "SignedFirmwareStatusNotification"}
    ),
}
NOTHING: frozenset[str] = frozenset()


class _Trigger(msgspec.Struct):
    requested_message: str = msgspec.field(default="", name="requestedMessage")


def called_forth(action: str, payload: bytes) -> frozenset[str]:
    """The actions that a station may then send. B01.FR.10, B02.FR.02"""
    if action in REPORTS:
        return frozenset({"NotifyReport"})
    if action not in TRIGGERS:
        return NOTHING
    try:
        topic = msgspec.json.decode(payload, type=_Trigger).requested_message
    except msgspec.MsgspecError:  # sent unchecked, as a person wrote it
        return NOTHING
    return SAID_BY.get(topic, frozenset({topic}))
