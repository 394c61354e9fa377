"""Valid messages of transactions, and everything that one slip can make of them."""

import copy
from typing import Any

from hypothesis import strategies as st

AT = "2026-03-02T07:00:00Z"
READINGS_16 = [
    {
        "timestamp": AT,
        "sampledValue": [
            {"value": "1000", "context": "Transaction.Begin", "unit": "Wh"},
            {
                "value": "16.5",
                "measurand": "Current.Import",
                "phase": "L1",
                "location": "Outlet",
                "unit": "A",
            },
        ],
    }
]
READINGS_2 = [
    {
        "timestamp": AT,
        "sampledValue": [
            {"value": 1000, "unitOfMeasure": {"unit": "Wh", "multiplier": 0}},
            {"value": 16.5, "measurand": "Current.Import", "phase": "L1", "location": "Outlet"},
        ],
    }
]
MESSAGES_16: dict[str, dict[str, Any]] = {
    "StartTransaction": {
        "connectorId": 1,
        "idTag": "04A1B2C3",
        "meterStart": 1000,
        "reservationId": 7,
        "timestamp": AT,
    },
    "MeterValues": {"connectorId": 1, "transactionId": 5, "meterValue": READINGS_16},
    "StopTransaction": {
        "transactionId": 5,
        "idTag": "04A1B2C3",
        "meterStop": 2000,
        "timestamp": AT,
        "reason": "Local",
        "transactionData": READINGS_16,
    },
}
MESSAGES_2: dict[str, dict[str, Any]] = {
    "TransactionEvent": {
        "eventType": "Started",
        "timestamp": AT,
        "triggerReason": "Authorized",
        "seqNo": 0,
        "offline": False,
        "numberOfPhasesUsed": 3,
        "transactionInfo": {"transactionId": "TX-1", "chargingState": "Charging"},
        "evse": {"id": 1, "connectorId": 1},
        "idToken": {"idToken": "04A1B2C3", "type": "ISO14443"},
        "meterValue": READINGS_2,
    },
    "MeterValues": {"evseId": 1, "meterValue": READINGS_2},
}
QUESTIONS_16: dict[str, dict[str, Any]] = {
    "BootNotification": {
        "chargePointVendor": "V",
        "chargePointModel": "M",
        "firmwareVersion": "1.0",
    },
    "StatusNotification": {
        "connectorId": 1,
        "errorCode": "NoError",
        "status": "Available",
        "timestamp": AT,
        "info": "all is well",
    },
    "Authorize": {"idTag": "04A1B2C3"},
    "DataTransfer": {"vendorId": "V", "data": "x"},
}
QUESTIONS_2: dict[str, dict[str, Any]] = {
    "BootNotification": {
        "reason": "PowerUp",
        "chargingStation": {"model": "M", "vendorName": "V", "modem": {"iccid": "1"}},
    },
    "StatusNotification": {
        "timestamp": AT,
        "connectorStatus": "Available",
        "evseId": 1,
        "connectorId": 1,
    },
    "Authorize": {"idToken": {"idToken": "04A1B2C3", "type": "ISO14443"}},
    "DataTransfer": {"vendorId": "V", "data": {"x": [1.5]}},
    "NotifyEvent": {
        "generatedAt": AT,
        "seqNo": 0,
        "eventData": [
            {
                "eventId": 1,
                "timestamp": AT,
                "trigger": "Delta",
                "actualValue": "Available",
                "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
                "variable": {"name": "AvailabilityState"},
                "eventNotificationType": "HardWiredNotification",
            }
        ],
    },
    "NotifyReport": {
        "requestId": 1,
        "generatedAt": AT,
        "seqNo": 0,
        "reportData": [
            {
                "component": {"name": "C"},
                "variable": {"name": "V"},
                "variableAttribute": [{"value": "1", "mutability": "ReadWrite"}],
                "variableCharacteristics": {"dataType": "integer", "supportsMonitoring": False},
            }
        ],
    },
}

Path = tuple[str | int, ...]

# A NUL is replaced before anybody reads the frame.
SIGNS = st.characters(codec="utf-8", exclude_characters="\0")
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(SIGNS, max_size=300)
    | st.sampled_from(["", "0", "-1", "1.5", "NaN", "2026-03-02T07:00:00", "9" * 40, "Other"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(SIGNS, max_size=5), inner),
    max_leaves=4,
)


@st.composite
def mutated(draw: st.DrawFn, messages: dict[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """A message with one member, or one item, that is wrong, doubled or missing."""
    action = draw(st.sampled_from(sorted(messages)))
    payload = copy.deepcopy(messages[action])
    path = draw(st.sampled_from(sorted(paths(payload), key=str)))
    holder: Any = payload
    for step in path[:-1]:
        holder = holder[step]
    last = path[-1]
    match draw(st.sampled_from(("replace", "remove", "wrap", "text", "null"))):
        case "replace":
            holder[last] = draw(JSON)
        case "remove":
            del holder[last]
        case "wrap":
            holder[last] = [holder[last]]
        case "text":
            holder[last] = str(holder[last])
        case _:
            holder[last] = None
    return action, payload


def paths(value: Any, above: Path = ()) -> list[Path]:
    """Of every member and every item within."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [path for key, item in items for path in ((*above, key), *paths(item, (*above, key)))]
