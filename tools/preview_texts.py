"""Frames and settings for the preview: what a station says, at its best and at its worst."""

import json

from ricarica.web.views import messages

HOSTILE = "<img src=x onerror=alert(1)>"
CALL, RESULT = messages.MessageKind.CALL, messages.MessageKind.RESULT
ERROR, NOTE = messages.MessageKind.ERROR, messages.MessageKind.NOTE
IN, OUT = messages.Direction.FROM_STATION, messages.Direction.TO_STATION

EVENT = {
    "eventType": "Updated",
    "timestamp": "2026-11-22T09:40:56Z",
    "triggerReason": "MeterValuePeriodic",
    "seqNo": 14,
    "transactionInfo": {"transactionId": "c0ffee-17", "chargingState": "Charging"},
    "evse": {"id": 1},
    "customData": {"vendorId": HOSTILE},
}
WISH = {
    "component": {"name": "OCPPCommCtrlr"},
    "variable": {"name": "HeartbeatInterval"},
    "attributeValue": "60",
}
PLUGGED = {
    "timestamp": "2026-11-22T09:38:00Z",
    "connectorStatus": "Occupied",
    "evseId": 1,
    "connectorId": 1,
}


def frame(*members: object) -> str:
    return json.dumps(members, separators=(",", ":"))


FRAMES = (
    (CALL, IN, "TransactionEvent", frame(2, "30", "TransactionEvent", EVENT), None),
    (RESULT, OUT, "TransactionEvent", '[3,"30",{"totalCost":4.10}]', None),
    (CALL, OUT, "SetVariables", frame(2, "c-9", "SetVariables", {"setVariableData": [WISH]}), None),
    (ERROR, IN, "SetVariables", '[4,"c-9","FormationViolation","",{}]', "FormationViolation"),
    (CALL, IN, "StatusNotification", frame(2, "88", "StatusNotification", PLUGGED), None),
    (RESULT, OUT, "StatusNotification", '[3,"88",{}]', None),
    (NOTE, IN, None, f"this is not JSON {HOSTILE}", "not JSON"),
)
SETTINGS: dict[
    str, tuple[tuple[str, str | None, str | None, bool, bool, tuple[str, ...], str | None], ...]
] = {
    "OCPPCommCtrlr": (
        ("HeartbeatInterval", "300", "s", False, False, (), "10–86400"),
        ("NetworkConfigurationPriority", "1,2,0", None, False, True, (), None),
        ("FileTransferProtocols", "HTTPS,FTPS", None, True, False, (), None),
    ),
    "SecurityCtrlr": (
        ("BasicAuthPassword", None, None, False, False, (), "16–40"),
        ("OrganizationName", HOSTILE, None, False, False, (), None),
        ("SecurityProfile", "1", None, True, False, (), None),
    ),
    "SampledDataCtrlr": (
        (
            "TxUpdatedMeasurands",
            "Energy.Active.Import.Register,Power.Active.Import,Voltage,SoC",
            None,
            False,
            False,
            (),
            None,
        ),
        ("SignReadings", "false", None, False, False, ("true", "false"), None),
    ),
}
